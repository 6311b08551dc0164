"""Walks through what a generator can draw: from stop to stop, as frames of a film.

A stop is a latent and a class. Between two stops the latent goes straight or along a great circle. The class goes
straight: what stands for it in the generator, its one-hot label or its learnt scales and shifts, is mixed by weights.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, one_hot

from gan_core.latents import in_double
from gan_core.metrics.classifier import seen_of
from gan_core.sampling import Model, Order, draw_batches, from_pixels

SMALLEST_SINE = 1e-6
AT_ONCE = 30
"""Frames that are drawn together: a second of film, so that it can soon begin."""


def slerp(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """From start to end [N, D] along the great circle, by shares [N, 1] in 0..1 (Shoemake 1985, section 3.3).

    sin((1 - s) w) / sin w * start + sin(s w) / sin w * end, with the angle w between them. Latents of many dimensions
    all have nearly the same length, and so have those in between; half-way on a straight line they are shorter by a
    factor of about 0.7, which the generator has hardly ever seen (White 2016, section 2.1).

    Those in the same or in opposite directions have no circle of their own, and are connected straight.
    """
    a, b, s = in_double(start), in_double(end), in_double(share)
    angle = cosine_similarity(a, b, dim=1).clamp(-1, 1).acos()[:, None]
    sine = angle.sin()
    curved = (((1 - s) * angle).sin() * a + (s * angle).sin() * b) / sine
    return torch.where(sine > SMALLEST_SINE, curved, torch.lerp(a, b, s)).to(start)


class Walk(NamedTuple):
    """A way from stop to stop.

    Args:
        latents: of the S stops, at least two, float32 [S, latent_dim].
        classes: the weight of each class at each stop, float32 [S, K]; an unconditional generator ignores it.
        closed: whether it leads from the last stop back to the first.
        spherical: whether latents go along great circles; else straight.
    """

    latents: Tensor
    classes: Tensor
    closed: bool = False
    spherical: bool = True

    @property
    def legs(self) -> int:
        """Ways between two stops."""
        return len(self.latents) - (not self.closed)

    def at(self, times: Tensor) -> tuple[Tensor, Tensor]:
        """Latents [N, latent_dim] and weights of the classes [N, K] at times [N] in 0..legs; stop n is at time n."""
        leg = times.floor().clamp(0, self.legs - 1)
        share = (times - leg).float()[:, None]
        here = leg.long()
        there = (here + 1) % len(self.latents)
        between = slerp if self.spherical else torch.lerp
        latents = between(self.latents[here], self.latents[there], share)
        return latents, torch.lerp(self.classes[here], self.classes[there], share)


def frames_of(stops: int, of_leg: int, closed: bool) -> int:
    """How many frames a walk has with so many from one stop to the next. One that is not closed ends at its last."""
    return stops * of_leg if closed else (stops - 1) * of_leg + 1


def to_draw(stops: int, of_leg: int, closed: bool, evenly: bool) -> int:
    """How many pictures `draw` draws for it."""
    measured = (stops if closed else stops - 1) * of_leg + 1
    return frames_of(stops, of_leg, closed) + (measured if evenly else 0)


def between_pictures(order: Order, numbers: list[int], classes: int, closed: bool, spherical: bool) -> Walk:
    """From picture to picture of an order, by their numbers, counted from 1.

    Args:
        classes: how many the model knows, at least 1.
    """
    stops = torch.tensor(numbers) - 1
    return Walk(order.latents[stops], one_hot(order.labels[stops], classes).float(), closed, spherical)


def between_classes(order: Order, number: int, wanted: list[int], classes: int, closed: bool) -> Walk:
    """From class to class with the latent of one picture, by the classes' numbers."""
    latent = order.latents[[number - 1]].expand(len(wanted), -1)
    return Walk(latent, one_hot(torch.tensor(wanted), classes).float(), closed)


class Drawn(NamedTuple):
    """What was just drawn.

    Args:
        pictures: all by now, those too that only measured the way.
        frames: the next frames, uint8 [B, H, W, C]; none while the way is measured.
    """

    pictures: int
    frames: np.ndarray | None


def draw(model: Model, walk: Walk, of_leg: int, evenly: bool = False) -> Iterator[Drawn]:
    """The walk's frames, batch by batch.

    Args:
        of_leg: frames from one stop to the next.
        evenly: whether each frame is as far from the one before, in features. Then the way is drawn once to measure it,
            and once more at other times. Stops between the ends may fall between frames.
    """
    pictures, frames = 0, frames_of(len(walk.latents), of_leg, walk.closed)
    times = torch.linspace(0, walk.legs, walk.legs * of_leg + 1, dtype=torch.float64)
    if evenly:
        seen, parts = seen_of(model.metadata.config.dataset, model.metadata.spec.channels), []
        for images in draw_batches(model.generator, *walk.at(times), AT_ONCE):
            parts.append(seen(from_pixels(images)))
            pictures += len(images)
            yield Drawn(pictures, None)
        times = even_times(times, torch.cat(parts))
    for images in draw_batches(model.generator, *walk.at(times[:frames]), AT_ONCE):
        pictures += len(images)
        yield Drawn(pictures, images)


def even_times(times: Tensor, features: Tensor) -> Tensor:
    """As many times, from the same first to the same last, that divide the way into pieces of the same length.

    The way's length in feature space is that of the straight lines between the features at the given times.

    Args:
        times: increasing, float64 [N].
        features: of the pictures at these times, [N, D].
    """
    steps = (features[1:] - features[:-1]).double().norm(dim=1)
    travelled = torch.cat([steps.new_zeros(1), steps.cumsum(0)])
    if travelled[-1] == 0:
        return times
    wanted = np.linspace(0, float(travelled[-1]), len(times))
    return torch.from_numpy(np.interp(wanted, travelled.numpy(), times.numpy()))
