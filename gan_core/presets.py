"""The named GANs: each sets a few fields of RunConfig."""

from typing import NamedTuple

from gan_core.config import RunConfig, make_config, settings
from gan_core.errors import WorkbenchError


class Outcome(NamedTuple):
    """What a run of so many kimg gave: the share of pictures that show the class asked for (docs/performance.md)."""

    kimg: float
    accuracy: float


class Preset(NamedTuple):
    """A named GAN: its description, its config, and what it was measured to give on a dataset.

    Args:
        gives: the shortest run first.
    """

    description: str
    config: RunConfig
    gives: dict[str, tuple[Outcome, ...]] = {}  # noqa: RUF012 (never changed)


_TUTORIAL_GAN = RunConfig(
    network="mlp",
    conditional=False,
    generator_activation="leaky_relu",
    generator_normalisation="none",
    discriminator_normalisation="none",
    loss="mean non-saturating",
    ema_decay=0,
    generator_learning_rate=2e-4,
    discriminator_learning_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
)

_KERAS_GAN = make_config(
    _TUTORIAL_GAN,
    generator_normalisation="batch",
    batch_size=128,
    grid_every=1000,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    beta1=0.9,
)

_DCGAN = RunConfig(  # Radford 2015, section 4
    conditional=False,
    generator_width=64,
    discriminator_width=64,
    discriminator_normalisation="batch",
    batch_size=128,
    ema_decay=0,
    generator_learning_rate=2e-4,
    discriminator_learning_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
)

_CDCGAN = make_config(_DCGAN, conditional=True, discriminator_conditioning="concatenate")

_SAME_BUT_SMALL = "The same for a laptop: narrower networks, larger learning rates and an EMA of the weights."
_LAPTOP = {  # what lets convolutions learn within two minutes without a GPU (docs/catalogue.md)
    "latent_dim": 32,
    "generator_width": 24,
    "discriminator_width": 24,
    "batch_size": 32,
    "ema_decay": 0.999,
    "learning_rate_decay": 0.7,
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
    "beta2": 0.99,
}

_WGAN = RunConfig(  # Arjovsky 2017, algorithm 1
    conditional=False,
    generator_width=64,
    discriminator_width=64,
    discriminator_normalisation="batch",
    loss="wasserstein",
    n_critic=5,
    weight_clipping=0.01,
    ema_decay=0,
    optimizer="rmsprop",
    generator_learning_rate=5e-5,
    discriminator_learning_rate=5e-5,
)

_WGAN_GP = make_config(  # Gulrajani 2017, algorithm 1
    _WGAN,
    discriminator_normalisation="none",
    weight_clipping=0,
    gradient_penalty=10,
    optimizer="adam",
    generator_learning_rate=1e-4,
    discriminator_learning_rate=1e-4,
    beta1=0,
    beta2=0.9,
)

_PGGAN = RunConfig(  # Karras 2018, appendix A
    network="progressive",
    conditional=False,
    latent_dim=512,
    generator_width=512,
    discriminator_width=512,
    generator_activation="leaky_relu",
    generator_normalisation="none",
    discriminator_normalisation="none",
    loss="wasserstein",
    gradient_penalty=10,
    drift=0.001,
    batch_size=16,
    growth_kimg=800,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    beta1=0,
    beta2=0.99,
)

