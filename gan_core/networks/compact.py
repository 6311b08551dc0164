"""DCGAN's networks, changed into what learns most in a minute on a processor without GPU (docs/performance.md)."""

import math

from torch import nn

from gan_core.networks.dcgan import DcganDiscriminator, DcganGenerator


class CompactGenerator(DcganGenerator):
    """With a louder label, and a 3 x 3 convolution at each size before it is doubled.

    At 7 x 7 and 14 x 14 these cost little and sharpen much. The last doubling still goes straight to the picture:
    feature maps of its full size would cost more than all the rest.
    """

    def _label_size(self) -> float:
        """As long a vector as the latent is on average, or the class would drown among so many random numbers."""
        return math.sqrt(self.config.latent_dim)

    def _at_one_size(self, width: int) -> list[nn.Module]:
        refine = nn.Conv2d(width, width, 3, padding=1)
        return [*self._after(width), refine, *self._after(width)]


class CompactDiscriminator(DcganDiscriminator):
    """With smaller kernels, and a hidden layer before the verdict."""

    kernel = 3
    hidden = 128
