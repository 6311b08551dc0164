"""A page's timers (`st.fragment(run_every=...)`) must not bring a page back that was just left.

Each of a timer's messages names the page that the browser shows. Streamlit runs that page, even if another one was
asked for a moment before: then a click on a link is lost, or the new page stays empty (streamlit 1.67: `ScriptRequests`
takes the newest message's page; `ScriptRunner` begins a run for a fragment that is gone, which clears the page).
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

LARGEST_NAVIGATION = 50_000
"""Bytes of the message that names all pages, and more: larger ones, such as tables, are not read."""


def end_timers() -> None:
    """Before another page is switched to: from now on, what this one's timers ask for is refused."""
    if context := get_script_run_ctx():
        context.fragment_storage.clear()


class Timers:
    """Leaves out what timers of a page ask for, once another one was asked for."""

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
            content = message.get("bytes") or b""
            if len(content) < LARGEST_NAVIGATION:
                asked.note(content)
            await send(message)

        await self.app(scope, receive_wanted, send_and_note)


class Asked:
    """Where a browser is, or goes to: a page's hash in the messages, "" before it is known."""

    def __init__(self) -> None:
        self.page = ""
        self.is_coming = False

    def is_wanted(self, content: bytes) -> bool:
        """Whether a browser's message is to be passed on: all but those of other pages' timers."""
        try:
            message = BackMsg.FromString(content)
        except Exception:  # whatever protobuf raises; Streamlit refuses it itself
            return True
        if message.WhichOneof("type") != "rerun_script":
            return True
        page = message.rerun_script.page_script_hash
        is_here = not page or not self.page or page == self.page
        if message.rerun_script.is_auto_rerun:
            return is_here
        if not is_here:  # a link, or the browser's back and forward
            self.page, self.is_coming = page, True
        return True

    def note(self, content: bytes) -> None:
        """The server's message may say which page it runs; a button may have led to another than the browser's.

        The page that is being left may still say so after a link was followed; that does not count.
        """
        page = ForwardMsg.FromString(content).navigation.page_script_hash
        if page and (page == self.page or not self.is_coming):
            self.page, self.is_coming = page, False
