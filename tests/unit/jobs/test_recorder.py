"""What is measured, and what a run does when its hyperparameters change while it learns."""

import shutil

import numpy as np
import pytest

from gan_core import checkpoint
from gan_core.config import ImageSpec
from gan_core.jobs import recorder, session, train_job
from gan_core.monitor.charts import CHARTED, X_AXES
from gan_core.store.runs import State
from gan_core.store.tables import Run
from tests.conftest import METRICS, small_config

SPEC = ImageSpec(size=28, channels=1, classes=tuple("0123456789"))


# Changes while a run learns


@pytest.fixture
def reports_at_every_step(monkeypatch):
    monkeypatch.setattr(recorder, "ROW_SECONDS", 0)
    monkeypatch.setattr(recorder, "REPORT_SECONDS", 0)
    monkeypatch.setattr(session, "ASK_SECONDS", 0)


def train(store, tell=lambda progress: None, **changes):
    run = store.create(small_config(**changes), "cgan", owner="me")
    return train_job.train_run(store, run, tell)


def asking(store, at_step, **values):
    """Asks for the change when the run reports this step."""

    def tell(progress):
        if progress.get("step") == at_step:
            store.ask_to_change(1, **values)

    return tell


def weights(run):
    path = run.checkpoint_path
    return checkpoint.read_tensors(path) | checkpoint.read_tensors(checkpoint.resume_path(path))


def same(a, b):
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


def test_a_change_is_taken_up_noted_and_written_into_the_checkpoint(store, reports_at_every_step):
    run = train(store, asking(store, 10, n_critic=3), kimg=0.64)
    change = store.changes(run.id)[0]
    assert (change.step, change.kimg) == (10, 10 * 16 / 1000)
    assert change.seconds > 0
    # 10 batches in 10 steps, then 3 a step until there are 40.
    assert (run.step, run.kimg) == (20, 0.64)
    metadata = checkpoint.read_metadata(run.checkpoint_path)
    assert (metadata.config.n_critic, metadata.images, metadata.kimg) == (3, 640, 0.64)
    assert (run.config.n_critic, store.current_config(run).n_critic) == (1, 3)
    assert store.read_metrics(run.id)["kimg"].tolist() == [b * 16 / 1000 for b in (*range(1, 11), *range(13, 41, 3))]


def test_that_files_cannot_be_brought_away_is_said_again_after_a_scoring(store, reports_at_every_step, monkeypatch):
    monkeypatch.setattr(recorder.uploads, "are_away", lambda: True)
    said = []
    train(store, lambda progress: said.append(store.get(1).message), kimg=0.32, score_every=0.16)
    assert said[-1] == recorder.uploads.AWAY.to_json()


def test_what_was_asked_for_in_the_queue_holds_from_the_first_step(store):
    run = store.create(small_config(), "cgan")
    store.ask_to_change(run.id, n_critic=4)
    run = train_job.train_run(store, store.claim("me"))
    assert run.step == 20 / 4
    assert store.changes(run.id)[0].step == 0


def test_what_nobody_took_up_before_the_run_died_is_taken_up_when_it_is_resumed(store):
    run = train(store, kimg=0.32)
    store.resume(run.id, small_config(kimg=0.64), owner="vanished")
    store.ask_to_change(run.id, n_critic=4)
    store.end(run.id, "vanished", State.INTERRUPTED)
    run = train_job.train_run(store, store.resume(run.id, owner="me"))
    assert store.changes(run.id)[0].step == 20
    assert run.step == 20 + 20 / 4


CHANGES = [
    {"generator_learning_rate": 5e-3},
    {"n_critic": 3, "discriminator_learning_rate": 1e-4},
]


