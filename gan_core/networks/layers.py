"""What the families of networks are put together from."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import register_parametrization

from gan_core.config import ImageSpec, RunConfig

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


def batch_norm(features: int, images: bool, affine: bool = True) -> nn.Module:
    """Batch normalisation (Ioffe & Szegedy 2015) of [N, features] or, for images, [N, features, H, W].

    Args:
        affine: whether a scale and a shift, which are learnt, follow.
    """
    return (nn.BatchNorm2d if images else nn.BatchNorm1d)(features, momentum=BATCH_NORM_MOMENTUM, affine=affine)


class ConditionalBatchNorm(nn.Module):
    """Batch normalisation, and then a scale and a shift that belong to the class (Dumoulin 2017, eq. 5)."""

    def __init__(self, features: int, images: bool, classes: int):
        super().__init__()
        self.normalise = batch_norm(features, images, affine=False)
        self.scales = nn.Embedding(classes, features, _weight=torch.ones(classes, features))
        self.shifts = nn.Embedding(classes, features, _weight=torch.zeros(classes, features))

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """[N, features, ...] and labels int64 [N] -> the same shape."""
        shape = (len(inputs), -1, *[1] * (inputs.dim() - 2))
        return self.normalise(inputs) * self.scales(labels).view(shape) + self.shifts(labels).view(shape)


def generator_end(features: int, images: bool, config: RunConfig, spec: ImageSpec) -> list[nn.Module]:
    """What ends a hidden layer of a generator: its normalisation, if the config wants one, and its activation."""
    activation = ACTIVATIONS[config.generator_activation]()
    if config.generator_normalisation == "none":
        return [activation]
    if config.tells_by_batch_norm:
        return [ConditionalBatchNorm(features, images, len(spec.classes)), activation]
    return [batch_norm(features, images), activation]


class Layers(nn.Sequential):
    """One layer after the other; those that are of a class's own are told the labels."""

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        for layer in self:
            inputs = layer(inputs, labels) if isinstance(layer, ConditionalBatchNorm) else layer(inputs)
        return inputs


def discriminator_end(config: RunConfig) -> list[nn.Module]:
    """What ends a hidden layer of a discriminator: its activation, and dropout if the config wants it."""
    activation = ACTIVATIONS[config.discriminator_activation]()
    return [activation, nn.Dropout(config.dropout)] if config.dropout else [activation]


class Pixels(nn.Module):
    """What ends every generator: numbers of any size -> tanh of them, in [-1, 1], computed in float32.

    In bfloat16 tanh rounds to 1 beyond 3.46, where its gradient 1 - tanh^2 then is 0: such a pixel learns no more.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.float().tanh()


class OneHot(nn.Module):
    """Labels int64 [N] -> float [N, classes], all 0 but for a single `size`.

    A look-up in the identity matrix: torch's own one_hot checks the labels' range, which makes a GPU wait.
    """

    identity: Tensor

    def __init__(self, classes: int, size: float = 1.0):
        super().__init__()
        self.register_buffer("identity", size * torch.eye(classes), persistent=False)

    def forward(self, labels: Tensor) -> Tensor:
        return embedding(labels, self.identity)


class WithoutBias(nn.Linear):
    """A fully connected layer without bias, unless it takes up the weights of a file from when it had one."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, bias=False)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *others: Any) -> None:
        if self.bias is None and f"{prefix}bias" in state_dict:
            self.bias = nn.Parameter(self.weight.new_empty(self.out_features), self.weight.requires_grad)
        super()._load_from_state_dict(state_dict, prefix, *others)


class Answer(NamedTuple):
    """What a discriminator says of images: logits [N], and [N, classes] where it has an auxiliary classifier."""

    logits: Tensor
    class_logits: Tensor | None = None

    def halves(self) -> "tuple[Answer, Answer]":
        """The answers to the first half of the images and to the second."""
        middle = len(self.logits) // 2
        if self.class_logits is None:
            return Answer(self.logits[:middle]), Answer(self.logits[middle:])
        return (
            Answer(self.logits[:middle], self.class_logits[:middle]),
            Answer(self.logits[middle:], self.class_logits[middle:]),
        )


