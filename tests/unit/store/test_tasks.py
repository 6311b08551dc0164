"""A class's task: what it lets a student change, and until when."""

import pytest

from gan_core.config import make_config
from gan_core.errors import WorkbenchError
from gan_core.exercises import EXERCISES, SEEDS
from gan_core.presets import PRESETS
from gan_core.store import tasks
from gan_core.store.classroom import Classroom
from gan_core.store.rights import Visitor

TEACHER = Visitor(1, "T", may_everything=True, watches_all=True)
STUDENT = Visitor(2, "S", watches_all=True)
MINUTE = PRESETS["minute"].config


@pytest.fixture
def room(store):
    return Classroom(store.acting_for(TEACHER))


def make(store, task, **changes):
    return store.acting_for(STUDENT).create(make_config(MINUTE, **changes), "minute", task_id=task.id)


def test_a_run_for_the_task_changes_what_may_be_changed(store, room):
    run = make(store, room.set_task("minute", ["batch_size"]), batch_size=64)
    assert store.get(run.id).task_id == room.task().id


def test_another_setting_is_refused_by_name(store, room):
    task = room.set_task("minute", ["batch_size", "beta1"])
    with pytest.raises(WorkbenchError, match=r"leaves Seed as .*; you may change Batch size, .*[Bb]eta"):
        make(store, task, batch_size=64, seed=7)
    assert store.all_runs() == []


def test_of_a_task_that_frees_nothing_the_preset_itself_is_a_run(store, room):
    task = room.set_task("minute", [])
    make(store, task)
    with pytest.raises(WorkbenchError, match="you may change nothing"):
        make(store, task, batch_size=64)


def test_after_its_time_or_its_end_no_run_is_made_for_it(store, room, monkeypatch):
    task = room.set_task("minute", [], minutes=10)
    ended = room.set_task("minute", [])
    room.end_task()
    with pytest.raises(WorkbenchError, match="over"):
        make(store, ended)
    again = room.set_task("minute", [], minutes=10)
    make(store, again)
    monkeypatch.setattr(tasks.time, "time", lambda: again.until + 1)
    with pytest.raises(WorkbenchError, match="over"):
        make(store, again)
    assert room.task() is None and room.newest_task().id == again.id
    with pytest.raises(WorkbenchError, match="over"):
        make(store, task)


def test_a_run_of_a_task_that_does_not_exist_is_refused(store):
    with pytest.raises(WorkbenchError, match="over"):
        store.acting_for(STUDENT).create(MINUTE, "minute", task_id=7)


def test_a_students_run_keeps_to_its_task_while_it_learns_and_when_it_is_extended(store, room):
    mine = store.acting_for(STUDENT)
    run = make(store, room.set_task("minute", ["generator_learning_rate"]))
    mine.ask_to_change(run.id, generator_learning_rate=0.001)
    with pytest.raises(WorkbenchError, match="leaves Discriminator steps"):
        mine.ask_to_change(run.id, n_critic=2)
    mine.ask_to_stop(run.id)
    with pytest.raises(WorkbenchError, match="leaves Training time"):
        mine.extend(run.id, minutes=2)
    store.acting_for(TEACHER).extend(run.id, minutes=2)


def test_a_run_of_ones_own_is_free_while_there_is_a_task(store, room):
    room.set_task("minute", [])
    assert store.acting_for(STUDENT).create(make_config(MINUTE, seed=7), "minute").task_id == 0


@pytest.mark.parametrize(("preset", "free"), [("no such", []), ("minute", ["no_such"])])
def test_a_task_is_of_presets_and_settings_that_there_are(room, preset, free):
    with pytest.raises(WorkbenchError, match=r"no (preset|setting) 'no.such'"):
        room.set_task(preset, free)


def test_an_exercise_as_a_task_says_itself_what_may_be_changed_and_lets_every_seed_be_tried(store, room):
    name, exercise = next(iter(EXERCISES.items()))
    task = room.set_exercise(name, "Try it")
    student = store.acting_for(STUDENT)
    for seed in SEEDS:
        student.create(exercise.variant(exercise.suggestion, seed), exercise.preset, task_id=task.id)
        room.store.ask_to_stop(store.all_runs()[0].id)
    assert [set(result.changed) for result in room.results(task)] == [set(exercise.suggestion)] * len(SEEDS)
    with pytest.raises(WorkbenchError, match="leaves Training length as it is"):
        student.create(make_config(exercise.baseline(), kimg=1), exercise.preset, task_id=task.id)


def test_an_exercise_that_does_not_exist_is_no_task(room):
    with pytest.raises(WorkbenchError, match="no exercise 'x'"):
        room.set_exercise("x")
