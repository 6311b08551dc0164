"""Every hyperparameter, once: type, range, unit and help. Form, command line and docs derive from it."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from gan_core.errors import WorkbenchError
from gan_core.text import Text

NAMED_DATASETS = {
    "digits": "5,000 MNIST digits, part of this program",
    "mnist": "MNIST: 60,000 handwritten digits",
    "fashion-mnist": "Fashion-MNIST: 60,000 pieces of clothing",
    "cifar10": "CIFAR-10: 50,000 colour pictures in ten classes",
}
FOLDER = "folder:"
MOST_CLASSES = 1000

Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"]


def _layers_from_text(value: Any) -> Any:
    """`256, 512` as people type it, in a form or behind --set."""
    if isinstance(value, str):
        return [part.strip() for part in value.replace(";", ",").split(",") if part.strip()]
    return value


def _nothing_from_text(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip().lower() in ("", "none") else value


def _number_from_text(value: Any) -> Any:
    """Pydantic reads "3" as a number, but not as one of the numbers of a Literal."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


Layers = Annotated[
    tuple[Annotated[int, Field(ge=1, le=4096)], ...],
    Field(min_length=1, max_length=8),
    BeforeValidator(_layers_from_text),
]


def setting(
    default: Any,
    title: str,
    help: str,
    *,
    group: str,
    unit: str = "",
    step: float | None = None,
    only_for: dict[str, Any] | None = None,
    while_running: bool = False,
    **limits: Any,
) -> Any:
    """A hyperparameter.

    Args:
        step: by how much a form's plus and minus buttons change it.
        only_for: the choices under which it has an effect, as {field: value}.
        while_running: whether it may change while a run learns.
    """
    extra = {"group": group, "unit": unit, "step": step, "only_for": only_for or {}, "while_running": while_running}
    return Field(default, title=title, description=help, json_schema_extra=extra, **limits)