class Generator(nn.Module):
    """What all generators share: how the label comes in."""

    def tell(self, config: RunConfig, spec: ImageSpec, size: float = 1.0) -> int:
        """Prepare to be told the class; returns how many numbers the first layer takes.

        Args:
            size: the one number by which the label stands beside the latent.
        """
        beside = config.conditional and config.generator_conditioning == "concatenate"
        self.one_hot = OneHot(len(spec.classes), size) if beside else None
        return config.latent_dim + (len(spec.classes) if beside else 0)

    def told(self, latents: Tensor, labels: Tensor) -> Tensor:
        """The first layer's input: latents [N, latent_dim], the label beside them if that is how it comes in."""
        return torch.cat([latents, self.one_hot(labels)], dim=1) if self.one_hot else latents


class Discriminator(nn.Module):
    """What all discriminators share: how the label comes in, and what is said at the end.

    Told by projection (Miyato & Koyama 2018, eq. 3), it adds the inner product of its features with a vector that it
    learns for the class. An auxiliary classifier (Odena 2017) looks at the same features.
    """

    compares = False
    """Whether an image's answer depends on the others of its batch."""

    def tell(self, config: RunConfig, spec: ImageSpec) -> int:
        """Prepare to be told the class; returns how many numbers stand beside the image, or each of its pixels."""
        how = config.discriminator_conditioning if config.conditional else "none"
        self.beside, self.projects = how == "concatenate", how == "projection"
        self.one_hot = OneHot(len(spec.classes)) if how != "none" else None
        return len(spec.classes) if self.beside else 0

    def told(self, images: Tensor, labels: Tensor) -> Tensor:
        """The first layer's input: images [N, C, H, W] or pixels [N, P], the label beside them if it comes in so."""
        if not self.beside:
            return images
        label = self.one_hot(labels)
        if images.dim() == 4:
            label = label[:, :, None, None].expand(-1, -1, *images.shape[2:])
        return torch.cat([images, label], dim=1)

    def end(self, features: int, config: RunConfig, spec: ImageSpec) -> None:
        """Make what looks at so many features besides the verdict."""
        classes = len(spec.classes)
        self.class_vectors = nn.Linear(classes, features, bias=False) if self.projects else None
        self.classifier = nn.Linear(features, classes) if config.classifies else None

    def answer(self, verdict: Tensor, features: Tensor, labels: Tensor) -> Answer:
        """From the verdict on the image alone [N, 1], its features [N, F] and labels int64 [N]."""
        logits = verdict.squeeze(1)
        if self.class_vectors:
            logits = logits + (self.class_vectors(self.one_hot(labels)) * features).sum(dim=1)
        return Answer(logits, self.classifier(features) if self.classifier else None)


class SpectralNorm(_SpectralNorm):
    """torch's, in float32 also where the layers compute in bfloat16.

    There autocast has GPUs multiply in bfloat16, and singular vectors of three digits are no longer of length 1.
    """

    def forward(self, weight: Tensor) -> Tensor:
        if weight.is_meta:  # on paper nothing is computed, and there is no autocast
            return super().forward(weight)
        with torch.autocast(weight.device.type, enabled=False):
            return super().forward(weight)


def normalise_weights(discriminator: nn.Module, normalisation: str) -> None:
    """If `spectral` is asked for, every layer's weight is divided by its largest singular value (Miyato 2018, eq. 8).

    Not the auxiliary classifier's, whose answers must be free to be sure.
    """
    if normalisation != "spectral":
        return
    for name, module in list(discriminator.named_modules()):
        if isinstance(module, nn.Conv2d | nn.Linear) and name != "classifier":
            register_parametrization(module, "weight", SpectralNorm(module.weight))
