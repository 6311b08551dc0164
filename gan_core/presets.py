"""The named GANs: each a few choices of RunConfig, none a copy of anything."""

from typing import NamedTuple

from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError


class Preset(NamedTuple):
    """A named GAN: one line about it and the choices that make it up."""

    about: str
    config: RunConfig


_TUTORIAL_GAN = RunConfig(
    network="mlp",
    conditional=False,
    generator_activation="leaky_relu",
    generator_normalisation="none",
    discriminator_normalisation="none",
    ema_decay=0,
    generator_learning_rate=2e-4,
    discriminator_learning_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
)

PRESETS = {
    "cdcgan": Preset("Conditional DCGAN: convolutions, told which class to draw. The one to start with.", RunConfig()),
    "dcgan": Preset(
        "DCGAN (after Radford 2015, with spectral normalisation): convolutions, no classes.",
        RunConfig(conditional=False),
    ),
    "cgan": Preset(
        "Conditional GAN (Mirza & Osindero 2014): fully connected, the label beside the latent and the image.",
        _TUTORIAL_GAN.model_copy(update={"conditional": True}),
    ),
    "gan-pytorch": Preset("The fully connected GAN of the PyTorch tutorials.", _TUTORIAL_GAN),
    "gan-keras": Preset(
        "The fully connected GAN of the Keras tutorials: batch normalisation, Adam as it comes.",
        _TUTORIAL_GAN.model_copy(
            update={
                "generator_normalisation": "batch",
                "batch_size": 128,
                "generator_learning_rate": 1e-3,
                "discriminator_learning_rate": 1e-3,
                "beta1": 0.9,
            }
        ),
    ),
}
DEFAULT_PRESET = "cdcgan"


def preset_config(name: str) -> RunConfig:
    """Raises WorkbenchError if there is no preset of that name."""
    if name not in PRESETS:
        raise WorkbenchError(
            "There is no preset {preset}; there are {presets}.", preset=repr(name), presets=", ".join(PRESETS)
        )
    return PRESETS[name].config
