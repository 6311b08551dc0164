"""A run as a Jupyter notebook (nbformat 4.5): it loads what the run has learnt, explains it, and repeats it."""

import json
from collections.abc import Callable, Iterable
from string import Template
from typing import Any

from gan_core import paths
from gan_core.config import RunConfig, settings
from gan_core.presets import PRESETS
from gan_core.repeating import HOW_EXACTLY, changed_settings, preset_of, python
from gan_core.setting import as_text
from gan_core.standalone.layout import wrapped
from gan_core.text import Text, in_markdown

CELLS = paths.PROJECT / "gan_core" / "takeaway" / "notebook.py.txt"
Say = Callable[[Text], str]
"""A sentence in the reader's language."""
HEADINGS = (
    Text("## Install\n\nOpen this notebook in the folder of GAN Workbench."),
    Text(
        "## Load\n\nThe model that this run has learnt. Elsewhere than where it was trained: the Generate page has "
        "it as a file, which belongs beside this notebook."
    ),
    Text("## Explain\n\nThe networks, the loss and the algorithm are these lines of the library."),
    Text("## Repeat\n\n{how_exactly}", {"how_exactly": HOW_EXACTLY}),
)
"""One before each part of notebook.py.txt."""


PENALTIES = {
    "gradient_penalty": "gradient_penalty",
    "r1_gamma": "r1_penalty",
    "r2_gamma": "r2_penalty",
    "weight_clipping": "clip_weights",
    "drift": "drift",
    "label_smoothing": "label_smoothing",
    "instance_noise": "instance_noise",
}
"""The function of training/regularizers.py that belongs to a setting."""


def notebook(name: str, preset: str, config: RunConfig, say: Say = str) -> bytes:
    """The notebook as a file.

    Args:
        name: the run's or the model's.
        preset: from which it began.
        say: how its words are said; the code is the same in every language.
    """
    penalties = [f", regularizers.{function}" for setting, function in PENALTIES.items() if getattr(config, setting)]
    names = {
        "name": repr(name),
        "network": repr(config.network),
        "loss": repr(config.loss),
        "penalties": "".join(penalties),
        "train": "\n".join(wrapped(python(preset, config), 0)),
    }
    parts = Template(CELLS.read_text(encoding="utf-8")).substitute(names).split("\n# %%\n")
    cells = [markdown(_heading(name, preset, config, say))]
    for heading, part in zip(HEADINGS, parts, strict=True):
        cells += [markdown(say(heading)), code(part)]
    return as_file(together(cells))


def _heading(name: str, preset: str, config: RunConfig, say: Say) -> str:
    """What it is, and in which settings it differs from its preset."""
    usual = PRESETS[preset_of(preset)]
    changed = [
        f"| {say(Text(settings()[setting].title))} | {_cell(getattr(usual.config, setting))} | {_cell(value)} |"
        for setting, value in changed_settings(preset, config).items()
        if setting != "dataset"  # where a folder of pictures lies is nobody's business
    ]
    columns = Text("Setting"), Text("Preset"), Text("This run")
    table = ["| " + " | ".join(say(column) for column in columns) + " |", "|---|---|---|", *changed] if changed else []
    return "\n".join([f"# {_cell(name)}\n", f"**{preset_of(preset)}**: {say(Text(usual.description))}\n", *table])


def _cell(value: Any) -> str:
    """A value as plain text within Markdown."""
    written = value if isinstance(value, str) else as_text(value)
    return in_markdown(written)


# The file's form


def markdown(text: str) -> dict[str, Any]:
    """A cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text: str) -> dict[str, Any]:
    """A cell of Python."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text.strip()}


def together(cells: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A notebook of these cells."""
    return {
        "cells": [cell | {"id": f"cell-{number}"} for number, cell in enumerate(cells)],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def as_file(notebook: dict[str, Any]) -> bytes:
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode()
