"""What a page that watches a run requests once a second: the run's state, and its new metrics and grids.

Made to be cheap, since thirty viewers may watch, and may come in the same instant: a tick reads the run's row and its
newest metric rows, no more. What needs all metrics (the first request, the diagnosis) is computed once for all viewers,
and again every few seconds. Knows nothing of torch or of pages.
"""

import threading
import time
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np

from gan_core.monitor.charts import thin
from gan_core.monitor.diagnosis import Diagnosis, diagnose
from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run

FRESH_SECONDS = 5.0
"""How old the shared copy of all metrics may be."""

FEW_ROWS = 20

Kimg = TypeVar("Kimg", float, np.ndarray)
Rows = dict[str, list[float | None]]
"""Metric rows by column, as JSON has them: null is what is no number."""


class Score(NamedTuple):
    """Of one score, what was found last, what was best, and how often it was found."""

    newest: float
    best: float
    times: int = 1


Scores = dict[str, Score]


class News(NamedTuple):
    """What a viewer gets.

    rows: metrics by name, and "epoch" where the dataset's size is known; those after the ones that it has, or (fresh)
        the whole run, thinned. Shared by all viewers, so not to be changed.
    total: rows that the viewer has now, to be sent with its next request.
    scores: the newest and the best of each that the run has, by name.
    grids: (step, kimg) of each kept sample grid that it does not know yet, or (fresh_grids) of all.
    """

    rows: Rows
    fresh: bool
    total: int
    scores: Scores
    grids: list[tuple[int, float]]
    fresh_grids: bool
    diagnosis: Diagnosis | None


def scores_of(metrics: dict[str, np.ndarray]) -> Scores:
    """Newest and best of the scores that were taken while a run learned."""
    found = {}
    for name, best in (("fid", np.min), ("accuracy", np.max)):
        known = metrics.get(name, np.empty(0))
        known = known[np.isfinite(known)]
        if len(known):
            found[name] = Score(float(known[-1]), float(best(known)), len(known))
    return found


class _Shared:
    """All metrics of a run, and what follows from them, for all viewers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.metrics: dict[str, np.ndarray] = {}
        self.diagnosis: Diagnosis | None = None
        self.scores: Scores = {}
        self.thinned: Rows | None = None
        self.read_at = -FRESH_SECONDS

    def refresh(self, store: RunStore, run: Run) -> "_Shared":
        with self.lock:
            # Of a run that has just begun, the first rows are waited for, and cost nothing to read.
            if _count(self.metrics) < FEW_ROWS or time.monotonic() - self.read_at >= FRESH_SECONDS:
                self.metrics = store.extend_metrics(run.id, self.metrics)
                self.diagnosis = diagnose(self.metrics, run.state) if self.metrics else None
                self.scores = scores_of(self.metrics)
                self.thinned = None
                self.read_at = time.monotonic()
        return self

    def whole(self, run: Run) -> tuple[Rows, int]:
        """The whole run, thinned when the first viewer asks; and how many rows it has."""
        with self.lock:
            if self.thinned is None:
                self.thinned = _plain(run, thin(self.metrics)) if self.metrics else {}
            return self.thinned, _count(self.metrics)


@lru_cache(maxsize=16)
def _shared(address: str, run_name: str, sessions: int, state: str) -> _Shared:
    """A new copy for each session, which may forget rows of the one before, and for a run that has ended."""
    return _Shared()


def news(store: RunStore, run: Run, have_rows: int = 0, have_grids: int = 0, newest_grid: int = 0) -> News:
    """The run for a viewer who has its first `have_rows` metric rows and `have_grids` sample grids; 0 is none.

    Args:
        newest_grid: the step of the last of them, which shows whether they still are the run's first.
    """
    shared = _refreshed(store, run)
    new = store.read_metrics(run.id, from_row=have_rows) if have_rows else {}
    fresh = not new
    if fresh:
        rows, total = shared.whole(run)
    else:
        first = have_rows - have_rows % CHUNK_ROWS
        rows = _plain(run, {name: values[have_rows - first :] for name, values in new.items()})
        total = first + _count(new)
    steps = run.grid_steps
    still_first = 0 < have_grids <= len(steps) and steps[have_grids - 1] == newest_grid
    grids = _with_kimg(run, steps[have_grids:] if still_first else steps, shared.metrics)
    return News(rows, fresh, total, shared.scores, grids, not still_first, shared.diagnosis)


def what_it_means(store: RunStore, run: Run) -> tuple[Diagnosis | None, Scores]:
    """The run's diagnosis (None before there are rows) and scores, by rows that may be FRESH_SECONDS old."""
    shared = _refreshed(store, run)
    return shared.diagnosis, shared.scores


def _refreshed(store: RunStore, run: Run) -> _Shared:
    return _shared(str(store.engine.url), run.name, run.sessions, run.state).refresh(store, run)


def epochs(run: Run, kimg: Kimg) -> Kimg:
    """How often the discriminator has seen the whole dataset after so many thousand images."""
    assert run.dataset_images is not None
    return kimg * 1000 / run.dataset_images


def _count(metrics: dict[str, np.ndarray]) -> int:
    return len(next(iter(metrics.values()), ()))


def _with_kimg(run: Run, steps: list[int], metrics: dict[str, np.ndarray]) -> list[tuple[int, float]]:
    """Each step with the kimg shown by then; at constant speed, for a run that has lost its metrics."""
    at, kimg = (metrics["step"], metrics["kimg"]) if metrics else ([0, run.step], [0, run.kimg])
    return list(zip(steps, np.interp(steps, at, kimg).tolist(), strict=True))


def _plain(run: Run, metrics: dict[str, np.ndarray]) -> Rows:
    return as_plain(metrics | {"epoch": epochs(run, metrics["kimg"])} if run.dataset_images else metrics)


def as_plain(rows: dict[str, np.ndarray]) -> Rows:
    """For JSON: five digits are more than a pixel and half the bytes; what is no number becomes null."""
    return {
        name: [float(f"{value:.5g}") if np.isfinite(value) else None for value in values.tolist()]
        for name, values in rows.items()
    }
