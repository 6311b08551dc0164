"""What a worker does for searches: make the runs of the next trial, and stop those that are behind.

Nothing is remembered that matters: each look follows from the run store's rows, so a worker may end at any moment, and
another goes on. Optuna is imported once there is a search. Knows nothing of torch.
"""

import math
import time
import traceback
from collections.abc import Sequence

from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.experiments import Trial
from gan_core.jobs import study
from gan_core.jobs.job import new_owner
from gan_core.monitor.answers import side_of, spread
from gan_core.store import searches
from gan_core.store.experiments import Experiments
from gan_core.store.runs import RunStore
from gan_core.store.tables import ExperimentRow, Run, State

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 10.0
"""After the queue has taken no more runs of somebody."""

Curve = dict[int, float]
"""FIDs by the number of the step (`study.STEPS`)."""


class Searches:
    """The searches of a store, as a worker goes on with them."""

    def __init__(self, store: RunStore):
        self.store, self.owner = store, new_owner()
        self._next_look = -math.inf
        self._refused: dict[int, float] = {}
        """When the queue took no more runs of a search."""
        self._curves: dict[int, tuple[object, Curve]] = {}
        """A run's curve, and what it looked like then: most runs have ended, and have the same for ever."""
        self._judged: dict[int, list[study.Outcome]] = {}

    def look(self, slots: int) -> bool:
        """Go on with each search, once a second; cheap if there is none. True while one goes on.

        Args:
            slots: runs that the worker trains at the same time. As many of a search wait or train: the later a trial is
                chosen, the more is known.

        Raises StoreUnavailableError.
        """
        if time.monotonic() < self._next_look or not slots:
            return False
        self._next_look = time.monotonic() + LOOK_SECONDS
        rows = searches.open_searches(self.store)
        if not rows:
            self._curves.clear()
            self._judged.clear()
        going_on = [self._go_on(row, slots) for row in rows]
        return any(going_on)

    def _go_on(self, row: ExperimentRow, slots: int) -> bool:
        experiments = searches.of_maker(self.store, row)
        if experiments is None:
            Experiments(self.store).stop(row)
            return False
        if time.monotonic() - self._refused.get(row.id, -math.inf) < AGAIN_SECONDS:
            return False
        if not experiments.hold(row, self.owner):
            return False
        try:
            self._step(experiments, row, slots)
        except StoreUnavailableError:
            raise
        except WorkbenchError:
            self._refused[row.id] = time.monotonic()
        except Exception:  # of one search: the worker has others' runs to look after
            traceback.print_exc()
            experiments.stop(row)
        return True

    def _step(self, experiments: Experiments, row: ExperimentRow, slots: int) -> None:
        outcomes, runs = self._outcomes(experiments, row)
        self._stop_what_is_behind(row, outcomes, runs)
        places = experiments.never_made(row)
        is_free = sum(run is not None and run.active for run in runs) < slots
        if not places and is_free and len(row.tried) < row.trials:
            searches.add_trial(self.store, row, study.suggest(row.experiment, outcomes))
            places = experiments.never_made(row)
        if not places:
            searches.close_if_through(self.store, row, runs)
            return
        if not searches.is_open(self.store, row):  # one that was deleted just now would get all its runs again
            return
        try:
            experiments.make_runs(row, places, lambda config: row.run_seconds)
        finally:
            if not searches.is_open(self.store, row):  # somebody has stopped it just now
                experiments.stop(row)

    def _stop_what_is_behind(
        self, row: ExperimentRow, outcomes: Sequence[study.Outcome], runs: Sequence[Run | None]
    ) -> None:
        if outcomes != self._judged.get(row.id):
            self._judged[row.id] = list(outcomes)
            for number in range(len(outcomes)):
                if study.is_behind(row.experiment, outcomes, number):
                    searches.mark_behind(self.store, row, number)
        for number, trial in enumerate(row.tried):
            searches.stop_behind(self.store, trial, runs[number * row.seeds : (number + 1) * row.seeds])

    def _outcomes(self, experiments: Experiments, row: ExperimentRow) -> tuple[list[study.Outcome], list[Run | None]]:
        runs = experiments.runs(row)
        of_trial = [runs[start : start + row.seeds] for start in range(0, len(runs), row.seeds)]
        return [self._outcome(*one) for one in zip(row.tried, of_trial, strict=True)], runs

    def _outcome(self, trial: Trial, runs: Sequence[Run | None]) -> study.Outcome:
        curve = mean_curve([self._curve(run) for run in runs if run])
        fids = side_of(runs).fid
        if len(fids) == len(runs):
            return study.Outcome(trial.values, "scored", spread(fids).mean, curve)
        if any(run and run.has_diverged for run in runs):
            return study.Outcome(trial.values, "broke off", None, curve)
        if trial.behind_at:
            return study.Outcome(trial.values, "behind", None, curve)
        goes_on = any(run and run.active for run in runs)
        return study.Outcome(trial.values, "going on" if goes_on else "stopped", None, curve)

    def _curve(self, run: Run) -> Curve:
        """Read again only once the run has another score, or another step behind it."""
        looks = (run.sessions, run.last.get("fid"), int(study.STEPS * run.progress), run.state == State.FINISHED)
        if run.id not in self._curves or self._curves[run.id][0] != looks:
            self._curves[run.id] = looks, curve_of(self.store, run)
        return self._curves[run.id][1]


def curve_of(store: RunStore, run: Run) -> Curve:
    """A run's newest FID at the end of each step that it has behind it; none before its first score."""
    import numpy as np  # a worker needs none before

    metrics = store.read_metrics(run.id)
    if "fid" not in metrics:
        return {}
    there = np.isfinite(metrics["fid"])
    config = run.config
    shares = [
        config.budget_spent(seconds, kimg)
        for seconds, kimg in zip(metrics["seconds"][there], metrics["kimg"][there], strict=True)
    ]
    scored = list(zip(shares, metrics["fid"][there].tolist(), strict=True))
    curve = {}
    for step in range(1, study.STEPS):
        if run.progress >= step / study.STEPS and (before := [fid for at, fid in scored if at <= step / study.STEPS]):
            curve[step] = before[-1]
    return curve


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Over the seeds that have come so far."""
    steps = sorted({step for curve in curves for step in curve})
    return {step: spread([curve[step] for curve in curves if step in curve]).mean for step in steps}
