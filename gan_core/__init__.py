"""GAN Workbench's library: train, load and sample GANs from a notebook, a script or the command line.

import gan_core
run = gan_core.train("minute", minutes=1)
model = gan_core.load(run.checkpoint_path)        # or a shipped one: gan_core.load("mnist-cdcgan")
model.sample(classes=[7, 3], count=10).picture()  # or .images, uint8 [N, H, W, C]
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_core import threads
from gan_core.config import make_config
from gan_core.errors import WorkbenchError
from gan_core.presets import DEFAULT_PRESET, preset_config
from gan_core.runs import Run, default_store

if TYPE_CHECKING:
    from gan_core.sampling import Model

threads.wait_briefly()

__all__ = ["Run", "WorkbenchError", "load", "train"]


def train(preset: str = DEFAULT_PRESET, data_dir: Path | str | None = None, **changes: Any) -> Run:
    """Train a preset here and now, into the run store; returns the run once it has ended.

    Args:
        data_dir: where the named datasets lie or are downloaded to.
        changes: any hyperparameter of RunConfig, for example dataset="mnist", minutes=5.

    Raises WorkbenchError for a hyperparameter that is refused and for whatever keeps the run from its end.
    """
    from gan_core import worker

    config = make_config(preset_config(preset), **changes)
    store = default_store()
    run = store.create(config, preset, Path(data_dir) if data_dir else None, owner=worker.new_owner())
    return worker.train_run(store, run)


def load(source: str | Path) -> "Model":
    """A trained model from a checkpoint's path, or a shipped one by its name.

    Raises WorkbenchError if there is none or the file cannot be used.
    """
    from gan_core import sampling

    return sampling.load_model(source)