@pytest.mark.parametrize("values", CHANGES, ids=lambda values: "-".join(values))
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_that_was_stopped_before_and_after_a_change_is_bit_for_bit_one_that_was_not(
    store, reports_at_every_step, values, optimizer
):
    ask = asking(store, 30, **values)
    whole = train(store, ask, kimg=1.6, optimizer=optimizer)
    parts = train(store, kimg=0.32, optimizer=optimizer)
    for change in store.changes(whole.id):
        store.resume(parts.id, owner="nobody")
        store.ask_to_change(parts.id, **{change.name: change.value})
        store.end(parts.id, "nobody", State.INTERRUPTED)
    for change in store.changes(parts.id):
        store.note_change(change.id, 30, 0.48, 1.0)  # as if it had been killed after step 30
    for kimg in (0.4, 0.96, 1.6):
        longer = store.resume(parts.id, small_config(kimg=kimg, optimizer=optimizer), owner="me")
        parts = train_job.train_run(store, longer)
    assert [change.step for change in store.changes(whole.id)] == [30] * len(values)
    assert parts.step == whole.step
    assert same(weights(parts), weights(whole))
    unchanged = train(store, kimg=1.6, optimizer=optimizer)
    assert not same(weights(unchanged), weights(whole)), "the change makes a difference"


def test_a_run_killed_after_a_change_goes_on_as_if_it_had_not_been(store, reports_at_every_step):
    """Killed between the change at step 30 and the next checkpoint: what is left is the one of step 20."""
    run = train(store, kimg=0.32)
    shutil.copytree(run.folder, run.folder.with_suffix(".kept"))
    longer = small_config(kimg=0.96)
    whole = train_job.train_run(
        store, store.resume(run.id, longer, owner="me"), asking(store, 30, generator_learning_rate=5e-3, n_critic=2)
    )
    wanted, end = weights(whole), (whole.step, whole.kimg)
    shutil.rmtree(run.folder)
    run.folder.with_suffix(".kept").rename(run.folder)
    again = train_job.train_run(store, store.resume(run.id, longer, owner="me"))
    assert (again.step, again.kimg) == end
    assert same(weights(again), wanted)
    assert [change.step for change in store.changes(run.id)] == [30, 30]


def test_a_new_wish_waits_until_the_past_is_repeated(store, reports_at_every_step):
    """It was asked for last, so it must hold at the end."""
    run = train(store, kimg=0.32)
    store.resume(run.id, small_config(kimg=0.96), owner="killed")
    store.ask_to_change(run.id, generator_learning_rate=5e-3)
    store.note_change(store.changes(run.id)[0].id, 30, 0.48, 1.0)
    store.ask_to_change(run.id, generator_learning_rate=1e-4)
    store.end(run.id, "killed", State.INTERRUPTED)
    run = train_job.train_run(store, store.resume(run.id, owner="me"))
    first, second = store.changes(run.id)
    assert first.step == 30 <= second.step < run.step
    assert checkpoint.read_metadata(run.checkpoint_path).config.generator_learning_rate == 1e-4


# What the list of runs shows


def test_a_run_tells_its_newest_metrics_and_leaves_out_what_is_no_number(store):
    run = train(store)
    newest = {name: values[-1] for name, values in store.read_metrics(run.id).items()}
    assert run.last == {name: value for name, value in newest.items() if np.isfinite(value)}
    assert run.last.keys() == set(METRICS) - {"fid", "accuracy", "distance"}


def test_a_resumed_run_forgets_grids_of_a_time_it_has_not_reached(store):
    run = train(store, kimg=0.64)
    kept = [run.grid_path(step) for step in run.grid_steps]
    with store.session() as session:
        session.get(Run, run.id).grid_steps_json = ""  # as a run from before
    for name in ("000000100.webp", "000000100.png", "000000040.png"):
        (run.grid_folder / name).touch()
    run = train_job.train_run(store, store.resume(run.id, small_config(kimg=0.65), owner="me"))
    left = [run.grid_path(step).name for step in run.grid_steps]
    assert "000000040.png" in left
    assert {path.name for path in kept} <= set(left)
    assert not [name for name in left if name.startswith("000000100")]


def test_only_what_is_recorded_is_charted(store):
    recorded = store.read_metrics(train(store, score_every=0.2).id).keys()
    recorded |= store.read_metrics(
        train(store, loss="wasserstein", weight_clipping=0.01, discriminator_normalisation="none").id
    ).keys()
    assert {*CHARTED, *X_AXES} <= {*recorded, "epoch"}  # epochs follow from kimg and the dataset's size
