"""The named GANs: each a few choices of RunConfig, none a copy of anything."""

from typing import NamedTuple

from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError


class Outcome(NamedTuple):
    """What a run of so many thousand images gave: the share of pictures drawn as asked (docs/performance.md)."""

    kimg: float
    accuracy: float


class Preset(NamedTuple):
    """A named GAN: one line about it, the choices that make it up, and what it was seen to give on a dataset.

    Args:
        gives: the shortest run first.
    """

    about: str
    config: RunConfig
    gives: dict[str, tuple[Outcome, ...]] = {}  # noqa: RUF012 (never changed)


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
    "minute": Preset(
        "The one to start with: small conditional convolutions that draw clear digits after a minute on two cores.",
        RunConfig(
            network="compact",
            latent_dim=24,
            generator_width=24,
            discriminator_width=24,
            discriminator_normalisation="none",
            auxiliary_classifier=0.75,
            batch_size=32,
            learning_rate_decay=0.7,
            generator_learning_rate=4e-3,
            discriminator_learning_rate=4e-3,
        ),
        {
            "mnist": (Outcome(12, 0.94), Outcome(53, 0.994)),
            "digits": (Outcome(54, 0.995),),
        },
    ),
    "cdcgan": Preset("Conditional DCGAN: convolutions, told which class to draw.", RunConfig()),
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
DEFAULT_PRESET = "minute"


def preset_config(name: str) -> RunConfig:
    """Raises WorkbenchError if there is no preset of that name."""
    if name not in PRESETS:
        raise WorkbenchError(
            "There is no preset {preset}; there are {presets}.", preset=repr(name), presets=", ".join(PRESETS)
        )
    return PRESETS[name].config


WITHOUT_EFFECT = ("dataset", "minutes", "kimg", "seed", "device", "precision", "score_every")
"""Hyperparameters that leave a preset what it is."""


def expected(config: RunConfig, kimg: float) -> Outcome | None:
    """What such a run gave after at most so many thousand images; None if that was never measured."""
    for preset in PRESETS.values():
        same = {name: getattr(config, name) for name in WITHOUT_EFFECT}
        if config == preset.config.model_copy(update=same):
            shorter = [outcome for outcome in preset.gives.get(config.dataset, ()) if outcome.kimg <= kimg]
            return shorter[-1] if shorter else None
    return None
