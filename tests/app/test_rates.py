"""How often visitors may ask for what costs, and how much they may send; counted for each, and for an address."""

import contextlib
from types import SimpleNamespace

import pytest
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from gan_core.errors import WorkbenchError
from pages.parts import rates, visitors
from pages.parts.rates import MOST_GUESSES, UPLOAD_SECONDS, Rates, Uploads, refuse_guessing
from tests import asgi

MB = 1_000_000
UPLOAD = "/_stcore/upload_file/session/file"
STREAM = "/_stcore/stream"


async def socket_route(websocket):
    await websocket.accept()


async def taken(_request):
    return PlainTextResponse("taken")


@pytest.fixture(autouse=True)
def nothing_counted_yet(monkeypatch):
    monkeypatch.setattr(rates, "_limiter", MovingWindowRateLimiter(MemoryStorage()))
    visitors._signer.cache_clear()
    yield
    visitors._signer.cache_clear()


@pytest.fixture
def clock(monkeypatch):
    """The uploads' clock."""
    seconds = [1000.0]
    monkeypatch.setattr(rates, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def site(prefix=""):
    routes = [
        Route(f"{prefix}{UPLOAD}", taken, methods=["PUT", "DELETE", "OPTIONS"]),
        Route(f"{prefix}/page", taken),
        WebSocketRoute(f"{prefix}{STREAM}", socket_route),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Rates, prefix=prefix)])


def cookie(who: str) -> str:
    return f"{visitors.COOKIE}={visitors._signer().dumps(who)}"


def put(app, size, who="ana", path=UPLOAD, **headers):
    length = {} if size is None else {"content_length": str(size)}
    return asgi.ask(app, path, method="PUT", cookie=cookie(who), **length, **headers)


def test_of_uploads_a_person_and_all_together_may_send_so_much(hosted, clock):
    hosted("public", upload_mb_of_one=100, upload_mb=250)
    app = site()
    assert [put(app, 60 * MB).status for _ in range(2)] == [200, 429]
    assert put(app, 40 * MB).status == 200
    assert [put(app, 100 * MB, who).status for who in ("ben", "eve")] == [200, 429]
    assert put(app, 50 * MB, "eve").status == 200
    assert put(app, 1, "zoe").status == 429


def test_it_may_send_as_much_again_when_the_time_is_over(hosted, clock):
    hosted("public", upload_mb_of_one=100)
    app = site()
    assert put(app, 100 * MB).status == 200
    clock[0] += UPLOAD_SECONDS - 1
    assert put(app, 1).status == 429
    clock[0] += 2
    assert put(app, 100 * MB).status == 200


def test_21_uploads_that_nobody_asked_for_cost_less_than_200_mb(hosted):
    hosted("public")
    app = site()
    assert sum(60 for _ in range(21) if put(app, 60 * MB).status == 200) <= 100
    assert sum(60 for n in range(21) if put(app, 60 * MB, f"browser {n}").status == 200) <= 200


@pytest.mark.parametrize("size", ["", "-1", "1e3", "many", "9" * 20, None])
def test_an_upload_whose_size_is_not_said_is_refused(hosted, size):
    hosted("class")
    assert put(site(), size).status == 429


def test_so_is_one_of_a_browser_without_our_cookie(hosted):
    hosted("class")
    assert asgi.ask(site(), UPLOAD, method="PUT", content_length="1").status == 429
    assert asgi.ask(site(), UPLOAD, method="PUT", content_length="1", cookie=f"{visitors.COOKIE}=forged").status == 429


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS"])
def test_taking_an_upload_back_counts_nothing(hosted, method):
    hosted("class")
    assert asgi.ask(site(), UPLOAD, method=method).status == 200


def test_under_a_prefix_it_is_the_same(hosted):
    hosted("public", upload_mb_of_one=1)
    app = site("/gan")
    assert [put(app, MB, path=f"/gan{UPLOAD}").status for _ in range(2)] == [200, 429]


