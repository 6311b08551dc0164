"""Which hosts the app answers to, and what its answers tell a browser."""

import socket

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

import app as server
from pages.parts.guard import HEADERS, SETTING, Guard, failed
from pages.parts.messages import Messages
from pages.parts.operations.routes import Sessions
from pages.parts.rates import Rates
from pages.parts.timers import Timers
from pages.parts.visitors import Visitors
from tests import asgi


async def socket_route(websocket):
    await websocket.accept()


def broken(_request):
    raise ZeroDivisionError


@pytest.fixture
def guarded(monkeypatch):
    monkeypatch.delenv(SETTING, raising=False)
    routes = [
        Route("/page", lambda request: PlainTextResponse("a page")),
        Route("/own", lambda request: PlainTextResponse("", headers={"referrer-policy": "no-referrer"})),
        Route("/broken", broken),
        WebSocketRoute("/stream", socket_route),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard)], exception_handlers={Exception: failed})


def statuses(app, host):
    return asgi.ask(app, "/page", host).status, asgi.ask(app, "/stream", host, kind="websocket").status


HERE = [
    "localhost",
    "localhost:8501",
    "LOCALHOST.",
    "app.localhost",
    "127.0.0.1:80",
    "192.168.1.20",
    "[::1]:8501",
    "[fe80::1]",
]


@pytest.mark.parametrize("host", HERE)
def test_localhost_and_addresses_in_digits_are_answered(guarded, host):
    assert statuses(guarded, host) == (200, 101)


STRANGERS = ["evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost.evil.example", "evillocalhost"]
MALFORMED = ["", ":8501", "localhost:evil.example", "localhost@evil.example", "[::1", "localhost, evil.example", "*"]


@pytest.mark.parametrize("host", STRANGERS + MALFORMED)
def test_any_other_host_is_refused_with_a_sentence_that_names_the_setting(guarded, host):
    assert statuses(guarded, host) == (403, 403)
    answer = asgi.ask(guarded, "/page", host)
    assert SETTING in answer.body.decode()
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_refusal_is_said_in_the_browsers_language(guarded):
    said = asgi.ask(guarded, "/page", "evil.example", accept_language="es-MX,en;q=0.5").body.decode()
    assert SETTING in said and "evil.example" in said and "answer" not in said


def test_a_host_that_a_proxy_claims_is_not_believed(guarded):
    assert asgi.ask(guarded, "/page", "evil.example", x_forwarded_host="localhost").status == 403


def test_a_strange_host_cannot_write_lines_or_pages_of_its_own_into_the_refusal(guarded):
    said = asgi.ask(guarded, "/page", "é\x1b" + "x" * 5000).body.decode()
    assert len(said) < 500
    assert said.isascii() and "\x1b" not in said


def test_this_computer_is_answered_by_its_own_name(guarded):
    name = socket.gethostname()
    assert statuses(guarded, f"{name}:8501") == (200, 101)
    assert statuses(guarded, f"{name.partition('.')[0]}.local") == (200, 101)


def test_who_hosts_the_app_lists_its_names(guarded, monkeypatch):
    monkeypatch.setenv(SETTING, "gan.example.com, *.Lab.example")
    assert statuses(guarded, "gan.example.com:443") == (200, 101)
    assert statuses(guarded, "one.lab.example") == (200, 101)
    assert statuses(guarded, "example.com") == (403, 403)
    assert statuses(guarded, "localhost") == (200, 101)
    monkeypatch.setenv(SETTING, "*")
    assert statuses(guarded, "anything.example") == (200, 101)


def opened(app, host, origin):
    return asgi.ask(app, "/stream", host, kind="websocket", origin=origin).status


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://localhost.evil.example", "null", "", "http://6.6.6.6"]
)
def test_a_page_of_another_host_opens_no_websocket_and_streamlit_is_not_even_asked(guarded, monkeypatch, origin):
    assert opened(guarded, "localhost:8501", origin) == 403
    monkeypatch.setenv(SETTING, "*")
    assert opened(guarded, "localhost:8501", origin) == 403


def test_the_apps_own_pages_and_those_of_listed_hosts_open_websockets(guarded, monkeypatch):
    assert opened(guarded, "localhost:8501", "http://localhost:8501") == 101
    assert opened(guarded, "127.0.0.1:8501", "http://localhost:8501") == 101
    assert opened(guarded, "192.168.1.20:8501", "http://192.168.1.20:8501") == 101
    assert opened(guarded, "[::1]:8501", "http://[::1]:8501") == 101
    monkeypatch.setenv(SETTING, "gan.example.com")
    assert opened(guarded, "gan.example.com", "https://gan.example.com") == 101
    assert opened(guarded, "localhost:8501", "https://gan.example.com") == 101


@pytest.mark.parametrize(
    ("path", "host"), [("/page", "localhost"), ("/nowhere", "localhost"), ("/page", "evil.example")]
)
def test_every_answer_has_the_security_headers(guarded, path, host):
    answer = asgi.ask(guarded, path, host)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_an_answer_at_which_the_app_failed_has_them_too(guarded):
    said = []
    with pytest.raises(ZeroDivisionError):  # once more behind the answer, for the log
        asgi.ask(guarded, "/broken", said=said)
    assert said[0]["status"] == 500
    assert {name: Headers(raw=said[0]["headers"])[name] for name in HEADERS} == HEADERS


def test_an_own_header_of_an_answer_stays(guarded):
    assert asgi.ask(guarded, "/own").headers.getlist("referrer-policy") == ["no-referrer"]
    assert asgi.ask(guarded, "/own").headers["x-content-type-options"] == "nosniff"


def test_the_server_is_guarded():
    classes = [middleware.cls for middleware in server.app._user_middleware]
    assert classes == [Guard, Visitors, Rates, Sessions, Messages, Timers]
