"""An experiment's runs are ordinary ones: which there are, who may do what, and that nothing is trained twice."""

import threading

import pytest

from gan_core.errors import DIVERGED, WorkbenchError
from gan_core.experiments import make_experiment
from gan_core.store.experiments import Experiments
from gan_core.store.rights import Visitor
from gan_core.store.runs import RunStore, State
from gan_core.text import Text
from tests.conftest import small_config

ANA, BOB = Visitor(1, "Ana", watches_all=True), Visitor(2, "Bob", watches_all=True)
STRANGER = Visitor(3)
TEACHER = Visitor(4, "Teacher", may_everything=True, watches_all=True)


def asked(seeds=2, **vary):
    return make_experiment("cgan", small_config(), vary or {"batch_size": ["8", "16"]}, seeds)


@pytest.fixture
def experiments(store):
    return Experiments(store)


def settings_of(runs):
    return [(run.config.batch_size, run.config.seed) for run in runs]


def finish(store, run):
    claimed = store.claim("me")
    store.report(claimed.id, "me", last_json='{"fid": 1.0}')
    store.end(claimed.id, "me", State.FINISHED)


def test_it_trains_the_first_seed_of_all_before_the_second(experiments, store):
    row = experiments.make(asked())
    assert experiments.runs(row) == [None] * 4
    assert experiments.train_missing(row) == 4
    assert settings_of(experiments.runs(row)) == [(8, 0), (8, 1), (16, 0), (16, 1)]
    by_number = sorted(experiments.runs(row), key=lambda run: run.id)
    assert settings_of(by_number) == [(8, 0), (16, 0), (8, 1), (16, 1)]


def test_asked_again_it_is_the_same_and_only_what_is_missing_is_trained(experiments, store):
    row = experiments.make(asked())
    experiments.train_missing(row)
    store.ask_to_stop(experiments.runs(row)[1].id)
    store.delete(experiments.runs(row)[1].id)
    again = experiments.make(asked())
    assert again.id == row.id
    assert experiments.train_missing(again) == 1
    larger = experiments.make(asked(batch_size=["8", "16", "32"]))
    assert larger.id != row.id
    assert experiments.train_missing(larger) == 2
    assert settings_of(experiments.runs(larger)) == [(8, 0), (8, 1), (16, 0), (16, 1), (32, 0), (32, 1)]
    assert len(store.all_runs()) == 6


def test_stop_and_resume_hold_for_all_that_can_be(experiments, store):
    row = experiments.make(asked())
    experiments.train_missing(row)
    finish(store, experiments.runs(row)[0])
    experiments.stop(row)
    assert sorted(run.state for run in experiments.runs(row)) == [State.FINISHED] + [State.STOPPED] * 3
    assert experiments.train_missing(row) == 0
    experiments.resume(row)
    assert sorted(run.state for run in experiments.runs(row)) == [State.FINISHED] + [State.QUEUED] * 3


def test_a_run_that_was_changed_while_it_learned_does_not_count(experiments, store):
    row = experiments.make(asked(seeds=1))
    experiments.train_missing(row)
    store.ask_to_change(experiments.runs(row)[0].id, generator_learning_rate=0.001)
    assert experiments.runs(row)[0] is None


def test_what_another_person_has_trained_is_trained_again(store):
    hers, his = Experiments(store.acting_for(ANA)), Experiments(store.acting_for(BOB))
    row = hers.make(asked(seeds=1))
    hers.train_missing(row)
    other = his.make(asked(seeds=1))
    assert other.id != row.id
    assert his.train_missing(other) == 2
    assert [row.person_id for row in his.all()] == [2, 1]


def test_only_its_maker_may_train_stop_resume_and_delete_it(store):
    row = Experiments(store.acting_for(ANA)).make(asked(seeds=1))
    his = Experiments(store.acting_for(BOB))
    assert his.find(str(row.id)).id == row.id
    for refused in (his.train_missing, his.stop, his.resume, his.delete):
        with pytest.raises(WorkbenchError, match="belongs to somebody else"):
            refused(row)


def test_a_stranger_finds_it_by_its_name_alone_and_lists_none(store):
    row = Experiments(store.acting_for(ANA)).make(asked(seeds=1))
    strangers = Experiments(store.acting_for(STRANGER))
    assert strangers.all() == []
    with pytest.raises(WorkbenchError, match="There is no experiment"):
        strangers.find(str(row.id))
    assert strangers.find(row.name).id == row.id


def test_nobody_without_a_cookie_makes_one(store):
    with pytest.raises(WorkbenchError, match="cookie"):
        Experiments(store.acting_for(Visitor())).make(asked())


