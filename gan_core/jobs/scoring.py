"""Scores of a run while it learns: a few pictures now and then, and the best checkpoint's FID so far.

`Scoring` is for a run whose config says how often, `OwnScoring` for one that decides by itself.
"""

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from gan_core import checkpoint
from gan_core.config import RunConfig
from gan_core.datasets.loading import Dataset
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.jobs.job import throttled
from gan_core.jobs.reporter import Reporter
from gan_core.jobs.session import TrainingSession
from gan_core.text import Text
from gan_core.training.gan import Gan

if TYPE_CHECKING:
    from gan_core.metrics.reference import Comparison, Reference

SAMPLES = 2_000
"""Pictures drawn for a scoring. Few, so the FID is somewhat too high, but it takes only seconds."""
OWN_SAMPLES = 1_000
"""As many if a run scores itself: always the same number, so that all its scores, and other runs', can be compared."""
SEED = 0
"""The same latents at each scoring: what changes is the generator."""
SHOWN_AFTER = 1.0
"""Seconds after which a scoring is worth a line on the page."""

SHARE = 0.05
"""Of the time trained, what a run that scores itself spends on it at most."""
MOST_OWN = 200
"""Scorings of a whole run at most, where that share would allow more."""
FIRST_SECONDS = 0.2
"""What a run must have saved before it does a piece of what its first scoring needs."""
LEARNING_TO_SCORING = 3
"""Learning from a picture takes about so many times as long as drawing and scoring one, or more: two networks, forward
and backward.
"""


class Interrupted(Exception):  # noqa: N818 (nothing has gone wrong)
    """The run was asked to stop during a scoring."""


def real_pictures(
    config: RunConfig, data_dir: Path, training: Dataset, device: torch.device, on_progress: Callable[[Text], None]
) -> "Reference | None":
    """What generated pictures are compared with; None if the config does not say how often.

    Args:
        training: the pictures that the run learns from, on the CPU.

    Raises WorkbenchError if pictures or Inception's weights cannot be had.
    """
    if not config.score_every:
        return None
    from gan_core.metrics.reference import make_reference

    def show(share: float, line: Text) -> None:
        on_progress(Text("{what}: {share:.0%}", {"what": line, "share": share}) if share else line)

    return make_reference(config, data_dir, device, on_progress=show, training=training)


class Scoring:
    """When a run is scored, and how its best checkpoint did: every `score_every` kimg.

    Args:
        reference: None if it is still to be made.
        stop: asked every hundred pictures; True ends a scoring.
        on_progress: called with what a scoring that takes long says.
    """

    def __init__(
        self,
        reporter: Reporter,
        gan: Gan,
        reference: "Reference | Comparison | None",
        stop: Callable[[], bool],
        on_progress: Callable[[dict[str, str]], None] = lambda progress: None,
    ):
        self.on_progress = on_progress
        self.run, self.reporter, self.gan, self.reference, self.stop = reporter.run, reporter, gan, reference, stop
        self.samples = SAMPLES
        self.counted = self._count()
        self.scored_step = -1
        self.lowest = math.inf
        self.best: dict[str, float] = {}
        """Which checkpoint is kept as the best, and its score, as the run's row says it."""
        if kept := _kept(self.run.folder):
            self._is_best(kept)

    def _count(self) -> int:
        """How many scorings a run of this length has had."""
        every = self.gan.config.score_every
        return int(self.gan.images / (1000 * every)) if every else 0

    def due(self, progress: float) -> bool:
        """At the multiples of `score_every`, and at the end of the run; each step once.

        Args:
            progress: the share of the run's budget that is spent, 0 to 1.
        """
        return self.gan.step != self.scored_step and (progress >= 1 or self._count() > self.counted)

    def get_ready(self) -> None:
        """Do a piece of what a scoring needs first, if there is anything to do; for between two steps."""

    def score(self) -> dict[str, float]:
        """`fid`, and `accuracy` if the model is conditional and its dataset has a classifier.

        Raises Interrupted if the run was asked to stop meanwhile.
        """
        from gan_core.metrics.scorecard import quick_scores

        assert self.reference is not None  # or none would be due
        self.counted, self.scored_step = self._count(), self.gan.step
        gan = self.gan
        scores = quick_scores(
            gan.averaged_generator(), gan.config, gan.spec, self.reference, self.samples, SEED, self._looks()
        )
        self.reporter.report(message="")
        return scores

    def _looks(self) -> Callable[[float, Text], None]:
        """For a scoring that begins now: shows how far it has come, if it takes long, and ends it for a stop."""
        began = time.monotonic()

        @throttled
        def show(share: float) -> None:
            message = ""
            if time.monotonic() - began > SHOWN_AFTER:
                values = {"count": self.samples, "share": share}
                message = Text("Scoring {count:,} pictures: {share:.0%}", values).to_json()
                self.on_progress({"message": message})
            self.reporter.report(message=message)  # always, since the answer says whether a stop was asked for

        def go_on(share: float, line: Text) -> None:
            show(share)
            if self.stop() or self.reporter.asked_to_stop:
                raise Interrupted

        return go_on

    def keep_if_best(self, metadata: checkpoint.Metadata, model: dict[str, torch.Tensor]) -> None:
        """Keep the checkpoint if its FID is the lowest so far."""
        if metadata.scores["fid"] < self.lowest:
            checkpoint.save_best(self.run.folder, metadata, model)
            self._is_best(metadata)

    def _is_best(self, metadata: checkpoint.Metadata) -> None:
        self.lowest = metadata.scores["fid"]
        self.best = {"best_step": metadata.step, "best_fid": self.lowest}


