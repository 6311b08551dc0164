"""What a viewer is sent: the whole run once, thinned; then what is new."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gan_core.monitor import feed
from gan_core.monitor.charts import thin
from gan_core.monitor.feed import as_plain, news, scores_of, what_it_means
from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.runs import State
from tests.conftest import METRICS, small_config


@pytest.fixture
def run(store, monkeypatch):
    monkeypatch.setattr(feed, "FRESH_SECONDS", 0.0)
    feed._shared.cache_clear()
    return store.create(small_config(), "cgan", owner="me")


def write(store, run, rows):
    table = np.arange(rows, dtype=float)[:, None] * np.ones(len(METRICS))
    for first in range(0, rows, CHUNK_ROWS):
        store.write_metrics(run.id, first, list(METRICS), table[first : first + CHUNK_ROWS])


def test_a_run_without_rows_is_seen_as_it_is(store, run):
    seen = news(store, run)
    assert (seen.rows, seen.total, seen.grids, seen.diagnosis) == ({}, 0, [], None)


@pytest.mark.parametrize("rows", [1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1])
@pytest.mark.parametrize("more", [0, 1, CHUNK_ROWS])
def test_a_viewer_who_adds_what_is_new_has_all_rows_once(store, run, rows, more):
    write(store, run, rows)
    first = news(store, run)
    assert first.fresh and first.total == rows
    write(store, run, rows + more)
    then = news(store, run, have_rows=first.total)
    together = first.rows["step"] + then.rows["step"] if not then.fresh else then.rows["step"]
    assert together == list(range(rows + more))
    assert then.total == rows + more


def test_the_first_look_at_a_long_run_is_short(store, run):
    write(store, run, 20_000)
    seen = news(store, run)
    assert seen.total == 20_000
    assert len(seen.rows["step"]) < 1100
    assert set(seen.rows) == set(METRICS)


@pytest.fixture
def thinned(monkeypatch):
    """How often all rows of a run were thinned: the dear part of a first look."""
    calls = []
    monkeypatch.setattr(feed, "thin", lambda metrics: calls.append(len(metrics["step"])) or thin(metrics))
    return calls


def test_viewers_who_come_at_once_share_one_first_look(store, run, monkeypatch, thinned):
    monkeypatch.setattr(feed, "FRESH_SECONDS", 1e9)
    write(store, run, 20_000)
    with ThreadPoolExecutor(8) as viewers:
        seen = list(viewers.map(lambda _: news(store, run), range(8)))
    assert thinned == [20_000]
    assert all(each == seen[0] for each in seen)


def test_what_is_shared_is_made_anew_with_new_rows(store, run, thinned):
    write(store, run, 5_000)
    news(store, run)
    write(store, run, 6_000)
    assert news(store, run).rows["step"][-1] == 5_999
    assert thinned == [5_000, 6_000]


def test_the_reading_alone_is_that_of_a_look_without_its_cost(store, run, thinned):
    write(store, run, 2_000)
    diagnosis, _scores = what_it_means(store, run)
    assert thinned == []
    assert diagnosis == news(store, run).diagnosis


def test_of_each_score_the_newest_and_the_best_are_told():
    rows = {"fid": np.array([np.nan, 3, 1, np.nan, 2, np.nan]), "accuracy": np.array([np.nan] * 3 + [0.5, 0.9, np.inf])}
    assert scores_of(rows) == {"fid": (2, 1, 3), "accuracy": (0.9, 0.9, 2)}
    assert scores_of({"fid": np.array([np.nan])}) == scores_of({}) == {}


def test_epochs_are_counted_once_the_datasets_size_is_known(store, run):
    write(store, run, 3)
    assert "epoch" not in news(store, run).rows
    store.report(run.id, "me", dataset_images=500)
    assert news(store, store.get(run.id)).rows["epoch"] == [0, 2, 4]


def test_kept_grids_are_told_once_each_with_their_moment(store, run):
    write(store, run, 100)
    run.grid_folder.mkdir(parents=True)
    for step in (10, 50):
        (run.grid_folder / f"{step:09d}.webp").write_bytes(b"x")
    assert news(store, run).grids == [(10, 10.0), (50, 50.0)]
    assert news(store, run, have_grids=1, newest_grid=10).grids == [(50, 50.0)]


def test_a_viewer_whose_grids_were_thinned_meanwhile_gets_all_anew(store, run):
    write(store, run, 100)
    store.report(run.id, "me", grid_steps_json="[20, 40, 60]")
    run = store.get(run.id)
    seen = news(store, run, have_grids=2, newest_grid=30)
    assert (seen.fresh_grids, seen.grids) == (True, [(20, 20.0), (40, 40.0), (60, 60.0)])
    seen = news(store, run, have_grids=2, newest_grid=40)
    assert (seen.fresh_grids, seen.grids) == (False, [(60, 60.0)])


def test_no_tick_lists_a_folder(store, run, monkeypatch):
    write(store, run, 100)
    store.report(run.id, "me", grid_steps_json="[20, 40]")
    for name in ("iterdir", "glob", "rglob"):
        monkeypatch.setattr(Path, name, None)
    assert len(news(store, store.get(run.id)).grids) == 2


def test_a_run_from_before_with_20_000_grids_shows_200_of_them_evenly(store, run):
    write(store, run, 100)
    run.grid_folder.mkdir(parents=True)
    for step in range(10, 200_001, 10):
        (run.grid_folder / f"{step:09d}.webp").touch()
    steps = [step for step, _ in news(store, run).grids]
    assert len(steps) == 200
    assert {after - before for before, after in pairwise(steps)} == {1000}


def test_an_ended_run_is_seen_with_its_last_rows(store, run, monkeypatch):
    monkeypatch.setattr(feed, "FRESH_SECONDS", 1e9)
    write(store, run, 10)
    news(store, run)
    write(store, run, 30)
    store.end(run.id, "me", State.FINISHED)
    assert news(store, store.get(run.id)).total == 30


def test_what_is_no_number_is_null():
    assert as_plain({"loss": np.array([1.23456789, np.nan, np.inf])}) == {"loss": [1.2346, None, None]}


def test_a_run_that_has_lost_its_metrics_shows_its_pictures(store, run):
    """As one that was recovered from its folder, to a server that knew its metrics before."""
    write(store, run, 100)
    news(store, run)
    store.cut_metrics(run.id, after_step=-1)
    store.report(run.id, "me", step=100, kimg=5.0, grid_steps_json="[20, 40]")
    seen = news(store, store.get(run.id), have_rows=100)
    assert (seen.rows, seen.grids, seen.diagnosis) == ({}, [(20, 1.0), (40, 2.0)], None)
