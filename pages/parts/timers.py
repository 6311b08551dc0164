"""A page's timers (`st.fragment(run_every=...)`) must not bring a page back that was just left.

Each of a timer's messages names the page that the browser shows. Streamlit runs that page, even if another one was
asked for a moment before: then a click on a link is lost, or the new page stays empty (streamlit 1.67: `ScriptRequests`
takes the newest message's page; `ScriptRunner` begins a run for a fragment that is gone, which clears the page).
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx


def end_timers() -> None:
    """Before another page is switched to: from now on, what this one's timers ask for is refused."""
    if context := get_script_run_ctx():
        context.fragment_storage.clear()


class Timers:
    """Leaves out what timers of a page ask for, once another one was asked for by a link."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        asked = Asked()

        async def receive_wanted() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or asked.is_wanted(message.get("bytes") or b""):
                    return message

        async def send_and_note(message: Message) -> None:
            if not asked.page and (content := message.get("bytes")):
                # Not new_session's: before a page is known by its name, that one is of the script around all pages.
                asked.page = ForwardMsg.FromString(content).navigation.page_script_hash
            await send(message)

        await self.app(scope, receive_wanted, send_and_note)


class Asked:
    """Which page a browser has asked for last, by its hash in the messages; at first, the one that it was given."""

    def __init__(self) -> None:
        self.page = ""
        self.by_link = False

    def is_wanted(self, content: bytes) -> bool:
        """Whether a message is to be passed on: all but those of other pages' timers, once a link was followed."""
        try:
            message = BackMsg.FromString(content)
        except Exception:  # whatever protobuf raises; Streamlit refuses it itself
            return True
        if message.WhichOneof("type") != "rerun_script":
            return True
        page = message.rerun_script.page_script_hash
        if message.rerun_script.is_auto_rerun:
            return not self.by_link or page == self.page
        # Something on the page itself was used: the browser has arrived there, and the server may switch to another.
        self.by_link = bool(page) and page != self.page
        self.page = page or self.page
        return True
