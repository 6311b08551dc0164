"""Convolutional networks after Radford 2015, conditional or not, for 28 and 32 pixels.

The generator doubles the size with each transposed convolution, the discriminator halves it with each strided one.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_core.config import ImageSpec, RunConfig
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

INITIAL_DEVIATION = 0.02
"""Radford 2015, section 4: all weights from a normal distribution with this standard deviation."""

START_SIZE = {28: 7, 32: 4}
"""By the picture's size, height and width of the generator's first feature maps, and of the discriminator's last."""


def doublings(size: int) -> int:
    """How often the first feature maps are doubled until they have the picture's size."""
    return (size // START_SIZE[size]).bit_length() - 1


def widths_of(narrowest: int, size: int, also_full_size: bool = False) -> list[int]:
    """Feature maps at each size, the largest size first: twice as many at half the size.

    Args:
        also_full_size: whether the network has feature maps of the picture's own size too.
    """
    return [narrowest * 2**number for number in range(doublings(size) + also_full_size)]


def initialise(network: nn.Module) -> None:
    """Radford's initial weights; biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0, INITIAL_DEVIATION)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class DcganGenerator(Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec, self._label_scale(config))
        self.config = config
        widths = widths_of(config.generator_width, spec.size)[::-1]
        self.start_shape = (widths[0], START_SIZE[spec.size], START_SIZE[spec.size])
        self.start = nn.Linear(self.input_size, widths[0] * START_SIZE[spec.size] ** 2)
        layers = self._layers_of_one_size(widths[0])
        for before, after in pairwise(widths):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), *self._layers_of_one_size(after)]
        layers += [nn.ConvTranspose2d(widths[-1], spec.channels, 4, stride=2, padding=1), Float32Tanh()]
        self.layers = ConditionalSequential(*layers)
        initialise(self)

    @staticmethod
    def _label_scale(config: RunConfig) -> float:
        """The number that stands for 1 in the one-hot label."""
        return 1.0

    def _layers_of_one_size(self, width: int) -> list[nn.Module]:
        """The layers between two doublings of the size."""
        return self._norm_activation(width)

    def _norm_activation(self, width: int) -> list[nn.Module]:
        norm = normalisation(self.config.generator_normalisation, width, images=True, classes=self.norm_classes)
        return [*norm, *activation(self.config.generator_activation)]

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        start = self.start(self.with_label(latents, labels)).unflatten(1, self.start_shape)
        return self.layers(start.contiguous(memory_format=torch.channels_last), labels)


class DcganDiscriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> DiscriminatorOutput."""

    kernel = 4  # height and width
    hidden = 0  # neurons of the hidden layer between the feature maps and the head; 0: there is none

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        self.uses_batch_statistics = config.discriminator_normalisation == "batch"
        widths = widths_of(config.discriminator_width, spec.size)
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise([spec.channels + self.label_channels, *widths])):
            layers.append(nn.Conv2d(before, after, self.kernel, stride=2, padding=1))
            if number > 0:  # Radford 2015, section 3: the first layer is not normalised
                layers += normalisation(config.discriminator_normalisation, after, images=True)
            layers += activation(config.discriminator_activation, config.dropout)
        layers.append(nn.Flatten())
        features = widths[-1] * START_SIZE[spec.size] ** 2
        if self.hidden:
            layers.append(nn.Linear(features, self.hidden))
            layers += activation(config.discriminator_activation, config.dropout)
            features = self.hidden
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(features, 1)
        self.add_class_heads(features, config, spec)
        initialise(self)
        if config.discriminator_normalisation == "spectral":
            apply_spectral_norm(self)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        features = self.layers(self.with_label(images, labels))
        return self.output(self.head(features), features, labels)