def test_what_several_servers_are_asked_for_at_once_is_trained_once(store):
    all_there = threading.Barrier(4)

    def ask():
        server = RunStore(store.engine.url)
        mine = Experiments(server.acting_for(ANA))
        all_there.wait()
        mine.train_missing(mine.make(asked()))
        server.engine.dispose()

    tabs = [threading.Thread(target=ask) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len(Experiments(store).all()) == 1
    assert len(store.all_runs()) == 4


def test_a_run_that_failed_is_tried_again_unless_it_diverged(experiments, store):
    row = experiments.make(asked(seeds=1))
    experiments.train_missing(row)
    for message in (DIVERGED, Text("The disk is full.")):
        store.end(store.claim("me").id, "me", State.FAILED, Text(message.template, {"step": 1, "good": "none"}))
    assert experiments.train_missing(row) == 1
    assert [run.state for run in experiments.runs(row)] == [State.FAILED, State.QUEUED]
    assert experiments.train_missing(row) == 0
    assert len(store.all_runs()) == 2


def test_a_folder_that_is_not_there_is_refused_before_anything_is_made(experiments, store):
    with pytest.raises(WorkbenchError, match="There is no folder /nope"):
        experiments.make(asked(dataset=["digits", "folder:/nope"]))
    assert experiments.all() == []


def test_whoever_may_not_use_folders_does_not_learn_which_there_are(store, hosted):
    hosted("public", folders=False)
    strangers = Experiments(store.acting_for(STRANGER))
    for folder in ("/nope", "/tmp"):
        with pytest.raises(WorkbenchError, match="Folders of this server are closed"):
            strangers.make(asked(dataset=["digits", f"folder:{folder}"]))


def test_a_range_beyond_what_a_visitor_may_train_is_refused(store, hosted):
    hosted("public", most_batch=64)
    strangers = Experiments(store.acting_for(STRANGER))
    with pytest.raises(WorkbenchError, match="A batch may have 64 images here"):
        strangers.make(make_experiment("cgan", small_config(), {"batch_size": ["16..128"]}, 1, 20))


def test_a_run_that_was_changed_is_stopped_and_deleted_with_the_others(experiments, store):
    row = experiments.make(asked(seeds=1))
    experiments.train_missing(row)
    store.ask_to_change(experiments.runs(row)[0].id, generator_learning_rate=0.001)
    with pytest.raises(WorkbenchError, match="stop them first"):
        experiments.delete(row, with_runs=True)
    experiments.stop(row)
    assert {run.state for run in store.all_runs()} == {State.STOPPED}
    experiments.delete(row, with_runs=True)
    assert store.all_runs() == []


def test_a_run_without_its_checkpoint_does_not_keep_others_from_going_on(experiments, store):
    row = experiments.make(asked(seeds=1))
    experiments.train_missing(row)
    experiments.stop(row)
    first = experiments.runs(row)[0]
    with store.session() as session:
        session.merge(first).checkpoint = "model-5.safetensors"
    experiments.resume(row)
    assert [run.state for run in experiments.runs(row)] == [State.STOPPED, State.QUEUED]
    with pytest.raises(WorkbenchError, match=r"its checkpoint model-5\.safetensors is gone"):
        experiments.resume(row)


def test_a_teacher_stops_a_students_but_does_not_put_runs_of_the_teachers_into_it(store):
    hers, teachers = Experiments(store.acting_for(ANA)), Experiments(store.acting_for(TEACHER))
    row = hers.make(asked(seeds=1))
    with pytest.raises(WorkbenchError, match="belongs to somebody else"):
        teachers.train_missing(row)
    hers.train_missing(row)
    teachers.stop(row)
    assert {run.state for run in hers.runs(row)} == {State.STOPPED}


def test_an_experiment_of_which_no_run_could_be_queued_is_forgotten(store, hosted):
    hosted("public", most_active_of_one=1)
    mine = Experiments(store.acting_for(STRANGER))
    mine.train_missing(mine.make(asked()))
    with pytest.raises(WorkbenchError, match="You may have no more"):
        mine.train_missing(mine.make(asked(batch_size=["64", "128"])))
    assert len(mine.all()) == 1


def test_a_visitor_has_so_many_and_no_more(store, monkeypatch):
    monkeypatch.setattr("gan_core.store.experiments.MOST_OF_ONE", 1)
    mine = Experiments(store.acting_for(ANA))
    row = mine.make(asked())
    with pytest.raises(WorkbenchError, match="no more; delete some"):
        mine.make(asked(seeds=1))
    assert mine.make(asked()).id == row.id
    for others in (BOB, TEACHER, TEACHER):
        Experiments(store.acting_for(others)).make(asked(seeds=1))


def test_a_crowded_queue_takes_as_many_as_it_may(store, hosted):
    hosted("public", most_active_of_one=3)
    mine = Experiments(store.acting_for(STRANGER))
    row = mine.make(asked())
    assert mine.train_missing(row) == 3
    with pytest.raises(WorkbenchError, match="You may have no more"):
        mine.train_missing(row)


def test_deleted_it_leaves_its_runs_unless_they_are_to_go_and_no_other_has_them(experiments, store):
    row, other = experiments.make(asked()), experiments.make(asked(batch_size=["8", "32"]))
    for one in (row, other):
        experiments.train_missing(one)
    with pytest.raises(WorkbenchError, match="stop them first"):
        experiments.delete(row, with_runs=True)
    experiments.stop(row)
    experiments.delete(row, with_runs=True)
    assert [one.id for one in experiments.all()] == [other.id]
    assert len(store.all_runs()) == 4
    experiments.delete(other)
    assert len(store.all_runs()) == 4


def test_a_run_knows_its_experiments(experiments):
    row = experiments.make(asked())
    experiments.train_missing(row)
    run = experiments.runs(row)[0]
    assert [found.id for found in experiments.of_run(run.id)] == [row.id]
    assert experiments.of_run(999) == []
