"""A worker that is told to end saves what is in training, and the next goes on with it. Real processes and signals."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from gan_core import checkpoint, paths
from gan_core.jobs import app_worker, worker
from gan_core.jobs.engines import ThisMachine
from gan_core.store.evaluations import default_evaluations
from gan_core.store.tables import State
from tests.conftest import small_config
from tests.unit.jobs.test_worker import ENDLESS, ask, deaf_process, end_all, not_a_model, state_of, train_here, wait_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
PATIENCE_SECONDS = 120


@pytest.fixture
def start_worker():
    """Starts the app's worker in a process and a group of its own."""
    started = []

    def start():
        command = [sys.executable, "-m", "gan_core", "worker", "--of-app"]
        started.append(subprocess.Popen(command, cwd=paths.PROJECT, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.terminate()  # politely, or its runs would live on
        process.wait()


def trainers_of(worker_process, run):
    """The processes that the worker has started for the run."""
    children = psutil.Process(worker_process.pid).children()
    return [process for process in children if run.owner in process.cmdline()]


def wait_until_it_learns(store, run, after=0):
    def learns():
        now = store.get(run.id)
        return now.state == State.RUNNING and now.step > after

    wait_for(learns, "its steps", PATIENCE_SECONDS)


@pytest.mark.parametrize("whole_group", [False, True], ids=["the worker alone", "all its processes too, as by systemd"])
def test_what_is_in_training_is_saved_and_goes_on_with_the_next_worker(store, start_worker, whole_group):
    first, waiting = (store.create(small_config(**ENDLESS), "cgan") for _ in range(2))
    process = start_worker()
    wait_until_it_learns(store, first)
    trainers = trainers_of(process, store.get(first.id))
    assert trainers
    process.terminate()
    if whole_group:
        for trainer in trainers:
            trainer.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0
    saved = store.get(first.id)
    assert (saved.state, saved.owner, saved.request, saved.message, saved.ended_at) == (State.QUEUED, "", "", "", None)
    assert checkpoint.read_metadata(saved.checkpoint_path).step == saved.step > 0
    assert saved.queued_at == first.queued_at, "it keeps its place"
    assert not any(trainer.is_running() for trainer in trainers)
    assert not store.worker_lives(app_worker.app_worker_name())
    assert state_of(store, waiting) == State.QUEUED
    start_worker()
    wait_until_it_learns(store, first, after=saved.step)
    again = store.get(first.id)
    assert (again.id, again.sessions) == (first.id, 2)
    assert store.read_metrics(first.id)["step"][0] <= saved.step, "its curves begin where they began"


def in_work(store, run, process, **hands):
    """A worker that has this process at work for the run."""
    made = worker.Worker(store, ThisMachine(1), **hands)
    made.in_work[run.owner] = worker.InWork(run, process, time.monotonic())
    return made


def test_a_run_that_hears_nothing_is_killed_and_goes_on_from_its_checkpoint(store):
    trained = train_here(store)
    run = store.resume(trained.id, small_config(**ENDLESS), owner="deaf")
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    deaf = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    deaf.stdout.readline()
    hands = in_work(store, run, deaf)
    hands.end_all(seconds=0.1)
    assert deaf.returncode == -signal.SIGKILL
    after = store.get(run.id)
    assert (after.state, after.checkpoint) == (State.QUEUED, trained.checkpoint)
    assert not store.heartbeat(run.id, "deaf")
    deaf.stdout.close()


def test_what_somebody_asked_to_stop_stays_stopped(store):
    run = store.create(small_config(**ENDLESS), "cgan", owner="asked")
    store.ask_to_stop(run.id)
    in_work(store, run, deaf_process()).end_all(seconds=5)
    store.end(run.id, "asked", State.STOPPED)  # as its process would have
    assert state_of(store, run) == State.STOPPED


def test_what_has_just_finished_is_not_trained_again(store):
    run = store.create(small_config(), "cgan", owner="done")
    store.end(run.id, "done", State.FINISHED)
    in_work(store, run, deaf_process()).end_all(seconds=5)
    assert state_of(store, run) == State.FINISHED


def test_an_evaluation_in_work_waits_again_with_its_copy_of_the_model(store, tmp_path):
    evaluations = default_evaluations()
    ask(evaluations, not_a_model(tmp_path))
    row = evaluations.claim("me")
    hands = worker.Evaluator(evaluations, ThisMachine(1))
    hands.in_work["me"] = worker.InWork(row, deaf_process(), time.monotonic())
    hands.end_all(seconds=5)
    after = evaluations.get(row.id)
    assert after.state == State.QUEUED
    assert after.checkpoint_path.exists()


# The wall's clock


@pytest.mark.parametrize(
    ("config", "expected", "seconds"),
    [
        ({"minutes": 1, "kimg": None}, None, 2 * 60 + 300),
        ({"kimg": 1.0}, None, 2 * 600 + 300),
        ({"kimg": 1.0}, 5.0, 2 * 600 + 300),
        ({"kimg": 1.0}, 1800.0, 2 * 1800 + 300),
    ],
    ids=str,
)
def test_a_process_may_live_for_twice_its_training_time_and_five_minutes(hosted, store, config, expected, seconds):
    run = store.create(small_config(**config), "cgan")
    run.expected_seconds = expected
    assert worker._most_seconds(run) == float("inf"), "on one's own computer, for ever"
    hosted("class", most_minutes=10)
    assert worker._most_seconds(run) == seconds


def test_a_run_that_lives_too_long_is_stopped_killed_if_need_be_and_says_why(hosted, store):
    hosted("public")
    run = store.create(small_config(minutes=1, kimg=None), "cgan", owner="slow")
    deaf = deaf_process()
    hands = worker.Worker(store, ThisMachine(1))
    hands.in_work["slow"] = worker.InWork(run, deaf, time.monotonic() - 2 * 60 - 299)
    hands.supervise()
    assert store.get(run.id).request == "", "not yet"
    hands.in_work["slow"] = worker.InWork(run, deaf, time.monotonic() - 2 * 60 - 301)
    hands.supervise()
    assert store.get(run.id).request == "stop", "asked politely first"
    hands.patience_seconds = 0
    wait_for(lambda: not (hands.supervise() or hands.in_work), "its end")
    stopped = store.get(run.id)
    assert stopped.state == State.STOPPED
    assert "far longer than its training time" in str(stopped.status_text)
    end_all(hands)


def test_an_evaluation_that_lives_too_long_is_ended_and_says_why(hosted, store, tmp_path):
    hosted("class", most_minutes=10)
    evaluations = default_evaluations()
    ask(evaluations, not_a_model(tmp_path))
    row = evaluations.claim("slow")
    hands = worker.Evaluator(evaluations, ThisMachine(1))
    hands.patience_seconds = 0
    hands.in_work["slow"] = worker.InWork(row, deaf_process(), time.monotonic() - 2 * 600 - 301)
    wait_for(lambda: not (hands.supervise() or hands.in_work), "its end")
    stopped = evaluations.get(row.id)
    assert stopped.state == State.STOPPED
    assert "far longer" in str(stopped.status_text)
