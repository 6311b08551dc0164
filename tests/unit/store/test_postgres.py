"""What only a Postgres can show: many who use it at once, and what is left to it."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import update

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store import recovery
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.people import People
from gan_core.store.rights import Visitor
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from tests.conftest import small_config
from tests.unit.store.test_runs import WRITER


@pytest.fixture
def stores(postgres_url):
    """Four that are opened at once, as by a server and its processes."""
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(RunStore, [postgres_url] * 4))
    yield stores
    for store in stores:
        store.engine.dispose()


def test_a_run_goes_from_the_queue_to_its_curves_and_is_deleted(stores):
    run = stores[0].create(small_config(), "minute")
    with ThreadPoolExecutor(4) as threads:
        claimed = list(threads.map(lambda store: store.claim(f"{id(store)}"), stores))
    mine = [run for run in claimed if run]
    assert [run.id for run in mine] == [run.id]
    rows = np.arange(2000.0).reshape(1000, 2)
    stores[1].write_metrics(run.id, 0, ["step", "kimg"], rows)
    stores[1].report(run.id, mine[0].owner, step=2**31 - 1, kimg=1.5)
    stores[2].end(run.id, mine[0].owner, State.FINISHED)
    np.testing.assert_array_equal(stores[3].read_metrics(run.id)["kimg"], rows[:, 1])
    ended = stores[3].get(run.id)
    assert (ended.state, ended.step, ended.kimg) == (State.FINISHED, 2**31 - 1, 1.5)
    stores[0].delete(run.id)
    assert stores[1].get(run.id) is None


def test_a_run_that_another_is_just_taking_is_passed_over_and_nobody_waits_for_it(stores):
    """As one of its person's that is in work: the next is another person's, though it was asked for last."""
    of_ana, of_bea = (stores[0].acting_for(Visitor(person)) for person in (1, 2))
    first, second = (of_ana.create(small_config(), "minute") for _ in range(2))
    third = of_bea.create(small_config(), "minute")
    with stores[0].session() as taking:
        taking.execute(update(Run).where(Run.id == first.id).values(state=State.RUNNING))
        assert stores[1].claim("one").id == third.id
        assert stores[2].claim("another").id == second.id
        assert stores[3].claim("a third") is None


def test_many_workers_claim_each_run_once_and_none_is_left(stores):
    runs = [stores[0].create(small_config(), "minute").id for _ in range(60)]

    def work(number):
        store = stores[number % len(stores)]
        claimed = []
        while (run := store.claim(f"worker {number}")) is not None:
            claimed.append(run.id)
        return claimed

    with ThreadPoolExecutor(16) as threads:
        claimed = [run for of_one in threads.map(work, range(16)) for run in of_one]
    assert sorted(claimed) == runs


def test_processes_that_open_and_write_a_new_store_at_once_claim_each_run_once(postgres_url):
    run = [sys.executable, "-c", WRITER, postgres_url]
    writers = [
        subprocess.Popen([*run, f"owner-{n}"], cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True) for n in range(2)
    ]
    claimed = [int(number) for writer in writers for number in writer.communicate()[0].split()]
    assert [writer.returncode for writer in writers] == [0] * 2
    assert sorted(claimed) == list(range(1, 51))


def test_times_are_by_the_databases_clock_and_not_by_that_of_a_machine(stores, monkeypatch):
    wrong = SimpleNamespace(time=lambda: 1.0, monotonic=time.monotonic, sleep=time.sleep)
    monkeypatch.setattr("gan_core.store.database.time", wrong)
    run = stores[0].create(small_config(), "minute")
    mine = stores[1].claim("me")
    stores[1].register_worker("app", "me")
    assert run.queued_at <= mine.started_at == mine.heartbeat_at
    assert mine.started_at == pytest.approx(time.time(), abs=60)
    assert stores[2].worker_lives("app")
    assert stores[1].heartbeat(run.id, "me")
    assert stores[0].get(run.id).heartbeat_at > mine.heartbeat_at


def test_a_name_is_one_persons_even_if_two_enter_it_at_once(stores, monkeypatch):
    monkeypatch.setenv("GAN_WORKBENCH_MODE", "class")
    monkeypatch.setenv("GAN_WORKBENCH_CLASS_CODE", "code")
    hosting.cache_clear()

    def enter(key: str) -> str:
        try:
            return People(stores[0].engine).enter_class(key, "code", "Ana").name
        except WorkbenchError as error:
            return str(error)

    with ThreadPoolExecutor(2) as threads:
        said = sorted(threads.map(enter, ["one key", "another key"]))
    assert said[0] == "Ana" and "is taken" in said[1]
    hosting.cache_clear()


def test_evaluations_are_there_and_a_copy_is_left_to_the_database(stores, tmp_path):
    assert EvaluationStore(stores[0].engine).waiting() == 0
    with pytest.raises(WorkbenchError, match="use the backup of your own database"):
        recovery.back_up(stores[0], tmp_path / "copy.db")
