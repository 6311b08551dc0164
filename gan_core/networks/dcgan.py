"""Convolutional networks after Radford 2015, conditional or not, for 28 and 32 pixels.

The generator doubles the size with each transposed convolution, the discriminator halves it with each strided one.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.layers import (
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

INITIAL_DEVIATION = 0.02
"""Radford 2015, section 4: all weights from a normal distribution with this standard deviation."""

START_SIZE = {28: 7, 32: 4}
"""Height and width of the generator's first feature maps: doubling them gives the picture."""


def doublings(size: int) -> int:
    """How often the first feature maps are doubled until they have the picture's size."""
    return (size // START_SIZE[size]).bit_length() - 1


def widths_of(narrowest: int, size: int, also_full_size: bool = False) -> list[int]:
    """Feature maps at each size, from the one nearest to the picture; doubled where the size is halved.

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
        super().__init__()
        self.config, self.spec = config, spec
        widths = widths_of(config.generator_width, spec.size)[::-1]
        self.start_shape = (widths[0], START_SIZE[spec.size], START_SIZE[spec.size])
        self.start = nn.Linear(self.tell(config, spec, self._label_size()), widths[0] * START_SIZE[spec.size] ** 2)
        layers = self._at_one_size(widths[0])
        for before, after in pairwise(widths):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), *self._at_one_size(after)]
        layers += [nn.ConvTranspose2d(widths[-1], spec.channels, 4, stride=2, padding=1), Pixels()]
        self.layers = Layers(*layers)
        initialise(self)

    def _label_size(self) -> float:
        """The one number by which the generator is told the class."""
        return 1.0

    def _at_one_size(self, width: int) -> list[nn.Module]:
        """What happens to feature maps before their size is doubled."""
        return self._after(width)

    def _after(self, width: int) -> list[nn.Module]:
        return generator_end(width, images=True, config=self.config, spec=self.spec)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        start = self.start(self.told(latents, labels)).unflatten(1, self.start_shape)
        return self.layers(start.contiguous(memory_format=torch.channels_last), labels)


class DcganDiscriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> Answer."""

    kernel = 4  # height and width of each convolution's
    hidden = 0  # neurons between the feature maps and the verdict

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        normalisation = config.discriminator_normalisation
        self.compares = normalisation == "batch"
        widths = widths_of(config.discriminator_width, spec.size)
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise([spec.channels + self.tell(config, spec), *widths])):
            layers.append(nn.Conv2d(before, after, self.kernel, stride=2, padding=1))
            # Radford 2015, section 3: no batch normalisation right behind the picture.
            if normalisation == "batch" and number > 0:
                layers.append(batch_norm(after, images=True))
            layers += discriminator_end(config)
        layers.append(nn.Flatten())
        features = widths[-1] * START_SIZE[spec.size] ** 2
        if self.hidden:
            layers += [nn.Linear(features, self.hidden), *discriminator_end(config)]
            features = self.hidden
        self.layers = nn.Sequential(*layers)
        self.verdict = nn.Linear(features, 1)
        self.end(features, config, spec)
        initialise(self)
        normalise_weights(self, normalisation)

    def forward(self, images: Tensor, labels: Tensor) -> Answer:
        features = self.layers(self.told(images, labels))
        return self.answer(self.verdict(features), features, labels)