class OwnScoring(Scoring):
    """Scores a run as often as SHARE of its time allows, and at its end if that is still in it; in a class, always.

    All that the clock stood still for counts: the first imports, the real pictures' features, scoring, writing the best
    checkpoint. What takes longer than was foreseen delays what follows.

    Args:
        training: the pictures that the run learns from, on the CPU.
    """

    def __init__(
        self,
        reporter: Reporter,
        gan: Gan,
        training: Dataset,
        stop: Callable[[], bool],
        on_progress: Callable[[dict[str, str]], None],
        session: TrainingSession,
    ):
        super().__init__(reporter, gan, None, stop, on_progress)
        self.samples = OWN_SAMPLES
        self.session = session
        self._took: deque[float] = deque(maxlen=3)  # the last scorings, in seconds
        self._began_at = self._last_at = self._progress()
        self._images_before = gan.images
        self._pieces = _comparison(gan, training)

    def due(self, progress: float) -> bool:
        if progress >= 1 and self.gan.step != self.scored_step and hosting().mode == "class":
            while self.reference is None:
                self.reference = next(self._pieces)
            return True
        if self.reference is None or self.gan.step == self.scored_step or self._saved() < self._cost():
            return False
        return progress >= 1 or (progress - self._last_at >= 1 / MOST_OWN and self._leaves_enough(progress))

    def _progress(self) -> float:
        return self.gan.config.budget_spent(self.session.seconds(), self.gan.kimg)

    def _saved(self) -> float:
        return SHARE * self.session.seconds_of_session() - self.session.stood_still

    def _cost(self) -> float:
        """What the next scoring will take, in seconds: as the last ones, or as the speed of learning suggests."""
        if self._took:
            return statistics.median(self._took)  # one alone may have met another program
        learning = self.session.seconds_of_session() / max(1, self.gan.images - self._images_before)
        return self.samples * learning / LEARNING_TO_SCORING

    def _leaves_enough(self, progress: float) -> bool:
        """Whether after a scoring now there will be enough for one at the end: that is the one that counts most."""
        trained = self.session.seconds_of_session()
        left = trained * (1 - progress) / max(1e-9, progress - self._began_at)
        return self._saved() + SHARE * left >= 2 * self._cost()

    def get_ready(self) -> None:
        if self.reference is None and self._saved() >= FIRST_SECONDS:
            self.reference = next(self._pieces)

    def score(self) -> dict[str, float]:
        began = time.perf_counter()
        try:
            return super().score()
        finally:
            self._took.append(time.perf_counter() - began)
            self._last_at = self._progress()


def _comparison(gan: Gan, training: Dataset) -> "Iterator[Comparison | None]":
    """Makes what generated pictures are compared with: None after each piece of the work, at last what is asked for."""
    from gan_core.metrics.reference import few_real

    yield from few_real(gan.config.dataset, training, gan.device)


def _kept(folder: Path) -> checkpoint.Metadata | None:
    best = checkpoint.best_model(folder)
    try:
        metadata = checkpoint.read_metadata(best) if best else None
    except WorkbenchError:  # a damaged file does not count as best
        return None
    return metadata if metadata and "fid" in metadata.scores else None
