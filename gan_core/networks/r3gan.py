"""Residual networks without normalisation, after R3GAN (Huang 2024, section 3.4 and appendix), at laptop size.

Their blocks are ResNeXt's with fix-up initialisation. Where the size is halved, the width is doubled. As in the
authors' code, only layers that an activation follows have a bias; in the head it would have no effect on a relativistic
loss.

The paper resamples by a smooth filter. Here upsampling repeats pixels: on a CPU the gradient of bilinear upsampling
alone takes three times as long as the block behind it.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gan_core.config import Activation, ImageSpec, RunConfig
from gan_core.networks.dcgan import START_SIZE, widths_of
from gan_core.networks.layers import (
    Discriminator,
    DiscriminatorOutput,
    Float32Tanh,
    Generator,
    LinearWithoutBias,
    activation,
)

EXPANSION = 2
"""Width of a block's inner convolution, as a multiple of the width of its input."""
GROUP = 16
"""Feature maps of one group of the inner, grouped convolution, at most."""


class Block(nn.Module):
    """x + f(x), f of 1 x 1, 3 x 3 and 1 x 1 convolutions: [N, W, H, H] -> the same.

    Fix-up (Zhang 2019): the last convolution begins as 0, so that each block begins as the identity. With L blocks, the
    others' initial weights are scaled by L^(-1/4).
    """

    def __init__(self, width: int, blocks: int, activation_name: Activation, dropout: float = 0.0):
        super().__init__()
        inner = width * EXPANSION
        groups = inner // math.gcd(inner, GROUP)
        first = nn.Conv2d(width, inner, 1)
        middle = nn.Conv2d(inner, inner, 3, padding=1, groups=groups)
        last = nn.Conv2d(inner, width, 1, bias=False)
        for convolution in (first, middle):  # He 2015, eq. 15, times L^(-1/4)
            nn.init.kaiming_normal_(convolution.weight, a=0.2)
            convolution.weight.data *= blocks**-0.25
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(
            first, *activation(activation_name, dropout), middle, *activation(activation_name, dropout), last
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.layers(inputs)


def conv1x1(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1 x 1 convolution without bias that changes the number of channels and keeps their variance."""
    convolution = nn.Conv2d(inputs, outputs, 1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="linear")
    return convolution


class R3Generator(Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1].

    It begins with learnt feature maps of the smallest size, each scaled by a number computed from the latent. The
    paper's last layer is linear; here tanh follows, as all generators' images are in [-1, 1].
    """

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec, label_scale=math.sqrt(config.latent_dim))
        widths = widths_of(config.generator_width, spec.size, also_full_size=True)[::-1]
        start = START_SIZE[spec.size]
        self.start = LinearWithoutBias(self.input_size, widths[0])
        nn.init.kaiming_normal_(self.start.weight, nonlinearity="linear")
        self.basis = nn.Parameter(torch.randn(widths[0], start, start))

        self.blocks = nn.ModuleList(Block(width, len(widths), config.generator_activation) for width in widths)
        self.narrow = nn.ModuleList(conv1x1(before, after) for before, after in pairwise(widths))
        self.picture = conv1x1(widths[-1], spec.channels)
        self.tanh = Float32Tanh()

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        features = self.start(self.with_label(latents, labels))[:, :, None, None] * self.basis
        features = self.blocks[0](features.contiguous(memory_format=torch.channels_last))
        for narrow, block in zip(self.narrow, self.blocks[1:], strict=True):
            features = block(interpolate(narrow(features), scale_factor=2))
        return self.tanh(self.picture(features))


class R3Discriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> DiscriminatorOutput."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        widths = widths_of(config.discriminator_width, spec.size, also_full_size=True)
        start = START_SIZE[spec.size]
        self.picture = conv1x1(spec.channels + self.label_channels, widths[0])

        self.blocks = nn.ModuleList(
            Block(width, len(widths), config.discriminator_activation, config.dropout) for width in widths
        )
        self.widen = nn.ModuleList(conv1x1(before, after) for before, after in pairwise(widths))
        # A depthwise convolution of the full size: each feature map becomes one number.
        self.basis = nn.Conv2d(widths[-1], widths[-1], start, groups=widths[-1], bias=False)
        nn.init.kaiming_normal_(self.basis.weight, nonlinearity="linear")
        self.head = LinearWithoutBias(widths[-1], 1)
        self.add_class_heads(widths[-1], config, spec)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        features = self.blocks[0](self.picture(self.with_label(images, labels)))
        for widen, block in zip(self.widen, self.blocks[1:], strict=True):
            features = block(widen(avg_pool2d(features, 2)))
        features = self.basis(features).flatten(1)
        return self.output(self.head(features), features, labels)
