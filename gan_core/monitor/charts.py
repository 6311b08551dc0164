"""What is charted of a run, and its metrics thinned to what a screen can show. Knows nothing of torch or of pages."""

from typing import NamedTuple

import numpy as np
from tsdownsample import MinMaxLTTBDownsampler

MOST_ROWS = 1000
"""Rows that a chart gets of a long run: more than can be seen on a screen."""
X_AXES = {
    "kimg": "training images (kimg)",
    "step": "generator steps",
    "epoch": "epochs",
    "seconds": "seconds of training",
}
"""What a chart can be drawn over: metrics, or epochs, which follow from them; and what its axis is called."""
MOST_SCORES = 300
"""Rows with a score that a chart gets: they are sparse, and each has cost seconds."""
SMOOTHING = 0.6
"""How smooth charts are at first, from 0 (as measured) to below 1."""
DISCRIMINATOR, GENERATOR, NEUTRAL = range(3)
"""Numbers of colours in the theme's list: the real and the discriminator, the generated and the generator, others."""


class Trace(NamedTuple):
    """One curve of a chart: a metric by the name that training/measurements.py (or jobs/recorder.py) gives it."""

    metric: str
    label: str
    colour: int


class Chart(NamedTuple):
    """A chart: its curves, a line that says how to read it, what the y axis spans, and a level worth a line.

    Args:
        sparse: whether few rows have a value. Such are drawn as points with lines between them, and never smoothed.
        of_some: whether most runs have no such curve. Until there is one, the chart takes no room.
    """

    title: str
    note: str
    traces: tuple[Trace, ...]
    y_range: tuple[float, float] | None = None
    level: float | None = None
    sparse: bool = False
    of_some: bool = False


CHARTS = {
    "losses": Chart(
        "Losses",
        "Each network minimises its own loss, against the other network. Neither loss has to reach zero.",
        (Trace("discriminator_loss", "Discriminator", DISCRIMINATOR), Trace("generator_loss", "Generator", GENERATOR)),
    ),
    "outputs": Chart(
        "Discriminator output",
        "1 means surely real, 0 surely generated. At 0.5 the discriminator cannot tell them apart. Ideally, both "
        "curves meet there.",
        (
            Trace("real_output", "D(x), real", DISCRIMINATOR),
            Trace("fake_output", "D(G(z)), generated", GENERATOR),
        ),
        y_range=(-0.03, 1.03),
        level=0.5,
    ),
    "distance": Chart(
        "Critic's estimate of the distance",
        "E[D(x)] - E[D(G(z))]: how far generated pictures are from real ones, in the critic's own unit. When it "
        "falls, the pictures get better. Other losses do not show this.",
        (Trace("distance", "E[D(x)] - E[D(G(z))]", DISCRIMINATOR),),
        of_some=True,
    ),
    "scores": Chart(
        "FID",
        "Distance between generated and real pictures, in the features of the dataset's classifier, or of Inception "
        "if there is none. 0 means no difference. Few pictures are scored (1,000, or 2,000 if “Score every” is set): "
        "trust the trend, not the exact value.",
        (Trace("fid", "FID", GENERATOR),),
        sparse=True,
    ),
    "class_accuracy": Chart(
        "Class accuracy",
        "Share of generated pictures in which a classifier sees the class that was asked for; 1 is all.",
        (Trace("accuracy", "Class accuracy", GENERATOR),),
        y_range=(-0.03, 1.03),
        sparse=True,
    ),
    "diversity": Chart(
        "Diversity",
        "How much the generated pictures differ from each other, compared with the real ones. 1: just as much. 0: not "
        "at all.",
        (Trace("diversity", "generated : real", GENERATOR),),
        level=1.0,
    ),
    "accuracies": Chart(
        "Discriminator's accuracy",
        "Share of a batch that the discriminator classifies correctly. Guessing gives 0.5. If it is always 1, the "
        "generator learns little.",
        (Trace("real_accuracy", "on real", DISCRIMINATOR), Trace("fake_accuracy", "on generated", GENERATOR)),
        y_range=(-0.03, 1.03),
        level=0.5,
    ),
    "gradients": Chart(
        "Gradient norms",
        "How large the gradients of each network are. Near zero, the network learns nothing. Sudden peaks are a sign "
        "of trouble.",
        (
            Trace("discriminator_gradient", "Discriminator", DISCRIMINATOR),
            Trace("generator_gradient", "Generator", GENERATOR),
        ),
    ),
    "speed": Chart(
        "Speed",
        "Real images shown to the discriminator per second.",
        (Trace("images_per_second", "images/s", NEUTRAL),),
    ),
}
"""The most telling first: what is learnt, how good the pictures are, then the rest."""
OLD_NAMES = {"verdicts": "outputs", "spread": "diversity"}
"""What charts are called in older links."""
CHARTED = tuple(trace.metric for chart in CHARTS.values() for trace in chart.traces)
"""All metrics that are drawn."""


def thin(metrics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """About MOST_ROWS rows of all, the same for every column, each column's spikes and the scores among them.

    Every charted column has a share of the rows, chosen by MinMaxLTTB (Van Der Donckt 2023).
    """
    rows = len(metrics["step"])
    if rows <= MOST_ROWS:
        return metrics
    scored = _scored(metrics)
    dense = _charted(metrics, sparse=False)
    share = max(4, (MOST_ROWS - len(scored)) // len(dense))
    chosen = [np.array([0, rows - 1]), scored]
    for name in dense:
        values = np.nan_to_num(metrics[name], posinf=0, neginf=0)
        chosen.append(MinMaxLTTBDownsampler().downsample(np.ascontiguousarray(values), n_out=share).astype(np.int64))
    kept = np.unique(np.concatenate(chosen))
    return {name: values[kept] for name, values in metrics.items()}


def _charted(metrics: dict[str, np.ndarray], sparse: bool) -> list[str]:
    charts = [chart for chart in CHARTS.values() if chart.sparse == sparse]
    return [trace.metric for chart in charts for trace in chart.traces if trace.metric in metrics]


def _scored(metrics: dict[str, np.ndarray]) -> np.ndarray:
    """The rows with a score, or MOST_SCORES of them at even distances."""
    has_score = np.zeros(len(metrics["step"]), dtype=bool)
    for name in _charted(metrics, sparse=True):
        has_score |= np.isfinite(metrics[name])
    rows = np.flatnonzero(has_score)
    if len(rows) <= MOST_SCORES:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_SCORES).astype(int)]
