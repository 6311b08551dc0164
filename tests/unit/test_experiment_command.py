"""The command `experiment`: what it queues, asks and prints."""

import json

import pytest
from click.testing import CliRunner

from gan_core.__main__ import cli
from gan_core.errors import WorkbenchError
from gan_core.estimates.estimator import Estimate
from gan_core.jobs.search import Searches
from gan_core.store import searches
from gan_core.store.experiments import Experiments
from gan_core.store.runs import State

TINY = ["--preset", "cgan", "--set", "kimg=0.32", "--set", "discriminator_layers=16", "--set", "score_every=0.32"]
VARY = ["--vary", "generator_layers=8,8-16", "--vary", "generator_activation=relu,leaky_relu", "--seeds", "2"]


class Known:
    """An estimator that knows all: 100 images a second."""

    def ask(self, config):
        return Estimate("CPU", 1, 1, 100.0, 1)


@pytest.fixture
def run_command(monkeypatch):
    monkeypatch.setattr("gan_core.estimates.estimator.default_estimator", Known)

    def run(*arguments, answer=None):
        return CliRunner().invoke(cli, ["experiment", *TINY, *arguments], input=answer, catch_exceptions=False)

    return run


def test_it_asks_once_for_all_runs_and_puts_them_into_the_queue(run_command, store):
    done = run_command(*VARY, answer="y\n")
    assert "8 runs, about 26 seconds of training" in done.stderr
    assert "Runs put into the queue: 8." in done.stdout
    assert {run.state for run in store.all_runs()} == {State.QUEUED}
    assert all(run.expected_seconds == pytest.approx(3.2) for run in store.all_runs())


def test_runs_that_are_too_short_for_a_score_are_warned_of(run_command):
    assert "without a score" not in run_command(*VARY, answer="n\n").stderr
    by_itself = run_command(*VARY, "--set", "score_every=none", answer="n\n")
    assert "may end without a score" in by_itself.stderr


def test_whoever_says_no_queues_nothing_and_leaves_nothing(run_command, store):
    done = run_command(*VARY, answer="n\n")
    assert done.exit_code != 0
    assert store.all_runs() == [] and Experiments(store).all() == []


def test_to_stop_and_to_resume_at_once_is_refused(run_command, store):
    with pytest.raises(WorkbenchError, match="not both"):
        run_command(*VARY, "--stop", "--resume")


@pytest.mark.parametrize("option", ["--stop", "--resume"])
def test_to_stop_or_resume_what_was_never_made_is_refused_and_makes_nothing(run_command, store, option):
    with pytest.raises(WorkbenchError, match="no such experiment yet"):
        run_command(*VARY, option)
    assert Experiments(store).all() == []


def test_all_experiments_are_listed(run_command, store):
    run_command(*VARY, "--yes")
    run_command(*VARY, "--stop")
    line = CliRunner().invoke(cli, ["experiments"], catch_exceptions=False).stdout
    assert line.split()[:6] == ["1", "8", "of", "8", "runs", "ended"]
    assert "generator_layers=8, 8-16  generator_activation=relu, leaky_relu" in line


def test_the_same_command_again_adds_only_what_is_missing_and_prints_what_came_out(run_command, store):
    run_command(*VARY, "--yes")
    for fid in (9.0, 1.0):
        run = store.claim("me")
        store.report(run.id, "me", last_json=json.dumps({"fid": fid, "accuracy": 0.5}))
        store.end(run.id, "me", State.FINISHED)
    store.ask_to_stop(8)
    store.delete(8)
    again = run_command(*VARY, "--yes")
    assert "Runs put into the queue: 1." in again.stdout
    lines = again.stdout.splitlines()
    assert lines[0] == "Experiment 1: 4 variants, 2 seeds each"
    assert lines[3].split() == ["8", "leaky_relu", "1", "50.0%", "1", "of", "2"]
    assert lines[4].split()[:3] == ["8", "relu", "9"]


def test_stop_and_resume_hold_for_all(run_command, store):
    run_command(*VARY, "--yes")
    run_command(*VARY, "--stop")
    assert {run.state for run in store.all_runs()} == {State.STOPPED}
    run_command(*VARY, "--resume")
    assert {run.state for run in store.all_runs()} == {State.QUEUED}
    assert len(store.all_runs()) == 8


RANGE = ["--vary", "generator_learning_rate=1e-5..1e-2", "--vary", "loss=hinge,minimax"]


def test_a_range_makes_it_a_search_that_is_asked_for_once(run_command, store):
    done = run_command(*RANGE, answer="y\n")
    assert "20 trials, 60 runs, about 3 minutes of training at most. Begin?" in done.stderr
    assert done.stdout.splitlines()[0] == "Experiment 1: 20 trials, 3 seeds each"
    assert store.all_runs() == [], "a worker makes them"
    again = run_command(*RANGE)
    assert "Begin?" not in again.stderr
    assert len(Experiments(store).all()) == 1


def test_with_more_trials_the_same_search_goes_on(run_command, store):
    run_command(*RANGE, "--trials", "2", "--seeds", "1", "--yes")
    hands = Searches(store)
    hands.look(5)
    more = run_command(*RANGE, "--trials", "5", "--seeds", "1", answer="y\n")
    assert "4 trials, 4 runs, about 13 seconds of training at most" in more.stderr
    (row,) = Experiments(store).all()
    assert (row.trials, row.is_open, len(row.tried)) == (5, True, 1)


def test_whoever_says_no_to_a_search_leaves_nothing(run_command, store):
    run_command(*RANGE, answer="n\n")
    assert Experiments(store).all() == []


def test_a_search_is_stopped_and_goes_on_by_the_command(run_command, store):
    run_command(*RANGE, "--yes")
    run_command(*RANGE, "--stop")
    assert not Experiments(store).all()[0].is_open
    run_command(*RANGE, "--resume")
    assert Experiments(store).all()[0].is_open


def test_of_a_search_it_prints_the_trials_and_what_was_stopped_early(run_command, store):
    run_command(*RANGE, "--seeds", "1", "--yes")
    Searches(store).look(1)
    (row,) = Experiments(store).all()
    searches.mark_behind(store, row, 0)
    lines = run_command(*RANGE, "--seeds", "1").stdout.splitlines()
    assert lines[-1].split() == ["0.001", "non-saturating", "-", "-", "stopped", "early", "baseline"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--vary", "generator_layers"], "write it as key=value"),
        (["--vary", "nonsense=1,2"], "there is no such hyperparameter"),
        (["--vary", "generator_layer=8,16"], "Did you mean generator_layers"),
        (["--vary", "batch_size=16,x"], "atch"),
        (["--vary", "beta1=0.9..0"], "smaller number"),
        (["--vary", "beta1=0.5..0.5"], "two numbers that differ"),
        (["--vary", "dataset=digits,folder:/nope"], "There is no folder /nope"),
        (["--vary", "batch_size=16", "--set", "nonsense=1"], "there is no such hyperparameter"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_words(run_command, arguments, words):
    with pytest.raises(WorkbenchError, match=words):
        run_command(*arguments)
