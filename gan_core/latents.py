"""The random numbers that pictures are made of, and what can be done with them."""

import base64
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.special import ndtr, ndtri

from gan_core.errors import WorkbenchError


def latents(count: int, latent_dim: int, seed: int) -> Tensor:
    """Standard normal [count, latent_dim], from the seed alone. On the CPU, so that every device draws the same."""
    return torch.randn(count, latent_dim, generator=torch.Generator().manual_seed(seed))


def in_double(tensor: Tensor) -> Tensor:
    """In float64 on the CPU, since Apple's GPUs have none."""
    return tensor.cpu().double()


def truncate(normal: Tensor, threshold: float) -> Tensor:
    """Standard normals z of any shape, squeezed into [-t, t]: z' = Phi^-1(Phi(-t) + Phi(z) (Phi(t) - Phi(-t))).

    Pictures become more alike and, of a good model, better: the truncation trick of Brock 2019, section 3.1. There
    numbers beyond t are drawn anew, so a picture jumps when t passes one of its numbers. This inverse of the truncated
    normal's distribution function gives numbers of the same distribution, but lets each picture change smoothly
    with t, up to the picture that it is without truncation.

    Args:
        threshold: t, 0 or more, in standard deviations.

    Raises WorkbenchError if it is negative or no number.
    """
    if not threshold >= 0:
        raise WorkbenchError("A truncation of {given} makes no sense; give 0 or more.", given=threshold)
    t = torch.tensor(threshold, dtype=torch.float64)
    # Computed for -|z| and mirrored: Phi keeps all its digits on the negative side alone.
    given = in_double(normal)
    lower = ndtr(-t) + ndtr(-given.abs()) * (1 - 2 * ndtr(-t))
    squeezed = (-ndtri(lower)).clamp(0, threshold)
    return (squeezed * given.sign()).to(normal)


def directions(generator: nn.Module, latent_dim: int, count: int) -> Tensor:
    """The directions of the latent space along which the generator's first layer changes most, [count, latent_dim].

    Unit vectors, the strongest first, at most latent_dim of them. They are the right singular vectors of the layer's
    weight A, which maximise |A n| (SeFa: Shen & Zhou 2021); columns for the label are left out. A singular
    vector's sign is arbitrary: its largest component is made positive, so that the sign is the same on every machine.
    """
    first = next(module for module in generator.modules() if isinstance(module, nn.Linear))
    weight = in_double(first.weight[:, :latent_dim].detach())
    return _signed(torch.linalg.eigh(weight.T @ weight).eigenvectors.T.flip(0)[:count])  # eigh: the weakest first


def white_latents(count: int, latent_dim: int, seed: int) -> Tensor:
    """Latents whose mean is exactly 0 and covariance exactly 1, so that few show what many would, [count, latent_dim].

    There must be more of them than dimensions.
    """
    centred = in_double(latents(count, latent_dim, seed))
    centred = centred - centred.mean(dim=0)
    return (torch.linalg.qr(centred).Q * math.sqrt(count)).float()


def principal_directions(features: Tensor, latents: Tensor, groups: Tensor, count: int) -> Tensor:
    """The directions of the latent space that move features along their principal components, [count, latent_dim].

    Härkönen 2020 (GANSpace), section 2.1: PCA of a layer's features of many latents, then each component's direction u
    by least squares, min sum |u x - z|^2, of the latents z from the coordinates x along that component. Unit vectors
    with signs as those of `directions`, the component of the largest variance first.

    Args:
        features: [N, P], more than `count` of them.
        latents: what they were drawn from, [N, latent_dim].
        groups: int64 [N]; components are those within a group, as of one class, since classes have their own means.
        count: at most N - 1.
    """
    centred = in_double(features)
    for group in groups.unique():
        centred[groups == group] -= centred[groups == group].mean(dim=0)
    # The components' coordinates by way of the N x N matrix, since there are more features than latents.
    coordinates = torch.linalg.eigh(centred @ centred.T).eigenvectors.T.flip(0)[:count]
    moved = coordinates @ in_double(latents)  # |x|^2 u
    return _signed(moved / moved.norm(dim=1, keepdim=True))


def _signed(vectors: Tensor) -> Tensor:
    """Float32, each row's largest component positive."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return (vectors * largest.sign()).float()


FARTHEST = 10.0
"""No number of a latent lies as far from 0 by chance."""


def to_text(latent: Tensor) -> str:
    """A latent [D] as text for an address: half precision, 8 letters for 3 numbers."""
    return base64.urlsafe_b64encode(latent.half().numpy().astype("<f2").tobytes()).decode()


def from_text(text: str, latent_dim: int) -> Tensor:
    """The inverse, float32. Raises WorkbenchError if it is no latent of so many numbers, or of absurd ones."""
    try:
        numbers = np.frombuffer(base64.b64decode(text[: 4 * latent_dim], b"-_", validate=True), "<f2")
    except ValueError:
        numbers = np.empty(0)
    if len(numbers) != latent_dim or not (np.abs(numbers) <= FARTHEST).all():
        raise WorkbenchError("The picture of one's own in this link is none of this model's; it is left out.")
    return torch.from_numpy(numbers.astype(np.float32))


def move(latent: Tensor, directions: Tensor, amounts: Tensor) -> Tensor:
    """From one latent [D] to [N, D]: by amounts [N, K], in standard deviations, along directions [K, D]."""
    return latent + amounts @ directions
