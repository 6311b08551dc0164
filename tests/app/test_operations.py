"""What the server answers to whoever runs it, and what it keeps to itself."""

import json
import time
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import WebSocketRoute

from gan_core import paths
from gan_core.jobs import app_worker
from pages.parts.live import class_routes
from pages.parts.live import routes as live_routes
from pages.parts.operations import life, routes
from tests import asgi
from tests.app.conftest import trained
from tests.conftest import small_config

SECRETS = {
    "metrics_token": "token-of-metrics",
    "secret": "signs-cookies",
    "class_code": "code",
    "teacher_password": "pw",
}


@pytest.fixture(autouse=True)
def nothing_known():
    for kept in (routes._checked, routes._measure, routes._used_bytes):
        kept.cache_clear()


def health():
    routes._checked.cache_clear()
    answer = asgi.ask(Starlette(routes=routes.operations_routes()), "/health")
    return answer.status, json.loads(answer.body)


def asked(client="127.0.0.1", **headers):
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": client and (client, 1234), "headers": named})


def measured():
    routes._measure.cache_clear()
    answer = routes._metrics(asked())
    families = text_string_to_metric_families(answer.body.decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


# Health


def test_a_server_with_nothing_to_do_is_well(store):
    status, found = health()
    assert status == 200
    assert found["ok"] and found["database"] and found["room"] and found["worker"]
    assert (found["worker_lives"], found["oldest_waiting_seconds"]) == (False, None)


def test_a_run_that_waits_without_a_worker_is_not_well_once_a_worker_should_have_started(store):
    run = store.create(small_config(), "cgan")
    assert health()[0] == 200
    with store.session() as session:
        session.get(type(run), run.id).queued_at = time.time() - app_worker.START_SECONDS - 10
    status, found = health()
    assert (status, found["ok"], found["worker"]) == (503, False, False)
    assert found["oldest_waiting_seconds"] == pytest.approx(app_worker.START_SECONDS + 10, abs=5)
    store.register_worker(app_worker.app_worker_name(), "me", slots=1)
    assert health()[0] == 200


def test_a_disk_without_room_and_a_database_that_cannot_be_read_are_not_well(store, monkeypatch):
    monkeypatch.setattr(routes.shutil, "disk_usage", lambda place: SimpleNamespace(free=routes.LEAST_FREE_BYTES - 1))
    status, found = health()
    assert (status, found["room"], found["database"]) == (503, False, True)
    monkeypatch.undo()
    monkeypatch.setenv("GAN_WORKBENCH_DATABASE", "sqlite:////proc/no/such/place.db")
    status, found = health()
    assert (status, found["database"]) == (503, False)


def test_whoever_asks_again_within_a_second_costs_nothing(store, monkeypatch):
    monkeypatch.setattr(routes.time, "monotonic", lambda: 1.5)
    app = Starlette(routes=routes.operations_routes())
    asgi.ask(app, "/health")
    monkeypatch.setattr(routes, "figures", lambda store: pytest.fail("it was asked anew"))
    assert asgi.ask(app, "/health").status == 200


def test_health_holds_no_secret_and_no_path(hosted, store, tmp_path):
    hosted("class", **SECRETS)
    said = json.dumps(health()[1])
    assert not any(secret in said for secret in (*SECRETS.values(), str(tmp_path), str(paths.database_url())))


def test_behind_a_prefix_the_routes_are_found_there_and_nowhere_else(store):
    app = Starlette(routes=routes.operations_routes("/gan/tool"))
    assert asgi.ask(app, "/gan/tool/health").status == 200
    assert asgi.ask(app, "/health").status == asgi.ask(app, "/metrics").status == 404


# Figures


def test_the_figures_are_those_of_the_store(store, hosted):
    trained(store)
    store.create(small_config(), "cgan")
    found = measured()
    assert found["gan_workbench_runs_training"] == found["gan_workbench_runs_waiting"] == 1
    assert found["gan_workbench_images_per_second"] == 133
    assert found["gan_workbench_disk_free_bytes"] > 0
    assert found["gan_workbench_runs_bytes"] > 0


def test_figures_of_a_store_that_is_away_are_unknown(store, monkeypatch):
    assert measured()["gan_workbench_runs_waiting"] == 0
    monkeypatch.setenv("GAN_WORKBENCH_DATABASE", "sqlite:////proc/no/such/place.db")
    assert str(measured()["gan_workbench_runs_waiting"]) == "nan"


def test_what_fails_unexpectedly_is_counted_in_pages_and_routes(store):
    from pages.parts.guard import failed

    before = measured()["gan_workbench_errors_total"]
    assert routes.note_error(ValueError()) is False, "Streamlit shows it as ever"
    failed(asked(), ValueError())
    assert measured()["gan_workbench_errors_total"] == before + 2


def test_an_open_page_is_counted_while_it_is_open(store):
    during = []

    async def stream(websocket):
        await websocket.accept()
        during.append(routes.SESSIONS._value.get())
        raise RuntimeError("the connection broke")

    app = Starlette(routes=[WebSocketRoute("/stream", stream)], middleware=[Middleware(routes.Sessions)])
    before = routes.SESSIONS._value.get()
    with pytest.raises(RuntimeError):
        asgi.ask(app, "/stream", kind="websocket")
    assert (during, routes.SESSIONS._value.get()) == ([before + 1], before)


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_computer_may_read_the_figures(store, client):
    assert routes._metrics(asked(client)).status_code == 200


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("10.0.0.7", {}),
        ("::ffff:10.0.0.7", {}),
        ("testclient", {}),
        (None, {}),
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}),
        ("127.0.0.1", {"forwarded": "for=10.0.0.7"}),
        ("127.0.0.1", {"x_real_ip": "10.0.0.7"}),
        ("10.0.0.7", {"authorization": "Bearer "}),
        ("10.0.0.7", {"authorization": "Bearer token-of-metric"}),
        ("10.0.0.7", {"authorization": "Bearer ä"}),
    ],
    ids=str,
)
def test_nobody_else_may_without_the_token(hosted, store, client, headers):
    hosted("class")
    assert routes._metrics(asked(client, **headers)).status_code == 403, "not even where there is no token"
    hosted("class", **SECRETS)
    assert routes._metrics(asked(client, **headers)).status_code == 403
    token = {"authorization": f"Bearer {SECRETS['metrics_token']}"}
    assert routes._metrics(asked(client, **headers | token)).status_code == 200


# The server's end


def test_while_the_server_ends_a_page_that_watches_is_told_in_the_readers_language(store, no_worker):
    trained(store)
    app = Starlette(routes=live_routes.routes())
    life.ending.set()
    try:
        answer = live_routes._news(Request({"type": "http", "query_string": b"lang=es", "path_params": {"run": "1"}}))
        assert class_routes.notice(store)["ending"]
    finally:
        life.ending.clear()
    assert answer.status_code == 503
    assert "reiniciando" in json.loads(answer.body)["error"]
    assert asgi.ask(app, "/live/1").status == 200


def test_a_server_that_starts_names_the_variables_that_mean_nothing_and_not_their_values(monkeypatch, caplog):
    monkeypatch.setenv("GAN_WORKBENCH_MOST_MINUTE", "5150")
    life._name_what_means_nothing()
    assert caplog.messages == ["GAN_WORKBENCH_MOST_MINUTE means nothing; did you mean GAN_WORKBENCH_MOST_MINUTES?"]
