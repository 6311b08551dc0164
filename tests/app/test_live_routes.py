"""What the routes answer to a page that watches, and to a stranger who asks for nonsense."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.applications import Starlette
from starlette.requests import Request

from gan_core.jobs import app_worker
from gan_core.store.runs import State
from gan_core.text import Text
from pages.parts.live import routes
from pages.parts.live.status import about, where_it_stands
from tests import asgi
from tests.app.conftest import trained
from tests.conftest import small_config

pytestmark = pytest.mark.usefixtures("no_worker")


def request(run_id=1, query="", **path):
    named = {name: str(value) for name, value in ({"run": run_id} | path).items()}
    return Request({"type": "http", "query_string": query.encode(), "path_params": named})


def ask(run_id=1, query=""):
    answer = routes._news(request(run_id, query))
    return json.loads(answer.body) if answer.status_code == 200 else answer.status_code


def test_a_look_says_how_the_run_stands_in_the_readers_language(store):
    trained(store)
    seen = ask(query="lang=es")
    assert (seen["active"], seen["total"], seen["status"]["badge"]) == (True, 100, "en marcha")
    assert "1,6 kimg" in seen["status"]["numbers"]


def test_a_growing_run_says_its_resolution_and_how_much_of_it_is_blended_in(store):
    trained(store, network="progressive", growth_kimg=1)  # 1.6 kimg
    assert "8 × 8 pixels, 60% blended in" in ask()["status"]["numbers"]
    trained(store, network="progressive", growth_kimg=0.1)
    assert "32 × 32 pixels" in ask(2)["status"]["numbers"] and "blended" not in ask(2)["status"]["numbers"]


def test_a_scored_run_says_its_newest_and_its_best_scores(store):
    run = trained(store)
    columns = ["step", "kimg", "seconds", "fid", "accuracy"]
    store.write_metrics(run.id, 0, columns, [[1, 1, 1, 0.5, 0.75], [2, 2, 2, 0.125, 0.9], [3, 3, 3, 0.25, 0.9625]])
    assert ask()["status"]["scores"] == "FID 0.25, best 0.125 · class accuracy 96.2% (best so far)"
    assert ask(query="lang=es")["status"]["scores"].startswith("FID 0,25, ")


def test_a_waiting_run_says_its_place_and_when_it_begins(store):
    runs = [store.create(small_config(minutes=2, kimg=None), "cgan") for _ in range(2)]
    places = [ask(run.id)["status"]["where"] for run in runs]
    assert places == ["number 1 in the queue", "number 2 in the queue, begins in about 2 min"]


def test_a_waiting_run_of_a_class_says_that_its_teacher_lets_it_wait(store, hosted):
    hosted("class")
    run = store.create(small_config(), "cgan")
    store.pause()
    assert str(where_it_stands(store, run)) == "number 1 in the queue, which is paused"


@given(some.floats(20, 1e5))
def test_a_time_that_is_not_known_exactly_is_rounded_by_an_eighth_at_most(seconds):
    hours, minutes, rest = re.fullmatch(r"(?:(\d+) h)? ?(?:(\d+) min)? ?(?:(\d+) s)?", about(seconds)).groups(default=0)
    assert abs(int(hours) * 3600 + int(minutes) * 60 + int(rest) - seconds) <= seconds / 8


def test_a_run_without_scores_says_none(store):
    run = trained(store)
    store.write_metrics(run.id, 0, ["step", "kimg", "seconds"], [[1, 1, 1]])
    assert ask()["status"]["scores"] == ""


def test_the_next_look_brings_only_what_is_new(store):
    trained(store)
    seen = ask(query="rows=100&sessions=0")
    assert (seen["fresh"], seen["rows"]["step"]) == (False, [])


@pytest.mark.parametrize(
    "query", ["rows=-1", "rows=abc", "rows=99999999999999", "sessions=7&rows=100", "lang=<script>", "lang=" + "x" * 300]
)
def test_whoever_asks_nonsense_gets_the_whole_run(store, query):
    trained(store)
    seen = ask(query=query)
    assert (seen["fresh"], len(seen["rows"]["step"])) == (True, 100)


def test_a_run_that_is_gone_is_not_found(store):
    assert ask(7) == 404
    assert ask(7, "sessions=1&rows=5") == 204, "deleted while it was watched"
    assert routes._newest_grid(request(7)).status_code == 404
    assert routes._grid(request(7, step=1)).status_code == 404


@pytest.mark.parametrize("number", ["99999999999999999999", "9" * 5000, "0", "-1", "1e3", "x", "²"])
def test_a_number_that_no_run_or_step_can_have_is_not_found(store, number):
    """SQLite's integers have 63 bits, and Python reads no more than 4,300 digits."""
    run = trained(store)
    run.grid_folder.mkdir(parents=True)
    (run.grid_folder / "000000010.webp").write_bytes(b"then")
    app = Starlette(routes=routes.routes())
    for path in (f"/live/{number}", f"/live/{number}/newest", f"/live/{number}/grid/10", f"/live/1/grid/{number}"):
        assert asgi.ask(app, path).status == 404


def test_behind_a_prefix_the_routes_are_found_there_and_nowhere_else(store):
    trained(store)
    app = Starlette(routes=routes.routes("/gan/tool"))
    assert json.loads(asgi.ask(app, "/gan/tool/live/1").body)["total"] == 100
    assert asgi.ask(app, "/gan/tool/live/poll.js").status == 200
    assert asgi.ask(app, "/live/1").status == 404


def test_the_pictures_are_the_runs_own(store):
    run = trained(store)
    assert routes._newest_grid(request()).status_code == 404
    run.grid_folder.mkdir(parents=True)
    run.live_grid.write_bytes(b"now")
    (run.grid_folder / "000000010.webp").write_bytes(b"then")
    assert routes._newest_grid(request()).body == b"now"
    kept = routes._grid(request(step=10))
    assert (kept.body, kept.media_type) == (b"then", "image/webp")
    assert "immutable" in kept.headers["cache-control"]
    assert routes._grid(request(step=11)).status_code == 404


def test_a_change_while_learning_is_marked_where_it_took_effect(store):
    trained(store)
    store.ask_to_change(1, n_critic=2)
    assert ask()["marks"] == []
    store.note_change(store.changes(1)[0].id, step=40, kimg=0.6, seconds=5.0)
    store.report(1, "me", dataset_images=6000)
    mark = {"step": 40, "kimg": 0.6, "seconds": 5.0, "epoch": 0.1, "text": "Discriminator steps 1 → 2"}
    assert ask()["marks"] == [mark]


def test_whoever_watches_gets_the_queue_going_and_sees_the_dead(store, monkeypatch, pass_time):
    started = []
    monkeypatch.setattr(app_worker, "ensure_worker", started.append)
    trained(store)
    ask()
    assert started == [store]
    pass_time(60)
    assert ask()["status"]["state"] == State.INTERRUPTED


def test_a_failed_run_says_why_in_the_readers_language(store):
    run = trained(store)
    store.end(run.id, "me", State.FAILED, Text("It failed unexpectedly: {kind}: {error}", {"kind": "A", "error": "B"}))
    status_text = ask(query="lang=es")["status"]["message"]
    assert "A: B" in status_text and "unexpectedly" not in status_text
