"""A run goes on learning while its store is locked or full, and loses nothing of what it measured."""

import sqlite3
import threading

import numpy as np
import pytest

from gan_core.errors import StoreUnavailableError
from gan_core.jobs import train_job
from gan_core.jobs.reporter import Reporter
from gan_core.store import patience
from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.runs import State
from tests.conftest import METRICS, small_config


@pytest.fixture
def other_program(store):
    """Another program's connection, to lock the database by."""
    connection = sqlite3.connect(store.engine.url.database, isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


@pytest.fixture
def soon(monkeypatch):
    """A try takes no time, and the next one may follow at once."""
    monkeypatch.setattr(patience, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr("gan_core.store.runs.HURRIED_SECONDS", 0.01)


def row(number):
    return dict.fromkeys(METRICS, float(number))


def test_a_run_learns_to_its_end_while_another_program_locks_the_store(store, other_program, soon):
    """The lock comes with the first steps, and is given up only when the run has written its last checkpoint."""
    run = store.create(small_config(kimg=3.2), "cgan", owner="me")
    last = run.folder / "model-000000200.safetensors"

    def unlock_at_the_end():
        while not last.exists():
            ended.wait(0.05)
        other_program.execute("ROLLBACK")

    ended = threading.Event()
    unlocker = threading.Thread(target=unlock_at_the_end)

    def tell(progress):
        if "step" in progress and not unlocker.ident:
            other_program.execute("BEGIN IMMEDIATE")
            unlocker.start()

    run = train_job.train_run(store, run, tell)
    unlocker.join()
    steps = store.read_metrics(run.id)["step"]
    assert (run.state, run.step, run.checkpoint, run.progress) == (State.FINISHED, 200, last.name, 1)
    assert len(steps) >= 1 and (np.diff(steps) > 0).all()
    assert run.grid_steps and all(run.grid_path(step).exists() for step in run.grid_steps)


def test_what_could_not_be_told_is_told_later_more_than_a_chunk_of_it_too(store, other_program, soon):
    run = store.create(small_config(), "cgan", owner="me")
    reporter = Reporter(store, run)
    reporter.begin(after_step=0, grid_steps=[])
    other_program.execute("BEGIN IMMEDIATE")
    for number in range(2 * CHUNK_ROWS + 7):
        reporter.add_row(row(number))
    reporter.report(checkpoint="model-000000010.safetensors")
    assert not reporter.asked_to_stop
    assert reporter.still_mine(), "a store that is locked gives nothing away"
    other_program.execute("ROLLBACK")
    store.ask_to_stop(run.id)
    reporter._patience._next_try = 0
    reporter.report(step=10)
    assert (reporter.asked_to_stop, reporter.lost) == (True, False)
    assert store.read_metrics(run.id)["step"].tolist() == list(range(2 * CHUNK_ROWS + 7))
    assert (store.get(run.id).checkpoint, store.get(run.id).step) == ("model-000000010.safetensors", 10)


def test_rows_of_one_chunk_may_have_different_metrics(store):
    run = store.create(small_config(), "cgan", owner="me")
    reporter = Reporter(store, run)
    reporter.begin(after_step=0, grid_steps=[])
    reporter.add_row({"step": 1, "seconds": 0.5})
    reporter.add_row({"step": 2, "seconds": 1.0, "fid": 7.0})
    reporter.report(step=2)
    metrics = store.read_metrics(run.id)
    assert (metrics["step"].tolist(), metrics["seconds"].tolist()) == ([1, 2], [0.5, 1.0])
    assert np.isnan(metrics["fid"][0]) and metrics["fid"][1] == 7


def test_who_lost_the_run_writes_no_rows(store):
    run = store.create(small_config(), "cgan", owner="sleeper")
    reporter = Reporter(store, run)
    reporter.begin(after_step=0, grid_steps=[])
    store.end(run.id, "sleeper", State.INTERRUPTED)
    store.resume(run.id, owner="other")
    reporter.add_row(row(1))
    reporter.report(step=9)
    assert (reporter.asked_to_stop, reporter.lost, reporter.still_mine()) == (True, True, False)
    assert (store.read_metrics(run.id), store.get(run.id).step) == ({}, 0)


def test_a_change_is_taken_up_only_if_it_could_be_noted(store, other_program, soon):
    run = store.create(small_config(), "cgan", owner="me")
    reporter = Reporter(store, run)
    store.ask_to_change(run.id, n_critic=2)
    change = reporter.new_changes()[0]
    other_program.execute("BEGIN IMMEDIATE")
    assert not reporter.take_up(change, 5, 0.1, 1.0)
    other_program.execute("ROLLBACK")
    assert reporter.take_up(change, 7, 0.2, 2.0)
    assert store.changes(run.id)[0].step == 7


def test_a_store_that_stays_away_for_minutes_ends_the_run_in_one_sentence(store, other_program, soon, monkeypatch):
    monkeypatch.setattr(patience, "GIVE_UP_SECONDS", 0.1)
    run = store.create(small_config(kimg=1e7), "cgan", owner="me")

    def tell(progress):
        if "step" in progress and not other_program.in_transaction:
            other_program.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailableError, match="no other program locks it"):
        train_job.train_run(store, run, tell)
    other_program.execute("ROLLBACK")
    assert store.get(run.id).state == State.RUNNING, "whoever looks next finds out that it is dead"
