"""What both families of networks are put together from."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding
from torch.nn.utils.parametrizations import spectral_norm

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}

# Keras says how much of the old average stays (0.8), torch how much of the new value comes in (0.2).
BATCH_NORM_MOMENTUM = 0.2


def batch_norm(features: int, images: bool) -> nn.Module:
    """Batch normalisation (Ioffe & Szegedy 2015) of [N, features] or, for images, [N, features, H, W]."""
    return (nn.BatchNorm2d if images else nn.BatchNorm1d)(features, momentum=BATCH_NORM_MOMENTUM)


def maybe_spectral(layer: nn.Module, normalisation: str) -> nn.Module:
    """The layer, its weight divided by its largest singular value if `spectral` is asked for (Miyato 2018, eq. 8)."""
    return spectral_norm(layer) if normalisation == "spectral" else layer


class OneHot(nn.Module):
    """Labels int64 [N] -> float [N, classes] with a single 1.

    A look-up in the identity matrix: torch's own one_hot checks the labels' range, which makes a GPU wait.
    """

    identity: Tensor

    def __init__(self, classes: int):
        super().__init__()
        self.register_buffer("identity", torch.eye(classes), persistent=False)

    def forward(self, labels: Tensor) -> Tensor:
        return embedding(labels, self.identity)
