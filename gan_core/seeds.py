"""One seed, and from it an independent stream of random numbers for each use."""

from typing import Literal, get_args

import numpy as np

Use = Literal["weights", "latents", "batches"]
"""The initial weights (and dropout); each step's latents, augmentation and noise; the order of the real images."""


def stream(seed: int, use: Use, number: int = 0, rank: int = 0) -> int:
    """The seed, 64 bits, of one use's random numbers, or of the use's stream of that number (an epoch's, say).

    Where a run is on several devices, those of one that is not the first (training/parallel.py) are by its rank.

    By NumPy's SeedSequence, as it numbers the children of one seed. Seeded with the same number, two generators give
    the same numbers: latents would repeat the first weights. And with seed + epoch, the second epoch of seed 0 would
    be the first of seed 1.
    """
    children = np.random.SeedSequence(seed, spawn_key=(get_args(Use).index(use), number, *([rank] if rank else [])))
    return int(children.generate_state(1, np.uint64)[0])