_SNGAN = RunConfig(  # Miyato 2018, appendix B and Miyato & Koyama 2018; the rates fall as in the authors' code
    network="resnet",
    generator_conditioning="batch normalisation",
    latent_dim=128,
    generator_width=256,
    discriminator_width=128,
    discriminator_activation="relu",
    loss="hinge",
    n_critic=5,
    ema_decay=0,
    learning_rate_decay=1,
    generator_learning_rate=2e-4,
    discriminator_learning_rate=2e-4,
    beta1=0,
    beta2=0.9,
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
            auxiliary_classifier=0.6,
            batch_size=32,
            ema_decay=0.997,
            ema_share=0.33,
            learning_rate_decay=0.7,
            generator_learning_rate=4e-3,
            discriminator_learning_rate=4e-3,
        ),
        {
            "mnist": (Outcome(12, 0.975), Outcome(50, 0.996)),
            "digits": (Outcome(12, 0.985), Outcome(40, 0.996)),
        },
    ),
    "gan-keras": Preset(
        "The fully connected GAN of the Keras tutorials: batch normalisation, batches of 128, Adam's default "
        "settings, samples every 1,000 steps.",
        _KERAS_GAN,
    ),
    "gan-keras-small": Preset(
        "The same, kept stable: dropout and label smoothing keep the discriminator from winning, beta 1 is smaller, "
        "and the weights are averaged (EMA).",
        make_config(
            _KERAS_GAN,
            label_smoothing=0.2,
            dropout=0.3,
            ema_decay=0.999,
            learning_rate_decay=0.7,
            beta1=0.5,
        ),
    ),
    "gan-pytorch": Preset("The fully connected GAN of the PyTorch tutorials: no normalisation.", _TUTORIAL_GAN),
    "cgan": Preset(
        "Conditional GAN (Mirza & Osindero 2014): fully connected, the label concatenated to the latent and to the "
        "image.",
        make_config(
            _TUTORIAL_GAN,
            conditional=True,
            loss="non-saturating",
            generator_normalisation="batch",
            ema_decay=0.999,
            learning_rate_decay=0.6,
            generator_learning_rate=1e-3,
            discriminator_learning_rate=1e-3,
            beta1=0,
            beta2=0.99,
        ),
    ),
    "dcgan": Preset("DCGAN (Radford 2015): convolutions by its guidelines, no classes.", _DCGAN),
    "dcgan-small": Preset(
        "For a laptop: narrower networks, larger learning rates, an EMA of the weights and instance noise. The "
        "discriminator has spectral normalisation, since with batch normalisation it wins.",
        make_config(
            _DCGAN,
            **_LAPTOP
            | {
                "latent_dim": 16,
                "batch_size": 64,
                "discriminator_normalisation": "spectral",
                "instance_noise": 0.2,
                "learning_rate_decay": 1,
                "beta1": 0,
                "generator_learning_rate": 5e-3,
                "discriminator_learning_rate": 5e-3,
            },
        ),
    ),
    "cdcgan": Preset(
        "Conditional DCGAN: the label is concatenated to the latent and to the image.",
        _CDCGAN,
    ),
    "cdcgan-small": Preset(_SAME_BUT_SMALL, make_config(_CDCGAN, **_LAPTOP)),
    "lsgan": Preset(
        "LSGAN (Mao 2017): DCGAN's networks with a least-squares loss instead of cross entropy.",
        make_config(_DCGAN, loss="least-squares", batch_size=64),
    ),
    "wgan": Preset(
        "Wasserstein GAN (Arjovsky 2017): weight clipping, five critic steps for each generator step.", _WGAN
    ),
    "wgan-small": Preset(
        "The same for a laptop: fully connected networks, larger learning rates and an EMA of the weights.",
        make_config(
            _WGAN,
            network="mlp",
            discriminator_normalisation="none",
            generator_learning_rate=5e-4,
            discriminator_learning_rate=5e-4,
            ema_decay=0.999,
        ),
    ),
    "wgan-gp": Preset("WGAN with gradient penalty in place of clipping (Gulrajani 2017).", _WGAN_GP),
    "wgan-gp-small": Preset(
        _SAME_BUT_SMALL,
        make_config(
            _WGAN_GP,
            **_LAPTOP
            | {
                "generator_width": 16,
                "discriminator_width": 16,
                "n_critic": 3,
                "batch_size": 48,
                "generator_learning_rate": 3e-3,
                "discriminator_learning_rate": 3e-3,
            },
        ),
    ),
    "acgan": Preset(
        "ACGAN (Odena 2017): the discriminator does not get the label; its auxiliary classifier predicts it.",
        make_config(
            _DCGAN,
            conditional=True,
            discriminator_conditioning="none",
            auxiliary_classifier=1,
            classify_fakes=True,
            dropout=0.5,
            batch_size=100,
        ),
    ),
    "pggan": Preset("Progressive growing (Karras 2018): first 4 pixels, then 8, 16 and 32.", _PGGAN),
    "pggan-small": Preset(
        "For a laptop: narrower networks, faster growth, the non-saturating loss and R1.",
        make_config(
            _PGGAN,
            **_LAPTOP
            | {
                "growth_kimg": 2.5,
                "loss": "non-saturating",
                "gradient_penalty": 0,
                "drift": 0,
                "r1_gamma": 1,
                "penalty_every": 4,
            },
        ),
    ),
    "sngan": Preset("SNGAN (Miyato 2018): residual blocks, spectral normalisation, projection.", _SNGAN),
    "sngan-small": Preset(
        "For a laptop: narrower networks, larger learning rates, an EMA of the weights and an auxiliary classifier.",
        make_config(_SNGAN, **_LAPTOP | {"n_critic": 1, "auxiliary_classifier": 0.75}),
    ),
    "r3gan": Preset(
        "R3GAN (Huang 2024) at laptop size: relativistic loss, R1 and R2, residual blocks without normalisation.",
        RunConfig(
            network="r3gan",
            latent_dim=32,
            generator_width=16,
            discriminator_width=16,
            generator_activation="leaky_relu",
            batch_size=32,
            loss="relativistic",
            r1_gamma=0.5,
            r2_gamma=0.5,
            penalty_every=8,
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


def expected(config: RunConfig, kimg: float) -> Outcome | None:
    """What such a run gave after at most so many kimg; None if that was never measured."""
    free = {name: getattr(config, name) for name, setting in settings().items() if not setting.part_of_preset}
    for preset in PRESETS.values():
        if config == preset.config.model_copy(update=free):
            shorter = [outcome for outcome in preset.gives.get(config.dataset, ()) if outcome.kimg <= kimg]
            return shorter[-1] if shorter else None
    return None
