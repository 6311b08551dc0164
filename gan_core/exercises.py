"""The exercises: a baseline and what its reader changes, each trained from several seeds. Knows nothing of torch.

To add one is to add an entry to EXERCISES; `python -m bench.exercises NAME` says what comes of it.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from gan_core.config import RunConfig, make_config
from gan_core.presets import preset_config
from gan_core.text import Text

SEEDS = (0, 1, 2)
"""Of the baseline's and of the variant's runs. Three are the fewest whose spread says something."""

Score = Literal["fid", "accuracy"]


class Exercise(NamedTuple):
    """What is trained, and what is asked.

    Args:
        title: as lists have it.
        task: what to do, and what to think about before.
        why: what is behind the answer; shown after it.
        preset: what the baseline begins with.
        kimg: the length of every run. A budget in images gives the same figures on a slow and on a fast machine.
        fixed: what both have that differs from the preset.
        free: the settings that the reader changes.
        suggestion: values for them that are worth a try; others keep the baseline's.
        lesson: the name of the lesson that ends with it; "" for one that stands for itself.
        judged_by: the score that decides.
    """

    title: Text
    task: Text
    why: Text
    preset: str
    kimg: float
    fixed: Mapping[str, Any]
    free: tuple[str, ...]
    suggestion: Mapping[str, Any]
    lesson: str = ""
    judged_by: Score = "fid"

    def baseline(self, seed: int = SEEDS[0]) -> RunConfig:
        """What is compared with. It is scored once, at its end."""
        budget = {"kimg": self.kimg, "score_every": self.kimg}
        return make_config(preset_config(self.preset), **{"dataset": "digits"} | dict(self.fixed) | budget, seed=seed)

    def variant(self, changes: Mapping[str, Any], seed: int = SEEDS[0]) -> RunConfig:
        """The baseline with the reader's changes.

        Raises WorkbenchError for a value that is refused, and for a setting that is not the reader's to change.
        """
        return make_config(self.baseline(seed), **{name: changes[name] for name in self.free if name in changes})


_NARROW = {
    "generator_layers": (128,),
    "discriminator_layers": (128,),
    "batch_size": 32,
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
}
"""Fully connected networks that learn digits within some seconds."""

EXERCISES = {
    "more-neurons": Exercise(
        title=Text("More layers and neurons in the generator"),
        task=Text(
            "The baseline's generator has one hidden layer with 16 neurons. Give it more neurons, or more layers: "
            "write a number for each layer, with commas between them."
        ),
        why=Text("Sixteen numbers between latent and picture leave the generator little to say."),
        preset="cgan",
        kimg=40,
        fixed=_NARROW | {"generator_layers": (16,)},
        free=("generator_layers",),
        suggestion={"generator_layers": (128, 256)},
    ),
}
