"""What a worker reads and writes of searches, and that no two workers try more than was asked for."""

import threading

import pytest

from gan_core.experiments import make_experiment
from gan_core.store import searches
from gan_core.store.experiments import Experiments
from gan_core.store.people import People
from gan_core.store.rights import Visitor
from gan_core.store.runs import State
from tests.conftest import small_config

VALUES = [{"beta1": value} for value in ("0", "0.5", "0.7")]


def asked(trials=3, seeds=2):
    return make_experiment("cgan", small_config(), {"beta1": ["0..0.9"]}, seeds, trials)


@pytest.fixture
def experiments(store):
    return Experiments(store)


@pytest.fixture
def row(experiments):
    """A search that a worker is to go on with."""
    row = experiments.make(asked())
    experiments.train_missing(row)
    return experiments.find(row.name)


def make(experiments, row):
    experiments.make_runs(row, experiments.never_made(row), lambda config: None)


def test_a_search_is_open_once_it_was_asked_for_and_closed_while_it_is_stopped(experiments, store):
    row = experiments.make(asked())
    assert searches.open_searches(store) == []
    experiments.train_missing(row, lambda config: 60.0)
    assert [(found.id, found.run_seconds) for found in searches.open_searches(store)] == [(row.id, 60.0)]
    experiments.stop(row)
    assert searches.open_searches(store) == []
    assert not searches.add_trial(store, experiments.find(row.name), VALUES[0])
    experiments.resume(row)
    assert [found.id for found in searches.open_searches(store)] == [row.id]


def test_the_same_search_with_more_trials_is_the_same_and_goes_on(experiments, row):
    more = experiments.make(asked(trials=5))
    assert more.id == row.id
    experiments.train_missing(more, trials=5)
    assert experiments.find(row.name).trials == 5
    experiments.train_missing(more, trials=2)
    assert experiments.find(row.name).trials == 5
    assert experiments.make(asked(seeds=1)).id != row.id
    grid = make_experiment("cgan", small_config(), {"beta1": ["0", "0.5"]}, 2)
    search = make_experiment("cgan", small_config(), {"beta1": ["0", "0.5"]}, 2, trials=2)
    assert experiments.make(grid).id != experiments.make(search).id


def test_a_trials_runs_have_its_values_and_each_its_seed(experiments, store, row):
    for values in VALUES[:2]:
        assert searches.add_trial(store, row, values)
    assert experiments.never_made(row) == [0, 1, 2, 3]
    assert experiments.missing(row, experiments.runs(row)) == []
    make(experiments, row)
    assert experiments.never_made(row) == []
    found = [(run.config.beta1, run.config.seed) for run in experiments.runs(row)]
    assert found == [(0, 0), (0, 1), (0.5, 0), (0.5, 1)]


def test_runs_that_were_made_before_a_worker_died_are_found_and_not_made_again(experiments, store, row):
    searches.add_trial(store, row, VALUES[0])
    store.create(row.experiment.all_configs()[0], "cgan")  # it died before it could note whose run that is
    make(experiments, row)
    assert len(store.all_runs()) == 2


def test_no_more_are_tried_than_were_asked_for_whoever_asks(experiments, store, row):
    others = experiments.find(row.name)
    for values in VALUES:
        assert searches.add_trial(store, row, values)
    assert not searches.add_trial(store, others, VALUES[0])
    assert not searches.add_trial(store, row, VALUES[0])
    assert [trial.values for trial in experiments.find(row.name).tried] == VALUES


