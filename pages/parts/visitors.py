"""Who is looking at the page, or asks one of our routes: known again by a signed cookie that scripts cannot read."""

import contextlib
import os
import secrets
from functools import cache

import streamlit as st
from anyio import to_thread
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gan_core import paths
from gan_core.disk import link_unless_there, not_written
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.evaluations import EvaluationStore, default_evaluations
from gan_core.store.people import default_people
from gan_core.store.rights import OWNER, Visitor
from gan_core.store.runs import RunStore, default_store

COOKIE = "gan_workbench_visitor"
A_YEAR = 365 * 24 * 3600
LONGEST_COOKIE = 200
COOKIE_PATH = "gan_workbench.cookie_path"
"""In a request's scope: below which address the cookie holds."""


class Visitors:
    """Gives every browser a key of its own in a cookie, where visitors are told apart.

    The key is made here, signed, and never in a page's reach (HttpOnly); other sites' forms do not send it along
    (SameSite). Whose it is stands in the database.
    """

    def __init__(self, app: ASGIApp, path: str = "/"):
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[COOKIE_PATH] = self.path
        if scope["type"] != "http" or not hosting().is_shared or await _keeps_key(HTTPConnection(scope)):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(scope, message):
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                with contextlib.suppress(WorkbenchError):  # the secret cannot be kept; the page will say so
                    is_secure = scope.get("scheme") == "https"
                    headers.append("Set-Cookie", _cookie(new_key(), self.path, is_secure))
            await send(message)

        await self.app(scope, receive, send_with_cookie)


async def _keeps_key(connection: HTTPConnection) -> bool:
    """Whether it brings a key, and needs no other.

    With a login, a page gets a new one as long as nobody has logged in: whoever read the old one in a browser that many
    use would be the next person too ("session fixation").
    """
    try:
        key = key_of(connection)
        if not key or hosting().login == "none" or "text/html" not in connection.headers.get("accept", ""):
            return bool(key)
        return bool(await to_thread.run_sync(default_people().visitor, key))
    except WorkbenchError:  # the store or the secret is away; the page will say so
        return True


def _is_page(scope: Scope, message: Message) -> bool:
    """Files and pictures may be asked for at once, and must not each bring another key."""
    if scope["method"] != "GET":
        return False
    asked, answered = Headers(scope=scope), Headers(raw=message.get("headers", []))
    # A page that has not changed is answered without a type.
    return answered.get("content-type", "").startswith("text/html") or "text/html" in asked.get("accept", "")


def new_key() -> str:
    return secrets.token_urlsafe(24)


def set_key(answer: Response, key: str, request: HTTPConnection) -> None:
    """The answer to this request gives the browser that key, instead of the one that it has brought."""
    answer.headers["Set-Cookie"] = _cookie(key, request.scope[COOKIE_PATH], request.url.scheme == "https")


def _cookie(key: str, path: str, is_secure: bool) -> str:
    answer = Response()
    signed = _signer().dumps(key)
    assert isinstance(signed, str)
    answer.set_cookie(COOKIE, signed, A_YEAR, path=path, secure=is_secure, httponly=True, samesite="lax")
    return answer.headers["set-cookie"]


def key_of(connection: HTTPConnection) -> str:
    """The browser's key; "" if it brings none, or one that we have not signed."""
    return _read(connection.cookies.get(COOKIE, ""))


def _read(cookie: str) -> str:
    if not 0 < len(cookie) <= LONGEST_COOKIE:
        return ""
    try:
        return str(_signer().loads(cookie))
    except BadSignature:
        return ""


@cache
def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(hosting().secret.get_secret_value() or _kept_secret(), salt="visitor")


def _kept_secret() -> str:
    """The secret beside the runs; made at the first start. Two servers that start at once agree on one."""
    file = paths.checkpoints() / "secret"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = paths.partial(file)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
            new.write(secrets.token_hex(32))
        link_unless_there(aside, file)
        return file.read_text()
    except OSError as error:
        raise not_written(file, error) from error


# For pages


def browser_key() -> str:
    """The key of the browser that shows this page; "" if it takes no cookies.

    Raises WorkbenchError if the server's secret cannot be kept, without which no browser gets a key.
    """
    _signer()
    return _read(st.context.cookies.get(COOKIE, ""))


def visitor() -> Visitor:
    """Who looks at this page: nobody in particular, before they have come in."""
    if not hosting().is_shared:
        return OWNER
    key = browser_key()  # before the store is opened: without a secret it is of no use
    return default_people().visitor(key) or Visitor()


def store_of_visitor() -> RunStore:
    """The runs, as far as whoever looks at this page may see and change them."""
    who = visitor()
    return default_store().acting_for(who)


def evaluations_of_visitor() -> EvaluationStore:
    """The same of the evaluations."""
    who = visitor()
    return default_evaluations().acting_for(who)


# For our own routes


def store_of(connection: HTTPConnection) -> RunStore:
    """The runs, as far as whoever asks may see and change them."""
    if not hosting().is_shared:
        return default_store()
    return default_store().acting_for(default_people().visitor(key_of(connection)) or Visitor())
