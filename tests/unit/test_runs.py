"""The run store: states, queue, ownership, metrics; alone and with several processes writing at once."""

import subprocess
import sys
import time

import numpy as np
import pytest
from sqlalchemy import text

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.runs import CHUNK_ROWS, LOST_AFTER_SECONDS, RunStore, State
from tests.conftest import small_config


def silence(store, run):
    """As if the run's owner had not been heard of for long."""
    store.report(run.id, run.owner, heartbeat_at=time.time() - LOST_AFTER_SECONDS - 1)


def test_the_store_is_sqlite_in_wal_mode(store):
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_run_keeps_its_config(store):
    run = store.create(small_config(seed=5), "cgan")
    assert store.get(run.id).config == small_config(seed=5)
    assert store.find(str(run.id)).name == store.find(run.name).name == run.name


def test_a_runs_folder_has_a_readable_name_that_is_never_used_twice(store):
    first = store.create(small_config(dataset="folder:/my pictures/Cats & dogs"), "cgan")
    assert first.name.startswith("00001-cgan-Cats---dogs-")
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM runs"))
    again = store.create(small_config(dataset="folder:/my pictures/Cats & dogs"), "cgan")
    assert (again.id, again.name != first.name) == (first.id, True)


def test_an_unknown_run_is_one_sentence(store):
    for name in ("99", "9" * 40, "no-such-name"):
        with pytest.raises(WorkbenchError, match=f"no run {name}"):
            store.find(name)


def test_runs_are_claimed_in_order(store):
    runs = [store.create(small_config(), "cgan") for _ in range(3)]
    assert [store.queue_position(run) for run in runs] == [1, 2, 3]
    assert [store.claim("me").id for _ in runs] == [run.id for run in runs]
    assert store.claim("me") is None


def test_the_newest_runs_come_first_and_no_more_than_asked_for(store):
    for _ in range(3):
        store.create(small_config(), "cgan")
    assert [run.id for run in store.all_runs()] == [3, 2, 1]
    assert [run.id for run in store.all_runs(2)] == [3, 2]


def test_a_resumed_run_queues_behind_those_that_wait(store):
    first = store.create(small_config(), "cgan")
    store.ask_to_stop(first.id)
    second = store.create(small_config(), "cgan")
    first = store.resume(first.id)
    assert (store.queue_position(second), store.queue_position(first)) == (1, 2)


def test_a_queued_run_stops_at_once_and_a_running_one_is_asked(store):
    queued, running = store.create(small_config(), "cgan"), store.create(small_config(), "cgan", owner="me")
    store.ask_to_stop(queued.id)
    store.ask_to_stop(running.id)
    assert store.get(queued.id).state == State.STOPPED
    assert store.get(running.id).state == State.RUNNING
    assert store.report(running.id, "me", step=3) == "stop"


def test_only_ended_runs_are_resumed(store):
    run = store.create(small_config(), "cgan")
    with pytest.raises(WorkbenchError, match="ended"):
        store.resume(run.id)


def test_silence_makes_a_run_interrupted(store):
    run = store.create(small_config(), "cgan", owner="me")
    store.mark_interrupted()
    assert store.get(run.id).state == State.RUNNING
    silence(store, run)
    store.mark_interrupted()
    assert store.get(run.id).state == State.INTERRUPTED


def test_a_run_whose_computer_only_slept_runs_again(store):
    run = store.create(small_config(), "cgan", owner="me")
    store.ask_to_stop(run.id)
    silence(store, run)
    store.mark_interrupted()
    assert store.get(run.id).request == "", "nobody will ever answer it"
    assert store.heartbeat(run.id, "me")
    assert (store.get(run.id).state, store.get(run.id).message) == (State.RUNNING, "")


def test_who_lost_a_run_to_another_owner_is_told_and_changes_nothing(store):
    run = store.create(small_config(), "cgan", owner="sleeper")
    silence(store, run)
    store.mark_interrupted()
    store.resume(run.id, owner="other")
    assert not store.heartbeat(run.id, "sleeper")
    assert store.report(run.id, "sleeper", step=99) == "lost"
    assert not store.end(run.id, "sleeper", State.FAILED)
    assert (store.get(run.id).state, store.get(run.id).step) == (State.RUNNING, 0)


def rows(first, count):
    """Rows of the columns step and loss that tell their own number."""
    numbers = np.arange(first, first + count, dtype=float)
    return np.stack([numbers, numbers / 10], axis=1)


