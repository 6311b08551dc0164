"""Each score as a pure function of features [N, D], logits [N, K] or classes [N]; `metrics.SCORES` says what it means.

Scores that torch-fidelity has are taken from it, except FID: it takes over a second to import, and a run that is scored
while it learns needs no more than FID. Features are float32 on the CPU, all results plain numbers.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

MOST_FOR_DISTANCES = 10_000
"""Scores that compare every picture with every other take at most so many of each side."""
KID_SUBSETS, KID_SUBSET_SIZE = 50, 1_000
ROWS = 1_000
"""Rows of a table of distances that are in memory at a time."""
PRECISION_NEIGHBOURS = 3  # Kynkäänniemi 2019, section 3
DENSITY_NEIGHBOURS = 5  # Naeem 2020, section 4
COVERED_SHARE = 1 / 5  # of an even share


class Gaussian(NamedTuple):
    """Mean [D] and covariance [D, D], float64."""

    mean: np.ndarray
    covariance: np.ndarray


def gaussian(features: Tensor) -> Gaussian:
    """The Gaussian that fits the features, at least two of them."""
    values = features.double().numpy()
    return Gaussian(values.mean(axis=0), np.cov(values, rowvar=False))


def fid(a: Gaussian, b: Gaussian) -> float:
    """Fréchet distance |m_a - m_b|² + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)) (Heusel 2017, eq. 6), 0 or more."""
    apart = a.mean - b.mean
    # The trace of a root is the sum of the eigenvalues' roots. Rounding may leave them a little negative or complex.
    roots = np.sqrt(np.linalg.eigvals(a.covariance @ b.covariance).astype(np.complex128)).real
    distance = apart @ apart + np.trace(a.covariance) + np.trace(b.covariance) - 2 * roots.sum()
    return max(0.0, float(distance))


def kid(generated: Tensor, real: Tensor, seed: int) -> float:
    """Squared MMD in the kernel (x.y / D + 1)³ (Bińkowski 2018, section 4), times 1,000: the mean over subsets."""
    from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

    size = min(KID_SUBSET_SIZE, len(generated), len(real))
    found = kid_features_to_metric(
        generated, real, kid_subsets=KID_SUBSETS, kid_subset_size=size, rng_seed=_numpy_seed(seed), verbose=False
    )
    return 1000 * found[KEY_METRIC_KID_MEAN]


def inception_score(logits: Tensor, seed: int) -> float:
    """exp E KL(p(y|x) || p(y)) (Salimans 2016, section 4), the mean over ten splits: 1 to the number of classes."""
    from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

    return isc_features_to_metric(logits, rng_seed=_numpy_seed(seed))[KEY_METRIC_ISC_MEAN]


def precision_recall(generated: Tensor, real: Tensor) -> tuple[float, float]:
    """Shares in 0..1: of generated pictures in a real one's neighbourhood, and the other way round.

    A picture's neighbourhood reaches to its third neighbour (Kynkäänniemi 2019, eq. 1 and 2). More than three on each
    side are needed.
    """
    from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

    found = prc_features_to_metric(
        generated,
        real,
        prc_neighborhood=PRECISION_NEIGHBOURS,
        prc_batch_size=ROWS,
        save_cpu_ram=True,
        verbose=False,
    )
    return found[KEY_METRIC_PRECISION], found[KEY_METRIC_RECALL]


def density_coverage(generated: Tensor, real: Tensor) -> tuple[float, float]:
    """Real neighbourhoods that a generated picture lies in, by k; and the share of them that hold one.

    A real picture's neighbourhood reaches to its k = fifth neighbour (Naeem 2020, eq. 4 and 5), so more than five real
    ones are needed.
    """
    inside, covered = 0, 0
    for some in real.split(ROWS):
        # The nearest is the picture itself.
        radii = torch.cdist(some, real).topk(DENSITY_NEIGHBOURS + 1, largest=False).values[:, -1:]
        within = torch.cdist(some, generated) < radii
        inside += int(within.sum())
        covered += int(within.any(dim=1).sum())
    return inside / (DENSITY_NEIGHBOURS * len(generated)), covered / len(real)


def nearest(generated: Tensor, training: Tensor) -> tuple[Tensor, Tensor]:
    """For each of the generated, the Euclidean distance to the nearest training picture, and its number: [N] each."""
    numbers = torch.cat([torch.cdist(some, training).argmin(dim=1) for some in generated.split(ROWS // 2)])
    # cdist goes by |a|² - 2ab + |b|², in which a copy's distance is rounding, not 0.
    return (generated - training[numbers]).norm(dim=1), numbers


def confusion(asked: Tensor, seen: Tensor, classes: int) -> Tensor:
    """How often a class was asked for (rows) and another seen (columns): int64 [classes, classes]."""
    return torch.bincount(asked * classes + seen, minlength=classes**2).view(classes, classes)


def accuracy(asked: Tensor, seen: Tensor) -> float:
    """Share of pictures seen as the class that was asked for."""
    return (asked == seen).double().mean().item()


def class_coverage(seen: Tensor, classes: int) -> float:
    """Share of the classes that get at least COVERED_SHARE of an even share of the pictures."""
    counts = torch.bincount(seen, minlength=classes)
    return (counts >= COVERED_SHARE * len(seen) / classes).double().mean().item()


def some_of(features: Tensor, count: int, seed: int) -> Tensor:
    """At most `count` of the rows, chosen by the seed."""
    if len(features) <= count:
        return features
    return features[torch.randperm(len(features), generator=torch.Generator().manual_seed(seed))[:count]]


def _numpy_seed(seed: int) -> int:
    return seed % 2**32
