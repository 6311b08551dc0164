"""The process that waits for a run, and what becomes of it."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from gan_core.jobs import job, warm
from gan_core.jobs.engines import ThisMachine
from gan_core.jobs.warm import Warm
from gan_core.jobs.worker import Worker
from gan_core.store.tables import State
from tests.conftest import small_config

PATIENCE_SECONDS = 120
ENDLESS = {"kimg": 1e7}


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


@pytest.fixture
def waiting(tmp_path):
    """A process that is ready."""
    keeper = Warm(tmp_path / "warm.log")
    keeper.keep()
    assert keeper.is_worth_waiting_for == warm.FORKS
    wait_for(lambda: keeper.is_ready, "its imports")
    yield keeper
    keeper.end()


def start(waiting, store, **changes):
    run = store.create(small_config(**changes), "cgan", owner=job.new_owner())
    run.folder.mkdir(parents=True)
    return run, waiting.start(run.id, run.owner, run.folder / "log.txt")


@pytest.mark.skipif(not warm.FORKS, reason="needs Linux")
def test_a_run_that_is_killed_takes_neither_the_waiting_process_nor_another_run_with_it(waiting, store):
    (_, killed), (other, process) = (start(waiting, store, **ENDLESS) for _ in range(2))
    killed.kill()
    assert killed.wait() == killed.poll() == -signal.SIGKILL
    wait_for(lambda: store.get(other.id).step > 0, "the other run's steps")
    assert waiting.is_ready
    assert len({killed.pid, process.pid, waiting._process.pid, os.getpid()}) == 4
    waiting.end()
    assert process.poll() is None, "nor does the end of the waiting process end a run"
    store.ask_to_stop(other.id)
    assert process.wait() == 0
    assert store.get(other.id).state == State.STOPPED


IMPORTED_LATER = """
import os, sys
from gan_core.jobs import warm
warm.FORKS, sys.stdin = False, ""
warm.main()
before, exit_ = set(sys.modules), os._exit

def end(code):
    print(*sorted(set(sys.modules) - before))
    sys.stdout.flush()
    exit_(code)

os._exit = end
warm._become(*sys.argv[1:])
"""


def test_a_run_has_nothing_more_to_import(store):
    run = store.create(small_config(), "cgan", owner="me")
    run.folder.mkdir(parents=True)
    log = run.folder / "log.txt"
    subprocess.run([sys.executable, "-c", IMPORTED_LATER, str(run.id), "me", str(log)], check=True)
    assert store.get(run.id).state == State.FINISHED
    imported = [name for name in log.read_text().split() if name.startswith(("gan_core", "torch", "scipy"))]
    assert imported == []


def test_where_it_cannot_fork_it_becomes_the_run(monkeypatch, store, tmp_path):
    monkeypatch.setattr(warm, "FORKS", False)
    keeper = Warm(tmp_path / "warm.log")
    program = "from gan_core.jobs import warm; warm.FORKS = False; warm.main()"
    monkeypatch.setattr(warm, "COMMAND", [sys.executable, "-c", program])
    keeper.keep()
    _, process = start(keeper, store)
    assert not keeper.is_ready, "it waits for no other"
    assert process.wait() == 0
    assert store.all_runs()[0].state == State.FINISHED


def quick(monkeypatch, tmp_path, patch="pass"):
    """A process that waits and has imported nothing."""
    program = f"from gan_core.jobs import warm; import os; warm.NEEDED = (); {patch}; warm.main()"
    monkeypatch.setattr(warm, "COMMAND", [sys.executable, "-c", program])
    keeper = Warm(tmp_path / "warm.log")
    keeper.keep()
    wait_for(lambda: keeper.is_ready, "its start")
    return keeper


@pytest.mark.skipif(not warm.FORKS, reason="needs Linux")
def test_where_the_second_fork_fails_the_run_is_left_to_a_process_of_its_own(monkeypatch, store, tmp_path):
    once = "fork = os.fork; forks = iter([fork]); os.fork = lambda: next(forks)()"
    keeper = quick(monkeypatch, tmp_path, once)
    assert start(keeper, store)[1] is None
    keeper.end()


@pytest.mark.skipif(not warm.FORKS, reason="needs Linux")
def test_one_that_does_not_answer_is_given_up(monkeypatch, store, tmp_path):
    monkeypatch.setattr(warm, "ANSWER_SECONDS", 0.1)
    keeper = quick(monkeypatch, tmp_path)
    os.kill(keeper._process.pid, signal.SIGSTOP)
    assert start(keeper, store)[1] is None
    assert not keeper.is_ready


def test_a_log_that_cannot_be_written_is_found_out_before_the_run_begins(monkeypatch, store, tmp_path):
    keeper = quick(monkeypatch, tmp_path)
    hands = Worker(store, ThisMachine(1, keeper))
    run = store.create(small_config(minutes=0.1, kimg=None), "cgan")
    (run.folder / "log.txt").mkdir(parents=True)
    hands.supervise()
    failed = store.get(run.id)
    assert failed.state == State.FAILED
    assert "could not be written" in str(failed.status_text)
    keeper.end()


@pytest.mark.parametrize("budget", [{"kimg": 0.32}, {"minutes": 0.01, "kimg": None}], ids=str)
def test_runs_with_a_budget_in_time_alone_come_from_the_process_that_waits(monkeypatch, store, tmp_path, budget):
    """The others' threads wait for each other in another way."""
    keeper, asked = quick(monkeypatch, tmp_path), []
    monkeypatch.setattr(keeper, "start", lambda *run: asked.append(run))
    monkeypatch.setattr("gan_core.jobs.engines.start_detached", lambda command, log: None)
    run = store.create(small_config(**budget), "cgan")
    ThisMachine(1, keeper).start(Worker.module, run, "me", tmp_path / "log.txt")
    assert bool(asked) == ("minutes" in budget)
    keeper.end()


def test_nothing_waits_where_memory_is_short(monkeypatch, waiting):
    monkeypatch.setattr(warm, "LEAST_FREE_BYTES", psutil.virtual_memory().total * 2)
    waiting.keep()
    assert not waiting.is_ready
    assert not waiting.is_worth_waiting_for


def test_one_that_dies_at_once_is_not_replaced_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(warm, "COMMAND", [sys.executable, "-c", "print('x', file=open('started', 'a'))"])
    monkeypatch.chdir(tmp_path)
    keeper = Warm(tmp_path / "warm.log")
    keeper.keep()
    keeper._process.wait()
    keeper.keep()
    assert not keeper.is_ready
    assert (tmp_path / "started").read_text() == "x\n"
    keeper.end()


def test_a_run_starts_by_itself_if_the_waiting_process_has_died(waiting, store):
    waiting._process.kill()
    waiting._process.wait()
    hands = Worker(store, ThisMachine(1, waiting))
    run = store.create(small_config(minutes=0.01, kimg=None), "cgan")
    wait_for(lambda: not hands.supervise(), "its end")
    assert store.get(run.id).state == State.FINISHED


def test_a_run_waits_for_a_process_that_is_about_to_be_ready(store, tmp_path):
    keeper = Warm(tmp_path / "warm.log")
    keeper.keep()
    hands = Worker(store, ThisMachine(1, keeper))
    run = store.create(small_config(minutes=0.01, kimg=None), "cgan")
    assert hands.supervise()
    assert store.get(run.id).state == State.QUEUED
    wait_for(lambda: not hands.supervise(), "its end")
    assert store.get(run.id).state == State.FINISHED
    keeper.end()
