"""A worker goes on with searches: whatever dies in between, nothing is lost and nothing is tried twice."""

import json
import math
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from gan_core import paths
from gan_core.errors import DIVERGED
from gan_core.experiments import make_experiment
from gan_core.jobs import job, search, study, train_job, worker
from gan_core.jobs.engines import ThisMachine
from gan_core.jobs.search import Searches, curve_of, mean_curve
from gan_core.store import searches as of_searches
from gan_core.store.experiments import Experiments
from gan_core.store.people import People
from gan_core.store.runs import State
from gan_core.store.searches import BEHIND
from gan_core.text import Text
from tests.conftest import small_config

PATIENCE_SECONDS = 60
VARY = {"generator_learning_rate": ["1e-5..1e-1"]}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(search, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(search, "AGAIN_SECONDS", 0.0)


@pytest.fixture
def experiments(store):
    return Experiments(store)


@pytest.fixture
def asked(experiments):
    def ask(trials, seeds=1, vary=VARY):
        row = experiments.make(make_experiment("cgan", small_config(), vary, seeds, trials))
        experiments.train_missing(row, trials=trials)
        return row

    return ask


def another_worker(store, row):
    """One that finds what an earlier one left, which has died."""
    with store.session() as session:
        session.get(type(row), row.id).held_until = 0.0
    return Searches(store)


def fid_of(run):
    return abs(math.log10(run.config.generator_learning_rate) + 3.5)


def finish(store, run, fid):
    store.report(run.id, "me", step=20, progress=1.0, last_json=json.dumps({"fid": fid}))
    store.end(run.id, "me", State.FINISHED)


def measured(store, run, shares_and_fids, progress):
    """As if the run had come so far, and scored itself at these shares of its budget."""
    rows = np.array([[share * run.config.kimg, 60.0 * share, fid] for share, fid in shares_and_fids])
    store.write_metrics(run.id, 0, ["kimg", "seconds", "fid"], rows)
    store.report(run.id, "me", progress=progress, last_json=json.dumps({"fid": shares_and_fids[-1][1]}))


def train(store, looks, trials=50):
    """Look, and train the next run; until nothing is left."""
    for _ in range(trials):
        looks()
        if not (run := store.claim("me")):
            return
        finish(store, run, fid_of(run))


def test_a_search_ends_with_as_many_trials_as_were_asked_for_and_finds_a_low_score(store, experiments, asked):
    row = asked(15)
    hands = Searches(store)
    train(store, lambda: hands.look(1))
    assert not hands.look(1)
    runs = experiments.runs(experiments.find(row.name))
    assert len(runs) == len(store.all_runs()) == 15
    assert runs[0].config.generator_learning_rate == small_config().generator_learning_rate
    assert min(map(fid_of, runs)) < 0.3
    assert of_searches.open_searches(store) == []


def test_it_is_the_same_search_if_a_worker_dies_after_every_look(store, experiments, asked):
    row = asked(6)
    hands = Searches(store)
    train(store, lambda: hands.look(1))
    first = [trial.values for trial in experiments.find(row.name).tried]
    experiments.delete(experiments.find(row.name), with_runs=True)
    row = asked(6)
    train(store, lambda: another_worker(store, row).look(1))
    assert [trial.values for trial in experiments.find(row.name).tried] == first


def test_a_trial_whose_runs_were_never_made_gets_them_at_the_next_look(store, experiments, asked):
    row = asked(3, seeds=2)
    values = {"generator_learning_rate": "0.001"}
    assert of_searches.add_trial(store, experiments.find(row.name), values)
    another_worker(store, row).look(1)
    runs = experiments.runs(experiments.find(row.name))
    assert [run.config.generator_learning_rate for run in runs] == [0.001, 0.001]


def test_as_many_runs_wait_as_the_worker_has_slots(store, experiments, asked):
    row = asked(10)
    hands = Searches(store)
    for _ in range(5):
        hands.look(2)
    assert len(experiments.runs(experiments.find(row.name))) == 2
    assert not hands.look(0)


def test_of_two_workers_one_goes_on_with_a_search(store, experiments, asked):
    row = asked(10)
    first, second = Searches(store), Searches(store)
    assert first.look(1)
    assert not second.look(5)
    assert len(experiments.runs(experiments.find(row.name))) == 1


def test_a_trials_score_is_the_mean_over_its_seeds(store, experiments, asked, monkeypatch):
    seen = []
    monkeypatch.setattr(study, "suggest", lambda experiment, outcomes: seen.append(outcomes) or experiment.own)
    asked(2, seeds=2)
    hands = Searches(store)
    hands.look(1)
    for fid in (1.0, 4.0):
        finish(store, store.claim("me"), fid)
    hands.look(1)
    assert [(outcome.state, outcome.fid) for outcome in seen[1]] == [("scored", 2.5)]


def test_a_run_that_diverged_makes_a_bad_trial_and_one_that_somebody_stopped_none(store, experiments, asked):
    row = asked(3)
    hands = Searches(store)
    hands.look(1)
    store.end(store.claim("me").id, "me", State.FAILED, Text(DIVERGED.template, {"step": 1, "good": "none"}))
    hands.look(1)
    store.ask_to_stop(experiments.runs(experiments.find(row.name))[1].id)
    outcomes, _runs = hands._outcomes(experiments, experiments.find(row.name))
    assert [outcome.state for outcome in outcomes] == ["broke off", "stopped"]


def test_what_is_behind_by_fid_is_stopped_with_its_reason(store, experiments, asked):
    row = asked(20)
    hands = Searches(store)
    for fid in (1.0, 2.0, 3.0, 4.0, 5.0):
        hands.look(1)
        run = store.claim("me")
        measured(store, run, [(0.29, 2 * fid), (1.0, fid)], 1.0)
        finish(store, run, fid)
    hands.look(1)
    run = store.claim("me")
    measured(store, run, [(0.1, 50.0)], 0.2)
    hands.look(1)
    assert run.id not in store.asked_to_stop(), "too early"
    measured(store, run, [(0.1, 50.0), (0.29, 6.1)], 0.31)
    hands.look(1)
    assert run.id in store.asked_to_stop()
    store.end(run.id, "me", State.STOPPED)
    hands.look(1)
    assert store.get(run.id).status_text == BEHIND
    assert experiments.find(row.name).tried[5].behind_at
    assert len(experiments.find(row.name).tried) == 7, "the next one"


def test_stopped_it_makes_no_more_and_resumed_it_goes_on(store, experiments, asked):
    row = asked(5)
    hands = Searches(store)
    hands.look(1)
    experiments.stop(row)
    assert not hands.look(1)
    assert [run.state for run in store.all_runs()] == [State.STOPPED]
    experiments.resume(row)
    train(store, lambda: hands.look(1))
    assert len(store.all_runs()) == 5


def test_one_that_is_stopped_while_its_runs_are_made_stops_them(store, experiments, asked, monkeypatch):
    row = asked(5)
    make = Experiments.make_runs

    def stopped_meanwhile(self, *arguments):
        made = make(self, *arguments)
        with store.session() as session:
            session.get(type(row), row.id).is_open = False
        return made

    monkeypatch.setattr(Experiments, "make_runs", stopped_meanwhile)
    Searches(store).look(1)
    assert [run.state for run in store.all_runs()] == [State.STOPPED]


def test_a_crowded_queue_is_asked_again_later(store, in_class, hosted):
    hosted("class", class_code="code", most_active_of_one=1)
    ana = People(store.engine).enter_class("key", "code", "Ana")
    mine = Experiments(store.acting_for(ana))
    store.acting_for(ana).create(small_config(seed=9), "cgan")
    row = mine.make(make_experiment("cgan", small_config(), VARY, 1, 2))
    mine.train_missing(row)
    hands = Searches(store)
    hands.look(1)
    assert mine.runs(mine.find(row.name)) == [None]
    finish(store, store.claim("me"), 1.0)
    train(store, lambda: hands.look(1))
    assert len(store.all_runs()) == 3
    assert {run.person_id for run in mine.runs(mine.find(row.name))} == {ana.person}


def test_a_search_that_breaks_is_stopped_and_others_go_on(store, experiments, asked, monkeypatch, capsys):
    broken, sound = asked(5), asked(5, seeds=2)
    suggest = study.suggest

    def break_one(experiment, outcomes):
        return {"nonsense": "1"} if experiment.seeds == 1 else suggest(experiment, outcomes)

    monkeypatch.setattr(study, "suggest", break_one)
    hands = Searches(store)
    hands.look(1)
    hands.look(1)
    assert len(experiments.runs(experiments.find(sound.name))) == 2
    assert experiments.runs(experiments.find(broken.name)) == [None]


def test_a_curve_has_the_newest_score_at_each_tenth_that_is_over(store):
    run = store.create(small_config(kimg=1.0), "cgan", owner="me")
    assert curve_of(store, run) == {}
    measured(store, run, [(0.15, 9.0), (0.35, math.nan), (0.38, 7.0), (0.62, 5.0)], 0.66)
    assert curve_of(store, store.get(run.id)) == {2: 9.0, 3: 9.0, 4: 7.0, 5: 7.0, 6: 7.0}
    assert mean_curve([{2: 9.0, 3: 8.0}, {2: 5.0}]) == {2: 7.0, 3: 8.0}


def test_nothing_that_only_looks_imports_optuna():
    program = "import sys, gan_core.jobs.worker, gan_core.__main__, pages.parts.operations.life\n"
    program += "from gan_core.jobs.search import Searches; from gan_core.store.runs import default_store\n"
    program += "Searches(default_store()).look(1); sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT).returncode == 0


def test_three_trials_are_really_trained(store, experiments):
    config = small_config(score_every=0.32, discriminator_normalisation="none")
    row = experiments.make(make_experiment("cgan", config, VARY, 1, 3))
    experiments.train_missing(row)
    hands = Searches(store)
    for _ in range(3):
        hands.look(1)
        train_job.train_run(store, store.claim(job.new_owner()))
    hands.look(1)
    runs = experiments.runs(experiments.find(row.name))
    assert [run.state for run in runs] == [State.FINISHED] * 3
    assert all(run.last["fid"] > 0 for run in runs)
    assert len({run.config.generator_learning_rate for run in runs}) == 3
    assert of_searches.open_searches(store) == []


def test_a_worker_looks_for_searches_besides_its_runs(store, asked):
    asked(3)
    ending = threading.Event()
    working = threading.Thread(target=worker._work_until, args=(ending, store, ThisMachine(1), "", None))
    working.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not store.all_runs() and time.monotonic() < deadline:
        time.sleep(0.05)
    ending.set()
    working.join()
    assert len(store.all_runs()) == 1
