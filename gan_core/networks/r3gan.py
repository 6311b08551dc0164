"""Residual networks without normalisation, after R3GAN (Huang 2024, section 3.4 and appendix), at laptop size.

Their blocks are ResNeXt's with fix-up initialisation. Where the size is halved, the width is doubled. As in the
authors' code, only what an activation follows has a bias; a verdict's would be dead in a relativistic loss.

The paper resamples by a smooth filter; these double pixels as they are, since the gradient of a bilinear doubling alone
takes a CPU three times as long as the block behind it.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.dcgan import START_SIZE, widths_of
from gan_core.networks.layers import (
    ACTIVATIONS,
    Answer,
    Discriminator,
    Generator,
    Pixels,
    WithoutBias,
    discriminator_end,
)

EXPANSION = 2
"""A block's inner convolution is so many times as wide as what comes in."""
GROUP = 16
"""Feature maps that belong together in the inner convolution, at most; the others do not see them."""


class Block(nn.Module):
    """x + f(x), f of three convolutions with 1, 3 and 1 pixels: [N, W, H, H] -> the same.

    Fix-up (Zhang 2019): the last convolution begins as 0, so that each block begins as if it were not there; the
    others begin smaller, the more blocks there are, by L^(-1/4) for L of them.
    """

    def __init__(self, width: int, blocks: int, end: Callable[[], list[nn.Module]]):
        super().__init__()
        inner = width * EXPANSION
        groups = inner // math.gcd(inner, GROUP)
        first = nn.Conv2d(width, inner, 1)
        middle = nn.Conv2d(inner, inner, 3, padding=1, groups=groups)
        last = nn.Conv2d(inner, width, 1, bias=False)
        for convolution in (first, middle):  # He 2015, eq. 15, times L^(-1/4)
            nn.init.kaiming_normal_(convolution.weight, a=0.2)
            convolution.weight.data *= blocks**-0.25
            nn.init.zeros_(convolution.bias)
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(first, *end(), middle, *end(), last)

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.layers(inputs)


def resize(inputs: int, outputs: int) -> nn.Conv2d:
    """What changes the width between two sizes: a convolution of one pixel, its output as strong as its input."""
    convolution = nn.Conv2d(inputs, outputs, 1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="linear")
    return convolution


class R3Generator(Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1].

    It begins with a learnt image of its smallest size, each feature map times a number that the latent decides. The
    paper's last layer is linear; here tanh ends it, as all generators draw in [-1, 1].
    """

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        widths = widths_of(config.generator_width, spec.size, also_full_size=True)[::-1]
        start = START_SIZE[spec.size]
        self.start = WithoutBias(self.tell(config, spec, math.sqrt(config.latent_dim)), widths[0])
        nn.init.kaiming_normal_(self.start.weight, nonlinearity="linear")
        self.basis = nn.Parameter(torch.randn(widths[0], start, start))

        self.blocks = nn.ModuleList(
            Block(width, len(widths), lambda: [ACTIVATIONS[config.generator_activation]()]) for width in widths
        )
        self.narrow = nn.ModuleList(resize(before, after) for before, after in pairwise(widths))
        self.picture = resize(widths[-1], spec.channels)
        self.pixels = Pixels()

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        features = self.start(self.told(latents, labels))[:, :, None, None] * self.basis
        features = self.blocks[0](features.contiguous(memory_format=torch.channels_last))
        for narrow, block in zip(self.narrow, self.blocks[1:], strict=True):
            features = block(interpolate(narrow(features), scale_factor=2))
        return self.pixels(self.picture(features))


class R3Discriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> Answer."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        widths = widths_of(config.discriminator_width, spec.size, also_full_size=True)
        start = START_SIZE[spec.size]
        self.picture = resize(spec.channels + self.tell(config, spec), widths[0])

        self.blocks = nn.ModuleList(Block(width, len(widths), lambda: discriminator_end(config)) for width in widths)
        self.widen = nn.ModuleList(resize(before, after) for before, after in pairwise(widths))
        # Each feature map is weighed at every place by itself, down to one number.
        self.basis = nn.Conv2d(widths[-1], widths[-1], start, groups=widths[-1], bias=False)
        nn.init.kaiming_normal_(self.basis.weight, nonlinearity="linear")
        self.verdict = WithoutBias(widths[-1], 1)
        self.end(widths[-1], config, spec)

    def forward(self, images: Tensor, labels: Tensor) -> Answer:
        features = self.blocks[0](self.picture(self.told(images, labels)))
        for widen, block in zip(self.widen, self.blocks[1:], strict=True):
            features = block(widen(avg_pool2d(features, 2)))
        features = self.basis(features).flatten(1)
        return self.answer(self.verdict(features), features, labels)
