"""What curves of a known kind are said to say, and what comes first when several things are wrong."""

import string

import numpy as np
import pytest

from gan_core.monitor.diagnosis import FEWEST_ROWS, diagnose
from gan_core.store.tables import State
from tests.conftest import METRICS

SOUND = {
    "distance": float("nan"),
    "discriminator_loss": 1.0,
    "generator_loss": 1.2,
    "real_accuracy": 0.8,
    "fake_accuracy": 0.8,
    "real_output": 0.7,
    "fake_output": 0.3,
    "diversity": 0.9,
}
CRITIC = dict.fromkeys(("real_accuracy", "fake_accuracy", "real_output", "fake_output"), np.nan) | {"distance": 2.0}
BAD = {
    "diverged": {"discriminator_loss": 500.0},
    "collapsed": {"diversity": 0.01},
    "discriminator winning": {"real_accuracy": 0.99, "fake_accuracy": 1.0},
    "little diversity": {"diversity": 0.2},
    "generator winning": {"real_accuracy": 0.99, "fake_accuracy": 0.02},
    "undecided": {"real_output": 0.51, "fake_output": 0.49},
}


def curves(rows=40, **changes):
    """Metrics of a sound run, four rows a second, with other values (a number, or an array [rows])."""
    values = dict.fromkeys(METRICS, 1.0) | SOUND | changes
    made = {name: np.broadcast_to(np.asarray(value, dtype=float), (rows,)).copy() for name, value in values.items()}
    return made | {"step": np.arange(1.0, rows + 1), "seconds": np.arange(rows) / 4}


def kind(metrics, state=State.RUNNING):
    return diagnose(metrics, state).kind


def test_a_sound_run_is_healthy():
    assert kind(curves()) == "healthy"


@pytest.mark.parametrize("wanted", BAD)
def test_each_kind_of_curve_is_known(wanted):
    assert kind(curves(**BAD[wanted])) == wanted


ORDER = list(BAD)


@pytest.mark.parametrize(("worse", "better"), [(w, b) for n, w in enumerate(ORDER) for b in ORDER[n + 1 :]])
def test_the_worst_is_said_first(worse, better):
    assert kind(curves(**BAD[better] | BAD[worse])) == worse


@pytest.mark.parametrize("name", ["discriminator_loss", "generator_loss"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_no_number_has_diverged(name, value):
    loss = np.ones(40)
    loss[-1] = value
    assert kind(curves(**{name: loss})) == "diverged"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_generator_loss_of_millions_has_diverged_whatever_its_sign(sign):
    assert kind(curves(generator_loss=sign * 4e8)) == "diverged"


def test_a_discriminator_that_is_merely_sure_has_not_diverged():
    assert kind(curves(**BAD["discriminator winning"], discriminator_loss=1e-6, generator_loss=50)) == (
        "discriminator winning"
    )


def test_a_critics_loss_is_in_a_unit_of_its_own():
    assert kind(curves(**CRITIC, discriminator_loss=50)) == "critic"
    assert kind(curves(**CRITIC, discriminator_loss=5000)) == "diverged"


@pytest.mark.parametrize("rows", [0, 1, FEWEST_ROWS - 1])
def test_too_few_rows_say_nothing_yet(rows):
    assert kind(curves(rows, **BAD["diverged"])) == "starting"


def test_a_run_without_metrics_has_only_begun():
    assert kind({}) == "starting"


def test_a_run_that_ended_early_is_not_told_to_have_just_begun():
    begun, ended = (diagnose(curves(2), state).sentence for state in (State.RUNNING, State.FAILED))
    assert "begun" in begun.template
    assert "ended" in ended.template


def test_only_the_last_tenth_counts():
    bad = np.full(1000, 0.01)
    bad[900:] = 0.9
    assert kind(curves(1000, diversity=bad)) == "healthy"
    assert kind(curves(1000, diversity=bad[::-1])) == "collapsed"


def test_a_short_run_is_judged_by_its_last_two_seconds():
    diversity = np.full(20, 0.9)
    diversity[-FEWEST_ROWS:] = 0
    assert kind(curves(20, diversity=diversity)) == "collapsed"


@pytest.mark.parametrize("missing", ["nan", "absent"])
def test_an_older_run_without_diversity_is_read_by_the_rest(missing):
    sound, lost = curves(diversity=np.nan), curves(**BAD["discriminator winning"], diversity=np.nan)
    if missing == "absent":
        del sound["diversity"], lost["diversity"]
    assert kind(sound) == "healthy"
    assert kind(lost) == "discriminator winning"


@pytest.mark.parametrize("changes", [{}, CRITIC, *BAD.values()], ids=["healthy", "critic", *BAD])
def test_the_rule_tells_the_values_measured_and_the_time_they_span(changes):
    diagnosis = diagnose(curves(**changes), State.RUNNING)
    fields = {field for _, field, _, _ in string.Formatter().parse(diagnosis.rule.template) if field}
    assert fields == set(diagnosis.rule.values)
    assert "seconds" in fields
    assert "2 seconds" in str(diagnosis.rule)
    assert str(diagnosis.sentence)
