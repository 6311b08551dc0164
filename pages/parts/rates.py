"""How often visitors may ask for what costs the server something, and how much they may send it."""

import math
import time
from collections.abc import Callable
from functools import partial

import streamlit as st
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import runtime
from streamlit.runtime.stats import CacheStat

from gan_core import log
from gan_core.errors import WorkbenchError
from gan_core.hosting import NONE, hosting
from gan_core.limits import MB
from gan_core.store.rights import Visitor
from pages.parts.language import translate
from pages.parts.visitors import key_of, visitor

MOST_GUESSES = 10
"""Attempts a minute to enter a class's code or the teacher's password."""
MOST_PASSWORDS = 30
"""The same of the teacher's password of all at an internet address: those of a browser would not keep anybody from
trying a list of words, each with another cookie. Of the code more, since a class comes in from one address.
"""
UPLOAD_SECONDS = 600
UPLOADS = "/_stcore/upload_file"
STREAM = "/_stcore/stream"
_limiter = MovingWindowRateLimiter(MemoryStorage())


class Rates:
    """Refuses uploads and new connections of visitors that had as many as they may. In the mode `personal`, none.

    Streamlit takes an upload that no widget has asked for, and keeps it in memory as long as its session lives.
    """

    def __init__(self, app: ASGIApp, prefix: str = ""):
        self.app = app
        self.prefix = prefix
        self.uploads = Uploads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        upload = None
        try:
            if scope["type"] in ("http", "websocket") and hosting().is_shared:
                upload = self._count(HTTPConnection(scope), scope)
        except WorkbenchError as error:
            language = HTTPConnection(scope).headers.get("accept-language", "")[:2].lower()
            refusal = PlainTextResponse(translate(language, error.text), status_code=429)
            await (WebSocketClose() if scope["type"] == "websocket" else refusal)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, upload.noting(send) if upload else send)
        finally:
            if upload:
                self.uploads.end(upload)

    def _count(self, connection: HTTPConnection, scope: Scope) -> "Upload | None":
        path, who = scope["path"].removeprefix(self.prefix), key_of(connection)
        if path.startswith(STREAM):  # a line break behind it would lead there too
            refuse_too_many_requests(who, connection.client.host if connection.client else "")
        elif path.startswith(UPLOADS) and scope["method"] == "PUT":
            # What comes in chunks has no length, whatever it says.
            length = "" if "transfer-encoding" in connection.headers else connection.headers.get("content-length", "")
            return self.uploads.begin(who, int(length) if length.isdecimal() and len(length) < 16 else None)
        return None


class Upload:
    """One of this browser, which is on its way until it has ended.

    Args:
        size: in bytes.
    """

    def __init__(self, who: str, size: int):
        self.who, self.size = who, size
        self.is_kept = False
        self.ended_at = math.inf

    def noting(self, send: Send) -> Send:
        """Passes on the answer, and notes whether the upload was taken."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.is_kept = message["status"] < 300
            await send(message)

        return send_on


class Uploads:
    """Those that are on their way, and those that were taken in the last UPLOAD_SECONDS."""

    def __init__(self) -> None:
        self._known: list[Upload] = []

    def begin(self, who: str, size: int | None) -> Upload:
        """Counts an upload.

        Raises WorkbenchError if it is more than this browser, or all together, may send, or than the server may hold;
        for one whose size is not said beforehand, as browsers do; and for one of nobody.
        """
        if not who or size is None:
            raise WorkbenchError("Only a page of this app may upload, from a browser that takes its cookie.")
        now = time.monotonic()
        self._known = [one for one in self._known if now - one.ended_at < UPLOAD_SECONDS]
        of_one = size + sum(one.size for one in self._known if one.who == who)
        of_all = size + max(_held_bytes(), sum(one.size for one in self._known))
        if of_one > hosting().upload_mb_of_one * MB or of_all > hosting().upload_mb * MB:
            raise WorkbenchError(
                "At most {most:,.0f} MB may be uploaded within {minutes} minutes; try again later.",
                most=min(hosting().upload_mb_of_one, hosting().upload_mb),
                minutes=UPLOAD_SECONDS // 60,
            )
        self._known.append(Upload(who, size))
        return self._known[-1]

    def end(self, upload: Upload) -> None:
        """It has ended. One that was refused, or broken off, does not count."""
        upload.ended_at = time.monotonic() if upload.is_kept else -math.inf


def _held_bytes() -> int:
    """What Streamlit holds of uploads in memory, for pages that are still open."""
    if not runtime.exists():
        return 0
    stats = runtime.get_instance().uploaded_file_mgr.get_stats()
    return sum(stat.byte_length for family in stats.values() for stat in family if isinstance(stat, CacheStat))


def count_request() -> None:
    """For a page, before it does what costs something. Raises WorkbenchError after too much within a minute."""
    request_of_visitor()()


def request_of_visitor() -> Callable[[], None]:
    """`count_request` for what is done once the page's script has ended, when nobody can tell who looks."""
    who = visitor()
    if who.may_everything:
        return lambda: None
    return partial(refuse_too_many_requests, f"person {who.person}", st.context.ip_address or "")


def count_request_of(connection: HTTPConnection, who: Visitor, cost: int = 1) -> None:
    """The same for one of our routes."""
    if not who.may_everything:
        refuse_too_many_requests(f"person {who.person}", connection.client.host if connection.client else "", cost)


def refuse_too_many_requests(who: str, address: str, cost: int = 1) -> None:
    """Counts a request that costs something.

    Args:
        who: whatever tells one visitor from another.
        address: on the internet; "" if it is not known.
        cost: as how many requests it counts.

    Raises WorkbenchError if this visitor, or all at this address, had as many as they may within a minute.
    """
    _count(hosting().most_requests, "visitor", who, cost)
    _count(hosting().most_requests_of_address, "address", address, cost)


def refuse_guessing(key: str, address: str, most_of_address: float) -> None:
    """Counts an attempt to enter a code or a password. Raises WorkbenchError after MOST_GUESSES of a browser.

    A browser that forgets its cookie is another one; so those of its address count too.
    """
    _count(MOST_GUESSES, "guess", key)
    _count(most_of_address, f"guess of {most_of_address:g}", address)


def _count(most: float, kind: str, who: str, cost: int = 1) -> None:
    if most != NONE and not _limiter.hit(RateLimitItemPerMinute(int(most)), kind, who, cost=min(cost, int(most))):
        error = WorkbenchError("That was a lot in a minute; allowed: {most:,.0f}. Wait a little.", most=most)
        log.refused("somebody", f"too much of one {kind}", error)  # `who` may be a cookie's key
        raise error
