"""The cookie by which a browser is known again: what it is like, who gets one, and that none is forged."""

import http.cookies
import stat

import pytest
from itsdangerous import URLSafeSerializer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from gan_core import paths
from gan_core.store.people import default_people
from pages.parts import visitors
from pages.parts.visitors import A_YEAR, COOKIE, LONGEST_COOKIE, Visitors, key_of, store_of
from tests import asgi
from tests.conftest import small_config

HTML = "text/html,application/xhtml+xml"
SECRET = "the server's secret"


async def socket_route(websocket):
    await websocket.accept()


def site(path="/"):
    routes = [
        Route("/page", lambda request: HTMLResponse("<p>a page</p>")),
        Route("/unchanged", lambda request: Response(status_code=304)),
        Route("/picture", lambda request: PlainTextResponse("a picture", media_type="image/webp")),
        Route("/own", lambda request: HTMLResponse("", headers={"set-cookie": "own=1"})),
        WebSocketRoute("/stream", socket_route),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Visitors, path=path)])


@pytest.fixture(autouse=True)
def secret_of_its_own():
    visitors._signer.cache_clear()
    yield
    visitors._signer.cache_clear()


@pytest.fixture
def shared(hosted):
    return hosted("class")


def cookie_of(answer):
    """The one cookie of ours that the answer sets; None without."""
    found = [http.cookies.SimpleCookie(one).get(COOKIE) for one in answer.headers.getlist("set-cookie")]
    ours = [one for one in found if one]
    assert len(ours) <= 1
    return ours[0] if ours else None


def connection(cookie: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode("latin-1"))]})


def test_scripts_other_sites_and_other_paths_do_not_get_the_cookie(shared):
    cookie = cookie_of(asgi.ask(site("/gan/tool"), "/page"))
    assert cookie["httponly"] is True
    assert cookie["samesite"].lower() == "lax"
    assert cookie["path"] == "/gan/tool"
    assert cookie["domain"] == ""
    assert cookie["max-age"] == str(A_YEAR)


@pytest.mark.parametrize(("scheme", "secure"), [("http", ""), ("https", True)])
def test_by_https_it_is_for_https_alone(shared, scheme, secure):
    assert cookie_of(asgi.ask(site(), "/page", scheme=scheme))["secure"] == secure


def test_every_browser_gets_a_key_of_its_own_that_nobody_could_guess(shared):
    keys = {key_of(connection(cookie_of(asgi.ask(site(), "/page")).value)) for _ in range(20)}
    assert len(keys) == 20 and min(map(len, keys)) >= 32


def test_a_browser_that_brings_its_cookie_gets_no_second_one(shared):
    value = cookie_of(asgi.ask(site(), "/page")).value
    assert cookie_of(asgi.ask(site(), "/page", accept=HTML, cookie=f"other=1; {COOKIE}={value}")) is None


@pytest.mark.parametrize(
    ("path", "accept", "is_given"),
    [
        ("/page", "*/*", True),
        ("/unchanged", HTML, True),
        ("/picture", "image/webp,*/*", False),
        ("/unchanged", "*/*", False),
        ("/nowhere", "*/*", False),
    ],
)
def test_a_page_brings_the_cookie_and_files_bring_none(shared, path, accept, is_given):
    assert bool(cookie_of(asgi.ask(site(), path, accept=accept))) == is_given


def test_neither_websockets_nor_what_is_sent_bring_one(shared):
    assert asgi.ask(site(), "/stream", kind="websocket").status == 101
    assert cookie_of(asgi.ask(site(), "/page", method="POST", accept=HTML)) is None


def test_a_pages_own_cookies_stay(shared):
    answer = asgi.ask(site(), "/own")
    assert answer.headers.getlist("set-cookie")[0] == "own=1"
    assert cookie_of(answer)


def test_in_the_mode_personal_there_is_no_cookie():
    assert cookie_of(asgi.ask(site(), "/page", accept=HTML)) is None


# Forged ones


def signed(key: str, secret: str, salt: str = "visitor") -> str:
    return URLSafeSerializer(secret, salt=salt).dumps(key)


@pytest.fixture
def ana(hosted, store):
    """A stranger with a run, whose key is `key`."""
    hosted("public", secret=SECRET)
    ana = default_people().stranger("key")
    store.acting_for(ana).create(small_config(), "cgan")
    return ana


FORGED = {
    "none": "",
    "not signed": "key",
    "quoted": '"key"',
    "of another secret": signed("key", "a guess"),
    "of no secret": signed("key", ""),
    "of another purpose": signed("key", SECRET, salt="session"),
    "changed": signed("key", SECRET)[:-2] + "xx",
    "anothers signature": f"{signed('key', SECRET).split('.')[0]}.{signed('kez', SECRET).split('.')[1]}",
    "without a signature": signed("key", SECRET).split(".")[0] + ".",
    "long": signed("".join(map(chr, range(33, 33 + LONGEST_COOKIE))), SECRET),
    "endless": "x" * 100_000,
    "dots": "." * LONGEST_COOKIE,
    "no ASCII": "\xe9\xff.\xe9",
}


@pytest.mark.parametrize("cookie", FORGED.values(), ids=FORGED)
def test_a_cookie_that_we_have_not_signed_is_nobodys_and_is_replaced(ana, cookie):
    asked = connection(cookie)
    assert key_of(asked) == ""
    assert store_of(asked).all_runs() == []
    fresh = cookie_of(asgi.ask(site(), "/page", cookie=f"{COOKIE}={cookie}"))
    assert key_of(connection(fresh.value)) not in ("", "key")


def test_a_cookie_that_we_have_signed_is_who_it_is(ana):
    assert [run.person_id for run in store_of(connection(signed("key", SECRET))).all_runs()] == [ana.person]


def test_a_signed_key_that_is_nobodys_sees_nothing(ana):
    assert store_of(connection(signed("other", SECRET))).all_runs() == []


# The secret


def test_the_secret_is_made_once_kept_and_for_the_server_alone(shared):
    value = cookie_of(asgi.ask(site(), "/page")).value
    file = paths.checkpoints() / "secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text()) == 64
    visitors._signer.cache_clear()  # as a server that starts again
    assert key_of(connection(value))
    file.unlink()
    visitors._signer.cache_clear()
    assert key_of(connection(value)) == ""


# With a login


@pytest.mark.parametrize(("login", "has_logged_in", "is_new"), [
    ("oidc", False, True), ("oidc", True, False), ("proxy", False, True), ("none", False, False),
])  # fmt: skip
def test_a_key_from_before_the_login_is_replaced_with_the_page(hosted, login, has_logged_in, is_new):
    hosted("class", login=login, secret=SECRET)
    if has_logged_in:
        default_people().log_in("key", "ana@school.example", "Ana")
    cookie = f"{COOKIE}={signed('key', SECRET)}"
    assert bool(cookie_of(asgi.ask(site(), "/page", accept=HTML, cookie=cookie))) == is_new
    assert cookie_of(asgi.ask(site(), "/picture", accept="image/webp", cookie=cookie)) is None


@pytest.mark.parametrize("mode", ["class", "public"])
def test_where_the_secret_cannot_be_kept_a_page_is_answered_and_says_why(hosted, open_page, mode):
    hosted(mode)
    paths.checkpoints().write_text("in the way of the folder")
    for cookie in ("", f"{COOKIE}=any"):
        answer = asgi.ask(site(), "/page", accept=HTML, cookie=cookie)
        assert (answer.status, cookie_of(answer)) == (200, None)
    app = open_page("train.py")
    assert not app.exception
    assert "secret could not be written" in app.error[0].value
