"""How a progressive GAN grows (Karras 2018, section 2 and figure 2). Knows nothing of torch: pages ask it too.

Each resolution is trained for `growth_kimg`; then the next one is faded in over as many images; and so on.
"""

from typing import NamedTuple

from gan_core.config import RunConfig

SMALLEST = 4
"""Pixels of the first resolution."""
STAGES = 4
"""4, 8, 16 and 32 pixels."""
GROWN = STAGES - 1.0


class Resolution(NamedTuple):
    """Pixels that a growing network draws, and how much of the last doubling has been blended in, in (0, 1]."""

    pixels: int
    blend: float


def growth(config: RunConfig, kimg: float) -> float:
    """How far a run of so many thousand images has grown: 0 is 4 pixels, 1.25 is 8 with a quarter of 16 blended in."""
    phase = kimg / config.growth_kimg  # a stage is two phases: train, then fade in the next
    stage, within = divmod(phase, 2)
    return min(stage + max(0.0, within - 1), GROWN)


def resolution(grown: float) -> Resolution:
    """What a network that has grown so far draws."""
    stage = int(grown)
    if grown == stage:
        return Resolution(SMALLEST * 2**stage, 1.0)
    return Resolution(SMALLEST * 2 ** (stage + 1), grown - stage)