def test_of_many_that_add_a_trial_at_once_one_does(experiments, store, row):
    added, all_there = [], threading.Barrier(4)

    def add():
        mine = experiments.find(row.name)
        all_there.wait()
        added.append(searches.add_trial(store, mine, VALUES[0]))

    workers = [threading.Thread(target=add) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(added) == [False, False, False, True]
    assert len(experiments.find(row.name).tried) == 1


def test_one_process_at_a_time_holds_an_experiment(experiments, row, store):
    assert experiments.hold(row, "first") and experiments.hold(row, "first")
    assert not experiments.hold(row, "second")
    experiments.let_go(row, "second")
    assert not experiments.hold(row, "second")
    experiments.let_go(row, "first")
    assert experiments.hold(row, "second")
    with store.session() as session:
        session.merge(experiments.find(row.name)).held_until = 1.0  # it died long ago
    assert experiments.hold(row, "third")


def test_what_is_behind_stops_with_its_reason_and_stays_so_when_all_go_on(experiments, store, row):
    for values in VALUES[:2]:
        searches.add_trial(store, row, values)
    make(experiments, row)
    running = store.claim("me")
    assert searches.mark_behind(store, row, 0)
    for _ in range(2):
        searches.stop_behind(store, row.tried[0], experiments.runs(row)[:2])
    assert [run.state for run in experiments.runs(row)] == ["running", "stopped", "queued", "queued"]
    assert experiments.runs(row)[1].status_text == searches.BEHIND
    store.end(running.id, "me", State.STOPPED)
    searches.stop_behind(store, row.tried[0], experiments.runs(row)[:2])
    assert experiments.runs(row)[0].status_text == searches.BEHIND
    experiments.stop(row)
    experiments.resume(experiments.find(row.name))
    assert [run.state for run in experiments.runs(row)] == ["stopped", "stopped", "queued", "queued"]


def test_a_run_that_was_behind_and_is_resumed_by_hand_is_left_alone(experiments, store, row):
    searches.add_trial(store, row, VALUES[0])
    make(experiments, row)
    searches.mark_behind(store, row, 0)
    searches.stop_behind(store, row.tried[0], experiments.runs(row))
    store.resume(experiments.runs(row)[0].id)
    searches.stop_behind(store, row.tried[0], experiments.runs(row))
    assert [run.state for run in experiments.runs(row)] == ["queued", "stopped"]


def test_a_run_that_another_experiment_has_too_is_not_stopped(experiments, store, row):
    grid = experiments.make(make_experiment("cgan", small_config(), {"beta1": ["0", "0.5"]}, 1))
    experiments.train_missing(grid)
    searches.add_trial(store, row, VALUES[0])
    make(experiments, row)
    searches.mark_behind(store, row, 0)
    searches.stop_behind(store, row.tried[0], experiments.runs(row))
    assert [run.state for run in experiments.runs(row)] == ["queued", "stopped"]


def test_a_search_closes_once_all_its_trials_have_ended(experiments, store, row):
    for values in VALUES:
        searches.add_trial(store, row, values)
    make(experiments, row)
    searches.close_if_through(store, row, experiments.runs(row))
    assert searches.open_searches(store)
    while run := store.claim("me"):
        store.end(run.id, "me", State.FINISHED)
    experiments.train_missing(row, trials=4)  # just now
    searches.close_if_through(store, row, experiments.runs(row))
    assert searches.open_searches(store)
    experiments.stop(row)
    experiments.resume(row)
    searches.close_if_through(store, experiments.find(row.name), experiments.runs(row))
    assert searches.open_searches(store), "three of four were tried"


def test_asked_again_it_makes_what_was_deleted_and_tries_again_what_failed(experiments, store, row):
    searches.add_trial(store, row, VALUES[0])
    make(experiments, row)
    first, second = experiments.runs(row)
    store.ask_to_stop(first.id)
    store.delete(first.id)
    store.end(store.claim("me").id, "me", State.FAILED)
    assert experiments.missing(row, experiments.runs(row)) == [0, 1]
    assert experiments.never_made(row) == []
    assert experiments.train_missing(row) == 2
    assert experiments.never_made(row) == [0]
    assert store.get(second.id).state == State.QUEUED


def test_a_search_goes_on_with_its_makers_rights(store, in_class):
    people = People(store.engine)
    ana = people.enter_class("key", "code", "Ana")
    row = Experiments(store.acting_for(ana)).make(asked())
    assert searches.of_maker(store, row).by == ana
    row.person_id = 999
    assert searches.of_maker(store, row) is None
    assert searches.of_maker(store, Experiments(store).make(asked())).by.may_everything


def test_only_its_maker_opens_and_closes_it(store):
    mine, others = (Experiments(store.acting_for(Visitor(number, watches_all=True))) for number in (1, 2))
    row = mine.make(asked())
    for refused in (others.train_missing, others.stop, others.resume):
        with pytest.raises(Exception, match="belongs to somebody else"):
            refused(row)
    assert searches.open_searches(store) == []
