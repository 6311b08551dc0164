"""The run store: states, queue, ownership, metrics; alone and with several processes writing at once."""

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from gan_core import paths
from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.store import database
from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.queue import LOST_AFTER_SECONDS
from gan_core.store.rights import Visitor
from gan_core.store.runs import RunStore, State, default_store
from gan_core.store.tables import Run, WorkerRow
from tests.conftest import small_config


@pytest.mark.only_sqlite
def test_the_store_is_sqlite_in_wal_mode(store):
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_run_keeps_its_config(store):
    run = store.create(small_config(seed=5), "cgan")
    assert store.get(run.id).config == small_config(seed=5)
    assert store.find(str(run.id)).name == store.find(run.name).name == run.name


@pytest.mark.only_sqlite
def test_a_runs_folder_has_a_readable_name_that_is_never_used_twice(store):
    first = store.create(small_config(dataset="folder:/my pictures/Cats & dogs"), "cgan")
    assert first.name.startswith("00001-cgan-Cats---dogs-")
    with store.engine.begin() as connection:  # as if the database had been deleted: numbers begin again
        connection.execute(text("DELETE FROM runs"))
        connection.execute(text("DELETE FROM sqlite_sequence"))
    again = store.create(small_config(dataset="folder:/my pictures/Cats & dogs"), "cgan")
    assert (again.id, again.name != first.name) == (first.id, True)


def test_a_run_that_is_put_back_under_its_number_has_it_alone(store):
    """As it is recovered from its folder; a database that counts by itself has not noticed."""
    made = store.create(small_config(), "cgan")
    values = {column.name: getattr(made, column.name) for column in Run.__table__.columns}
    store.add(Run(**values | {"id": 7, "name": "00007-cgan-digits-abcd"}))
    assert [store.create(small_config(), "cgan").id for _ in range(2)] == [8, 9]
    store.add(Run(**values | {"id": 3, "name": "00003-cgan-digits-abcd"}))
    assert store.create(small_config(), "cgan").id == 10


def test_an_unknown_run_is_one_sentence(store):
    for name in ("99", "9" * 40, "no-such-name"):
        with pytest.raises(WorkbenchError, match=f"no run {name}"):
            store.find(name)


def test_runs_are_claimed_in_order(store):
    runs = [store.create(small_config(), "cgan") for _ in range(3)]
    assert [store.turn(run).place for run in runs] == [1, 2, 3]
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
    assert (store.turn(second).place, store.turn(first).place) == (1, 2)


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


def ended_run(store, seconds=60.0, kimg=10.0, **changes):
    run = store.create(small_config(**changes), "cgan", owner="me")
    store.report(run.id, "me", seconds=seconds, kimg=kimg)
    store.end(run.id, "me", State.FINISHED)
    return store.get(run.id)


def test_an_ended_run_is_extended_to_a_larger_budget_in_all(store):
    run = ended_run(store, seconds=60, kimg=10, seed=3)
    extended = store.extend(run.id, minutes=1.5)
    assert extended.state == State.QUEUED
    assert extended.config == small_config(seed=3, minutes=1.5, kimg=None)
    store.ask_to_stop(run.id)
    assert store.extend(run.id, kimg=20).config == small_config(seed=3, kimg=20)


@pytest.mark.parametrize("budget", [{"minutes": 1}, {"minutes": 0.5}, {"kimg": 10}, {"minutes": 5, "kimg": 9}])
def test_a_run_is_not_extended_to_what_it_has_had(store, budget):
    run = ended_run(store, seconds=60, kimg=10)
    with pytest.raises(WorkbenchError, match=r"1\.0 minutes and 10\.0 kimg"):
        store.extend(run.id, **budget)
    assert store.get(run.id).state == State.FINISHED


def test_only_an_ended_run_is_extended_and_only_to_an_end(store):
    waiting = store.create(small_config(), "cgan")
    with pytest.raises(WorkbenchError, match="ended"):
        store.extend(waiting.id, kimg=100)
    with pytest.raises(WorkbenchError, match="never end"):
        store.extend(ended_run(store).id)


def test_a_deleted_run_leaves_nothing_and_its_number_is_not_used_again(store):
    kept, run = ended_run(store), ended_run(store)
    for each in (kept, run):
        each.grid_folder.mkdir(parents=True)
        store.write_metrics(each.id, 0, ["step"], np.zeros((3, 1)))
        store.resume(each.id)
        store.ask_to_change(each.id, n_critic=2)
        store.ask_to_stop(each.id)
    store.delete(run.id)
    store.delete(run.id)  # someone else was faster: no error
    assert [left.id for left in store.all_runs()] == [kept.id]
    assert (store.read_metrics(run.id), store.changes(run.id), run.folder.exists()) == ({}, [], False)
    assert (len(store.read_metrics(kept.id)["step"]), len(store.changes(kept.id)), kept.folder.exists()) == (3, 1, True)
    assert store.create(small_config(), "cgan").id > run.id


