"""Scores of a run while it learns: a few pictures every so many images, and the best checkpoint's FID so far."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from gan_core import checkpoint
from gan_core.config import RunConfig
from gan_core.datasets.loading import Dataset
from gan_core.errors import WorkbenchError
from gan_core.jobs.reporter import Reporter
from gan_core.text import Text
from gan_core.training.gan import Gan

if TYPE_CHECKING:
    from gan_core.metrics.reference import Reference

SAMPLES = 2_000
"""Pictures drawn for a scoring. Few, so the FID is somewhat too high, but it takes only seconds."""
SEED = 0
"""The same latents at each scoring: what changes is the generator."""


class Interrupted(Exception):  # noqa: N818 (nothing has gone wrong)
    """The run was asked to stop during a scoring."""


def real_pictures(
    config: RunConfig, data_dir: Path, training: Dataset, device: torch.device, on_progress: Callable[[Text], None]
) -> "Reference | None":
    """What generated pictures are compared with; None if the run is not to be scored.

    Args:
        training: the pictures that the run learns from, on the CPU.

    Raises WorkbenchError if pictures or Inception's weights cannot be had.
    """
    if config.score_every is None:
        return None
    from gan_core.metrics.reference import make_reference

    return make_reference(
        config, data_dir, device, on_progress=lambda share, line: on_progress(line), training=training
    )


class Scoring:
    """When a run is scored, and how its best checkpoint did.

    Args:
        stop: asked every few hundred pictures; True ends a scoring.
    """

    def __init__(self, reporter: Reporter, gan: Gan, reference: "Reference", stop: Callable[[], bool]):
        self.run, self.reporter, self.gan, self.reference, self.stop = reporter.run, reporter, gan, reference, stop
        self.counted = self._count()
        self.scored_step = -1
        self.lowest = _fid_of_best(self.run.folder)

    def _count(self) -> int:
        """How many scorings a run of this length has had."""
        every = self.gan.config.score_every
        assert every is not None  # or nothing would be scored
        return int(self.gan.images / (1000 * every))

    def due(self, at_end: bool) -> bool:
        """At the multiples of `score_every`, and at the end of the run; each step once."""
        return self.gan.step != self.scored_step and (at_end or self._count() > self.counted)

    def score(self) -> dict[str, float]:
        """`fid`, and `accuracy` if the model is conditional and its dataset has a classifier.

        Raises Interrupted if the run was asked to stop meanwhile.
        """
        from gan_core.metrics.scorecard import quick_scores

        self.counted, self.scored_step = self._count(), self.gan.step
        gan = self.gan
        scores = quick_scores(
            gan.averaged_generator(), gan.config, gan.spec, self.reference, SAMPLES, SEED, self._go_on
        )
        self.reporter.report(message="")
        return scores

    def _go_on(self, share: float, line: Text) -> None:
        message = Text("Scoring {count:,} pictures", {"count": SAMPLES}).to_json()
        self.reporter.report(message=message)
        if self.stop() or self.reporter.asked_to_stop:
            raise Interrupted

    def keep_if_best(self, metadata: checkpoint.Metadata, model: dict[str, torch.Tensor]) -> None:
        """Keep the checkpoint if its FID is the lowest so far."""
        if metadata.scores["fid"] < self.lowest:
            checkpoint.save_best(self.run.folder, metadata, model)
            self.lowest = metadata.scores["fid"]


def _fid_of_best(folder: Path) -> float:
    best = checkpoint.best_model(folder)
    try:
        return checkpoint.read_metadata(best).scores["fid"] if best else math.inf
    except (WorkbenchError, KeyError):  # a damaged file does not count as best
        return math.inf
