"""Networks that grow from 4 to 32 pixels while they learn, after Karras 2018.

Both know by `grown` how far they have come (gan_core.growth). Until the last resolution is there, the generator's
images are of the full size all the same, in coarse pixels; the discriminator makes them small again. Pictures of 28
pixels are drawn as 32 with a border that is cut off, and shown with a black one.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, linear, pad

from gan_core.config import ImageSpec, RunConfig
from gan_core.growth import GROWN, SMALLEST, STAGES, resolution
from gan_core.networks.layers import ACTIVATIONS, Answer, Discriminator, Generator, Pixels, discriminator_end

LARGEST = SMALLEST * 2 ** (STAGES - 1)
BLACK = -1.0


class EqualisedConv(nn.Conv2d):
    """Weights from N(0, 1), scaled by He's constant each time they are used, so that all learn at one speed (4.1)."""

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
    """b = a / sqrt(mean over the features of a^2 + 1e-8), at each pixel by itself (4.2). [N, F, ...] -> the same."""
    return features * (features.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


def with_deviation(features: Tensor) -> Tensor:
    """One more map that says how much the batch varies: its standard deviation, averaged over all (section 3)."""
    deviation = (features.var(dim=0, correction=0) + 1e-8).sqrt().mean()
    return torch.cat([features, deviation.expand(len(features), 1, *features.shape[2:])], dim=1)


class Grows(nn.Module):
    """Keeps how far a network has grown in its checkpoint. A number of Python's: a tensor would make a GPU wait."""

    grown = 0.0

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.grown, dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        self.grown = min(max(state.item(), 0.0), GROWN)

    @property
    def stage(self) -> int:
        """The number of the finest resolution in use."""
        return resolution(self.grown).stage

    @property
    def blend(self) -> float:
        """How much of it is blended in; 1 if no other has a part."""
        return resolution(self.grown).blend

    def coarse(self, images: Tensor) -> Tensor:
        """Real images [N, C, S, S] as the generator would draw them: in its pixels, two resolutions blended alike."""
        fine = average_of(images, 2 ** (STAGES - 1 - self.stage))
        if self.blend < 1:
            fine = torch.lerp(interpolate(avg_pool2d(fine, 2), scale_factor=2), fine, self.blend)
        return full_size(fine, images.shape[-1])


def average_of(images: Tensor, factor: int) -> Tensor:
    """Images [N, C, S, S], with a black border if they are of 28 pixels -> [N, C, 32 / factor, 32 / factor]."""
    border = (LARGEST - images.shape[-1]) // 2
    return avg_pool2d(pad(images, [border] * 4, value=BLACK) if border else images, factor)


def full_size(images: Tensor, size: int) -> Tensor:
    """Images in coarse pixels, doubled to 32 and cut to the size."""
    border = (LARGEST - size) // 2
    large = interpolate(images, scale_factor=LARGEST // images.shape[-1])
    return large[:, :, border : border + size, border : border + size]


class ProgressiveGenerator(Grows, Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1].

    The paper's last layer is linear; here tanh ends it, as all generators draw in [-1, 1].
    """

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        width = config.generator_width
        self.size, self.width = spec.size, width
        self.activate = ACTIVATIONS[config.generator_activation]()
        # The paper's gain: the latent has been normalised already, and 16 pixels come of it.
        self.start = EqualisedLinear(self.tell(config, spec), width * SMALLEST**2, gain=math.sqrt(2) / 4)
        self.first = EqualisedConv(width, width, 3)
        self.blocks = nn.ModuleList(
            nn.ModuleList([EqualisedConv(width, width, 3), EqualisedConv(width, width, 3)]) for _ in range(STAGES - 1)
        )
        self.pictures = nn.ModuleList(EqualisedConv(width, spec.channels, 1, gain=1) for _ in range(STAGES))
        self.pixels = Pixels()

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        features = self.start(pixel_norm(self.told(latents, labels))).unflatten(1, (self.width, SMALLEST, SMALLEST))
        features = pixel_norm(self.activate(features.contiguous(memory_format=torch.channels_last)))
        features = pixel_norm(self.activate(self.first(features)))
        before = features
        for block in self.blocks[: self.stage]:
            before = features
            features = interpolate(features, scale_factor=2)
            for convolution in block:
                features = pixel_norm(self.activate(convolution(features)))
        picture = self.pictures[self.stage](features).float()
        if self.blend < 1:
            coarser = interpolate(self.pictures[self.stage - 1](before).float(), scale_factor=2)
            picture = torch.lerp(coarser, picture, self.blend)
        return full_size(self.pixels(picture), self.size)


class ProgressiveDiscriminator(Grows, Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> Answer."""

    compares = True  # it sees how much a batch varies

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        width = config.discriminator_width
        self.activate = nn.Sequential(*discriminator_end(config))
        inputs = spec.channels + self.tell(config, spec)
        self.pictures = nn.ModuleList(EqualisedConv(inputs, width, 1) for _ in range(STAGES))
        # Block n leads from the n-th resolution down to the one below it.
        self.blocks = nn.ModuleList(
            nn.ModuleList([EqualisedConv(width, width, 3), EqualisedConv(width, width, 3)]) for _ in range(STAGES - 1)
        )
        self.last = EqualisedConv(width + 1, width, 3)
        self.hidden = EqualisedLinear(width * SMALLEST**2, width)
        self.verdict = EqualisedLinear(width, 1, gain=1)
        self.end(width, config, spec)

    def forward(self, images: Tensor, labels: Tensor) -> Answer:
        images = average_of(images, 2 ** (STAGES - 1 - self.stage))
        features = self.activate(self.pictures[self.stage](self.told(images, labels)))
        for stage in range(self.stage, 0, -1):
            for convolution in self.blocks[stage - 1]:
                features = self.activate(convolution(features))
            features = avg_pool2d(features, 2)
            if stage == self.stage and self.blend < 1:
                small = self.told(avg_pool2d(images, 2), labels)
                features = torch.lerp(self.activate(self.pictures[stage - 1](small)), features, self.blend)
        features = self.activate(self.last(with_deviation(features)))
        features = self.activate(self.hidden(features.flatten(1)))
        return self.answer(self.verdict(features), features, labels)