@pytest.mark.parametrize("owner", ["", "me"])
def test_a_run_that_waits_or_learns_is_not_deleted(store, owner):
    run = store.create(small_config(), "cgan", owner=owner)
    run.folder.mkdir(parents=True)
    with pytest.raises(WorkbenchError, match="stop it first"):
        store.delete(run.id)
    assert store.get(run.id)
    assert run.folder.exists()


def test_changes_are_kept_in_the_order_asked_with_what_was_before(store):
    run = store.create(small_config(n_critic=1, generator_learning_rate=1e-3), "cgan")
    store.ask_to_change(run.id, generator_learning_rate="0.002", n_critic=1)
    store.ask_to_change(run.id, generator_learning_rate=2e-3)  # equals what was asked for before
    store.ask_to_change(run.id, n_critic=4)
    store.ask_to_change(run.id, generator_learning_rate=1e-3)
    asked = [(change.name, change.before, change.value, change.step) for change in store.changes(run.id)]
    assert asked == [
        ("generator_learning_rate", 1e-3, 2e-3, None),
        ("n_critic", 1, 4, None),
        ("generator_learning_rate", 2e-3, 1e-3, None),
    ]
    assert store.current_config(run) == small_config(n_critic=4, generator_learning_rate=1e-3)
    assert store.get(run.id).config == run.config, "how it began"


