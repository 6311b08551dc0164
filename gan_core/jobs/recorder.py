"""What a run leaves behind while it learns: metric rows, sample grids and checkpoints by the clock, and its scores.

Nothing here changes what is learnt.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import torch

from gan_core import checkpoint
from gan_core.devices import memory_used
from gan_core.jobs import uploads
from gan_core.jobs.reporter import Reporter
from gan_core.jobs.sample_grids import SampleGrids
from gan_core.jobs.scoring import Interrupted, Scoring
from gan_core.jobs.session import TrainingSession
from gan_core.training.divergence import are_finite, diverged, weights_are_finite
from gan_core.training.gan import Gan
from gan_core.training.loop import Step
from gan_core.training.measurements import measure

ROW_SECONDS = 0.25
"""Between two metric rows. Reading them makes the loop wait for the device, so not at every step."""
REPORT_SECONDS = 1.0
"""Between two writings to the store; a request to stop is seen as late as this."""
LIVE_GRID_SECONDS = 2.0
"""Between two drawings of the grid that the page shows live."""
CHECKPOINT_SECONDS = 15.0
"""Between two checkpoints, unless writing them would take more than a fiftieth of the time."""


class Recorder:
    """Records a run: `record` is called after every step, `finish` after the last.

    Args:
        on_progress: called with the run's latest progress, some times a minute.
        scoring: None if the run is not scored while it learns.
    """

    def __init__(
        self,
        reporter: Reporter,
        gan: Gan,
        session: TrainingSession,
        grids: SampleGrids,
        on_progress: Callable[[dict[str, Any]], None],
        scoring: Scoring | None = None,
    ):
        self.run, self.reporter, self.gan, self.session = reporter.run, reporter, gan, session
        self.grids, self.on_progress, self.scoring = grids, on_progress, scoring
        self.files_are_away = False
        self.newest_step: Step | None = None
        self.newest_row: dict[str, float] = {}
        self.newest_scores = {name: value for name, value in self.run.last.items() if name in ("fid", "accuracy")}
        seconds = session.seconds()
        self.next_row = self.next_report = self.next_live_grid = 0.0
        self.next_checkpoint = seconds + CHECKPOINT_SECONDS
        self.recent = deque([(seconds, gan.images)], maxlen=20)

    def progress(self, seconds: float) -> float:
        """The share of the budget that is spent, 0 to 1."""
        return min(1.0, self.gan.config.budget_spent(seconds, self.gan.kimg))

    def record(self, step: Step) -> None:
        """Write what is due. Raises WorkbenchError once the losses or weights are no longer numbers."""
        self.newest_step = step
        seconds = self.session.seconds()
        progress = self.progress(seconds)
        to_score = self.scoring is not None and self.scoring.due(progress)
        if to_score or seconds >= self.next_row:
            self._row(step, seconds, to_score)
        if self.grids.is_due():
            self.grids.keep()
            self.reporter.report_grids(self.grids.kept)
        if seconds >= self.next_live_grid:
            self.next_live_grid = seconds + LIVE_GRID_SECONDS
            self.grids.write(self.run.live_grid)
        if seconds >= self.next_checkpoint and progress < 1 and not uploads.are_behind():
            self.save()

    def finish(self) -> None:
        """Write all that is still to be written, after the last step."""
        if not self.reporter.still_mine():  # its files must stay as they are
            return
        seconds = self.session.seconds()
        to_score = self.scoring is not None and self.progress(seconds) >= 1 and self.scoring.due(progress=1.0)
        if self.newest_step and to_score:  # the time ran out just after it was recorded
            self._row(self.newest_step, seconds, to_score)
        self.grids.write(self.run.live_grid)
        self.save()
        self._report(self.session.seconds())

    # Metrics

    def _row(self, step: Step, seconds: float, to_score: bool) -> None:
        measured = measure(step, self.gan)  # waits for the device, so a scoring finds no steps still to be computed
        if not are_finite((measured["discriminator_loss"], measured["generator_loss"])):
            self._report(seconds)  # the rows that show how training diverged
            raise diverged(self.gan.step, self.run.folder)
        scores = self._score(seconds) if to_score else {}
        self.newest_scores |= scores
        # A scoring may follow a row at once: over so short a time the rate would be meaningless.
        rate = self._images_per_second(self.recent[0 if to_score else -1], seconds)
        self.newest_row = {
            "step": self.gan.step,
            "kimg": self.gan.kimg,
            "seconds": seconds,
            **measured,
            "images_per_second": rate,
            "gpu_memory": memory_used(self.gan.device),
            **scores,
        }
        much_waits = self.reporter.add_row(self.newest_row)
        self.recent.append((seconds, self.gan.images))
        self.next_row = seconds + ROW_SECONDS
        if scores or seconds >= self.next_report or much_waits:
            # Sooner at the beginning: somebody waits for the first curve.
            self.next_report = seconds + min(REPORT_SECONDS, seconds)
            self._report(seconds)
        if self.scoring is not None and not to_score:
            with self.session.clock_stopped():
                self.scoring.get_ready()

    def _report(self, seconds: float) -> None:
        rate = self._images_per_second(self.recent[0], seconds)  # averaged over some seconds: single rows vary too much
        progress = {
            "step": self.gan.step,
            "kimg": self.gan.kimg,
            "seconds": seconds,
            "progress": self.progress(seconds),
            "seconds_left": self._seconds_left(seconds, rate),
            "images_per_second": rate,
        }
        best = self.scoring.best if self.scoring else {}
        self.reporter.report_progress(progress, self.newest_scores | best | self.newest_row)
        if not self.reporter.lost:
            self.on_progress(progress)
        self._tell_of_files()

    def _tell_of_files(self) -> None:
        """Say on the run's page if the common place cannot be reached. Raises WorkbenchError if that lasts for long."""
        if (are_away := uploads.are_away()) != self.files_are_away:
            self.files_are_away = are_away
            self.reporter.report(message=uploads.AWAY.to_json() if are_away else "")

    def _images_per_second(self, since: tuple[float, int], seconds: float) -> float:
        then, images = since
        return (self.gan.images - images) / max(seconds - then, 1e-9)

    def _seconds_left(self, seconds: float, rate: float) -> float | None:
        config = self.gan.config
        left = [config.minutes * 60 - seconds] if config.minutes else []
        if config.kimg and rate:
            left.append((config.kimg * 1000 - self.gan.images) / rate)
        return max(0.0, min(left)) if left else None

    def _score(self, seconds: float) -> dict[str, float]:
        """The scores of pictures drawn now, by name; none if the run was asked to stop meanwhile."""
        assert self.scoring is not None  # or none would be due
        if self.progress(seconds) >= 1:
            self.save()  # a scoring may take long, and there is nothing left to learn
        with self.session.clock_stopped():
            try:
                scores = self.scoring.score()
            except Interrupted:
                return {}
            self.files_are_away = False  # scoring has said other things since: to be said again, if it is so
            if self.reporter.still_mine():
                self.scoring.keep_if_best(self._metadata(seconds)._replace(scores=scores), self._model())
            return scores

    # Checkpoints

    def save(self) -> None:
        """Write a checkpoint, unless the weights are no longer numbers (WorkbenchError)."""
        if not self.reporter.still_mine():
            return
        model = self._model()
        before = self.session.seconds()
        path = checkpoint.save_run(self.run.folder, self._metadata(before), model, self.gan.resume_state())
        self.reporter.report(checkpoint=path.name, restarts=0)
        now = self.session.seconds()
        self.next_checkpoint = now + max(CHECKPOINT_SECONDS, 50 * (now - before))

    def _model(self) -> dict[str, torch.Tensor]:
        model = self.gan.model_state()
        if not weights_are_finite(model):
            raise diverged(self.gan.step, self.run.folder)
        return model

    def _metadata(self, seconds: float) -> checkpoint.Metadata:
        gan = self.gan
        return checkpoint.Metadata(self.run.name, gan.config, gan.spec, gan.step, seconds, gan.images)
