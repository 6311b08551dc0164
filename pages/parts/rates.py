"""How often visitors may ask for what costs the server something, and how much they may send it."""

import time
from collections import deque

import streamlit as st
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from gan_core import log
from gan_core.errors import WorkbenchError
from gan_core.hosting import NONE, hosting
from gan_core.limits import MB
from pages.parts.language import translate
from pages.parts.visitors import key_of, visitor

MOST_GUESSES = 10
"""Attempts a minute to enter a class's code or the teacher's password."""
UPLOAD_SECONDS = 600
UPLOADS = "/_stcore/upload_file"
STREAM = "/_stcore/stream"
_limiter = MovingWindowRateLimiter(MemoryStorage())


class Rates:
    """Refuses uploads and new connections of visitors that had as many as they may. In the mode `personal`, none.

    Streamlit takes an upload that no widget has asked for, and keeps it in memory for two minutes after its session.
    """

    def __init__(self, app: ASGIApp, prefix: str = ""):
        self.app = app
        self.prefix = prefix
        self.uploads = UploadWindow()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] in ("http", "websocket") and hosting().is_shared:
                self._count(HTTPConnection(scope), scope)
        except WorkbenchError as error:
            language = HTTPConnection(scope).headers.get("accept-language", "")[:2].lower()
            refusal = PlainTextResponse(translate(language, error.text), status_code=429)
            await (WebSocketClose() if scope["type"] == "websocket" else refusal)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _count(self, connection: HTTPConnection, scope: Scope) -> None:
        path, who = scope["path"].removeprefix(self.prefix), key_of(connection)
        if path == STREAM:
            refuse_too_many_requests(who, connection.client.host if connection.client else "")
        elif path.startswith(UPLOADS) and scope["method"] != "OPTIONS" and scope["method"] != "DELETE":
            length = connection.headers.get("content-length", "")
            self.uploads.take(who, int(length) if length.isdecimal() and len(length) < 16 else None)


class UploadWindow:
    """The bytes that were uploaded in the last UPLOAD_SECONDS."""

    def __init__(self) -> None:
        self._taken: deque[tuple[float, str, int]] = deque()

    def take(self, who: str, size: int | None) -> None:
        """Counts an upload that is about to begin.

        Raises WorkbenchError if it is more than this browser, or all together, may send; for one whose size is not
        said beforehand, as browsers do; and for one of nobody.
        """
        if not who or size is None:
            raise WorkbenchError("Only a page of this app may upload, from a browser that takes its cookie.")
        now = time.monotonic()
        while self._taken and now - self._taken[0][0] > UPLOAD_SECONDS:
            self._taken.popleft()
        of_one = size + sum(bytes_ for _time, one, bytes_ in self._taken if one == who)
        of_all = size + sum(bytes_ for _time, _one, bytes_ in self._taken)
        if of_one > hosting().upload_mb_of_one * MB or of_all > hosting().upload_mb * MB:
            raise WorkbenchError(
                "At most {most:,.0f} MB may be uploaded within {minutes} minutes; try again later.",
                most=min(hosting().upload_mb_of_one, hosting().upload_mb),
                minutes=UPLOAD_SECONDS // 60,
            )
        self._taken.append((now, who, size))


def count_request() -> None:
    """For a page, before it does what costs something. Raises WorkbenchError after too much within a minute."""
    if hosting().is_shared and not visitor().may_everything:
        refuse_too_many_requests(f"person {visitor().person}", st.context.ip_address or "")


def refuse_too_many_requests(who: str, address: str) -> None:
    """Counts a request that costs something.

    Args:
        who: whatever tells one visitor from another.
        address: on the internet; "" if it is not known.

    Raises WorkbenchError if this visitor, or all at this address, had as many as they may within a minute.
    """
    _count(hosting().most_requests, "visitor", who)
    _count(hosting().most_requests_of_address, "address", address)


def refuse_guessing(key: str, address: str) -> None:
    """Counts an attempt to enter a code or a password. Raises WorkbenchError after MOST_GUESSES of a browser.

    A browser that forgets its cookie is another one; so those of its address count too.
    """
    _count(MOST_GUESSES, "guess", key)
    _count(hosting().most_requests_of_address, "guesses", address)


def _count(most: float, kind: str, who: str) -> None:
    if most != NONE and not _limiter.hit(RateLimitItemPerMinute(int(most)), kind, who):
        error = WorkbenchError("That was a lot in a minute: at most {most:,.0f} are allowed. Wait a little.", most=most)
        log.refused("somebody", f"too much of one {kind}", error)  # `who` may be a cookie's key
        raise error
