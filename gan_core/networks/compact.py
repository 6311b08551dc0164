"""DCGAN's networks, changed into what learns most in a minute on a processor without GPU (docs/performance.md)."""

import math

from torch import nn

from gan_core.config import RunConfig
from gan_core.networks.dcgan import DcganDiscriminator, DcganGenerator


class CompactGenerator(DcganGenerator):
    """With a larger one-hot label, and a 3 x 3 convolution at each resolution before it is doubled.

    At 7 x 7 and 14 x 14 these cost little and sharpen much. The last doubling still goes straight to the image:
    feature maps of its full size would cost more than all the rest.
    """

    @staticmethod
    def _label_scale(config: RunConfig) -> float:
        """The average length of a latent vector, so that the class is not lost among so many random numbers."""
        return math.sqrt(config.latent_dim)

    def _layers_of_one_size(self, width: int) -> list[nn.Module]:
        convolution = nn.Conv2d(width, width, 3, padding=1)
        return [*self._norm_activation(width), convolution, *self._norm_activation(width)]


class CompactDiscriminator(DcganDiscriminator):
    """With smaller kernels, and a hidden layer before the head."""

    kernel = 3
    hidden = 128
