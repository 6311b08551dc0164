"""What a browser may say to a page through its websocket, and how fast, where many share the server."""

import asyncio
import time

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from gan_core.hosting import hosting
from pages.parts.visitors import key_of

SAID_BY_PAGES = ("rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request")
"""Streamlit does more than that for anybody: it empties the caches of all, and names files that git does not know."""
POLICY_VIOLATION = 1008
"""As RFC 6455 calls it, 7.4.1."""
A_SECOND = 10
"""Messages of a visitor; each may run a page's script."""
AT_ONCE = 50
"""So many may come faster."""
MOST_IN_A_ROW = 100
"""Messages that have to wait, one after the other: nobody clicks like this, and the connection is closed."""
MOST_KNOWN = 1000


class Messages:
    """Lets messages wait that come too fast, and leaves out those that no page sends. In the mode `personal`, none.

    Streamlit begins a thread for every wish to run a script anew. A browser that sent 1,500 of them kept the server
    from answering anybody for more than a minute.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self._due: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or not hosting().is_shared:
            await self.app(scope, receive, send)
            return
        who = key_of(HTTPConnection(scope))

        waited = 0

        async def receive_slowly() -> Message:
            nonlocal waited
            while waited < MOST_IN_A_ROW:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                seconds = self.seconds_to_wait(who, time.monotonic())
                waited = waited + 1 if seconds else 0
                await asyncio.sleep(seconds)
                if _is_of_a_page(message.get("bytes")):
                    return message
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

        await self.app(scope, receive_slowly, send)

    def seconds_to_wait(self, who: str, now: float) -> float:
        """Counts a message of this visitor; returns how long it has to wait (generic cell rate algorithm)."""
        if len(self._due) > MOST_KNOWN:
            self._due = {one: due for one, due in self._due.items() if due > now}
        due = max(self._due.get(who, now), now) + 1 / A_SECOND
        self._due[who] = due
        return max(0.0, due - now - AT_ONCE / A_SECOND)


def _is_of_a_page(content: bytes | None) -> bool:
    """Whether a page of this app sends such a message. What cannot be read, Streamlit refuses itself."""
    try:
        kind = BackMsg.FromString(content or b"").WhichOneof("type")
    except Exception:  # whatever protobuf raises
        return True
    return kind in SAID_BY_PAGES
