"""Every hyperparameter, once: type, range, unit and help. Form, command line and docs derive from it."""

import os
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gan_core import paths
from gan_core.datasets.table import DATASETS, FOLDER, Channels, Size
from gan_core.errors import WorkbenchError
from gan_core.setting import Setting, declaration, setting
from gan_core.text import shortened
from gan_core.validation import (
    LONGEST_TEXT,
    layers_from_text,
    none_from_text,
    number_from_text,
    problems_in_a_sentence,
    refuse_long_texts,
    refuse_nonsense,
)

MOST_CLASSES = 1000

CONVOLUTIONAL = ("dcgan", "compact", "resnet", "progressive", "r3gan")
BATCH_NORMALISED = ("mlp", "dcgan", "compact", "resnet")
"""Architectures whose layers can be normalised by batch or spectrum; the others have fixed normalisation."""
WITH_TARGETS = ("minimax", "non-saturating", "mean non-saturating", "least-squares")
"""Losses with a target for D(x) of real images and another one for fakes."""

Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
"""To add one: its name here, and its module in ACTIVATIONS in gan_core/networks/layers.py."""
Layers = Annotated[
    tuple[Annotated[int, Field(ge=1, le=4096)], ...],
    Field(min_length=1, max_length=8, fail_fast=True),
    BeforeValidator(layers_from_text),
]


