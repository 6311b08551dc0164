"""What truncation costs: the better the pictures, the fewer of the real ones they are like (Brock 2019, figure 2)."""

import torch
from torch import Tensor

from gan_core.beside import TruncationCost
from gan_core.datasets.loading import normalise
from gan_core.errors import WorkbenchError
from gan_core.latents import latents, truncate
from gan_core.metrics.classifier import seen_of
from gan_core.metrics.formulas import precision_recall, some_of
from gan_core.sampling import DRAW_BATCH, Model, OnShare, draw_batches, from_pixels

THRESHOLDS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, None)
"""Of `latents.truncate`; None is off."""
FEWEST = 20
PICTURES = 1_000


def measure(model: Model, real: Tensor, pictures: int, on_share: OnShare = lambda share: None) -> TruncationCost:
    """Precision and recall at each of THRESHOLDS, always of the same latents, by `classifier.seen_of`.

    Args:
        real: the training pictures, uint8 [N, C, H, W].
        pictures: how many are drawn at each, evenly of all classes. Of both, at least FEWEST.
        on_share: called with the share done.

    Raises WorkbenchError for fewer.
    """
    if min(len(real), pictures) < FEWEST:
        raise WorkbenchError("Precision and recall need at least {fewest} pictures of each kind.", fewest=FEWEST)
    seen = seen_of(model.metadata.config.dataset, model.metadata.spec.channels)
    normal = latents(pictures, model.metadata.config.latent_dim, seed=0)
    labels = torch.arange(pictures) % max(1, len(model.classes))
    wanted = torch.cat([seen(normalise(some)) for some in some_of(real, pictures, seed=0).split(DRAW_BATCH)])
    shares = []
    for number, threshold in enumerate(THRESHOLDS):
        squeezed = normal if threshold is None else truncate(normal, threshold)
        drawn = []
        for images in draw_batches(model.generator, squeezed, labels):
            drawn.append(seen(from_pixels(images)))
            on_share((number + min(1.0, len(drawn) * DRAW_BATCH / pictures)) / len(THRESHOLDS))
        shares.append(precision_recall(torch.cat(drawn), wanted))
    precision, recall = ([round(share, 4) for share in column] for column in zip(*shares, strict=True))
    return TruncationCost(pictures, model.weights, precision, recall)
