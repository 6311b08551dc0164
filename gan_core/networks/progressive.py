"""Networks that grow from 4 to 32 pixels while they learn, after Karras 2018.

`grown` says how far a network has grown (gan_core.growth). The generator's images always have the full size: a lower
resolution is upsampled, and the discriminator downsamples it again. Images of 28 pixels are generated with 32 and
cropped; the discriminator pads them with black.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, linear, pad

from gan_core.config import ImageSpec, RunConfig
from gan_core.growth import GROWN, SMALLEST, STAGES, resolution
from gan_core.networks.layers import Discriminator, DiscriminatorOutput, Float32Tanh, Generator, activation

LARGEST = SMALLEST * 2 ** (STAGES - 1)
BLACK = -1.0


class EqualisedConv(nn.Conv2d):
    """Weights from N(0, 1), scaled by He's constant at each use, so that all layers learn at the same speed (4.1)."""

    bias: Tensor  # torch's may be None

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: float = math.sqrt(2)):
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        self.scale = gain / math.sqrt(inputs * kernel**2)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        return conv2d(inputs, self.weight * self.scale, self.bias, padding=self.padding)


class EqualisedLinear(nn.Linear):
    """The same, fully connected."""

    def __init__(self, inputs: int, outputs: int, gain: float = math.sqrt(2)):
        super().__init__(inputs, outputs)
        self.scale = gain / math.sqrt(inputs)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        return linear(inputs, self.weight * self.scale, self.bias)


def pixel_norm(features: Tensor) -> Tensor:
    """b = a / sqrt(mean over the features of a^2 + 1e-8), separately at each pixel (4.2). [N, F, ...] -> the same."""
    return features * (features.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


def minibatch_stddev(features: Tensor) -> Tensor:
    """Append a map: the batch's standard deviation, averaged over features and pixels (section 3).

    [N, F, H, W] -> [N, F + 1, H, W].
    """
    deviation = (features.var(dim=0, correction=0) + 1e-8).sqrt().mean()
    return torch.cat([features, deviation.expand(len(features), 1, *features.shape[2:])], dim=1)


class Growing(nn.Module):
    """Base of both networks: keeps `grown` in the checkpoint. A Python float: reading a tensor makes a GPU wait."""

    grown = 0.0

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.grown, dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        self.grown = min(max(state.item(), 0.0), GROWN)

    @property
    def stage(self) -> int:
        """The number of the highest resolution in use, counted from 0."""
        return resolution(self.grown).stage

    @property
    def blend(self) -> float:
        """The weight of that resolution, in (0, 1]; the one below it has the rest."""
        return resolution(self.grown).blend

    def at_current_resolution(self, images: Tensor) -> Tensor:
        """Real images [N, C, S, S] with the detail that generated ones have by now, in the same shape."""
        low = downsample(images, self.stage)
        if self.blend < 1:
            low = torch.lerp(interpolate(avg_pool2d(low, 2), scale_factor=2), low, self.blend)
        return upsample(low, images.shape[-1])


def downsample(images: Tensor, stage: int) -> Tensor:
    """Images [N, C, S, S], padded with black to 32 pixels -> [N, C, R, R] in the stage's resolution."""
    border = (LARGEST - images.shape[-1]) // 2
    padded = pad(images, [border] * 4, value=BLACK) if border else images
    return avg_pool2d(padded, 2 ** (STAGES - 1 - stage))


def upsample(images: Tensor, size: int) -> Tensor:
    """Images [N, C, R, R] of any stage, upsampled to 32 pixels and cropped -> [N, C, size, size]."""
    border = (LARGEST - size) // 2
    large = interpolate(images, scale_factor=LARGEST // images.shape[-1])
    return large[:, :, border : border + size, border : border + size]


class ProgressiveGenerator(Growing, Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1].

    The paper's last layer is linear; here tanh follows, as all generators' images are in [-1, 1].
    """

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        width = config.generator_width
        self.size, self.start_shape = spec.size, (width, SMALLEST, SMALLEST)
        self.activate = nn.Sequential(*activation(config.generator_activation))
        # sqrt(2) / 4 is the gain of this layer in the authors' code.
        self.start = EqualisedLinear(self.input_size, width * SMALLEST**2, gain=math.sqrt(2) / 4)
        self.first = EqualisedConv(width, width, 3)
        self.blocks = nn.ModuleList(
            nn.ModuleList([EqualisedConv(width, width, 3), EqualisedConv(width, width, 3)]) for _ in range(STAGES - 1)
        )
        # For each resolution, from features to an image: the paper's toRGB.
        self.pictures = nn.ModuleList(EqualisedConv(width, spec.channels, 1, gain=1) for _ in range(STAGES))
        self.tanh = Float32Tanh()

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        features = self.start(pixel_norm(self.with_label(latents, labels))).unflatten(1, self.start_shape)
        features = pixel_norm(self.activate(features.contiguous(memory_format=torch.channels_last)))
        features = pixel_norm(self.activate(self.first(features)))
        before = features
        for block in self.blocks[: self.stage]:
            before = features
            features = interpolate(features, scale_factor=2)
            for convolution in block.children():
                features = pixel_norm(self.activate(convolution(features)))
        picture = self.pictures[self.stage](features).float()
        if self.blend < 1:
            lower = interpolate(self.pictures[self.stage - 1](before).float(), scale_factor=2)
            picture = torch.lerp(lower, picture, self.blend)
        return upsample(self.tanh(picture), self.size)


class ProgressiveDiscriminator(Growing, Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> DiscriminatorOutput."""

    uses_batch_statistics = True  # minibatch_stddev

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        width = config.discriminator_width
        self.activate = nn.Sequential(*activation(config.discriminator_activation, config.dropout))
        inputs = spec.channels + self.label_channels
        # For each resolution, from an image to features: the paper's fromRGB.
        self.pictures = nn.ModuleList(EqualisedConv(inputs, width, 1) for _ in range(STAGES))
        # Block n leads from the n-th resolution down to the one below it.
        self.blocks = nn.ModuleList(
            nn.ModuleList([EqualisedConv(width, width, 3), EqualisedConv(width, width, 3)]) for _ in range(STAGES - 1)
        )
        self.last = EqualisedConv(width + 1, width, 3)
        self.hidden = EqualisedLinear(width * SMALLEST**2, width)
        self.head = EqualisedLinear(width, 1, gain=1)
        self.add_class_heads(width, config, spec)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        images = downsample(images, self.stage)
        features = self.activate(self.pictures[self.stage](self.with_label(images, labels)))
        for stage in range(self.stage, 0, -1):
            for convolution in self.blocks[stage - 1].children():
                features = self.activate(convolution(features))
            features = avg_pool2d(features, 2)
            if stage == self.stage and self.blend < 1:
                small = self.with_label(avg_pool2d(images, 2), labels)
                features = torch.lerp(self.activate(self.pictures[stage - 1](small)), features, self.blend)
        features = self.activate(self.last(minibatch_stddev(features)))
        features = self.activate(self.hidden(features.flatten(1)))
        return self.output(self.head(features), features, labels)
