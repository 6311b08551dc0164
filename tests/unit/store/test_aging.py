"""What visitors left long ago goes; what is the owner's, what is in work, and what is younger stays."""

import os
import time
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from gan_core import paths
from gan_core.experiments import make_experiment
from gan_core.store import aging
from gan_core.store.aging import delete_old, deleted_at
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.experiments import Experiments
from gan_core.store.people import default_people
from gan_core.store.rights import OWNER
from gan_core.store.runs import State
from gan_core.store.tables import EvaluationRow
from tests.conftest import small_config

DAY = 24 * 3600


@pytest.fixture
def days_later(monkeypatch):
    """Sets the clock by which things age forward, by days from now."""

    def set_forward(days: float) -> None:
        monkeypatch.setattr(aging, "time", SimpleNamespace(time=lambda: time.time() + days * DAY))

    return set_forward


@pytest.fixture
def stranger(hosted):
    hosted("public", days_kept=2)
    return default_people().stranger("a key")


def ended(store, by, **changes):
    run = store.acting_for(by).create(small_config(**changes), "cgan", owner="me")
    run.folder.mkdir(parents=True, exist_ok=True)
    store.end(run.id, "me", State.FINISHED)
    return store.get(run.id)


@pytest.mark.parametrize(("days", "stays"), [(1.99, True), (2.01, False)])
def test_a_visitors_run_and_its_folder_go_after_the_days_it_is_kept(store, stranger, days_later, days, stays):
    run = ended(store, stranger)
    assert deleted_at(run) == run.ended_at + 2 * DAY
    days_later(days)
    delete_old(store)
    assert (run.id in {one.id for one in store.all_runs()}) == run.folder.exists() == stays


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_what_waits_or_trains_stays(store, stranger, days_later, state):
    run = store.acting_for(stranger).create(small_config(), "cgan", owner="me" if state == State.RUNNING else "")
    assert deleted_at(store.get(run.id)) is None
    days_later(100)
    delete_old(store)
    assert store.get(run.id).state == state


def test_a_run_that_was_resumed_is_young_again(store, stranger, days_later):
    run = store.acting_for(stranger).create(small_config(), "cgan", owner="me")
    store.end(run.id, "me", State.STOPPED)
    store.acting_for(stranger).resume(run.id)
    days_later(100)
    delete_old(store)
    assert store.get(run.id).state == State.QUEUED


def test_what_is_the_owners_stays(store, stranger, days_later):
    run = ended(store, OWNER)
    assert deleted_at(run) is None
    days_later(1000)
    delete_old(store)
    assert store.get(run.id) and run.folder.exists()


@pytest.mark.parametrize(("mode", "days_kept"), [("personal", 2), ("class", "inf"), ("public", "inf")])
def test_where_visitors_are_not_told_apart_or_nothing_ages_all_stays(
    hosted, store, stranger, days_later, mode, days_kept
):
    run = ended(store, stranger)
    hosted(mode, days_kept=days_kept)
    days_later(1000)
    delete_old(store)
    assert store.get(run.id)
    assert mode == "personal" or deleted_at(run) is None


def test_evaluations_age_too(store, stranger, days_later, tmp_path):
    model = tmp_path / "model"
    model.write_bytes(b"a model")
    evaluations = EvaluationStore(store.engine)
    for by in (stranger, OWNER):
        row = evaluations.acting_for(by).ask(f"of {by.person}", model, Terms(samples=1000))
        evaluations.claim("me")
        evaluations.end(row.id, "me", State.FAILED)
    for days, left in ((1.9, {stranger.person, OWNER.person}), (3, {OWNER.person})):
        days_later(days)
        delete_old(store)
        with store.session() as session:
            assert set(session.scalars(select(EvaluationRow.person_id))) == left


def test_old_uploads_go_and_new_ones_stay(store, stranger):
    old, new = (paths.uploads(stranger.person) / f"{name}{paths.MODEL_SUFFIX}" for name in ("old", "new"))
    for file in (old, new):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"a model")
    os.utime(old, (0, time.time() - 3 * DAY))
    delete_old(store)
    assert (old.exists(), new.exists()) == (False, True)


def test_strangers_who_left_nothing_are_forgotten_with_it(store, stranger, days_later):
    maker = default_people().stranger("another key")
    days_later(1.9)
    run = store.acting_for(maker).create(small_config(), "cgan")
    days_later(3)
    delete_old(store)
    assert [person.id for person in default_people().all_people()] == [maker.person] == [run.person_id]


def test_a_visitors_experiment_goes_with_the_last_of_its_runs(store, stranger, days_later):
    question = make_experiment("cgan", small_config(), {"batch_size": ["8", "16"]}, 1)
    of_stranger, owners = Experiments(store.acting_for(stranger)), Experiments(store)
    row = of_stranger.make(question)
    of_stranger.train_missing(row)
    owners.make(question)
    days_later(3)
    delete_old(store)
    assert len(owners.all()) == 2
    of_stranger.stop(row)
    delete_old(store)
    assert [left.person_id for left in owners.all()] == [0]
