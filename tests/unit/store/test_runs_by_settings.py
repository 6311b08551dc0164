"""Which runs belong to an exercise."""

import pytest

from gan_core.monitor.answers import side_of
from gan_core.store.rights import Visitor
from gan_core.store.runs import State
from gan_core.store.runs_by_settings import missing, runs_with
from tests.conftest import small_config

CONFIGS = [small_config(seed=seed) for seed in range(3)]


def ended(store, config, state=State.FINISHED, last='{"fid": 2.0, "accuracy": 0.5}', **values):
    run = store.create(config, "cgan", owner="me")
    store.report(run.id, "me", kimg=1.0, seconds=10.0, last_json=last, **values)
    store.end(run.id, "me", state)
    return store.get(run.id)


def numbers(runs):
    return [run and run.id for run in runs]


def test_those_with_exactly_its_settings_in_the_order_of_the_seeds(store):
    second, first = ended(store, CONFIGS[1]), ended(store, CONFIGS[0])
    ended(store, small_config(seed=2, batch_size=8))
    found = runs_with(store, CONFIGS)
    assert numbers(found) == [first.id, second.id, None] and missing(CONFIGS, found) == [CONFIGS[2]]


def test_a_scored_one_counts_before_one_that_trains_and_this_before_one_that_failed(store):
    failed = ended(store, CONFIGS[0], State.FAILED)
    assert numbers(runs_with(store, CONFIGS[:1])) == [failed.id]
    waits = store.create(CONFIGS[0], "cgan")
    assert numbers(runs_with(store, CONFIGS[:1])) == [waits.id]
    scored = ended(store, CONFIGS[0])
    store.create(CONFIGS[0], "cgan")
    assert numbers(runs_with(store, CONFIGS[:1])) == [scored.id]


@pytest.mark.parametrize(("state", "last"), [(State.STOPPED, '{"fid": 2.0}'), (State.FINISHED, "{}")])
def test_one_that_was_stopped_or_has_no_score_does_not_count(store, state, last):
    ended(store, CONFIGS[0], state, last)
    assert runs_with(store, CONFIGS[:1]) == [None]


def test_one_that_was_changed_while_it_learned_has_other_settings_by_now(store):
    run = store.create(CONFIGS[0], "cgan", owner="me")
    store.ask_to_change(run.id, generator_learning_rate=0.5)
    assert runs_with(store, CONFIGS[:1]) == [None]


def test_a_class_shares_the_baseline_and_everybody_has_their_own_variants(store, hosted):
    hosted("class")
    eve, bob = (store.acting_for(Visitor(number, name, watches_all=True)) for number, name in ((1, "Eve"), (2, "Bob")))
    run = eve.create(CONFIGS[0], "cgan")
    assert numbers(runs_with(bob, CONFIGS[:1], of_all=True)) == [run.id] and runs_with(bob, CONFIGS[:1]) == [None]


def test_strangers_share_nothing(store, hosted):
    hosted("public")
    store.acting_for(Visitor(1)).create(CONFIGS[0], "cgan")
    assert runs_with(store.acting_for(Visitor(2)), CONFIGS[:1], of_all=True) == [None]


def test_figures_are_those_of_the_runs_ends(store):
    runs = [ended(store, CONFIGS[0]), ended(store, CONFIGS[1], State.FAILED), None]
    side = side_of(runs, parameters=7)
    assert (side.fid, side.accuracy, side.images_per_second) == ((2.0,), (0.5,), (100.0,))
    assert (side.parameters, side.failed) == (7, 1)
