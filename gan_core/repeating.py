"""How a run is made again: what its preset does not say, as a command and as a line of Python."""

import shlex
from typing import Any

from gan_core.config import RunConfig, settings
from gan_core.datasets.table import FOLDER, dataset_name
from gan_core.presets import DEFAULT_PRESET, PRESETS
from gan_core.setting import as_text
from gan_core.text import Text

BUDGET = ("minutes", "kimg")
"""Whichever is spent first ends a run."""
HOW_EXACTLY = Text(
    "With the same version of PyTorch on the same device, the same settings give the same run. On another one, the "
    "numbers differ a little and what is learnt does not. Where the budget is a time, a faster machine learns more in "
    "it."
)


def preset_of(name: str) -> str:
    """The preset from which a run differs least: its own, or the usual one if there is none of that name any more."""
    return name if name in PRESETS else DEFAULT_PRESET


def nearest_preset(config: RunConfig) -> str:
    """Of a model file, which does not say from which it began: the preset with the fewest other settings."""
    return min(PRESETS, key=lambda name: len(changed_settings(name, config)))


def changed_settings(preset: str, config: RunConfig) -> dict[str, Any]:
    """The settings with another value than the preset has, in the order in which they are declared."""
    usual = PRESETS[preset_of(preset)].config
    return {name: getattr(config, name) for name in settings() if getattr(config, name) != getattr(usual, name)}


def command(preset: str, config: RunConfig) -> str:
    """For a terminal."""
    changes = [f"--set {shlex.quote(f'{name}={as_text(value)}')}" for name, value in _asked(preset, config).items()]
    return " ".join(["python -m gan_core train --preset", shlex.quote(preset_of(preset)), *changes])


def python(preset: str, config: RunConfig) -> str:
    """For a notebook."""
    changes = [f"{name}={value!r}" for name, value in _asked(preset, config).items()]
    return f"run = gan_core.train({', '.join([repr(preset_of(preset)), *changes])})"


def _asked(preset: str, config: RunConfig) -> dict[str, Any]:
    """What `make_config` must be told: whoever gives one budget is taken to mean no other one. A folder of pictures by
    its name alone: where it lies is nobody's business.
    """
    changed = changed_settings(preset, config)
    if changed.keys() & set(BUDGET):
        changed |= {name: getattr(config, name) for name in BUDGET}
        changed = {name: value for name, value in changed.items() if name not in BUDGET or value is not None}
    if "dataset" in changed and config.dataset.startswith(FOLDER):
        changed["dataset"] = FOLDER + dataset_name(config.dataset)
    return changed
