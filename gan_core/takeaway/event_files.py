"""A run as TensorBoard's event files, afterwards or while it trains: curves, sample grids and hyperparameters.

All is read from the run's store, so whoever can read that can write them. Loads torch and tensorboard only to write.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from gan_core import files, paths
from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.monitor.charts import CHARTS
from gan_core.setting import as_text
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LOOK_SECONDS = 2.0
"""Between two looks at a run that trains."""
TAGS = {trace.metric: f"{chart}/{trace.metric}" for chart, shown in CHARTS.items() for trace in shown.traces}
"""What a metric is called there: those of one chart stand together."""
RESULTS = ("fid", "accuracy")
"""The metrics by which TensorBoard's table of hyperparameters compares runs."""


class EventFiles:
    """Writes a run into FOLDER/RUN, which TensorBoard shows by `tensorboard --logdir FOLDER`.

    What was written there of the same run before is replaced.

    Raises WorkbenchError if tensorboard is not installed.
    """

    def __init__(self, store: RunStore, run: Run, folder: Path):
        refuse_without_package()
        self.store, self.run, self.folder = store, run, paths.expand(folder) / run.name
        self.writer = self._begin()

    def _begin(self) -> "SummaryWriter":
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

        for old in self.folder.glob("events.out.tfevents.*"):
            old.unlink()
        self.metrics: dict[str, np.ndarray] = {}
        self.rows, self.grids = 0, set[int]()
        writer = SummaryWriter(str(self.folder))
        # SummaryWriter.add_hparams would put them into a folder of their own, as another run.
        for summary in hparams(_hyperparameters(self.run), {TAGS[name]: None for name in RESULTS}):
            writer._get_file_writer().add_summary(summary)
        return writer

    def bring(self) -> bool:
        """Write what is new. False once the run has ended."""
        run = self.store.get(self.run.id)
        if run is None:  # deleted
            return False
        self.metrics = self.store.extend_metrics(run.id, self.metrics)
        if self._length() < self.rows:  # it began again at an earlier step
            self.writer.close()
            self.writer = self._begin()
            self.metrics = self.store.read_metrics(run.id)
        self._rows(run)
        self._grids(run)
        self.writer.flush()
        return run.active

    def close(self) -> None:
        self.writer.close()

    def _length(self) -> int:
        return len(self.metrics.get("step", ()))

    def _rows(self, run: Run) -> None:
        began = run.created_at
        for row in range(self.rows, self._length()):
            step, moment = int(self.metrics["step"][row]), began + self.metrics["seconds"][row]
            for metric, tag in TAGS.items():
                value = self.metrics[metric][row] if metric in self.metrics else np.nan
                if np.isfinite(value):
                    self.writer.add_scalar(tag, value, step, moment)
        self.rows = self._length()

    def _grids(self, run: Run) -> None:
        for step in run.grid_steps:
            path = run.grid_path(step)
            with contextlib.suppress(OSError):  # deleted meanwhile, as too many
                if step not in self.grids:
                    files.fetch(path)
                    picture = np.asarray(Image.open(path).convert("RGB"))
                    self.writer.add_image("samples", picture, step, path.stat().st_mtime, dataformats="HWC")
                    self.grids.add(step)


def refuse_without_package() -> None:
    """Raises WorkbenchError unless tensorboard is installed."""
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise WorkbenchError(
            "TensorBoard is not installed here: pip install {packages}", packages=paths.optional("tensorboard")
        ) from error


def _hyperparameters(run: Run) -> dict[str, Any]:
    """By name, as TensorBoard takes them: numbers, truths and texts."""
    plain = {name: value if isinstance(value, bool | int | float) else as_text(value) for name, value in run.config}
    return {"preset": run.preset, **plain, "dataset": run.dataset_name}


@contextlib.contextmanager
def while_training(store: RunStore, run: Run) -> Iterator[None]:
    """Within it, a thread writes the run into the folder that GAN_WORKBENCH_TENSORBOARD names, if it names one.

    Raises WorkbenchError if tensorboard is not installed.
    """
    folder = os.environ.get("GAN_WORKBENCH_TENSORBOARD", "").strip()
    if not folder:
        yield
        return
    written, ended = EventFiles(store, run, Path(folder)), threading.Event()

    def follow() -> None:
        while not ended.wait(LOOK_SECONDS):
            with contextlib.suppress(StoreUnavailableError):  # later, then
                written.bring()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        with contextlib.suppress(WorkbenchError):
            written.bring()
        written.close()