class RunConfig(BaseModel):
    """All that decides what a run learns. Its defaults are the preset `cdcgan`, and what older checkpoints omit."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dataset: str = setting(
        "digits",
        "Dataset",
        "What to learn from: digits, mnist, fashion-mnist, cifar10, or folder:PATH for pictures of your own, "
        "a sub-folder a class.",
        group="Data",
        max_length=1000,
    )
    image_size: Annotated[Literal[28, 32], BeforeValidator(_number_from_text)] = setting(
        32,
        "Picture size",
        "Pictures of a folder are cut and resized to this width and height.",
        group="Data",
        unit="pixels",
        only_for={"dataset": FOLDER},
    )
    channels: Annotated[Literal[1, 3], BeforeValidator(_number_from_text)] = setting(
        3,
        "Colour channels",
        "Pictures of a folder become grey (1) or red, green and blue (3).",
        group="Data",
        only_for={"dataset": FOLDER},
    )

    minutes: Annotated[float | None, BeforeValidator(_nothing_from_text)] = setting(
        1.0,
        "Training time",
        "Training ends after this time; pauses do not count.",
        group="Budget",
        unit="minutes",
        gt=0,
        le=60 * 24 * 30,
        step=1,
    )
    kimg: Annotated[float | None, BeforeValidator(_nothing_from_text)] = setting(
        None,
        "Training length",
        "Training ends once the discriminator has seen this many thousand real images.",
        group="Budget",
        unit="thousand images",
        gt=0,
        le=1e7,
        step=10,
    )

    network: Literal["mlp", "dcgan", "compact"] = setting(
        "dcgan",
        "Architecture",
        "mlp: fully connected layers. dcgan: convolutions (Radford 2015). compact: dcgan with some more layers where "
        "they cost little, the fastest to learn without a GPU.",
        group="Networks",
    )
    conditional: bool = setting(
        True, "Conditional", "Both networks are told the class, so that you can ask for one later.", group="Networks"
    )
    latent_dim: int = setting(
        100,
        "Latent size",
        "How many random numbers the generator makes a picture of.",
        group="Networks",
        unit="numbers",
        ge=1,
        le=1024,
    )
    generator_layers: Layers = setting(
        (256, 512, 1024),
        "Generator's hidden layers",
        "Neurons of each hidden layer, from the latent to the picture.",
        group="Networks",
        unit="neurons",
        only_for={"network": "mlp"},
    )
    discriminator_layers: Layers = setting(
        (512, 256),
        "Discriminator's hidden layers",
        "Neurons of each hidden layer, from the picture to the verdict.",
        group="Networks",
        unit="neurons",
        only_for={"network": "mlp"},
    )
    generator_width: int = setting(
        32,
        "Generator's width",
        "Feature maps of the last hidden layer; each layer before it has twice as many.",
        group="Networks",
        unit="feature maps",
        only_for={"network": ("dcgan", "compact")},
        ge=4,
        le=256,
    )
    discriminator_width: int = setting(
        32,
        "Discriminator's width",
        "Feature maps of the first layer; each layer after it has twice as many.",
        group="Networks",
        unit="feature maps",
        only_for={"network": ("dcgan", "compact")},
        ge=4,
        le=256,
    )
    generator_activation: Activation = setting(
        "relu",
        "Generator's activation",
        "What every hidden layer applies. leaky_relu has slope 0.2.",
        group="Networks",
    )
    discriminator_activation: Activation = setting(
        "leaky_relu",
        "Discriminator's activation",
        "What every hidden layer applies. leaky_relu has slope 0.2.",
        group="Networks",
    )
    generator_normalisation: Literal["none", "batch"] = setting(
        "batch",
        "Generator's normalisation",
        "batch: each feature is normalised over the batch (Ioffe 2015).",
        group="Networks",
    )
    discriminator_normalisation: Literal["none", "batch", "spectral"] = setting(
        "spectral",
        "Discriminator's normalisation",
        "batch: normalised over the batch (Ioffe 2015). spectral: every layer's largest singular value is held "
        "at 1 (Miyato 2018).",
        group="Networks",
    )

    loss: Literal["minimax", "non-saturating", "least-squares", "hinge"] = setting(
        "non-saturating",
        "Loss",
        "minimax and non-saturating: Goodfellow 2014. least-squares: Mao 2017. hinge: Lim & Ye 2017.",
        group="Training",
    )
    auxiliary_classifier: float = setting(
        0.0,
        "Auxiliary classifier",
        "Weight of a classifier inside the discriminator: it learns the classes of the real pictures, and the "
        "generator to be recognised by it (Odena 2017). 0: none.",
        group="Training",
        ge=0,
        le=100,
        step=0.5,
        only_for={"conditional": True},
    )
    batch_size: int = setting(
        64,
        "Batch size",
        "Real images that one discriminator step sees.",
        group="Training",
        unit="images",
        ge=2,
        le=4096,
    )
    n_critic: int = setting(
        1,
        "Discriminator steps",
        "Steps of the discriminator for each step of the generator.",
        group="Training",
        while_running=True,
        ge=1,
        le=20,
    )
    ema_decay: float = setting(
        0.999,
        "EMA decay",
        "Pictures are drawn by a running average of the generator's weights; the nearer to 1, the longer it "
        "remembers. 0 is no average.",
        group="Training",
        ge=0,
        lt=1,
        step=0.001,
    )
    score_every: Annotated[float | None, BeforeValidator(_nothing_from_text)] = setting(
        None,
        "Score every",
        "After every so many thousand real images, pictures of the averaged generator are scored (FID, class "
        "accuracy), and the checkpoint with the lowest FID is kept. The clock stands still meanwhile. Empty: never.",
        group="Training",
        unit="thousand images",
        gt=0,
        le=1e7,
        step=10,
    )
    seed: int = setting(0, "Seed", "All that is random in the run follows from it.", group="Training", ge=0, lt=2**31)

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = setting(
        "adam", "Optimizer", "How gradients become steps, for both networks.", group="Optimizer"
    )
    generator_learning_rate: float = setting(
        2e-3,
        "Generator's learning rate",
        "Length of the generator's steps.",
        group="Optimizer",
        while_running=True,
        gt=0,
        le=1e4,
        step=0.0001,
    )
    discriminator_learning_rate: float = setting(
        2e-3,
        "Discriminator's learning rate",
        "Length of the discriminator's steps.",
        group="Optimizer",
        while_running=True,
        gt=0,
        le=1e4,
        step=0.0001,
    )
    learning_rate_decay: float = setting(
        0.0,
        "Learning rate decay",
        "Share of the budget, at its end, over which both learning rates fall to 0 in a straight line. 0: they stay.",
        group="Optimizer",
        ge=0,
        le=1,
        step=0.1,
    )
    beta1: float = setting(
        0.0,
        "Beta 1",
        "How long Adam remembers the gradient's direction.",
        group="Optimizer",
        only_for={"optimizer": ("adam", "adamw")},
        ge=0,
        lt=1,
        step=0.1,
    )
    beta2: float = setting(
        0.99,
        "Beta 2",
        "How long Adam remembers the gradient's size.",
        group="Optimizer",
        only_for={"optimizer": ("adam", "adamw")},
        ge=0,
        lt=1,
        step=0.01,
    )

    device: Literal["auto", "cuda", "mps", "cpu"] = setting(
        "auto", "Device", "auto takes a CUDA GPU, else Apple's (mps), else the CPU.", group="Device"
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "Precision", "auto computes in bfloat16 on GPUs that have it, in float32 elsewhere.", group="Device"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> "RunConfig":
        if self.dataset not in NAMED_DATASETS and not self.dataset.removeprefix(FOLDER).strip():
            raise _refused("dataset", Text("name a folder behind folder:, for example folder:pictures/cats"))
        if self.dataset not in NAMED_DATASETS and not self.dataset.startswith(FOLDER):
            values = {"given": repr(self.dataset), "names": ", ".join(NAMED_DATASETS)}
            raise _refused("dataset", Text("there is none called {given}; choose {names} or folder:PATH", values))
        if self.minutes is None and self.kimg is None:
            raise _refused(
                "minutes", Text("set a training time or a training length (kimg), or the run would never end")
            )
        return self

    @property
    def classifies(self) -> bool:
        """Whether the discriminator has an auxiliary classifier."""
        return self.conditional and self.auxiliary_classifier > 0

    def budget_spent(self, seconds: float, kimg: float) -> float:
        """The share of the budget that a run of this length has had; 1 is all. The limit that is nearer counts."""
        by_time = seconds / 60 / self.minutes if self.minutes else 0.0
        by_images = kimg / self.kimg if self.kimg else 0.0
        return max(by_time, by_images)


class ImageSpec(BaseModel):
    """What the networks must know of a dataset: the pictures' shape and the classes' names, in the labels' order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Literal[28, 32]
    channels: Literal[1, 3]
    classes: tuple[Annotated[str, Field(max_length=200)], ...] = Field(min_length=1, max_length=MOST_CLASSES)


