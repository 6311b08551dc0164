"""Generators and discriminators, one family a file.

Every generator takes latents [N, latent_dim] and labels int64 [N] and gives images [N, C, H, W] in [-1, 1]; every
discriminator takes images and labels and gives a DiscriminatorOutput with logits [N]. An unconditional network ignores
the labels. For a generator, weights of the classes, float [N, classes], may stand in for the labels.
"""

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.compact import CompactDiscriminator, CompactGenerator
from gan_core.networks.dcgan import DcganDiscriminator, DcganGenerator
from gan_core.networks.layers import Discriminator, Generator
from gan_core.networks.mlp import MlpDiscriminator, MlpGenerator
from gan_core.networks.progressive import ProgressiveDiscriminator, ProgressiveGenerator
from gan_core.networks.r3gan import R3Discriminator, R3Generator
from gan_core.networks.resnet import ResnetDiscriminator, ResnetGenerator

FAMILIES = {
    "mlp": (MlpGenerator, MlpDiscriminator),
    "dcgan": (DcganGenerator, DcganDiscriminator),
    "compact": (CompactGenerator, CompactDiscriminator),
    "resnet": (ResnetGenerator, ResnetDiscriminator),
    "progressive": (ProgressiveGenerator, ProgressiveDiscriminator),
    "r3gan": (R3Generator, R3Discriminator),
}


def build_generator(config: RunConfig, spec: ImageSpec) -> Generator:
    """The generator that the config names, freshly initialised from torch's random state."""
    return FAMILIES[config.network][0](config, spec)


def build_discriminator(config: RunConfig, spec: ImageSpec) -> Discriminator:
    """The discriminator that the config names, freshly initialised from torch's random state."""
    return FAMILIES[config.network][1](config, spec)
