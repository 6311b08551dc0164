"""What the wall shows of everybody, what a teacher may do, and that nobody else may."""

import json

import pytest

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.experiments import make_experiment
from gan_core.store.classroom import LONGEST_WORDS, Classroom
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.experiments import Experiments
from gan_core.store.people import default_people
from gan_core.store.rights import OWNER, Visitor
from gan_core.store.runs import State
from tests.conftest import small_config

STRANGER = Visitor()


@pytest.fixture
def people(in_class, store):
    """A teacher and two students, by name."""
    teacher = default_people().enter_as_teacher("0", "password", "Teacher")
    students = {name: default_people().enter_class(name, "code", name) for name in ("Zoe", "Ana")}
    return {"Teacher": teacher} | students


def room_of(store, visitor):
    return Classroom(store.acting_for(visitor))


def run_of(store, visitor, state=State.FINISHED, **reported):
    run = store.acting_for(visitor).create(small_config(), "cgan", owner="" if state == State.QUEUED else "me")
    if reported:
        store.report(run.id, "me", **reported)
    if state not in (State.QUEUED, State.RUNNING):
        store.end(run.id, "me", state)
    return run


# The wall


def test_everybody_is_on_the_wall_by_name_and_a_teacher_only_with_a_run(store, people):
    assert [(tile.name, tile.key) for tile in room_of(store, people["Zoe"]).tiles()] == [("Ana", ""), ("Zoe", "")]
    run_of(store, people["Teacher"])
    assert [tile.name for tile in room_of(store, people["Zoe"]).tiles()] == ["Ana", "Teacher", "Zoe"]


def test_a_tile_shows_the_newest_run_with_its_newest_scores(store, people):
    run_of(store, people["Ana"])
    scores = json.dumps({"fid": 1.5, "accuracy": 0.9})
    run = run_of(store, people["Ana"], seconds=12.0, progress=0.5, step=3, last_json=scores)
    tile = room_of(store, people["Zoe"]).tiles()[0]
    assert (tile.key, tile.state, tile.seconds, tile.progress) == (str(run.id), State.FINISHED, 12.0, 0.5)
    assert (tile.fid, tile.accuracy, tile.picture) == (1.5, 0.9, 0)
    run.folder.mkdir(parents=True)
    run.live_grid.write_bytes(b"now")
    assert room_of(store, people["Zoe"]).tiles()[0].picture > 0


def test_a_run_that_waits_does_not_hide_what_was_drawn_before(store, people):
    first = run_of(store, people["Ana"], State.QUEUED)
    assert room_of(store, people["Ana"]).tiles()[0].state == State.QUEUED
    drawn = run_of(store, people["Ana"])
    run_of(store, people["Ana"], State.QUEUED)
    tile = room_of(store, people["Ana"]).tiles()[0]
    assert (tile.run, tile.waiting) == (drawn.id, 2)
    assert drawn.id > first.id


def test_the_wall_is_one_query_however_many_there_are(store, people, count_queries):
    for number in range(20):
        run_of(store, default_people().enter_class(f"more {number}", "code", f"More {number}"))
    with count_queries() as asked:
        assert len(room_of(store, people["Ana"]).tiles()) == 22
    assert len(asked) == 1


def test_who_is_not_in_the_class_sees_no_wall(store, people):
    with pytest.raises(WorkbenchError, match="in the class"):
        room_of(store, STRANGER).tiles()


# What is the teacher's


@pytest.mark.parametrize(
    "act",
    [
        lambda room: room.say("x"),
        lambda room: room.set_task("minute", []),
        lambda room: room.end_task(),
        lambda room: room.results(room.newest_task()),
        lambda room: room.stop_all(),
        lambda room: room.delete_all(),
    ],
)
def test_a_student_may_none_of_it(store, people, act):
    room_of(store, people["Teacher"]).set_task("minute", [])
    run_of(store, people["Zoe"], State.QUEUED)
    with pytest.raises(WorkbenchError, match="Only the teacher"):
        act(room_of(store, people["Ana"]))
    assert (room_of(store, people["Ana"]).said(), len(store.all_runs()), store.waiting()) == ("", 1, 1)


