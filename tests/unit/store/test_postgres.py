"""What only a Postgres can show: many who use it at once, and what is left to it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store import recovery
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.people import People
from gan_core.store.runs import RunStore
from gan_core.store.tables import State
from tests.conftest import small_config


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