def test_a_refusal_says_the_limit_in_the_browsers_language(hosted):
    hosted("public", upload_mb_of_one=5)
    english = put(site(), 6 * MB).body.decode()
    assert english == "At most 5 MB may be uploaded within 10 minutes; try again later."
    spanish = put(site(), 6 * MB, accept_language="es-MX,en;q=0.5").body.decode()
    assert "5 MB" in spanish and spanish != english


def connect(app, who, address):
    return asgi.ask(app, STREAM, kind="websocket", client=address, cookie=cookie(who)).status


def test_connections_are_counted_by_browser_and_by_address(hosted):
    hosted("public", most_requests=3, most_requests_of_address=5)
    app = site()
    assert [connect(app, "ana", "1.1.1.1") for _ in range(4)] == [101, 101, 101, 403]
    assert [connect(app, f"browser {n}", "1.1.1.1") for n in range(3)] == [101, 101, 403]
    assert connect(app, "ben", "2.2.2.2") == 101


def test_pages_are_not_counted_and_in_the_mode_personal_nothing_is(hosted):
    hosted("public", most_requests=1, most_requests_of_address=1)
    app = site()
    assert {asgi.ask(app, "/page", client="1.1.1.1").status for _ in range(5)} == {200}
    hosted("personal")
    assert {connect(app, "ana", "1.1.1.1") for _ in range(5)} == {101}
    assert {asgi.ask(app, UPLOAD, method="PUT").status for _ in range(5)} == {200}


def test_a_limit_of_inf_is_none(hosted):
    hosted("class", most_requests="inf", most_requests_of_address="inf", upload_mb="inf", upload_mb_of_one="inf")
    app = site()
    assert {connect(app, "ana", "1.1.1.1") for _ in range(200)} == {101}
    assert put(app, 10**15 - 1).status == 200


def guesses(key, address) -> int:
    """How many of 100 attempts are not refused."""
    allowed = 0
    for count in range(100):
        with contextlib.suppress(WorkbenchError):
            refuse_guessing(key(count), address(count), most_of_address=30)
            allowed += 1
    return allowed


def test_a_browser_may_guess_so_often_and_one_that_forgets_its_cookie_as_often_as_its_address(hosted):
    hosted("class")
    assert guesses(lambda n: "a key", lambda n: f"1.1.1.{n}") == MOST_GUESSES
    assert guesses(lambda n: f"key {n}", lambda n: "2.2.2.2") == 30


def test_an_upload_on_its_way_counts_and_one_that_was_refused_or_broken_off_does_not(hosted, clock):
    hosted("public", upload_mb_of_one=10)
    uploads = Uploads()
    with pytest.raises(WorkbenchError, match="At most 10 MB"):
        uploads.begin("ana", 11 * MB)
    on_its_way = uploads.begin("ana", 10 * MB)
    clock[0] += UPLOAD_SECONDS + 1
    with pytest.raises(WorkbenchError, match="At most 10 MB"):
        uploads.begin("ana", 1)
    uploads.end(on_its_way)
    uploads.begin("ana", 10 * MB)


def test_one_that_the_server_did_not_take_does_not_count(hosted):
    hosted("public", upload_mb_of_one=1)
    app = site()
    assert [put(app, MB, path="/_stcore/upload_file/nowhere").status for _ in range(3)] == [404] * 3
    assert put(app, MB).status == 200


def test_what_comes_in_chunks_has_no_length_whatever_it_says(hosted):
    hosted("class")
    assert put(site(), 1, transfer_encoding="chunked").status == 429


def test_what_the_server_still_holds_counts_however_old_it_is(hosted, monkeypatch):
    hosted("public", upload_mb_of_one=100, upload_mb=150)
    monkeypatch.setattr("pages.parts.rates._held_bytes", lambda: 100_000_000)
    uploads = Uploads()
    uploads.begin("one", 50_000_000)
    with pytest.raises(WorkbenchError, match="may be uploaded"):
        uploads.begin("another", 50_000_001)
