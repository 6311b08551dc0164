"""The same in PyTorch: the lines of gan_core that do what the playground does, and a notebook that does it.

The lines are read from the files, not from the modules: those would load torch, which takes seconds.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from gan_core import paths
from gan_core.takeaway.notebook import as_file, code, markdown, together
from gan_core.text import Text
from pages.parts.language import translate
from pages.parts.learn.playground.settings import KNOBS, Value

MOST_POINTS = 60
MOST_STEPS = 20_000
NOTEBOOK = Path(__file__).with_name("notebook.py.txt")
TRAINING = "gan_core/training"
CONFIG = (
    "loss", "n_critic", "gradient_penalty", "r1_gamma", "weight_clipping", "generator_activation",
    "discriminator_activation", "generator_learning_rate", "discriminator_learning_rate", "beta1", "beta2", "ema_decay",
    "batch_size", "seed",
)  # fmt: skip
"""The settings that RunConfig has under the same name."""
GENERATOR_OPTIMIZERS = {
    "sgd": "SGD(gan.generator.parameters(), config.generator_learning_rate)",
    "adam": "Adam(gan.generator.parameters(), config.generator_learning_rate, (config.beta1, config.beta2))",
}
"""torch.optim's, since RunConfig has one for both networks."""


class Choices(NamedTuple):
    """What was set in a playground: values by the names in KNOBS, and the drawn points [[x, y], ...]."""

    values: dict[str, Value]
    drawn: list[tuple[float, float]]


class Lines(NamedTuple):
    """A function of gan_core as it stands in its file, from that line on."""

    file: str
    line: int
    code: str


def read_choices(asked: Mapping[str, str]) -> Choices:
    """From an address's parameters. What is no option counts as not said, as in address.js."""
    values: dict[str, Value] = {}
    for name, knob in KNOBS.items():
        options = {str(value): value for value in knob.options}
        values[name] = options.get(asked.get(name, ""), knob.usual)
    numbers = [int(number) / 100 for number in re.findall(r"-?\d{1,3}\b", asked.get("drawn", "")[:1000])]
    return Choices(values, list(zip(numbers[0::2], numbers[1::2], strict=False))[:MOST_POINTS])


# The lines


def lines_for(choices: Choices) -> list[Lines]:
    """The functions that run with these settings, from the loss to the loop."""
    values = choices.values
    loss = _losses()[str(values["loss"])]
    found = [_method(loss, name) for name in ("discriminator", "generator")]
    slopes = [name for name in ("gradient_penalty", "r1_gamma") if values[name]]
    if slopes:
        found.append(_function("regularizers", "squared_slopes"))
    found += [_function("regularizers", {"r1_gamma": "r1_penalty"}.get(name, name)) for name in slopes]
    if values["weight_clipping"]:
        found.append(_function("regularizers", "clip_weights"))
    names = ("training_step", "discriminator_step", "generator_step", "optimizer_step")
    return found + [_function("loop", name) for name in names]


@cache
def _source(module: str) -> tuple[str, dict[str, Any]]:
    """A module of gan_core.training: its text, and its classes and functions by name."""
    text = (paths.PROJECT / TRAINING / f"{module}.py").read_text(encoding="utf-8")
    nodes = ast.parse(text).body
    return text, {node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@cache
def _losses() -> dict[str, str]:
    """The class of each loss, as `LOSSES` in losses.py has them."""
    tree = ast.parse(_source("losses")[0])
    table = next(node.value for node in tree.body if isinstance(node, ast.AnnAssign) and node.target.id == "LOSSES")  # type: ignore[union-attr]
    assert isinstance(table, ast.Dict)
    return {key.value: value.id for key, value in zip(table.keys, table.values, strict=True)}  # type: ignore[union-attr, misc, attr-defined]


def _method(class_name: str, name: str) -> Lines:
    """Of a loss, or of the one that it is derived from."""
    text, known = _source("losses")
    node = known[class_name]
    own = next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == name), None)
    return _lines("losses", text, own, f"class {class_name}:") if own else _method(node.bases[0].id, name)


def _function(module: str, name: str) -> Lines:
    text, known = _source(module)
    return _lines(module, text, known[name])


def _lines(module: str, text: str, node: ast.FunctionDef, inside: str = "") -> Lines:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    code = "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    return Lines(f"{TRAINING}/{module}.py", first, f"{inside}\n{code}" if inside else code)


# The notebook


def notebook(choices: Choices, steps: int, language: str) -> dict[str, Any]:
    """A Jupyter notebook (nbformat 4.5), with its words in that language."""
    return together(_cells(choices, min(max(steps, 1), MOST_STEPS), language))


def notebook_bytes(choices: Choices, steps: int, language: str) -> bytes:
    """The notebook as a file."""
    return as_file(notebook(choices, steps, language))


HEADINGS = (
    Text(
        "# A GAN on points in the plane\n\nThe same as in the playground of GAN Workbench, in PyTorch, with the "
        "library's own loop. Run it in the folder of GAN Workbench."
    ),
    Text("## The points\n\nTo the library each point is a picture of one pixel with two channels."),
    Text("## The networks"),
    Text("## Training"),
    Text("## What it generates"),
)
"""One before each part of notebook.py.txt."""


def _cells(choices: Choices, steps: int, language: str) -> Iterator[dict[str, Any]]:
    parts = Template(NOTEBOOK.read_text(encoding="utf-8")).substitute(_names(choices, steps)).split("\n# %%\n")
    for heading, part in zip(HEADINGS, parts, strict=True):
        yield markdown(translate(language, heading))
        yield code(part)


def _names(choices: Choices, steps: int) -> dict[str, str]:
    """What is filled into notebook.py.txt: values, as Python writes them, of the known options alone."""
    values = choices.values
    config = {name: values[name] for name in CONFIG} | {"optimizer": values["discriminator_optimizer"]}
    for name in ("generator_layers", "discriminator_layers"):
        config[name] = tuple(int(size) for size in str(values[name]).split("-"))  # type: ignore[assignment]
    optimizer = GENERATOR_OPTIMIZERS[str(values["generator_optimizer"])]
    return {
        "config": "\n".join(f"    {name}={value!r}," for name, value in config.items()),
        "shape": repr(values["shape"] if choices.drawn or values["shape"] != "drawn" else "ring"),
        "drawn": repr(choices.drawn),
        "far": repr(values["start"] == "far"),
        "generator_optimizer": f"torch.optim.{optimizer}",
        "head_start": repr(values["head_start"]),
        "steps": repr(steps),
    }
