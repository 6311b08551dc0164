"""What keeps the discriminator from being too confident, too steep or overfitted. Pure functions, one a paper.

A critic here is any function of images [N, C, H, W] that gives logits [N]: the discriminator with its labels filled in.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]


def squared_slopes(critic: Critic, images: Tensor) -> Tensor:
    """||grad D(x)||^2, the squared length of the critic's gradient at each image: [N], itself differentiable."""
    images = images.detach().requires_grad_()
    # Each logit depends on its own image alone, so the gradient of their sum holds the gradient of each. (What the
    # others add through the deviation of a batch, Karras 2018, is small, and counted as the image's own.)
    (gradients,) = torch.autograd.grad(critic(images).sum(), images, create_graph=True)
    return gradients.flatten(1).square().sum(dim=1)


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, mixing: Tensor) -> Tensor:
    """E[(||grad D(x^)||_2 - 1)^2], the slope held at 1 on the way from real to fake (Gulrajani 2017, eq. 3).

    Args:
        mixing: e in [0, 1], uniform, [N]: x^ = e x + (1 - e) G(z) for each pair of images.
    """
    mixing = mixing.view(-1, 1, 1, 1)
    between = mixing * real + (1 - mixing) * fake
    # A root has no slope at 0; so far below any norm that matters, it does no harm.
    lengths = (squared_slopes(critic, between) + 1e-12).sqrt()
    return (lengths - 1).square().mean()


def r1_penalty(critic: Critic, real: Tensor) -> Tensor:
    """R1: 1/2 E[||grad D(x)||^2] at real images x (Mescheder 2018, eq. 9). The factor gamma is still to come."""
    return squared_slopes(critic, real).mean() / 2


def r2_penalty(critic: Critic, fake: Tensor) -> Tensor:
    """R2: the same at generated images (Mescheder 2018, eq. 10)."""
    return squared_slopes(critic, fake).mean() / 2


def drift(real_logits: Tensor) -> Tensor:
    """E[D(x)^2], which keeps D's answers [N] near 0: a Wasserstein loss only depends on differences.

    Karras 2018, appendix A.1; it lacks epsilon_drift.
    """
    return real_logits.square().mean()


def label_smoothing(real_logits: Tensor, amount: float) -> Tensor:
    """What makes the discriminator learn 1 - amount, not 1, as its answer for real images (Salimans 2016, section 3.4).

    With the target t = 1 - amount the cross entropy -t log D(x) - (1 - t) log(1 - D(x)) is -log D(x) + (1 - t) l,
    where l is the logit, since log(1 - D(x)) = log D(x) - l. Of least squares 1/2 (D(x) - t)^2 it is the same term,
    but for a constant. So the term is amount times E[l], whichever of these is D's loss on real images.
    """
    return amount * real_logits.mean()


@torch.no_grad()
def clip_weights(critic: nn.Module, limit: float) -> None:
    """w <- clip(w, -limit, limit) for each weight, after each step of the critic (Arjovsky 2017, algorithm 1)."""
    for weight in critic.parameters():
        weight.clamp_(-limit, limit)


def instance_noise(images: Tensor, deviation: float | Tensor, random: torch.Generator) -> Tensor:
    """Images with normal noise: then real and generated ones overlap (Sønderby 2017; Arjovsky & Bottou 2017)."""
    noise = torch.empty_like(images).normal_(generator=random)
    return images + deviation * noise
