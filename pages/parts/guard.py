"""Which requests are answered, and which headers every answer has."""

import ipaddress
import os
import re
import socket
from fnmatch import fnmatchcase
from functools import cache

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from gan_core.text import Text, shortened
from pages.parts.language import translate
from pages.parts.operations.routes import note_error

SETTING = "GAN_WORKBENCH_HOSTS"
HEADERS = {
    # A browser must not guess another type for a file than we declare.
    "X-Content-Type-Options": "nosniff",
    # Another site must not put the app in a frame under its own buttons.
    "Content-Security-Policy": "frame-ancestors 'self'",
    # An address holds names of models and runs, which other sites must not learn.
    "Referrer-Policy": "same-origin",
}
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::\d*)?")


class Guard:
    """Refuses requests for hosts that are not this one, websockets included, and adds HEADERS to every answer.

    A page on the internet may let its own name point to 127.0.0.1 ("DNS rebinding"); a browser would then let it read
    and steer an app that runs on its reader's computer. But its requests have that name as their host. IP addresses
    are not names, so they are safe. Starlette's TrustedHostMiddleware takes a list of names alone, and no addresses;
    Streamlit's own server.allowedHosts checks only websockets.

    A websocket may be opened by pages of the same host or of a listed one. Of any other, Streamlit would first ask a
    service on the internet for this computer's address, and answer no other request meanwhile.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        host = Headers(scope=scope).get("host", "")
        is_ours = _is_known(host) or await to_thread.run_sync(_is_this_computer, host)
        if scope["type"] == "websocket":
            is_ours = is_ours and _may_open(Headers(scope=scope).get("origin"), host)
        if is_ours:
            await self.app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)  # before it is accepted: the server answers 403
        else:
            await _refusal(host, Headers(scope=scope).get("accept-language", ""))(scope, receive, send_with_headers)


def failed(_request: Request, error: Exception) -> Response:
    """The answer to a request at which the app failed. Starlette sends it from outside of all middleware."""
    note_error(error)
    return PlainTextResponse("Internal Server Error", status_code=500, headers=HEADERS)


def _refusal(host: str, languages: str) -> Response:
    """Why, and what to do, in the first of the browser's languages."""
    refused = Text(
        "This app does not answer to the host {host}. Open it as localhost or by its IP address, or start it with "
        "that name in {setting} (several with commas between them; * for any).",
        {"host": ascii(shortened(_name(host))), "setting": SETTING},
    )
    return PlainTextResponse(translate(languages[:2].lower(), refused), status_code=403)


def _name(host: str) -> str:
    """The host without its port, in small letters; "" if it is malformed."""
    found = _HOST.fullmatch(host.strip().lower())
    return found[1].rstrip(".") if found else ""


def _may_open(origin: str | None, host: str) -> bool:
    """Whether a page of that origin may open a websocket to that host. Clients that are not browsers send no origin."""
    if origin is None:
        return True
    page = _name(origin.partition("://")[2])
    return page == _name(host) or page in ("localhost", "127.0.0.1") or page in _listed()


def _is_known(host: str) -> bool:
    """Whether it is localhost, an IP address, or listed in GAN_WORKBENCH_HOSTS."""
    return _is_address(_name(host)) or _is_listed(_name(host))


def _is_listed(name: str) -> bool:
    return any(fnmatchcase(name, one) for one in ("localhost", "*.localhost", *_listed()))


def _listed() -> list[str]:
    return [one for one in map(str.strip, os.environ.get(SETTING, "").lower().split(",")) if one]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _is_this_computer(host: str) -> bool:
    return _name(host) in _own_names()


@cache
def _own_names() -> frozenset[str]:
    """What this computer is called. May take seconds, since the last of them is asked of the network."""
    short = socket.gethostname().lower()
    return frozenset({short, f"{short.partition('.')[0]}.local", socket.getfqdn().lower()} - {""})
