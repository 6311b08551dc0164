"""GAN Workbench's library: train, load and sample GANs from a notebook, a script or the command line.

import gan_core
run = gan_core.train("minute", minutes=1)
model = gan_core.load(run.checkpoint_path)        # or a shipped one: gan_core.load("mnist-cdcgan")
model.sample(classes=[7, 3], count=10).picture()  # or .images, uint8 [N, H, W, C]
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_core.sampling import Model
    from gan_core.store.tables import Run

__all__ = ["load", "push", "train"]
__version__ = "1.0.0"

# What the two functions need is imported when they are called. Code that imports only one module of this package, a
# page for example, then does not wait for torch.


def train(preset: str | None = None, data_dir: Path | str | None = None, **changes: Any) -> "Run":
    """Train a preset here and now, into the run store; returns the run once it has ended.

    A notebook shows its charts and pictures while it learns.

    Args:
        preset: one of presets.PRESETS; the fastest to learn digits if none is given.
        data_dir: where the named datasets lie or are downloaded to.
        changes: any hyperparameter of RunConfig, for example dataset="mnist", minutes=5.

    Raises WorkbenchError for a hyperparameter that is refused, and if the run fails.
    """
    from gan_core import notebook
    from gan_core.config import make_config
    from gan_core.jobs import threads
    from gan_core.jobs.job import new_owner
    from gan_core.presets import DEFAULT_PRESET, preset_config
    from gan_core.store.runs import default_store

    threads.wait_briefly()
    preset = preset or DEFAULT_PRESET
    config = make_config(preset_config(preset), **changes)
    store = default_store()
    run = store.create(config, preset, Path(data_dir) if data_dir else None, owner=new_owner())

    from gan_core.jobs.train_job import train_run

    show = notebook.live(store, run)
    run = train_run(store, run, show)
    show({"progress": 1})
    return run


def load(source: str | Path) -> "Model":
    """A trained model from a checkpoint's path, a shipped one by its name, or from the Hugging Face Hub: hf://OWNER/NAME.

    Raises WorkbenchError if there is none or the file cannot be used.
    """
    from gan_core import sampling
    from gan_core.takeaway.hub import local

    return sampling.load_model(local(source))


def push(
    source: Path | str,
    address: str,
    samples: int = 10_000,
    data_dir: Path | str | None = None,
    licence: str = "",
    private: bool = False,
) -> str:
    """Score a model, and bring it to the Hugging Face Hub with a model card and pictures; returns its web address.

    Args:
        source: a checkpoint's path, or a shipped model's name.
        address: hf://OWNER/NAME. Who brings it: `hf auth login`, or HF_TOKEN.
        samples: how many pictures are scored.
        data_dir: where the named datasets lie or are downloaded to.
        licence: the Hub's word for the model's, such as "mit"; that of the data if none is given.
        private: whether only its owner may see it, if it is not there yet.

    Raises WorkbenchError if it cannot be scored or brought there.
    """
    from gan_core.metrics.scorecard import evaluate
    from gan_core.takeaway import hub

    hub.check(address)  # before it takes a minute
    evaluation = evaluate(source, samples, data_dir=Path(data_dir) if data_dir else None)
    return hub.push(source, address, evaluation, licence, private)
