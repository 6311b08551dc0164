"""What happens when training diverges, and a loss or a weight becomes NaN or infinite: the run ends with an error.

The losses are checked with every metric row, four times a second; the weights before a checkpoint is written, so no
checkpoint holds one. The run is then *failed*, and its last good checkpoint stays.
"""

import math
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from gan_core import checkpoint
from gan_core.errors import DIVERGED, WorkbenchError
from gan_core.text import Text


def are_finite(losses: Iterable[float]) -> bool:
    return all(map(math.isfinite, losses))


def weights_are_finite(state: dict[str, Tensor]) -> bool:
    """Whether all of a GAN's weights (Gan.model_state) are numbers. Waits for the device."""
    return all(bool(tensor.isfinite().all()) for tensor in state.values())


def diverged(step: int, folder: Path) -> WorkbenchError:
    """The error that ends a run which diverged.

    Args:
        folder: the run's, with its checkpoints.
    """
    models = checkpoint.run_models(folder)
    good = (
        Text("the last good checkpoint is {file}", {"file": models[0].name})
        if models
        else Text("there is no checkpoint yet")
    )
    return WorkbenchError(DIVERGED.template, step=step, good=good)
