"""What an experiment says so far: a row for each variant, and curves with their spread. Knows nothing of torch.

Whether a variant is better than the baseline is decided by the rule in `monitor/answers.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gan_core.exercises import Score
from gan_core.experiments import Experiment
from gan_core.monitor.answers import Side, Verdict, judge, side_of, spread
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run

POINTS = 200
"""Of a curve with its band."""


class Result(NamedTuple):
    """One variant.

    Args:
        number: in `Experiment.variants`.
        variant: the varied settings' values.
        runs: one a seed; None for each that is still to be made.
        side: the figures of those that have ended.
        verdict: against the baseline; None for the baseline itself, and before both have all their figures.
        is_behind: whether a search has stopped it early.
    """

    number: int
    variant: dict[str, str]
    runs: list[Run | None]
    side: Side
    verdict: Verdict | None
    is_behind: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every seed has a score, or has broken off."""
        return len(self.side.fid) + self.side.failed == len(self.runs)


class Band(NamedTuple):
    """A metric over a variant's seeds: float64 [points] each. With one seed, the deviation is 0."""

    x: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def results_of(experiment: Experiment, runs: Sequence[Run | None], score: Score) -> list[Result]:
    """All variants, the best mean score first; those without a score come last. None of a search that has just begun.

    Args:
        runs: in the order of `Experiment.all_configs`.
    """
    seeds = experiment.seeds
    of_variant = [list(runs[start : start + seeds]) for start in range(0, len(runs), seeds)]
    found = [
        Result(number, variant, mine, side_of(mine), None)
        for number, (variant, mine) in enumerate(zip(experiment.variants, of_variant, strict=True))
    ]
    for number, trial in enumerate(experiment.tried):
        found[number] = found[number]._replace(is_behind=bool(trial.behind_at) and not found[number].is_complete)
    if not found:
        return []
    baseline = found[experiment.baseline]
    return sorted((_judged(result, baseline, score, len(found) - 1) for result in found), key=lambda r: _rank(r, score))


def _judged(result: Result, baseline: Result, score: Score, comparisons: int) -> Result:
    if result is baseline or not (result.is_complete and baseline.is_complete):
        return result
    return result._replace(verdict=judge(baseline.side, result.side, score, comparisons))


def _rank(result: Result, score: Score) -> float:
    """Smaller is better."""
    if not (values := result.side.scores(score)):
        return float("inf")
    return spread(values).mean if score == "fid" else -spread(values).mean


def band(store: RunStore, runs: Sequence[Run | None], metric: str, over: str) -> Band | None:
    """Mean and standard deviation of a metric over the runs, as far as all of them have come; None without values.

    Args:
        over: "kimg", "step" or "seconds".
    """
    curves = [found for run in runs if run and (found := _curve(store, run, metric, over)) is not None]
    if not curves:
        return None
    first, last = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    x = np.linspace(first, last, POINTS) if last > first else np.array([first])
    rows = np.stack([np.interp(x, *curve) for curve in curves])
    deviation = rows.std(0, ddof=1) if len(rows) > 1 else np.zeros(len(x))
    return Band(x, rows.mean(0), deviation)


def _curve(store: RunStore, run: Run, metric: str, over: str) -> tuple[np.ndarray, np.ndarray] | None:
    """x and y of a run's metric where it was measured; None if it never was."""
    measured = store.read_metrics(run.id)
    if metric not in measured:
        return None
    there = np.isfinite(measured[metric])
    return (measured[over][there], measured[metric][there]) if there.any() else None
