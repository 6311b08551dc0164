"""What the worker starts for each evaluation: python -m gan_core.jobs.evaluate_job NUMBER OWNER"""

import contextlib
import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from gan_core import files
from gan_core.errors import FilesUnavailableError
from gan_core.jobs import job, uploads
from gan_core.jobs.memory_limit import within_memory
from gan_core.metrics.result import Evaluation
from gan_core.store.evaluations import EvaluationStore, default_evaluations
from gan_core.store.patience import Patience
from gan_core.store.tables import EvaluationRow, State
from gan_core.text import Text


def evaluate_claimed(store: EvaluationStore, row: EvaluationRow) -> None:
    """Evaluate what this process has claimed, and note how it ended.

    Raises WorkbenchError, noted in the row too, for whatever a user can mend.
    """
    end = State.STOPPED
    try:
        with (
            job.heartbeat(store, row) as stop,
            job.failure_noted(partial(store.end, row.id, row.owner)),
            contextlib.suppress(job.Stopped),
            uploads.in_background(None, lambda line: store.report(row.id, row.owner, message=line.to_json())),
        ):
            _evaluate(store, row, _progress_of(store, row, stop.is_set))
            end = State.FINISHED
        Patience().surely(lambda: store.end(row.id, row.owner, end))
    finally:
        files.remove([row.checkpoint_path])


def _evaluate(store: EvaluationStore, row: EvaluationRow, on_progress: Callable[[float, Text], None]) -> None:
    on_progress(0.0, Text("Loading the model"))
    Patience(FilesUnavailableError).surely(lambda: files.fetch(row.checkpoint_path))
    from gan_core.devices import choose_device, share_of_cores
    from gan_core.metrics.scorecard import evaluate

    device = choose_device()
    with within_memory(device, Text("fewer pictures")), share_of_cores():
        result = evaluate(
            row.checkpoint_path,
            samples=row.samples,
            features=row.features or None,
            seed=row.seed,
            data_dir=Path(row.data_dir),
            device=device,
            on_progress=on_progress,
        )
    on_progress(1.0, Text("Writing the result"))
    _write_pictures(row.pictures_path, result)
    Patience().surely(lambda: store.report(row.id, row.owner, result_json=result.to_json()))


def _write_pictures(path: Path, result: Evaluation) -> None:
    from gan_core.checkpoint import write_aside

    file = io.BytesIO()
    np.savez_compressed(file, **result.pictures)  # type: ignore[arg-type]  # mypy: one could be named allow_pickle
    write_aside(path, file.getvalue())


def _progress_of(
    store: EvaluationStore, row: EvaluationRow, ended: Callable[[], bool]
) -> Callable[[float, Text], None]:
    """Writes progress for who watches; raises Stopped if the evaluation was cancelled or is no longer its own."""

    patience = Patience()

    def on_progress(share: float, what: Text) -> None:
        asked = ""
        with patience.bridged():
            asked = store.report(row.id, row.owner, progress=share, message=what.to_json())
        if asked or ended():
            raise job.Stopped

    return job.throttled(on_progress)


if __name__ == "__main__":
    sys.exit(job.do_claimed(default_evaluations(), evaluate_claimed, *sys.argv[1:]))
