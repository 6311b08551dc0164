"""Why a value is refused, in sentences that can be translated. pydantic's own are English alone."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from gan_core.text import Text, shortened

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
    | dict.fromkeys(("int_parsing", "int_parsing_size", "int_type", "int_from_float"), "it should be a whole number")
    | dict.fromkeys(("float_parsing", "float_type", "finite_number"), "it should be a number")
)
"""By pydantic's names of what it finds, whose numbers stand in `ctx` under these names."""


def refused(name: str, why: Text) -> PydanticCustomError:
    """A value that makes no sense with the others; `problems` finds the hyperparameter's name and the sentence."""
    return PydanticCustomError(name, "{why}", {"why": why})


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
    wanted = Text(IN_WORDS.get(item["type"], "{message}"), {"message": item["msg"], **item.get("ctx", {})})
    if item["input"] is None:
        return Text("{wanted}; you gave nothing", {"wanted": wanted})
    given = ", ".join(map(str, item["input"])) if isinstance(item["input"], list | tuple) else repr(item["input"])
    return Text("{wanted}; you gave {given}", {"wanted": wanted, "given": shortened(given)})
