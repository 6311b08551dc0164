"""Charts: few rows, spikes kept, recorded metrics only."""

import numpy as np
import pytest

from gan_core.charts import CHARTS, MOST_ROWS, X_AXES, thin
from gan_core.runs import METRICS


def long_run(rows):
    return {name: np.arange(rows, dtype=float) for name in METRICS}


@pytest.mark.parametrize("metric", ["discriminator_loss", "fake_verdict", "images_per_second"])
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
    metrics = long_run(5000) | {"spread": np.full(5000, np.nan)}
    assert np.isnan(thin(metrics)["spread"]).all()


def test_only_what_is_recorded_is_charted():
    charted = {trace.metric for chart in CHARTS.values() for trace in chart.traces}
    assert charted | set(X_AXES) <= {*METRICS, "epoch"}  # epochs follow from kimg and the dataset's size
