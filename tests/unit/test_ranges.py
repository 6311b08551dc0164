"""How a range is read, over which scale it is searched, and how its values are written."""

import pytest

from gan_core.errors import WorkbenchError
from gan_core.experiments import make_experiment, read_values
from gan_core.ranges import Range
from tests.conftest import small_config


@pytest.mark.parametrize(
    ("text", "is_whole", "found"),
    [
        ("1e-4..1e-3", False, Range(1e-4, 1e-3)),
        (" 0 .. .9 ", False, Range(0, 0.9)),
        ("8..64", True, Range(8, 64, True)),
        ("8..64.5", True, None),
        ("nan..1", False, None),
        ("1.." + 400 * "9", True, None),
        ("1e-4", False, None),
        ("..", False, None),
        ("1..2..3", False, None),
    ],
)
def test_two_numbers_with_two_dots_between_are_a_range(text, is_whole, found):
    assert Range.from_text(text, is_whole) == found


def test_values_that_span_a_decade_are_searched_over_their_logarithm():
    assert Range(1e-4, 1e-3).is_log
    assert not Range(1e-3, 9e-3).is_log
    assert not Range(0, 1e4).is_log


@pytest.mark.parametrize(
    ("of", "value", "written"),
    [
        (Range(1e-4, 1e-3), 0.000237284, "0.0002373"),
        (Range(0.0, 0.9), 0.2345678, "0.2346"),
        (Range(0.99, 0.9999), 0.99912345, "0.999123"),
        (Range(1e-4, 1e-3), 0.00099999, "0.001"),
        (Range(0.12345, 0.2), 0.123451, "0.12345"),
        (Range(8, 64, True), 17.0, "17"),
        (Range(0, 1e-310), 5e-311, "5e-311"),
    ],
)
def test_its_values_are_written_as_people_would_and_stay_within_it(of, value, written):
    assert of.rounded(value) == written
    assert float(written) in of


@pytest.mark.parametrize(
    ("vary", "trials", "words"),
    [
        ({"generator_learning_rate": "1e-3..1e-4"}, 20, r"begins with its smaller number, as in 0\.0001\.\.0\.001"),
        ({"generator_learning_rate": "1e-3..1e-3"}, 20, "two numbers that differ"),
        ({"generator_learning_rate": "1e-4..1e-3, 0.1"}, 20, "one range, or values, not both"),
        ({"generator_learning_rate": "1e-4..1e-3"}, 0, "needs a number of trials"),
        ({"generator_learning_rate": "1e-4..1e-3"}, 501, "1 to 500 trials, not 501"),
        ({"generator_learning_rate": "1e-4..1e-3"}, 200, "600 runs"),
        ({"generator_learning_rate": "0..1e-3"}, 20, "greater than 0; you gave '0'"),
        ({"beta1": "0..1"}, 20, "less than 1; you gave '1'"),
        ({"batch_size": "8..16.5"}, 20, "whole number"),
        ({"generator_layers": "64..128"}, 20, "whole number"),
        ({"loss": "hinge..wasserstein"}, 20, "it should be one of"),
        ({"generator_width": "8..16"}, 20, "no effect"),
        ({"r1_gamma": "0..1", "discriminator_normalisation": "spectral, batch"}, 20, "batch normalisation mixes"),
    ],
)
def test_a_range_that_could_not_be_searched_is_refused_in_words(vary, trials, words):
    values = {name: read_values(name, text) for name, text in vary.items()}
    with pytest.raises(WorkbenchError, match=words):
        make_experiment("cgan", small_config(), values, 3, trials)


def test_batches_that_several_devices_share_have_no_range():
    with pytest.raises(WorkbenchError, match="for several devices, give values"):
        make_experiment("cgan", small_config(devices=2, batch_size=8), {"batch_size": ["8..16"]}, 1, 20)


def test_a_folder_may_have_two_dots():
    asked = make_experiment("cgan", small_config(), {"dataset": ["folder:../cats", "digits"]}, 1)
    assert asked.vary["dataset"] == ("folder:../cats", "digits")


def test_a_search_has_as_many_runs_as_its_trials_have_seeds_and_no_variant_before_the_first_trial():
    asked = make_experiment("cgan", small_config(), {"beta1": ["0..0.9"], "loss": ["hinge", "minimax"]}, 3, 20)
    assert (asked.most_runs, asked.variants, asked.baseline) == (60, [], 0)
    assert [(config.beta1, config.loss) for config in asked.extremes()] == [
        (0, "hinge"), (0, "minimax"), (0.9, "hinge"), (0.9, "minimax")
    ]  # fmt: skip