def test_who_takes_a_change_up_notes_when(store):
    run = store.create(small_config(), "cgan")
    store.ask_to_change(run.id, n_critic=2)
    store.note_change(store.changes(run.id)[0].id, step=7, kimg=0.5, seconds=3.25)
    change = store.changes(run.id)[0]
    assert (change.step, change.kimg, change.seconds) == (7, 0.5, 3.25)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"batch_size": 3}, "batch_size cannot be changed during training; n_critic"),
        ({"n_critic": 2, "nonsense": 3}, "nonsense cannot be changed"),
        ({"n_critic": 2, "generator_learning_rate": 0}, "generator_learning_rate: it should be greater than 0"),
        ({"n_critic": 2.5}, "n_critic: it should be a whole number"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_whole(store, values, words):
    run = store.create(small_config(), "cgan")
    with pytest.raises(WorkbenchError, match=words):
        store.ask_to_change(run.id, **values)
    assert store.changes(run.id) == []


def test_an_ended_run_changes_no_more(store):
    with pytest.raises(WorkbenchError, match="resume it first"):
        store.ask_to_change(ended_run(store).id, n_critic=2)


def test_the_newest_metric_row_is_read_without_the_others(store):
    run = store.create(small_config(), "cgan", owner="me")
    assert run.last == {}
    store.report(run.id, "me", last_json='{"step": 3.0, "diversity": 0.5}')
    assert store.all_runs()[0].last == {"step": 3.0, "diversity": 0.5}


def test_kept_grids_come_in_the_order_of_their_steps_whatever_their_format(store):
    run = store.create(small_config(), "cgan")
    assert run.grid_steps == []
    run.grid_folder.mkdir(parents=True)
    for name in ("000000300.png", "000000020.webp", "1000000000.webp", "000000040.webp.77.partial", "notes.png"):
        (run.grid_folder / name).touch()
    assert [(step, run.grid_path(step).name) for step in run.grid_steps] == [
        (20, "000000020.webp"),
        (300, "000000300.png"),
        (1_000_000_000, "1000000000.webp"),
    ]


def without_columns(store, *names):
    """The address of a copy of the store as an earlier version of this program would have made it."""
    url = str(store.engine.url)
    with store.engine.begin() as connection:
        for name in names:
            connection.execute(text(f"ALTER TABLE runs DROP COLUMN {name}"))
        for table in ("run_changes", "experiments", "experiment_runs", "workers"):  # which have changed since
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DROP TABLE gan_workbench_version"))
    store.engine.dispose()
    return url


@pytest.mark.only_sqlite
def test_a_database_from_before_gets_the_columns_that_came_later(store):
    run = ended_run(store)
    older = RunStore(without_columns(store, "last_json", "seconds_left", "sessions"))
    found = older.get(run.id)
    assert (found.last, found.seconds_left, found.sessions, found.kimg) == ({}, None, 0, run.kimg)
    older.resume(run.id, owner="me")
    older.report(run.id, "me", last_json='{"step": 3}', seconds_left=5.0, sessions=2)
    found = older.get(run.id)
    assert (found.last, found.seconds_left, found.sessions) == ({"step": 3}, 5.0, 2)
    older.ask_to_change(run.id, n_critic=2)
    assert len(older.changes(run.id)) == 1


OPENER = "import sys; from gan_core.store.runs import RunStore; print(RunStore(sys.argv[1]).all_runs()[0].last)"


@pytest.mark.only_sqlite
def test_four_processes_open_an_older_database_at_once(store):
    ended_run(store)
    url = without_columns(store, "last_json", "seconds_left", "sessions", "images_per_second")
    openers = [
        subprocess.Popen([sys.executable, "-c", OPENER, url], cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [opener.communicate()[0] for opener in openers] == ["{}\n"] * 4


def test_silence_makes_a_run_interrupted(store, silence):
    run = store.create(small_config(), "cgan", owner="me")
    store.mark_interrupted()
    assert store.get(run.id).state == State.RUNNING, "a first look tells nothing"
    silence(store)
    assert store.get(run.id).state == State.INTERRUPTED


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_dead_owners_run_is_found_out_whatever_its_clock_said(store, silence, hours):
    run = store.create(small_config(), "cgan", owner="me")
    store.report(run.id, "me", heartbeat_at=time.time() + 3600 * hours)
    silence(store)
    assert store.get(run.id).state == State.INTERRUPTED


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_living_owners_run_goes_on_whatever_its_clock_says(store, pass_time, hours):
    run = store.create(small_config(), "cgan", owner="me")
    for beat in range(9):
        store.report(run.id, "me", heartbeat_at=time.time() + 3600 * hours + 2 * beat)
        store.mark_interrupted()
        pass_time(LOST_AFTER_SECONDS / 2)
    assert store.get(run.id).state == State.RUNNING


@pytest.mark.only_sqlite
def test_who_has_only_just_come_watches_for_long_enough(store, monkeypatch):
    monkeypatch.setattr("gan_core.store.queue.LOST_AFTER_SECONDS", 0.3)
    dead, living = (store.create(small_config(), "cgan", owner=owner) for owner in ("dead", "living"))
    for run in (dead, living):
        store.report(run.id, run.owner, heartbeat_at=time.time() + 3600)
    beating = threading.Event()

    def beat():
        while not beating.wait(0.05):
            store.heartbeat(living.id, "living")

    thread = threading.Thread(target=beat)
    thread.start()
    store.watch_for_signs()
    beating.set()
    thread.join()
    assert [store.get(run.id).state for run in (dead, living)] == [State.INTERRUPTED, State.RUNNING]


def test_a_run_whose_computer_only_slept_runs_again(store, silence):
    run = store.create(small_config(), "cgan", owner="me")
    store.ask_to_stop(run.id)
    silence(store)
    assert store.get(run.id).request == "", "nobody will ever answer it"
    assert store.heartbeat(run.id, "me")
    assert (store.get(run.id).state, store.get(run.id).message) == (State.RUNNING, "")


def test_who_lost_a_run_to_another_owner_is_told_and_changes_nothing(store, silence):
    run = store.create(small_config(), "cgan", owner="sleeper")
    silence(store)
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


def test_who_has_lost_a_run_writes_no_rows_into_what_its_new_owner_measures(store):
    run = store.create(small_config(), "cgan", owner="first")
    assert store.write_metrics(run.id, 0, ["step", "loss"], rows(0, 5), "first")
    store.end(run.id, "first", State.STOPPED)
    store.resume(run.id, owner="second")
    assert store.write_metrics(run.id, 0, ["step", "loss"], rows(0, 3), "second")
    assert not store.write_metrics(run.id, CHUNK_ROWS, ["step", "loss"], rows(CHUNK_ROWS, 5), "first")
    assert not store.write_metrics(run.id, 0, ["step", "loss"], rows(0, 9), "first")
    assert store.read_metrics(run.id)["step"].tolist() == [0, 1, 2]


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
from gan_core.store.runs import RunStore
from tests.conftest import METRICS, small_config
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


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_dead_workers_name_is_free_once_somebody_has_watched(store, pass_time, hours):
    store.register_worker("app", "first")
    with store.session() as session:
        session.get(WorkerRow, "app").heartbeat_at += 3600 * hours
    assert not store.register_worker("app", "second")
    pass_time(LOST_AFTER_SECONDS + 1)
    assert store.register_worker("app", "second")


# A store that cannot be used


def cannot_write(store):
    """Every connection from now on only reads, as on a full disk."""
    event.listen(store.engine, "connect", lambda connection, record: connection.execute("PRAGMA query_only = 1"))
    store.engine.dispose()


@pytest.mark.only_sqlite
def test_a_vanished_run_on_a_full_disk_keeps_nobody_from_looking(store, silence):
    run = store.create(small_config(), "cgan", owner="me")
    cannot_write(store)
    silence(store)
    assert [seen.state for seen in store.all_runs()] == [State.RUNNING]
    with pytest.raises(StoreUnavailableError, match="has room"):
        store.ask_to_stop(run.id)


@pytest.mark.only_sqlite
def test_who_has_only_just_come_to_a_full_disk_does_not_wait_for_ever(store, monkeypatch):
    monkeypatch.setattr("gan_core.store.queue.LOST_AFTER_SECONDS", 0.3)
    run = store.create(small_config(), "cgan", owner="dead")
    store.report(run.id, "dead", heartbeat_at=time.time() + 3600)
    cannot_write(store)
    store.watch_for_signs()
    assert [seen.state for seen in store.all_runs()] == [State.RUNNING]


def test_deleting_a_run_makes_the_room_that_deleting_needs(store, monkeypatch):
    run = ended_run(store)
    run.grid_folder.mkdir(parents=True)
    (run.grid_folder / "large").write_bytes(b"x")
    forget = store._forget

    def full_until_there_is_room(run_id):
        if run.folder.exists():
            raise StoreUnavailableError("database or disk is full")
        forget(run_id)

    monkeypatch.setattr(store, "_forget", full_until_there_is_room)
    store.delete(run.id)
    assert store.all_runs() == []


@pytest.mark.only_sqlite
def test_a_database_that_was_replaced_or_deleted_is_opened_anew(store):
    default_store().create(small_config(), "cgan")
    file = Path(store.engine.url.database)
    file.unlink()
    assert default_store().all_runs() == []
    default_store().create(small_config(), "cgan")


@pytest.mark.only_sqlite
def test_a_store_keeps_some_room_and_gives_it_up_to_be_opened_on_a_full_disk(store, monkeypatch):
    file = Path(store.engine.url.database)
    reserve = file.with_name("runs.db.reserve")
    assert reserve.stat().st_size == database.RESERVE_BYTES
    bring_up_to_date = database.bring_up_to_date

    def needs_room(engine):
        if reserve.exists():
            full = sqlite3.OperationalError("disk I/O error")
            full.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
            raise OperationalError("PRAGMA journal_mode", None, full)
        bring_up_to_date(engine)

    monkeypatch.setattr(database, "bring_up_to_date", needs_room)
    assert RunStore(store.engine.url).all_runs() == []
    assert not reserve.exists()


# A run that could only begin anew


def test_a_run_whose_checkpoint_is_gone_is_not_resumed_and_keeps_its_history(store):
    run = ended_run(store)
    store.write_metrics(run.id, 0, ["step"], np.arange(3.0)[:, None])
    with store.session() as session:
        session.get(Run, run.id).checkpoint = "model-000000020.safetensors"
    for resume in (store.resume, lambda number: store.extend(number, kimg=1e6)):
        with pytest.raises(WorkbenchError, match=r"model-000000020\.safetensors is gone .* Put it back"):
            resume(run.id)
    assert (store.get(run.id).state, len(store.read_metrics(run.id)["step"])) == (State.FINISHED, 3)
    store.forget_training(run.id)
    anew = store.resume(run.id)
    assert (anew.state, anew.checkpoint, anew.kimg, store.read_metrics(run.id)) == (State.QUEUED, "", 0, {})


def test_a_run_that_never_had_a_checkpoint_is_resumed(store):
    assert store.resume(ended_run(store).id).state == State.QUEUED


def test_a_run_whose_pictures_are_gone_forgets_nothing(store):
    run = ended_run(store, dataset="folder:/nowhere/at/all")
    store.write_metrics(run.id, 0, ["step"], np.arange(3.0)[:, None])
    with pytest.raises(WorkbenchError, match="no folder"):
        store.forget_training(run.id)
    assert len(store.read_metrics(run.id)["step"]) == 3


def test_a_run_that_learns_forgets_nothing(store):
    run = store.create(small_config(), "cgan", owner="me")
    with pytest.raises(WorkbenchError, match="stop it first"):
        store.forget_training(run.id)


def test_users_of_the_server_are_not_named_to_whom_its_folders_are_closed(store, hosted):
    hosted("public")
    visitor = store.acting_for(Visitor(person=1))
    for folder in ("/etc", "~root", "~nobody-here"):
        with pytest.raises(WorkbenchError, match="Folders of this server are closed"):
            visitor.create(small_config(dataset=f"folder:{folder}"), "cgan")