def settings() -> dict[str, FieldInfo]:
    """Every hyperparameter's declaration by name, in the order of the form."""
    return dict(RunConfig.model_fields)


def changeable() -> dict[str, FieldInfo]:
    """The hyperparameters that may change while a run learns, numbers all of them."""
    return {name: field for name, field in settings().items() if field.json_schema_extra["while_running"]}


def has_effect(name: str, values: dict[str, Any]) -> bool:
    """Whether a hyperparameter matters, given the others' values."""
    for other, wanted in settings()[name].json_schema_extra["only_for"].items():
        if other == "dataset":
            if not str(values["dataset"]).startswith(wanted):
                return False
        elif values[other] not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return False
    return True


def dataset_name(dataset: str) -> str:
    """The dataset for people to read; of a folder its own name, not where it lies."""
    if not dataset.startswith(FOLDER):
        return dataset
    return Path(dataset.removeprefix(FOLDER)).name or dataset


def is_list(field: FieldInfo) -> bool:
    """Whether a hyperparameter is a list of numbers (hidden layers)."""
    return get_origin(field.annotation) is tuple


def _refused(name: str, why: Text) -> PydanticCustomError:
    """A value that makes no sense with the others; `problems` finds the hyperparameter's name and the sentence."""
    return PydanticCustomError(name, "{why}", {"why": why})


# What pydantic finds, in our own words, since its own are English alone. Its numbers stand in `ctx` under these names.
IN_WORDS = (
    {
        "less_than_equal": "it should be at most {le:g}",
        "less_than": "it should be less than {lt:g}",
        "greater_than_equal": "it should be at least {ge:g}",
        "greater_than": "it should be greater than {gt:g}",
        "literal_error": "it should be one of {expected}",
        "too_short": "it should have at least {min_length} entries",
        "too_long": "it should have at most {max_length} entries",
        "string_too_long": "it should have at most {max_length} characters",
        "bool_parsing": "it should be true or false",
    }
    | dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "it should be a whole number")
    | dict.fromkeys(("float_parsing", "float_type", "finite_number"), "it should be a number")
)


def problems(error: ValidationError) -> dict[str, Text]:
    """A sentence for each hyperparameter that was refused, by its name."""
    found: dict[str, Text] = {}
    for item in error.errors():
        if item["loc"]:
            found.setdefault(str(item["loc"][0]), _in_words(item))
        else:
            found.setdefault(item["type"], item["ctx"]["why"])
    return found


def _in_words(item: Any) -> Text:
    if item["type"] == "extra_forbidden":
        names = {"names": ", ".join(RunConfig.model_fields)}
        return Text("there is no such hyperparameter; there are {names}", names)
    wanted = Text(IN_WORDS.get(item["type"], "{message}"), {"message": item["msg"], **item.get("ctx", {})})
    if item["input"] is None:
        return Text("{wanted}; you gave nothing", {"wanted": wanted})
    return Text("{wanted}; you gave {given}", {"wanted": wanted, "given": repr(item["input"])})


def make_config(base: RunConfig | None = None, /, **changes: Any) -> RunConfig:
    """A validated config: `base` (or the defaults) with changes, given as values or as text.

    A budget given as minutes alone or as kimg alone replaces the other.

    Raises WorkbenchError with one sentence that names what is refused.
    """
    values = base.model_dump() if base else {}
    if ("minutes" in changes) != ("kimg" in changes):
        values |= {"minutes": None, "kimg": None}
    try:
        return RunConfig(**{**values, **changes})
    except ValidationError as error:
        found = [Text("{name}: {problem}", {"name": name, "problem": why}) for name, why in problems(error).items()]
        sentence = found[0]
        for another in found[1:]:
            sentence = Text("{sentence}. {another}", {"sentence": sentence, "another": another})
        raise WorkbenchError("{sentence}.", sentence=sentence) from error
