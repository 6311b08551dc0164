"""The nearest picture that a generator can draw to a given one, found by optimising the latent (projection)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_core.datasets.loading import normalise
from gan_core.latents import latents
from gan_core.metrics.classifier import seen_of
from gan_core.sampling import DRAW_BATCH, Model, to_pixels

CANDIDATES = 600
STARTS = 8
"""So many latents are drawn, and of these the nearest are moved."""
STEPS = 150
FRAME_EVERY = 3
AT_ONCE = 2_000
"""Training pictures that are compared at a time."""
RATE = 0.1
"""Of Adam; it falls to a tenth in a straight line."""
FEATURES = 0.1
PRIOR = 1e-3
"""Weights of the distance in features and of the latent's length, beside the distance in pixels."""


class Look(NamedTuple):
    """How far a search is, and the nearest picture so far.

    Args:
        share: of the work, 0 to 1.
        picture: uint8 [H, W, C].
        distance: of its pixels from the wanted ones, root mean square: 0 is the same, 1 black in place of white.
        latent: float32 [latent_dim].
        label: its class's number; 0 if the model is unconditional.
    """

    share: float
    picture: np.ndarray
    distance: float
    latent: Tensor
    label: int


def cost_in_pictures() -> int:
    """How many pictures could be drawn in the time of a search; a gradient takes about twice as long as a picture."""
    return CANDIDATES + 3 * STARTS * STEPS


def project(model: Model, wanted: Tensor, labels: list[int], seed: int = 0) -> Iterator[Look]:
    """A search, look by look; the last is the result.

    Of random latents the STARTS nearest are moved by Adam (Kingma & Ba 2015) to make smaller: the mean squared distance
    in pixels, plus FEATURES times the squared distance in features as a share of their squared length, plus PRIOR times
    the latent's mean square, which is 1 for those that the generator has learnt from.

    Args:
        wanted: float32 [C, S, S] in [-1, 1], of the model's size.
        labels: the classes that may be drawn; [0] if the model is unconditional.
        seed: of the first latents.
    """
    measure = _Measure(model, wanted)
    latent, label = _nearest_of_random(measure, labels, seed)
    latent.requires_grad_()
    optimizer = torch.optim.Adam([latent], RATE)
    for step in range(STEPS + 1):
        optimizer.param_groups[0]["lr"] = RATE * (1 - 0.9 * step / STEPS)
        with torch.enable_grad():
            images = model.generator(latent, label)
            losses = measure.losses(images)
            total = (losses + PRIOR * latent.square().mean(dim=1)).sum()
        if step % FRAME_EVERY == 0 or step == STEPS:
            yield measure.look(step / STEPS, images.detach(), losses.detach(), latent.detach(), label)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()


def neighbours(wanted: Tensor, images: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The pictures whose pixels are nearest to the wanted ones: their numbers int64 [count], and distances as in Look.

    Args:
        wanted: as `project` takes it.
        images: uint8 [N, C, S, S].
    """
    parts = [(normalise(some) - wanted).square().mean(dim=(1, 2, 3)) for some in images.split(AT_ONCE)]
    nearest = torch.cat(parts).topk(min(count, len(images)), largest=False)
    return nearest.indices, nearest.values.sqrt() / 2


class _Measure:
    """How far images are from the wanted one."""

    def __init__(self, model: Model, wanted: Tensor):
        self.model, self.wanted = model, wanted
        self.seen = seen_of(model.metadata.config.dataset, model.metadata.spec.channels)
        self.features = self.seen(wanted[None])

    def losses(self, images: Tensor) -> Tensor:
        """[N] of images [N, C, S, S]."""
        in_pixels = (images - self.wanted).square().mean(dim=(1, 2, 3))
        apart = (self.seen(images) - self.features).square().sum(dim=1)
        return in_pixels + FEATURES * apart / self.features.square().sum().clamp(min=1e-9)

    def look(self, share: float, images: Tensor, losses: Tensor, latent: Tensor, label: Tensor) -> Look:
        """At the nearest of them."""
        best = int(losses.argmin())
        distance = (images[best] - self.wanted).square().mean().sqrt().item() / 2
        return Look(share, to_pixels(images[[best]])[0], distance, latent[best].clone(), int(label[best]))


@torch.no_grad()
def _nearest_of_random(measure: _Measure, labels: list[int], seed: int) -> tuple[Tensor, Tensor]:
    """Latents [STARTS, latent_dim] and their labels."""
    model = measure.model
    normal = latents(CANDIDATES, model.metadata.config.latent_dim, seed)
    label = torch.tensor(labels)[torch.arange(CANDIDATES) % len(labels)]
    losses = [
        measure.losses(model.generator(some, some_labels))
        for some, some_labels in zip(normal.split(DRAW_BATCH), label.split(DRAW_BATCH), strict=True)
    ]
    nearest = torch.cat(losses).topk(STARTS, largest=False).indices
    return normal[nearest], label[nearest]
