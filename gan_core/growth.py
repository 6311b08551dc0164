"""How a progressive GAN grows (Karras 2018, section 2 and figure 2). Knows nothing of torch: pages ask it too.

Each resolution is trained for `growth_kimg`; then the next one is faded in over as many images; and so on.
"""

import math
from typing import NamedTuple

from gan_core.config import RunConfig

SMALLEST = 4
"""Pixels of the first resolution."""
STAGES = 4
"""4, 8, 16 and 32 pixels."""
GROWN = STAGES - 1.0


class Resolution(NamedTuple):
    """How often a growing network has doubled its pixels, and how much of the last time is blended in, in (0, 1]."""

    stage: int
    blend: float

    @property
    def pixels(self) -> int:
        return SMALLEST * 2**self.stage


def growth(config: RunConfig, kimg: float) -> float:
    """How far a run of so many thousand images has grown: 0 is 4 pixels, 1.25 is 8 with a quarter of 16 blended in."""
    phase = kimg / config.growth_kimg  # a stage is two phases: train, then fade in the next
    stage, within = divmod(phase, 2)
    return min(stage + max(0.0, within - 1), GROWN)


def resolution(grown: float) -> Resolution:
    """What a network that has grown so far draws."""
    stage = math.ceil(grown)
    return Resolution(stage, grown - stage + 1)
