"""What a search tries next, and what it stops early, where the scores are a formula's."""

import math

import pytest

from gan_core.experiments import make_experiment
from gan_core.jobs.study import FIRST_STEP, FIRST_TRIALS, Outcome, is_behind, suggest
from tests.conftest import small_config

VARY = {"generator_learning_rate": ["1e-5..1e-1"], "beta1": ["0..0.9"], "loss": ["hinge", "minimax"]}


def asked(vary=VARY, trials=60, **changes):
    return make_experiment("cgan", small_config(**changes), vary, 1, trials)


def valley(values):
    """Lowest, 1, at a rate of 10^-3.5, beta1 0.6 and hinge."""
    rate, beta1 = math.log10(float(values["generator_learning_rate"])), float(values["beta1"])
    return 1 + (rate + 3.5) ** 2 + 4 * (beta1 - 0.6) ** 2 + (values["loss"] != "hinge")


def searched(experiment, formula, trials):
    outcomes = []
    for _ in range(trials):
        values = suggest(experiment, outcomes)
        outcomes.append(Outcome(values, "scored", formula(values), {}))
    return outcomes


def test_it_finds_the_valley_of_a_formula():
    outcomes = searched(asked(), valley, 60)
    best = min(outcomes, key=lambda outcome: outcome.fid)
    assert best.fid < 1.2
    assert best.values["loss"] == "hinge"
    later = [outcome.fid for outcome in outcomes[40:]]
    assert sum(later) / 20 < sum(outcome.fid for outcome in outcomes[:20]) / 20 - 1


def test_the_first_are_the_settings_as_they_are_even_outside_of_the_ranges():
    for rate in (1e-3, 2.0):
        experiment = asked(generator_learning_rate=rate)
        outcomes = searched(experiment, valley, 3)
        assert outcomes[0].values == experiment.own


def test_settings_that_could_not_be_trained_are_not_the_first():
    experiment = asked({"kimg": ["1..5"]}, minutes=1.0, kimg=None)
    assert 1 <= float(suggest(experiment, [])["kimg"]) <= 5


def test_the_same_outcomes_lead_to_the_same_settings_another_seed_to_others():
    outcomes = searched(asked(), valley, 3)
    assert suggest(asked(), outcomes) == suggest(asked(), outcomes)
    assert suggest(asked(), outcomes) != suggest(asked(seed=1), outcomes)


def test_the_largest_seed_may_search():
    experiment = asked(seed=2**31 - 1)
    assert suggest(experiment, searched(experiment, valley, 1)) != experiment.own


def test_whole_numbers_stay_whole_and_are_not_tried_twice_while_there_are_others():
    experiment = asked({"n_critic": ["1..6"]})
    outcomes = searched(experiment, lambda values: abs(int(values["n_critic"]) - 3), 5)
    assert len({outcome.values["n_critic"] for outcome in outcomes}) == 5
    assert all(1 <= int(outcome.values["n_critic"]) <= 6 for outcome in outcomes)
    searched(experiment, lambda values: 1.0, 8)


def test_what_diverged_or_was_behind_is_learnt_from_and_what_was_stopped_by_somebody_is_not():
    experiment = asked({"generator_learning_rate": ["1e-5..1e-1"]}, trials=40)

    def formula(state):
        outcomes = []
        for _ in range(40):
            values = suggest(experiment, outcomes)
            is_large = float(values["generator_learning_rate"]) > 1e-3
            fid = abs(math.log10(float(values["generator_learning_rate"])) + 3.5)
            outcomes.append(Outcome(values, state, None, {}) if is_large else Outcome(values, "scored", fid, {}))
        return sum(outcome.state == state for outcome in outcomes)

    assert formula("broke off") < formula("stopped")


def outcomes_at(step, fids, mine):
    others = [Outcome(asked().own, "scored", fid, {step: fid}) for fid in fids]
    return [*others, Outcome(asked().own, "going on", None, {step: mine})]


@pytest.mark.parametrize(("mine", "expected"), [(3.1, True), (3.0, False), (0.5, False)])
def test_what_is_above_the_median_of_others_at_the_same_step_is_behind(mine, expected):
    outcomes = outcomes_at(FIRST_STEP, [1.0, 2.0, 3.0, 4.0, 5.0], mine)
    assert is_behind(asked(), outcomes, FIRST_TRIALS) is expected


def test_nothing_is_behind_early_or_among_few_or_once_it_has_ended():
    fids = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert not is_behind(asked(), outcomes_at(FIRST_STEP - 1, fids, 9.0), FIRST_TRIALS)
    few = outcomes_at(FIRST_STEP, fids[: FIRST_TRIALS - 1], 9.0)
    assert not is_behind(asked(), few, FIRST_TRIALS - 1)
    outcomes = outcomes_at(FIRST_STEP, fids, 9.0)
    assert not is_behind(asked(), outcomes, FIRST_TRIALS - 1)
    assert not is_behind(asked(), [outcome._replace(curve={}) for outcome in outcomes], FIRST_TRIALS)
