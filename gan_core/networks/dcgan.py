"""Convolutional networks after Radford 2015, conditional or not, for 28 and 32 pixels.

The generator doubles the size with each transposed convolution, the discriminator halves it with each strided one.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.layers import (
    ACTIVATIONS,
    Answer,
    ConvolutionalDiscriminator,
    OneHot,
    batch_norm,
    initialise,
    normalise_weights,
)

START_SIZE = {28: 7, 32: 4}
"""Height and width of the generator's first feature maps: doubling them gives the picture."""


def widths_of(narrowest: int, size: int) -> list[int]:
    """Feature maps of each layer, from the one nearest to the picture; doubled where the size is halved."""
    halvings = (size // START_SIZE[size]).bit_length() - 1
    return [narrowest * 2**number for number in range(halvings)]


class DcganGenerator(nn.Module):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        widths = widths_of(config.generator_width, spec.size)[::-1]
        self.start_shape = (widths[0], START_SIZE[spec.size], START_SIZE[spec.size])
        self.one_hot = OneHot(len(spec.classes), self._label_size(config)) if config.conditional else None
        inputs = config.latent_dim + (len(spec.classes) if config.conditional else 0)
        self.start = nn.Linear(inputs, widths[0] * START_SIZE[spec.size] ** 2)
        layers = self._at_one_size(widths[0], config)
        for before, after in pairwise(widths):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), *self._at_one_size(after, config)]
        layers += [nn.ConvTranspose2d(widths[-1], spec.channels, 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        initialise(self)

    @staticmethod
    def _label_size(config: RunConfig) -> float:
        """The one number by which the generator is told the class."""
        return 1.0

    @classmethod
    def _at_one_size(cls, width: int, config: RunConfig) -> list[nn.Module]:
        """What happens to feature maps before their size is doubled."""
        return cls._after(width, config)

    @staticmethod
    def _after(width: int, config: RunConfig) -> list[nn.Module]:
        normalisation = [batch_norm(width, images=True)] if config.generator_normalisation == "batch" else []
        return [*normalisation, ACTIVATIONS[config.generator_activation]()]

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        if self.one_hot:
            latents = torch.cat([latents, self.one_hot(labels)], dim=1)
        start = self.start(latents).unflatten(1, self.start_shape)
        return self.layers(start.contiguous(memory_format=torch.channels_last))


class DcganDiscriminator(ConvolutionalDiscriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> Answer."""

    kernel = 4  # height and width of each convolution's
    hidden = 0  # neurons between the feature maps and the verdict

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        normalisation = config.discriminator_normalisation
        widths = widths_of(config.discriminator_width, spec.size)
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise([spec.channels, *widths])):
            layers.append(nn.Conv2d(before, after, self.kernel, stride=2, padding=1))
            # Radford 2015, section 3: no batch normalisation right behind the picture.
            if normalisation == "batch" and number > 0:
                layers.append(batch_norm(after, images=True))
            layers.append(ACTIVATIONS[config.discriminator_activation]())
        layers.append(nn.Flatten())
        features = widths[-1] * START_SIZE[spec.size] ** 2
        if self.hidden:
            layers += [nn.Linear(features, self.hidden), ACTIVATIONS[config.discriminator_activation]()]
            features = self.hidden
        self.layers = nn.Sequential(*layers)
        self.end_with(features, config, spec)
        initialise(self)
        normalise_weights(self, normalisation)

    def forward(self, images: Tensor, labels: Tensor) -> Answer:
        return self.answer(self.layers(images), labels)
