"""Which values are refused, and why, in sentences that can be translated; pydantic's own are only English.

Values given as text; the rules between hyperparameters; pydantic's errors, in words.
"""

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from gan_core.datasets.table import DATASETS, FOLDER
from gan_core.text import Text, shortened

if TYPE_CHECKING:
    from gan_core.config import RunConfig

LONGEST_TEXT = 1000
"""Characters of a value that is given as text; a folder's path is the longest."""


# Values as people type them, in a form or behind --set


def layers_from_text(value: Any) -> Any:
    """`256, 512` -> ["256", "512"]."""
    if isinstance(value, str):
        return [part.strip() for part in value.replace(";", ",").split(",") if part.strip()]
    return value


def none_from_text(value: Any) -> Any:
    """`none`, or nothing at all -> None."""
    return None if isinstance(value, str) and value.strip().lower() in ("", "none") else value


def number_from_text(value: Any) -> Any:
    """`3` -> 3. Pydantic reads it as a number, but not as one of the numbers of a Literal."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


# The rules


def refuse_long_texts(values: Any) -> None:
    """Check this before any text is split or read as a number: a million hidden layers would take a gigabyte."""
    for name, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise _refused(name, Text("it should have at most {max_length} characters", {"max_length": LONGEST_TEXT}))


def refuse_nonsense(config: "RunConfig") -> None:
    """Check whether values that are each in range make sense together."""
    _refuse_unknown_datasets(config)
    _refuse_runs_without_end(config)
    _refuse_what_normalisation_forbids(config)
    _refuse_losses_out_of_place(config)
    _refuse_classes_told_to_nobody(config)
    _refuse_unequal_parts(config)


def _refuse_unknown_datasets(config: "RunConfig") -> None:
    if config.dataset in DATASETS:
        return
    if not config.dataset.removeprefix(FOLDER).strip():
        raise _refused("dataset", Text("name a folder after folder:, for example folder:pictures/cats"))
    if not config.dataset.startswith(FOLDER):
        values = {"given": shortened(repr(config.dataset)), "names": ", ".join(DATASETS)}
        raise _refused("dataset", Text("there is none called {given}; choose {names} or folder:PATH", values))


def _refuse_runs_without_end(config: "RunConfig") -> None:
    if config.minutes is None and config.kimg is None:
        raise _refused("minutes", Text("set a training time or a training length (kimg), or the run would never end"))


def _discriminator_normalisation(config: "RunConfig") -> str:
    """The one in use: architectures with fixed normalisation ignore the setting."""
    return config.discriminator_normalisation if config.uses("discriminator_normalisation") else "none"


def _refuse_what_normalisation_forbids(config: "RunConfig") -> None:
    normalisation = _discriminator_normalisation(config)
    if normalisation == "batch" and (config.gradient_penalty or config.r1_gamma or config.r2_gamma):
        raise _refused(
            "discriminator_normalisation",
            Text("a gradient penalty needs each image by itself, but batch normalisation mixes them; choose none"),
        )
    if normalisation == "spectral" and config.weight_clipping:
        raise _refused(
            "weight_clipping",
            Text("spectral normalisation rescales the weights, so clipping has no effect; use only one of the two"),
        )


def _refuse_losses_out_of_place(config: "RunConfig") -> None:
    bounded = (
        config.weight_clipping
        or config.gradient_penalty
        or config.r1_gamma
        or _discriminator_normalisation(config) == "spectral"
    )
    if config.loss == "wasserstein" and not bounded:
        raise _refused(
            "loss",
            Text(
                "wasserstein needs a critic whose gradient is bounded: set weight clipping (0.01), a gradient penalty "
                "(10) or spectral normalisation"
            ),
        )
    if config.label_smoothing and not config.uses("label_smoothing"):
        raise _refused("label_smoothing", Text("this loss has no labels to smooth; set it to 0"))


def _refuse_classes_told_to_nobody(config: "RunConfig") -> None:
    if config.conditional and config.discriminator_conditioning == "none" and not config.auxiliary_classifier:
        raise _refused(
            "discriminator_conditioning",
            Text("then the generator cannot learn the classes; set an auxiliary classifier (1)"),
        )
    batch_norms = config.uses("generator_normalisation") and config.generator_normalisation == "batch"
    if config.conditional_batch_norm and not batch_norms:
        raise _refused(
            "generator_conditioning",
            Text("the generator has no batch normalisation, which this conditioning needs; choose concatenate"),
        )


def _refuse_unequal_parts(config: "RunConfig") -> None:
    """Of one image alone, batch normalisation knows no deviation."""
    images, devices = config.batch_size, config.devices
    if devices > 1 and (images % devices or images < 2 * devices):
        values = {"batch_size": images, "devices": devices}
        raise _refused(
            "devices", Text("{batch_size} images cannot be split into {devices} equal parts of at least 2", values)
        )


def _refused(name: str, why: Text) -> PydanticCustomError:
    """A value that makes no sense with the others; `problems` reads the hyperparameter's name and the sentence."""
    return PydanticCustomError(name, "{why}", {"why": why})


# In words

IN_WORDS = (
    {
        "less_than_equal": "it should be at most {le:g}",
        "less_than": "it should be less than {lt:g}",
        "greater_than_equal": "it should be at least {ge:g}",
        "greater_than": "it should be greater than {gt:g}",
        "literal_error": "it should be one of {expected}",
        "too_short": "it should have one entry at least",
        "too_long": "it should have at most {max_length} entries",
        "string_too_long": "it should have at most {max_length} characters",
        "bool_parsing": "it should be true or false",
    }
    | dict.fromkeys(("int_parsing", "int_parsing_size", "int_type", "int_from_float"), "it should be a whole number")
    | dict.fromkeys(("float_parsing", "float_type", "finite_number"), "it should be a number")
)
"""By pydantic's error types. Its `ctx` holds the numbers under these names."""


def problems(error: ValidationError) -> dict[str, Text]:
    """A sentence for each hyperparameter that was refused, by its name."""
    found: dict[str, Text] = {}
    for item in error.errors():
        if item["loc"]:
            found.setdefault(str(item["loc"][0]), _in_words(item))
        else:
            found.setdefault(item["type"], item["ctx"]["why"])
    return found


def problems_in_a_sentence(error: ValidationError) -> Text:
    """All that was refused, each with its hyperparameter's name before it, without the last full stop."""
    found = [Text("{name}: {problem}", {"name": name, "problem": why}) for name, why in problems(error).items()]
    sentence = found[0]
    for another in found[1:]:
        sentence = Text("{sentence}. {another}", {"sentence": sentence, "another": another})
    return sentence


def _in_words(item: Any) -> Text:
    wanted = Text(IN_WORDS.get(item["type"], "{message}"), {"message": item["msg"], **item.get("ctx", {})})
    if item["input"] is None:
        return Text("{wanted}; you gave nothing", {"wanted": wanted})
    given = ", ".join(map(str, item["input"])) if isinstance(item["input"], list | tuple) else repr(item["input"])
    return Text("{wanted}; you gave {given}", {"wanted": wanted, "given": shortened(given)})
