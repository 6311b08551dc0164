"""Generators and discriminators, one family a file.

Every generator takes latents [N, latent_dim] and labels int64 [N] and gives images [N, C, H, W] in [-1, 1]; every
discriminator takes images and labels and gives an Answer, logits [N] above all. An unconditional network does not look
at the labels.
"""

from torch import nn

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.compact import CompactDiscriminator, CompactGenerator
from gan_core.networks.dcgan import DcganDiscriminator, DcganGenerator
from gan_core.networks.mlp import MlpDiscriminator, MlpGenerator

FAMILIES = {
    "mlp": (MlpGenerator, MlpDiscriminator),
    "dcgan": (DcganGenerator, DcganDiscriminator),
    "compact": (CompactGenerator, CompactDiscriminator),
}


def build_generator(config: RunConfig, spec: ImageSpec) -> nn.Module:
    """The generator that the config names, freshly initialised from torch's random state."""
    return FAMILIES[config.network][0](config, spec)


def build_discriminator(config: RunConfig, spec: ImageSpec) -> nn.Module:
    """The discriminator that the config names, freshly initialised from torch's random state."""
    return FAMILIES[config.network][1](config, spec)
