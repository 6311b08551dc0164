"""The grids of samples that a run keeps while it learns: when one is due, and which are kept of a long run."""

import math
from pathlib import Path

import torch

from gan_core import checkpoint, files, pictures, sampling
from gan_core.latents import latents
from gan_core.store.tables import MAX_GRIDS, Run
from gan_core.training.gan import Gan

COLUMNS = 10
MOST_ROWS = 10
FIRST_KIMG = 0.5
GROWTH = 1.09
"""Unless the config says how often, a grid is kept at 0.5 kimg and each time the run has grown by 9 %: 200 grids last
for ten billion images."""


def stride(grid_every: int, step: int) -> int:
    """Steps between two kept grids of a run of this length: `grid_every`, doubled until MAX_GRIDS are enough.

    The grids that no longer fit are deleted, so that those kept are evenly spaced.
    """
    steps = grid_every
    while step // steps > MAX_GRIDS:
        steps *= 2
    return steps


def count_by(kimg: float) -> int:
    """How many grids a run of this length has kept, if its config does not say how often."""
    if kimg < FIRST_KIMG:
        return 0
    return min(MAX_GRIDS, 1 + int(math.log(kimg / FIRST_KIMG) / math.log(GROWTH)))


def grids_of(run: Run) -> list[Path]:
    """The files of the grids in a run's folder; their stems are the steps."""
    return [path for path in run.grid_folder.glob("*") if path.stem.isdecimal()]


def thinned(run: Run, steps: list[int], grid_every: int | None, step: int) -> list[int]:
    """Those of the kept grids' steps that the stride of a run of this length leaves. The files of the others go."""
    if not grid_every:
        return steps
    distance = stride(grid_every, step)
    files.remove(run.grid_path(kept) for kept in steps if kept % distance)
    return [kept for kept in steps if kept % distance == 0]


class SampleGrids:
    """Draws grids of the same latents and labels all along the run; a row a class.

    Args:
        kept: the steps of the grids that the run has kept so far.
    """

    def __init__(self, run: Run, gan: Gan, kept: list[int]):
        self.run, self.gan, self.kept = run, gan, kept
        self._count = count_by(gan.kimg)
        rows = min(len(gan.spec.classes), MOST_ROWS) if gan.config.conditional else MOST_ROWS
        self._labels = torch.arange(rows).repeat_interleave(COLUMNS)
        if not gan.config.conditional:
            self._labels.zero_()
        self._latents = latents(len(self._labels), gan.config.latent_dim, gan.config.seed)

    def is_due(self) -> bool:
        """Whether a grid of this step is to be kept. Ask once a step."""
        grid_every = self.gan.config.grid_every
        if grid_every:
            return self.gan.step % stride(grid_every, self.gan.step) == 0
        before, self._count = self._count, count_by(self.gan.kimg)
        return self._count > before

    def keep(self) -> None:
        """Keep a grid of this step, and delete those that are no longer needed."""
        step = self.gan.step
        self.write(self.run.grid_folder / f"{step:09d}.webp")
        self.kept = thinned(self.run, [*self.kept, step], self.gan.config.grid_every, step)

    def write(self, path: Path) -> None:
        """Draw a grid by the averaged generator, into this file."""
        images = sampling.draw(self.gan.averaged_generator(), self._latents, self._labels)
        checkpoint.write_aside(path, pictures.webp(pictures.grid(images, COLUMNS)))