def test_metrics_come_back_as_they_were_written(store):
    store.write_metrics(1, 0, ["step", "loss"], rows(0, CHUNK_ROWS))
    store.write_metrics(1, CHUNK_ROWS, ["step", "loss"], rows(CHUNK_ROWS, 3))
    store.write_metrics(1, CHUNK_ROWS, ["step", "loss"], rows(CHUNK_ROWS, 5))  # the chunk has grown
    metrics = store.read_metrics(1)
    assert metrics["step"].tolist() == list(range(CHUNK_ROWS + 5))
    assert store.read_metrics(1, from_row=CHUNK_ROWS + 4)["step"][0] == CHUNK_ROWS
    assert store.read_metrics(2) == {}


def test_a_column_that_came_later_is_nan_before(store):
    store.write_metrics(1, 0, ["step"], np.arange(float(CHUNK_ROWS))[:, None])
    store.write_metrics(1, CHUNK_ROWS, ["step", "loss"], rows(CHUNK_ROWS, 1))
    loss = store.read_metrics(1)["loss"]
    assert np.isnan(loss[:CHUNK_ROWS]).all()
    assert loss[CHUNK_ROWS] == CHUNK_ROWS / 10


@pytest.mark.parametrize("kept", [0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 2 * CHUNK_ROWS + 7])
def test_metrics_after_a_step_can_be_forgotten(store, kept):
    for first in range(0, 3 * CHUNK_ROWS, CHUNK_ROWS):
        store.write_metrics(1, first, ["step", "loss"], rows(first, CHUNK_ROWS))
    store.cut_metrics(1, after_step=kept - 1)
    assert store.read_metrics(1).get("step", np.array([])).tolist() == list(range(kept))


def test_reading_on_equals_reading_anew(store):
    known = {}
    for count in (3, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 2 * CHUNK_ROWS, 2 * CHUNK_ROWS + 9):
        for first in range(0, count, CHUNK_ROWS):
            store.write_metrics(1, first, ["step", "loss"], rows(first, min(CHUNK_ROWS, count - first)))
        known = store.extend_metrics(1, known)
        assert known["step"].tolist() == list(range(count))


def test_a_column_that_came_later_is_read_on_too(store):
    store.write_metrics(1, 0, ["step"], np.arange(float(CHUNK_ROWS))[:, None])
    known = store.extend_metrics(1, {})
    store.write_metrics(1, CHUNK_ROWS, ["step", "loss"], rows(CHUNK_ROWS, 1))
    known = store.extend_metrics(1, known)
    assert np.isnan(known["loss"][0])
    assert known["loss"][CHUNK_ROWS] == CHUNK_ROWS / 10


WRITER = """
import sys
import numpy as np
from gan_core.runs import RunStore, METRICS
from tests.conftest import small_config
store = RunStore(sys.argv[1])
claimed = []
for number in range(25):
    run = store.create(small_config(), "cgan")
    store.write_metrics(run.id, 0, list(METRICS), np.full((100, len(METRICS)), run.id, dtype=float))
    mine = store.claim(sys.argv[2])
    store.report(mine.id, sys.argv[2], step=number)
    claimed.append(mine.id)
print(*claimed)
"""


def test_four_processes_open_and_write_a_new_store_at_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, f"owner-{n}"], cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    claimed = [int(number) for writer in writers for number in writer.communicate()[0].split()]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert sorted(claimed) == list(range(1, 101)), "each run is claimed once"
    store = RunStore(url)
    assert all((store.read_metrics(run.id)["step"] == run.id).all() for run in store.all_runs())


def test_a_store_that_cannot_be_opened_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkbenchError, match="GAN_WORKBENCH_DATABASE"):
        RunStore(f"sqlite:///{tmp_path / 'file' / 'runs.db'}")
    with pytest.raises(WorkbenchError, match="GAN_WORKBENCH_DATABASE") as refusal:
        RunStore("nonsense://bob:secret@somewhere")
    assert "secret" not in str(refusal.value)


def test_one_worker_at_a_time_has_a_name(store):
    assert store.register_worker("app", "first")
    assert store.worker_lives("app")
    assert not store.register_worker("app", "second")
    assert store.register_worker("app", "first")
    store.unregister_worker("app", "first")
    assert not store.worker_lives("app")
    assert store.register_worker("app", "second")