class RunConfig(BaseModel):
    """All that decides what a run learns. Checkpoints that are older than a field mean its default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # Laid out by hand, as a table: each field's name, help, and in the last lines its properties.
    # fmt: off
    dataset: str = setting(
        "digits", "Dataset",
        "The training pictures: a named dataset, or folder:PATH for your own, with a sub-folder for each class. "
        "Transparent pictures are put on white.",
        group="Data", max_length=LONGEST_TEXT, part_of_preset=False,
    )
    image_size: Annotated[Size, BeforeValidator(number_from_text)] = setting(
        32, "Picture size",
        "Pictures of a folder are cropped and resized to this width and height.",
        group="Data", unit="pixels", only_for={"dataset": FOLDER},
    )
    channels: Annotated[Channels, BeforeValidator(number_from_text)] = setting(
        3, "Colour channels",
        "Pictures of a folder become grey (1) or red, green and blue (3).",
        group="Data", only_for={"dataset": FOLDER},
    )
    mirror: bool = setting(
        False, "Mirrored",
        "Real pictures are flipped left to right at random. This doubles the data where left and right do not matter. "
        "Do not use it for digits.",
        group="Data",
    )

    minutes: Annotated[float | None, BeforeValidator(none_from_text)] = setting(
        1.0, "Training time",
        "Training ends after this time; pauses do not count.",
        group="Budget", unit="minutes", gt=0, le=60 * 24 * 30, step=1, free_when_resumed=True, part_of_preset=False,
        affects_speed=False,
    )
    kimg: Annotated[float | None, BeforeValidator(none_from_text)] = setting(
        None, "Training length",
        "Training ends after this many kimg: thousands of training images shown to the discriminator.",
        group="Budget", unit="kimg", gt=0, le=1e7, step=10, free_when_resumed=True, part_of_preset=False,
        affects_speed=False,
    )

    network: Literal["mlp", "dcgan", "compact", "resnet", "progressive", "r3gan"] = setting(
        "dcgan", "Architecture",
        "mlp: fully connected layers. dcgan: convolutions (Radford 2015). compact: dcgan with extra layers where they "
        "cost little; learns fastest without a GPU. resnet: residual blocks (Miyato 2018). progressive: grows from 4 "
        "to 32 pixels during training (Karras 2018). r3gan: residual blocks without normalisation (Huang 2024).",
        group="Networks",
    )
    conditional: bool = setting(
        True, "Conditional",
        "Both networks get the label of each picture, so that you can choose a class to draw later.",
        group="Networks",
    )
    generator_conditioning: Literal["concatenate", "batch normalisation"] = setting(
        "concatenate", "Generator's conditioning",
        "concatenate: the label is concatenated to the latent (Mirza & Osindero 2014). batch normalisation: each "
        "class has its own scale and shift in every batch normalisation layer (Dumoulin 2017).",
        group="Networks", only_for={"conditional": True},
    )
    discriminator_conditioning: Literal["concatenate", "projection", "none"] = setting(
        "projection", "Discriminator's conditioning",
        "concatenate: the label is concatenated to the image (Mirza & Osindero 2014). projection: the inner product "
        "of the features and the label's embedding is added to the output (Miyato & Koyama 2018). none: only an "
        "auxiliary classifier uses the labels (Odena 2017).",
        group="Networks", only_for={"conditional": True},
    )
    latent_dim: int = setting(
        100, "Latent size",
        "How many random numbers each picture is made from: the length of the latent z.",
        group="Networks", unit="numbers", ge=1, le=1024,
    )
    generator_layers: Layers = setting(
        (256, 512, 1024), "Generator's hidden layers",
        "Neurons of each hidden layer, from the latent to the picture.",
        group="Networks", unit="neurons", only_for={"network": "mlp"},
    )
    discriminator_layers: Layers = setting(
        (512, 256), "Discriminator's hidden layers",
        "Neurons of each hidden layer, from the picture to the output.",
        group="Networks", unit="neurons", only_for={"network": "mlp"},
    )
    generator_width: int = setting(
        32, "Generator's width",
        "Feature maps of the last hidden layer; in dcgan, compact and r3gan each layer before it has twice as many.",
        group="Networks", unit="feature maps", ge=4, le=512, only_for={"network": CONVOLUTIONAL},
    )
    discriminator_width: int = setting(
        32, "Discriminator's width",
        "Feature maps of the first layer; in dcgan, compact and r3gan each layer after it has twice as many.",
        group="Networks", unit="feature maps", ge=4, le=512, only_for={"network": CONVOLUTIONAL},
    )
    growth_kimg: float = setting(
        800.0, "Growth",
        "How long each resolution is trained. Blending in the next one takes as long again.",
        group="Networks", unit="kimg", gt=0, le=1e7, step=1, only_for={"network": "progressive"},
        affects_speed=False,  # it is measured full-grown
    )
    generator_activation: Activation = setting(
        "relu", "Generator's activation",
        "Activation function of every hidden layer. leaky_relu has slope 0.2.",
        group="Networks",
    )
    discriminator_activation: Activation = setting(
        "leaky_relu", "Discriminator's activation",
        "Activation function of every hidden layer. leaky_relu has slope 0.2.",
        group="Networks",
    )
    generator_normalisation: Literal["none", "batch"] = setting(
        "batch", "Generator's normalisation",
        "batch: each feature is normalised over the batch (Ioffe 2015).",
        group="Networks", only_for={"network": BATCH_NORMALISED},
    )
    discriminator_normalisation: Literal["none", "batch", "spectral"] = setting(
        "spectral", "Discriminator's normalisation",
        "batch: each feature is normalised over the batch (Ioffe 2015). spectral: the largest singular value of every "
        "layer is kept at 1 (Miyato 2018).",
        group="Networks", only_for={"network": BATCH_NORMALISED},
    )

    loss: Literal[
        "minimax", "non-saturating", "mean non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"
    ] = setting(
        "non-saturating", "Loss",
        "minimax, non-saturating: Goodfellow 2014. mean non-saturating: the discriminator's loss is halved, as in "
        "tutorials. least-squares: Mao 2017. hinge: Lim & Ye 2017. wasserstein: Arjovsky 2017. relativistic: each "
        "fake is compared with a real image (Jolicoeur-Martineau 2019, Huang 2024).",
        group="Training",
    )
    auxiliary_classifier: float = setting(
        0.0, "Auxiliary classifier",
        "Weight of a classifier inside the discriminator. It learns the classes of real pictures, and the generator "
        "learns to draw what it recognises (Odena 2017). 0: none.",
        group="Training", ge=0, le=100, step=0.5, only_for={"conditional": True},
    )
    classify_fakes: bool = setting(
        False, "Classifier learns from fakes",
        "The auxiliary classifier also learns from generated pictures and the classes that were asked for (Odena "
        "2017). Otherwise, it learns from real pictures only.",
        group="Training", only_for={"conditional": True},
    )
    batch_size: int = setting(
        64, "Batch size",
        "Real images in each discriminator step.",
        group="Training", unit="images", ge=2, le=4096,
    )
    n_critic: int = setting(
        1, "Discriminator steps",
        "Steps of the discriminator for each step of the generator.",
        group="Training", ge=1, le=20, while_running=True,
    )
    ema_decay: float = setting(
        0.999, "EMA decay",
        "Pictures are drawn with an exponential moving average (EMA) of the generator's weights. The closer to 1, the "
        "longer it remembers. 0: no average.",
        group="Training", ge=0, lt=1, step=0.001, affects_speed=False,
    )
    ema_share: float = setting(
        0.2, "EMA share",
        "Early weights are soon out of date. So at first, and all through a short run, the average remembers only "
        "about this share of the steps so far. Larger is steadier, smaller is more up to date.",
        group="Training", ge=0.01, le=1, step=0.05, affects_speed=False,
    )
    score_every: Annotated[float | None, BeforeValidator(none_from_text)] = setting(
        None, "Score every",
        "How many kimg between two scorings of the EMA weights (FID, class accuracy). The checkpoint with the lowest "
        "FID is kept. Scoring does not count as training time. Empty: as often as 5 % of the time allows, if the "
        "dataset has a classifier. 0: never.",
        group="Training", unit="kimg", ge=0, le=1e7, step=10, part_of_preset=False,
        affects_speed=False,  # the clock is stopped during a scoring
    )
    grid_every: Annotated[int | None, BeforeValidator(none_from_text)] = setting(
        None, "Keep samples every",
        "How many steps between two saved grids of samples, which make the film of the training. Empty: often at "
        "first and less often later, 200 grids at most.",
        group="Training", unit="steps", ge=10, le=10**6, step=100, part_of_preset=False,
        affects_speed=False,  # it is rare
    )
    seed: int = setting(
        0, "Seed",
        "All random numbers of the run are derived from it.",
        group="Training", ge=0, lt=2**31, part_of_preset=False, affects_speed=False,
    )

    gradient_penalty: float = setting(
        0.0, "Gradient penalty",
        "Weight of the penalty that keeps the norm of the critic's gradient near 1, between real and generated "
        "pictures (WGAN-GP, Gulrajani 2017: 10). 0: none.",
        group="Regularisation", ge=0, le=1e4, step=1,
    )
    r1_gamma: float = setting(
        0.0, "R1",
        "Weight of the penalty on the discriminator's gradient at real pictures (Mescheder 2018). 0: none.",
        group="Regularisation", ge=0, le=1e4, step=0.1,
    )
    r2_gamma: float = setting(
        0.0, "R2",
        "Weight of the same penalty at generated pictures. 0: none.",
        group="Regularisation", ge=0, le=1e4, step=0.1,
    )
    penalty_every: int = setting(
        1, "R1 and R2 every",
        "R1 and R2 are costly. Computed only every so many steps, with as many times the weight, they do almost the "
        "same (Karras 2020).",
        group="Regularisation", unit="steps", ge=1, le=64,
    )
    weight_clipping: float = setting(
        0.0, "Weight clipping",
        "After each step, the critic's weights are clipped to between -c and c. This value is c (WGAN, Arjovsky 2017: "
        "0.01). 0: no clipping.",
        group="Regularisation", ge=0, le=10, step=0.01,
    )
    drift: float = setting(
        0.0, "Drift",
        "Weight of a penalty that keeps the discriminator's output for real pictures near 0. A Wasserstein loss alone "
        "does not (Karras 2018: 0.001). 0: no penalty.",
        group="Regularisation", ge=0, le=1, step=0.001, affects_speed=False,
    )
    label_smoothing: float = setting(
        0.0, "Label smoothing",
        "How far below 1 the target for real pictures is (one-sided label smoothing, Salimans 2016: 0.1). 0: no "
        "smoothing.",
        group="Regularisation", ge=0, lt=0.5, step=0.05, only_for={"loss": WITH_TARGETS}, affects_speed=False,
    )
    instance_noise: float = setting(
        0.0, "Instance noise",
        "Standard deviation of the noise on every picture that the discriminator sees. It falls to 0 over the budget "
        "(Sønderby 2017). Black is -1, white is 1. 0: no noise.",
        group="Regularisation", ge=0, le=2, step=0.05,
    )
    dropout: float = setting(
        0.0, "Dropout",
        "Share of the discriminator's hidden neurons that are switched off at random in each forward pass (Srivastava "
        "2014). 0: none.",
        group="Regularisation", ge=0, lt=1, step=0.1,
    )
    augmentation: Literal["none", "translation", "translation, cutout", "colour, translation, cutout"] = setting(
        "none", "DiffAugment",
        "Random changes to both real and generated pictures before the discriminator sees them. With few pictures, "
        "they delay overfitting (Zhao 2020).",
        group="Regularisation",
    )

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = setting(
        "adam", "Optimizer",
        "The algorithm that updates the weights of both networks.",
        group="Optimizer",
    )
    generator_learning_rate: float = setting(
        2e-3, "Generator's learning rate",
        "How far each update moves the generator's weights.",
        group="Optimizer", gt=0, le=1e4, step=0.0001, while_running=True, affects_speed=False,
    )
    discriminator_learning_rate: float = setting(
        2e-3, "Discriminator's learning rate",
        "How far each update moves the discriminator's weights.",
        group="Optimizer", gt=0, le=1e4, step=0.0001, while_running=True, affects_speed=False,
    )
    learning_rate_decay: float = setting(
        0.0, "Learning rate decay",
        "Share of the budget, at the end of training, in which both learning rates fall linearly to 0. 0: they stay "
        "constant.",
        group="Optimizer", ge=0, le=1, step=0.1, affects_speed=False,
    )
    beta1: float = setting(
        0.0, "Beta 1",
        "Decay of Adam's running average of the gradient. The closer to 1, the longer it remembers.",
        group="Optimizer", ge=0, lt=1, step=0.1, only_for={"optimizer": ("adam", "adamw")}, affects_speed=False,
    )
    beta2: float = setting(
        0.99, "Beta 2",
        "Decay of Adam's running average of the squared gradient. The closer to 1, the longer it remembers.",
        group="Optimizer", ge=0, lt=1, step=0.01, only_for={"optimizer": ("adam", "adamw")}, affects_speed=False,
    )

    device: Literal["auto", "cuda", "mps", "cpu"] = setting(
        "auto", "Device",
        "auto takes a CUDA GPU, else Apple's (mps), else the CPU.",
        group="Device", free_when_resumed=True, part_of_preset=False,
    )
    devices: int = setting(
        1, "Devices",
        "GPUs that one run uses together, or cores of a processor. Each learns from its part of every batch.",
        group="Device", ge=1, le=64, free_when_resumed=True, part_of_preset=False,
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "Precision",
        "auto takes what is fastest: on newer GPUs TensorFloat-32, and bfloat16 for wide networks; on processors made "
        "for bfloat16, that; float32 elsewhere.",
        group="Device", part_of_preset=False,
    )
    # fmt: on

    @model_validator(mode="before")
    @classmethod
    def _texts_are_short(cls, values: Any) -> Any:
        refuse_long_texts(values)
        return values

    @model_validator(mode="before")
    @classmethod
    def _from_before_conditioning_was_a_choice(cls, values: Any) -> Any:
        """Older checkpoints have no such field: in fully connected networks the label was concatenated to the image."""
        if isinstance(values, dict) and values.get("network") == "mlp":
            return {"discriminator_conditioning": "concatenate"} | values
        return values

    @model_validator(mode="after")
    def _makes_sense(self) -> "RunConfig":
        refuse_nonsense(self)
        return self

    def uses(self, name: str) -> bool:
        """Whether the hyperparameter of that name has an effect beside the others' values."""
        return has_effect(name, dict(self))

    @property
    def scores_itself(self) -> bool:
        """Whether a run is scored without being asked, as often as a small share of its time allows."""
        named = DATASETS.get(self.dataset)
        return self.score_every is None and named is not None and bool(named.classifier)

    @property
    def is_scored(self) -> bool:
        """Whether a run is scored while it learns."""
        return self.scores_itself or bool(self.score_every)

    @property
    def classifies(self) -> bool:
        """Whether the discriminator has an auxiliary classifier."""
        return self.conditional and self.auxiliary_classifier > 0

    @property
    def conditional_batch_norm(self) -> bool:
        """Whether the generator's batch normalisation is conditional on the class."""
        return self.conditional and self.generator_conditioning == "batch normalisation"

    def budget_spent(self, seconds: float, kimg: float) -> float:
        """The share of the budget that a run of this length has used; 1 is all. The limit that is nearer counts."""
        by_time = seconds / 60 / self.minutes if self.minutes else 0.0
        by_images = kimg / self.kimg if self.kimg else 0.0
        return max(by_time, by_images)


