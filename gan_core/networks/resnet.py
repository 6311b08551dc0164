"""Residual networks after Miyato 2018 (appendix B.4, table 4) with the projection of Miyato & Koyama 2018.

All blocks are of one width. The paper's start 4 pixels wide for pictures of 32; those of 28 start with 7, and one block
less.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.dcgan import START_SIZE, doublings
from gan_core.networks.layers import (
    ACTIVATIONS,
    Answer,
    Discriminator,
    Generator,
    Layers,
    Pixels,
    batch_norm,
    discriminator_end,
    generator_end,
    normalise_weights,
)

PLAIN_BLOCKS = 2
"""The discriminator's blocks at its smallest size; those before halve it."""


def xavier(network: nn.Module) -> None:
    """Initial weights by Glorot & Bengio 2010, as in the authors' code but for its gain of sqrt(2) inside blocks."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class UpBlock(nn.Module):
    """[N, W, H, H] and labels -> [N, W, 2 H, 2 H]."""

    def __init__(self, width: int, config: RunConfig, spec: ImageSpec):
        super().__init__()
        self.before = Layers(*generator_end(width, images=True, config=config, spec=spec))
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = Layers(
            *generator_end(width, images=True, config=config, spec=spec), nn.Conv2d(width, width, 3, padding=1)
        )
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        features = self.first(interpolate(self.before(inputs, labels), scale_factor=2))
        # A convolution of one pixel gives the same before the doubling, at a quarter of the cost.
        return self.second(features, labels) + interpolate(self.shortcut(inputs), scale_factor=2)


class ResnetGenerator(Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        width, start = config.generator_width, START_SIZE[spec.size]
        self.start_shape = (width, start, start)
        self.start = nn.Linear(self.tell(config, spec), width * start**2)
        self.blocks = nn.ModuleList(UpBlock(width, config, spec) for _ in range(doublings(spec.size)))
        # The last normalisation belongs to no class, in the paper.
        norm = [batch_norm(width, images=True)] if config.generator_normalisation == "batch" else []
        activation = ACTIVATIONS[config.generator_activation]()
        self.picture = nn.Sequential(*norm, activation, nn.Conv2d(width, spec.channels, 3, padding=1), Pixels())
        xavier(self)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        features = self.start(self.told(latents, labels)).unflatten(1, self.start_shape)
        features = features.contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            features = block(features, labels)
        return self.picture(features)


class DownBlock(nn.Module):
    """[N, inputs, H, H] -> [N, W, H, H], or half as high and wide.

    Args:
        first: whether it sees the picture itself, which no activation may spoil.
    """

    def __init__(self, inputs: int, width: int, config: RunConfig, halves: bool, first: bool = False):
        super().__init__()
        norms = config.discriminator_normalisation == "batch" and not first

        def before(maps: int) -> list[nn.Module]:
            norm = [batch_norm(maps, images=True)] if norms else []
            return [*norm, *discriminator_end(config)]

        self.layers = nn.Sequential(
            *([] if first else before(inputs)),
            nn.Conv2d(inputs, width, 3, padding=1),
            *before(width),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(inputs, width, 1) if halves else None
        self.halves = halves

    def forward(self, inputs: Tensor) -> Tensor:
        features = self.layers(inputs)
        if not self.halves:
            return features + inputs
        # The mean of four pixels and a convolution of one may change places; so it sees a quarter of them.
        return avg_pool2d(features, 2) + self.shortcut(avg_pool2d(inputs, 2))


class ResnetDiscriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> Answer."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        self.compares = config.discriminator_normalisation == "batch"
        width = config.discriminator_width
        self.blocks = nn.Sequential(
            DownBlock(spec.channels + self.tell(config, spec), width, config, halves=True, first=True),
            DownBlock(width, width, config, halves=True),
            *(DownBlock(width, width, config, halves=False) for _ in range(PLAIN_BLOCKS)),
        )
        self.last = ACTIVATIONS[config.discriminator_activation]()
        self.verdict = nn.Linear(width, 1)
        self.end(width, config, spec)
        xavier(self)
        normalise_weights(self, config.discriminator_normalisation)

    def forward(self, images: Tensor, labels: Tensor) -> Answer:
        features = self.last(self.blocks(self.told(images, labels))).sum(dim=(2, 3))
        return self.answer(self.verdict(features), features, labels)
