"""Charts: few rows, spikes kept, recorded metrics only."""

import numpy as np
import pytest

from gan_core.monitor.charts import MOST_ROWS, MOST_SCORES, thin
from tests.conftest import METRICS


def long_run(rows):
    return {name: np.arange(rows, dtype=float) for name in METRICS}


@pytest.mark.parametrize("metric", ["discriminator_loss", "fake_output", "images_per_second"])
def test_a_long_run_becomes_short_and_keeps_each_columns_spike_and_its_ends(metric):
    metrics = long_run(1_000_000)
    metrics[metric] = np.sin(metrics["step"] / 1e5)
    metrics[metric][654_321] = 50
    thinned = thin(metrics)
    assert len(thinned["step"]) <= MOST_ROWS + 2
    assert (thinned["step"][0], thinned["step"][-1]) == (0, 999_999)
    assert thinned["step"][thinned[metric].argmax()] == 654_321
    assert (np.diff(thinned["step"]) > 0).all()


def test_a_short_run_stays_whole():
    metrics = long_run(10)
    assert thin(metrics) is metrics


def test_a_column_of_gaps_is_no_trouble():
    metrics = long_run(5000) | {"diversity": np.full(5000, np.nan)}
    assert np.isnan(thin(metrics)["diversity"]).all()


def scored_run(rows, every):
    gaps = np.full(rows, np.nan)
    gaps[::every] = 1 / np.arange(1, len(gaps[::every]) + 1)
    return long_run(rows) | {"fid": gaps, "accuracy": gaps}


def test_every_score_of_a_long_run_is_kept():
    metrics = scored_run(100_000, every=997)
    thinned = thin(metrics)
    assert len(thinned["step"]) <= MOST_ROWS + 2
    kept = np.isfinite(thinned["fid"])
    assert thinned["step"][kept].tolist() == list(range(0, 100_000, 997))
    assert thinned["fid"][kept].tolist() == metrics["fid"][::997].tolist()


def test_of_very_many_scores_some_are_kept_at_even_distances_with_the_first_and_the_last():
    thinned = thin(scored_run(100_000, every=10))
    assert len(thinned["step"]) <= MOST_ROWS + 2
    steps = thinned["step"][np.isfinite(thinned["fid"])]
    assert len(steps) >= MOST_SCORES
    assert (steps[0], steps[-1]) == (0, 99_990)
    assert np.diff(steps).max() <= 340  # 100,000 rows / 299


def test_scores_that_were_never_taken_take_no_rows_from_the_other_curves():
    without = {name: values for name, values in long_run(50_000).items() if name not in ("fid", "accuracy")}
    nothing = {"fid": np.full(50_000, np.nan), "accuracy": np.full(50_000, np.nan)}
    assert thin(without | nothing)["step"].tolist() == thin(without)["step"].tolist()
