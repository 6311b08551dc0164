"""Charts: few points, spikes kept, valid Plotly figures."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from gan_core.charts import CHARTS, POINTS, figure, thin
from gan_core.runs import METRICS


def test_a_long_series_becomes_short_and_keeps_its_spike_and_its_ends():
    x = np.arange(1_000_000, dtype=float)
    y = np.sin(x / 1e5)
    y[654_321] = 50
    thin_x, thin_y = thin(x, y)
    assert len(thin_x) <= POINTS
    assert (thin_x[0], thin_x[-1]) == (0, 999_999)
    assert thin_y.max() == 50


def test_a_short_series_stays_whole():
    x = np.arange(10.0)
    assert thin(x, x)[0] is x


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_a_valid_plotly_figure_of_recorded_metrics(name):
    assert all(metric in METRICS for metric, _, _ in CHARTS[name].traces)
    metrics = {metric: np.linspace(0, 1, 1000) for metric in METRICS}
    made = figure(CHARTS[name], metrics)
    go.Figure(made)
    assert len(json.dumps(made)) < 25_000


def test_what_is_no_number_is_a_gap():
    metrics = {metric: np.array([0.0, np.nan, 1.0]) for metric in METRICS} | {"kimg": np.arange(3.0)}
    assert figure(CHARTS["losses"], metrics)["data"][0]["y"] == [0.0, None, 1.0]
