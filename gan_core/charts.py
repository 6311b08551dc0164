"""Metrics as Plotly figures, thinned to what a screen can show. Knows nothing of torch or of pages."""

from typing import Any, NamedTuple

import numpy as np
from tsdownsample import MinMaxLTTBDownsampler

POINTS = 400
"""Points of a trace after thinning: about one for each pixel of a chart's width that the eye can tell apart."""
BLUE, ORANGE = "#5b5bd6", "#e5730f"


class Chart(NamedTuple):
    """A chart over kimg: its traces' metrics with label and colour, and what the y axis spans."""

    title: str
    traces: tuple[tuple[str, str, str], ...]
    y_range: tuple[float, float] | None = None


CHARTS = {
    "losses": Chart("Losses", (("discriminator_loss", "Discriminator", BLUE), ("generator_loss", "Generator", ORANGE))),
    "accuracies": Chart(
        "Discriminator's accuracy",
        (("real_accuracy", "on real", BLUE), ("fake_accuracy", "on generated", ORANGE)),
        y_range=(-0.03, 1.03),
    ),
}


def thin(x: np.ndarray, y: np.ndarray, points: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most `points` of the points (x, y), spikes among them (MinMaxLTTB, Van Der Donckt 2023)."""
    if len(x) <= points:
        return x, y
    kept = MinMaxLTTBDownsampler().downsample(np.ascontiguousarray(x), np.ascontiguousarray(y), n_out=points)
    return x[kept], y[kept]


def figure(chart: Chart, metrics: dict[str, np.ndarray]) -> dict[str, Any]:
    """The chart as a Plotly figure of plain lists and numbers, ready for JSON."""
    return {
        "data": [
            _trace(label, colour, *thin(metrics["kimg"], metrics[name]))
            for name, label, colour in chart.traces
            if name in metrics
        ],
        "layout": {
            "title": {"text": chart.title},
            "xaxis": {"title": {"text": "thousand images"}},
            "yaxis": {"range": list(chart.y_range)} if chart.y_range else {},
        },
    }


def _trace(label: str, colour: str, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Four digits are more than a pixel, and half the bytes."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label,
        "line": {"color": colour, "width": 1.5},
        "x": [float(f"{value:.5g}") for value in x],
        "y": [float(f"{value:.4g}") if np.isfinite(value) else None for value in y],
    }
