"""The run store in a real Postgres, as deploy/compose.yaml has it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import OperationalError

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store import recovery
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.people import People
from gan_core.store.runs import RunStore
from gan_core.store.tables import State
from tests.conftest import small_config
from tests.proxies import PATIENCE_SECONDS, PLACES

DEBIANS = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)


@pytest.fixture(scope="module")
def postgres():
    """Yields its address. It refuses to run as root."""
    initdb = shutil.which("initdb", path=os.pathsep.join([*DEBIANS, PLACES]))
    if initdb is None and not os.environ.get("CI"):
        pytest.skip("no Postgres")
    assert initdb, "no Postgres: in CI that is a failure, or these tests would never run"
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "nobody")
    data = folder / "data"
    initialise = [initdb, "--no-sync", "-A", "trust", "-U", "gan", "-D", data]
    subprocess.run(initialise, cwd=folder, check=True, stdout=subprocess.DEVNULL, **user)
    serve = [Path(initdb).with_name("postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(serve, cwd=folder, stdout=log, stderr=log, **user)
    try:
        url = f"postgresql+psycopg://gan@/postgres?host={folder}"
        _wait_for(url)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # the "fast" end: it waits for no connection
        server.wait()
        shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(OperationalError), create_engine(url, poolclass=NullPool).connect():
            return
        assert time.monotonic() < deadline, "Postgres did not start"
        time.sleep(0.05)


@pytest.fixture
def stores(postgres):
    """Four that are opened at once, as by a server and its processes."""
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(RunStore, [postgres] * 4))
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
