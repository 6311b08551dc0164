"""The list of runs is made again from their folders, and copied while it is in use."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from gan_core import checkpoint
from gan_core.errors import StoreDamagedError, WorkbenchError
from gan_core.jobs import job, train_job
from gan_core.store import recovery
from gan_core.store.runs import RunStore, State, default_store
from tests.conftest import small_config

pytestmark = pytest.mark.only_sqlite


def train(store, preset="cgan", **changes):
    run = store.create(small_config(**changes), preset, owner=job.new_owner())
    return train_job.train_run(store, run)


def file_of(store):
    return Path(store.engine.url.database)


def lose(store):
    store.engine.dispose()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file_of(store)}{suffix}").unlink(missing_ok=True)


def as_if_long_ago(run):
    os.utime(run.live_grid, (1e9, 1e9))


def damage(store, share=0.5):
    """Random bytes from so far in the file on, as a broken disk leaves them."""
    with sqlite3.connect(file_of(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    store.engine.dispose()
    content = bytearray(file_of(store).read_bytes())
    begin = int(len(content) * share)
    content[begin:] = os.urandom(len(content) - begin)
    file_of(store).write_bytes(content)


def test_a_lost_list_is_made_again_from_the_folders(store):
    finished = train(store, "wgan-gp-small", seed=3)
    stopped = train(store, kimg=3.2, grid_every=10)
    store.resume(stopped.id, small_config(kimg=6.4, grid_every=10), owner="me")
    lose(store)
    metadata = checkpoint.read_metadata(stopped.checkpoint_path)
    longer = metadata._replace(config=small_config(kimg=6.4, grid_every=10))
    checkpoint.write_tensors(
        stopped.checkpoint_path, checkpoint.read_tensors(stopped.checkpoint_path), longer.to_header()
    )
    as_if_long_ago(stopped)

    assert default_store().all_runs() == []
    assert [folder.name for folder in recovery.folders_without_run(default_store())] == [finished.name, stopped.name]
    said = recovery.recover()
    assert (said.runs, said.with_curves, said.left_out, said.set_aside) == (2, 0, [], None)
    first, second = (default_store().get(run.id) for run in (finished, stopped))
    assert (first.name, first.preset, first.config, first.state) == (
        finished.name, "wgan-gp-small", finished.config, State.FINISHED,
    )  # fmt: skip
    assert (first.step, first.kimg, first.checkpoint, first.grid_steps) == (
        finished.step, finished.kimg, finished.checkpoint, finished.grid_steps,
    )  # fmt: skip
    assert (second.state, second.progress) == (State.INTERRUPTED, 0.5)
    resumed = train_job.train_run(default_store(), default_store().resume(second.id, owner="me"))
    assert (resumed.state, resumed.kimg) == (State.FINISHED, 6.4)
    assert default_store().create(small_config(), "cgan").id > stopped.id
    assert recovery.recover().runs == 0, "nothing is added twice"


def test_a_damaged_list_is_set_aside_and_what_can_be_read_of_it_is_kept(store):
    with store.session() as session:
        session.connection().exec_driver_sql("CREATE TABLE ballast (bytes)")
    run = train(store)
    rows = store.read_metrics(run.id)["step"].tolist()
    with store.session() as session:  # pages behind the run's own and all tables' declarations, to be damaged
        session.connection().exec_driver_sql("INSERT INTO ballast SELECT randomblob(400000)")
    damage(store, share=0.6)
    with pytest.raises(StoreDamagedError, match="runs --recover"):
        default_store().check()
    said = recovery.recover()
    assert (said.runs, said.with_curves) == (1, 1)
    assert said.set_aside.exists() and said.set_aside != file_of(store)
    found = default_store().get(run.id)
    assert (found.created_at, found.data_dir, found.device) == (run.created_at, run.data_dir, run.device)
    assert default_store().read_metrics(run.id)["step"].tolist() == rows


@pytest.mark.parametrize("content", [b"this is no database" * 500, b""])
def test_whatever_became_of_the_file_the_runs_come_back(store, content):
    run = train(store)
    lose(store)
    file_of(store).write_bytes(content)
    assert recovery.recover().runs == 1
    assert default_store().get(run.id).name == run.name


def test_a_folder_without_a_readable_model_is_named_and_left_alone(store):
    run = train(store)
    run.checkpoint_path.write_bytes(b"no tensors")
    lose(store)
    said = recovery.recover()
    assert (said.runs, said.left_out, run.live_grid.exists()) == (0, [run.name], True)
    assert run.name in str(said.summary())


def test_a_run_that_is_still_in_training_is_left_to_its_process(store):
    run = train(store)
    metadata = checkpoint.read_metadata(run.checkpoint_path)._replace(config=small_config(kimg=1e6))
    checkpoint.write_tensors(run.checkpoint_path, checkpoint.read_tensors(run.checkpoint_path), metadata.to_header())
    lose(store)
    run.live_grid.touch()
    assert recovery.recover().left_out == [run.name]


def test_a_number_that_was_given_again_is_not_taken_away(store):
    old = train(store)
    lose(store)
    new = default_store().create(small_config(), "cgan")
    assert new.id == old.id
    assert recovery.recover().runs == 1
    assert {run.name for run in default_store().all_runs()} == {new.name, old.name}
    assert default_store().get(new.id).name == new.name


def test_a_copy_made_in_the_midst_of_writing_takes_the_stores_place(store, tmp_path):
    run = train(store)
    with store.session() as session:
        session.get(type(run), run.id).preset = "changed, and not written yet"
        session.flush()
        recovery.back_up(store, tmp_path / "copies" / "runs.db")
    copy = RunStore(f"sqlite:///{tmp_path / 'copies' / 'runs.db'}")
    assert copy.get(run.id).preset == "cgan"
    assert copy.read_metrics(run.id)["step"].tolist() == store.read_metrics(run.id)["step"].tolist()
    assert [path.name for path in (tmp_path / "copies").glob("*.partial")] == []
    lose(store)
    shutil.copy(tmp_path / "copies" / "runs.db", file_of(store))
    assert default_store().get(run.id).preset == "cgan"


def test_a_copy_that_cannot_be_written_is_one_sentence(store, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkbenchError, match=r"runs\.db could not be written"):
        recovery.back_up(store, tmp_path / "file" / "runs.db")
    with pytest.raises(WorkbenchError, match="is the run store itself"):
        recovery.back_up(store, file_of(store))


@pytest.mark.parametrize("name", ["", ".", "a-folder", "precious.txt", "runs.db-wal", "x" * 300])
def test_a_copy_takes_the_place_of_nothing_but_an_earlier_copy(store, tmp_path, name):
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "precious.txt").write_text("precious")
    place = file_of(store).with_name(name) if name.startswith("runs.db") else tmp_path / name
    with pytest.raises(WorkbenchError, match=r"folder|earlier copy|run store itself|could not be written"):
        recovery.back_up(store, place)
    assert (tmp_path / "precious.txt").read_text() == "precious"
    recovery.back_up(store, tmp_path / "copy.db")
    recovery.back_up(store, tmp_path / "copy.db")


def test_damage_is_not_copied_over_a_good_copy(store, tmp_path):
    train(store)
    recovery.back_up(store, tmp_path / "copy.db")
    good = (tmp_path / "copy.db").read_bytes()
    damage(store)
    with pytest.raises(StoreDamagedError):
        recovery.back_up(store, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == good


def test_a_database_that_fails_in_the_midst_of_its_use_is_one_sentence(store):
    """As when a page of the file is damaged that no look had needed before."""
    run = train(store)
    damage(store, share=0.1)
    with pytest.raises(StoreDamagedError, match="is damaged"):
        store.read_metrics(run.id)
        store.check()