class ImageSpec(BaseModel):
    """What the networks must know of a dataset: the pictures' shape and the classes' names, in the labels' order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Size
    channels: Channels
    classes: tuple[Annotated[str, Field(max_length=200)], ...] = Field(
        min_length=1, max_length=MOST_CLASSES, fail_fast=True
    )

    @classmethod
    def named(cls, dataset: str) -> "ImageSpec":
        """Of a dataset that has a name."""
        named = DATASETS[dataset]
        return cls(size=named.size, channels=named.channels, classes=named.classes)


@cache
def settings() -> dict[str, Setting]:
    """Every hyperparameter's declaration by name, in the order of the form."""
    return {name: declaration(field) for name, field in RunConfig.model_fields.items()}


def changeable() -> dict[str, Setting]:
    """The hyperparameters that may change while a run learns, numbers all of them."""
    return {name: declared for name, declared in settings().items() if declared.while_running}


def has_effect(name: str, values: dict[str, Any]) -> bool:
    """Whether a hyperparameter matters, given the others' values."""
    for other, wanted in settings()[name].only_for.items():
        if other == "dataset":
            if not str(values["dataset"]).startswith(wanted):
                return False
        elif values[other] not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return False
    return True


def with_full_path(config: RunConfig) -> RunConfig:
    """The config, with the folder of pictures that it names, if any, as a path that leads there from everywhere.

    Raises WorkbenchError for the ~ of an unknown user, and if the path becomes too long.
    """
    if not config.dataset.startswith(FOLDER):
        return config
    folder = paths.expand(config.dataset.removeprefix(FOLDER).strip())
    # Not resolved: where the folder is a link, its own name is the one that people know it by.
    return make_config(config, dataset=f"{FOLDER}{os.path.abspath(folder)}")  # noqa: PTH100 (Path keeps each ..)


def _no_such_setting(name: str) -> WorkbenchError:
    close = ", ".join(get_close_matches(name, settings()))
    if close:
        return WorkbenchError(
            "{name}: there is no such hyperparameter. Did you mean {close}?", name=shortened(name), close=close
        )
    return WorkbenchError(
        "{name}: there is no such hyperparameter; `python -m gan_core settings` lists all.", name=shortened(name)
    )


def make_config(base: RunConfig | None = None, /, **changes: Any) -> RunConfig:
    """A validated config: `base` (or the defaults) with changes, given as values or as text.

    A budget given as minutes alone or as kimg alone replaces the other.

    Raises WorkbenchError with one sentence that names what is refused.
    """
    for name in changes.keys() - settings().keys():
        raise _no_such_setting(name)
    values = base.model_dump() if base else {}
    if ("minutes" in changes) != ("kimg" in changes):
        values |= {"minutes": None, "kimg": None}
    try:
        return RunConfig(**{**values, **changes})
    except ValidationError as error:
        raise WorkbenchError("{sentence}.", sentence=problems_in_a_sentence(error)) from error