def test_what_the_teacher_says_is_heard_by_all_and_cut_where_it_is_too_long(store, people):
    room_of(store, people["Teacher"]).say("  Look at <b>this</b>  ")
    assert room_of(store, people["Ana"]).said() == "Look at <b>this</b>"
    room_of(store, people["Teacher"]).say("x" * 1000)
    assert len(room_of(store, people["Ana"]).said()) == LONGEST_WORDS
    room_of(store, people["Teacher"]).say("")
    assert room_of(store, people["Ana"]).said() == ""


def test_results_say_what_was_changed_before_and_while_a_run_learnt(store, people):
    from gan_core.config import make_config
    from gan_core.presets import PRESETS

    room = room_of(store, people["Teacher"])
    task = room.set_task("minute", ["batch_size", "generator_learning_rate"])
    ana = store.acting_for(people["Ana"])
    plain = ana.create(PRESETS["minute"].config, "minute", task_id=task.id)
    changed = ana.create(make_config(PRESETS["minute"].config, batch_size=64), "minute", task_id=task.id)
    ana.ask_to_change(changed.id, generator_learning_rate=0.125)
    run_of(store, people["Zoe"])
    assert [(result.run.id, result.name, result.changed) for result in room.results(task)] == [
        (changed.id, "Ana", ["batch_size", "generator_learning_rate"]),
        (plain.id, "Ana", []),
    ]
    assert room.results(task)[0].config.generator_learning_rate == 0.125


# The end


def test_all_stops_at_once_or_as_soon_as_it_is_saved(store, people):
    waits = run_of(store, people["Ana"], State.QUEUED)
    learns = run_of(store, people["Zoe"], State.RUNNING)
    room = room_of(store, people["Teacher"])
    assert room.active() == 2
    room.stop_all()
    assert (store.get(waits.id).state, store.get(learns.id).request, room.active()) == (State.STOPPED, "stop", 1)


def test_nothing_is_deleted_while_something_is_in_work(store, people):
    run_of(store, people["Zoe"], State.RUNNING)
    with pytest.raises(WorkbenchError, match="Still in the queue or in work: 1"):
        room_of(store, people["Teacher"]).delete_all()
    assert len(default_people().all_people()) == 3


def test_then_all_that_people_made_is_gone_but_not_what_is_nobodys(store, people, tmp_path):
    of_nobody = store.create(small_config(), "cgan", owner="me")
    store.end(of_nobody.id, "me", State.FINISHED)
    run = run_of(store, people["Ana"])
    for folder in (run.folder, of_nobody.folder, paths.uploads(people["Ana"].person)):
        folder.mkdir(parents=True)
    model = tmp_path / "model"
    model.write_bytes(b"weights")
    evaluations = EvaluationStore(store.engine).acting_for(people["Ana"])
    asked = evaluations.ask("run:x", model, Terms(samples=100))
    room = room_of(store, people["Teacher"])
    room.say("Goodbye")
    room.set_task("minute", [])
    question = make_experiment("cgan", small_config(), {"batch_size": ["8", "16"]}, 1)
    of_ana, owners = (Experiments(store.acting_for(by)) for by in (people["Ana"], OWNER))
    for experiments in (of_ana, owners):
        experiments.make(question)
    room.stop_all()
    assert default_people().visitor("Ana") == people["Ana"]
    room.delete_all()
    assert [row.person_id for row in owners.all()] == [0]
    assert [person.name for person in default_people().all_people()] == ["Teacher"]
    assert default_people().visitor("Ana") is None and default_people().visitor("0").may_everything
    assert [left.id for left in store.all_runs()] == [of_nobody.id] and of_nobody.folder.exists()
    assert not run.folder.exists() and not paths.uploads(people["Ana"].person).exists() and not asked.folder.exists()
    assert (room.said(), room.newest_task(), evaluations.last()) == ("", None, None)
