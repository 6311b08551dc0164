"""Residual networks after Miyato 2018 (appendix B.4, table 4) with the projection of Miyato & Koyama 2018.

All blocks have the same width. Images of 32 pixels are generated from 4 x 4 feature maps, as in the paper; those of 28
from 7 x 7, with one block less.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.dcgan import START_SIZE, doublings
from gan_core.networks.layers import (
    ConditionalSequential,
    Discriminator,
    DiscriminatorOutput,
    Float32Tanh,
    Generator,
    activation,
    apply_spectral_norm,
    normalisation,
)

PLAIN_BLOCKS = 2
"""The discriminator's blocks at its smallest size, behind the two that halve it."""


def xavier(network: nn.Module) -> None:
    """Initial weights by Glorot & Bengio 2010, biases 0. Inside blocks the authors' code also has a gain of sqrt(2)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class UpBlock(nn.Module):
    """[N, W, H, H] and labels int64 [N] -> [N, W, 2 H, 2 H].

    Args:
        classes: of its `normalisation`.
    """

    def __init__(self, width: int, config: RunConfig, classes: int):
        super().__init__()

        def norm_activation() -> list[nn.Module]:
            norm = normalisation(config.generator_normalisation, width, images=True, classes=classes)
            return [*norm, *activation(config.generator_activation)]

        self.before = ConditionalSequential(*norm_activation())
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = ConditionalSequential(*norm_activation(), nn.Conv2d(width, width, 3, padding=1))
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        features = self.first(interpolate(self.before(inputs, labels), scale_factor=2))
        # A 1 x 1 convolution gives the same before the doubling, at a quarter of the cost.
        return self.second(features, labels) + interpolate(self.shortcut(inputs), scale_factor=2)


class ResnetGenerator(Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        width, start = config.generator_width, START_SIZE[spec.size]
        self.start_shape = (width, start, start)
        self.start = nn.Linear(self.input_size, width * start**2)
        self.blocks = nn.ModuleList(UpBlock(width, config, self.norm_classes) for _ in range(doublings(spec.size)))
        self.picture = nn.Sequential(
            *normalisation(config.generator_normalisation, width, images=True),  # not conditional, as in the paper
            *activation(config.generator_activation),
            nn.Conv2d(width, spec.channels, 3, padding=1),
            Float32Tanh(),
        )
        xavier(self)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        features = self.start(self.with_label(latents, labels)).unflatten(1, self.start_shape)
        features = features.contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            features = block(features, labels)
        return self.picture(features)


class DownBlock(nn.Module):
    """[N, inputs, H, H] -> [N, W, H / 2, H / 2], or [N, W, H, H] without downsampling.

    Args:
        first: whether its input is the image, to which no activation is applied.
    """

    def __init__(self, inputs: int, width: int, config: RunConfig, downsample: bool, first: bool = False):
        super().__init__()

        def norm_activation(features: int) -> list[nn.Module]:
            norm = [] if first else normalisation(config.discriminator_normalisation, features, images=True)
            return [*norm, *activation(config.discriminator_activation, config.dropout)]

        self.layers = nn.Sequential(
            *([] if first else norm_activation(inputs)),
            nn.Conv2d(inputs, width, 3, padding=1),
            *norm_activation(width),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(inputs, width, 1) if downsample else None

    def forward(self, inputs: Tensor) -> Tensor:
        features = self.layers(inputs)
        if self.shortcut is None:
            return features + inputs
        # Pooling and a 1 x 1 convolution commute; pooling first, the convolution costs a quarter.
        return avg_pool2d(features, 2) + self.shortcut(avg_pool2d(inputs, 2))


class ResnetDiscriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> DiscriminatorOutput."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        self.uses_batch_statistics = config.discriminator_normalisation == "batch"
        width = config.discriminator_width
        self.blocks = nn.Sequential(
            DownBlock(spec.channels + self.label_channels, width, config, downsample=True, first=True),
            DownBlock(width, width, config, downsample=True),
            *(DownBlock(width, width, config, downsample=False) for _ in range(PLAIN_BLOCKS)),
        )
        self.last = nn.Sequential(*activation(config.discriminator_activation))
        self.head = nn.Linear(width, 1)
        self.add_class_heads(width, config, spec)
        xavier(self)
        if config.discriminator_normalisation == "spectral":
            apply_spectral_norm(self)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        features = self.last(self.blocks(self.with_label(images, labels))).sum(dim=(2, 3))
        return self.output(self.head(features), features, labels)
