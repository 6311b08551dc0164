"""Trains one run, from the store's row to its last word: load, learn, record.

python -m gan_core.jobs.train_job RUN OWNER    what the worker starts for each run
"""

import contextlib
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from gan_core.config import FOLDER
from gan_core.errors import WorkbenchError
from gan_core.jobs import job, threads
from gan_core.jobs.reporter import Reporter
from gan_core.store.runs import Run, RunStore, default_store
from gan_core.store.tables import State
from gan_core.text import Text

Tell = Callable[[dict], None]
"""Takes a run's latest progress: its fields in the store."""


def train_run(store: RunStore, run: Run, tell: Tell = lambda progress: None) -> Run:
    """Train a run that this process owns until its budget is spent or it is asked to stop, and note how it ended.

    Raises WorkbenchError, noted in the run too, for whatever a user can mend.
    """
    end = State.STOPPED
    reporter = Reporter(store, run)
    try:
        with (
            job.heartbeat(reporter.store, run) as stop,
            job.failure_noted(reporter.end),
            contextlib.suppress(job.Stopped),
        ):
            end = _train(reporter, run, stop, tell)
        reporter.end(end)
    finally:
        reporter.store.engine.dispose()
    return store.get(run.id) or run  # deleted, if this computer slept and the run was given up for lost


def _train(reporter: Reporter, run: Run, stop: threading.Event, tell: Tell) -> State:
    config = run.config
    if config.minutes:
        threads.stay_awake()
    import torch

    from gan_core import devices
    from gan_core.datasets import folders, loading
    from gan_core.jobs import scoring
    from gan_core.jobs.recorder import Recorder, restore
    from gan_core.training import loop

    device = devices.choose_device(config.device)
    reporter.tell(device=devices.describe(device))
    tell({"device": devices.describe(device)})

    def say(line: Text) -> None:
        message = line.to_json()
        if reporter.tell(message=message) or stop.is_set():
            raise job.Stopped
        tell({"message": message})

    # Weights that have all but vanished make a CPU many times slower; to it they are zero.
    torch.set_flush_denormal(True)
    devices.keep_freed_memory()
    try:
        if config.dataset.startswith(FOLDER):
            left_out = [text.to_json() for text in folders.list_pictures(config.dataset).left_out]
            reporter.tell(left_out_json=json.dumps(left_out))
            tell({"left_out": left_out})
        dataset = loading.load_dataset(config, Path(run.data_dir), job.seldom(say))
        reference = scoring.real_pictures(config, Path(run.data_dir), dataset, device, job.seldom(say))
        dataset = dataset.to(device)
        gan = loop.Gan(config, dataset.spec, device)
        seconds = restore(gan, run)
        batches = dataset.batches(config.batch_size, config.seed, gan.batches, config.mirror)
        scores = scoring.Scoring(reporter, gan, reference, stop.is_set) if reference else None
        recorder = Recorder(reporter, gan, seconds, stop.is_set, tell, scores)
        reporter.tell(message="", dataset_images=len(dataset.images))
        if recorder.progress(seconds) < 1:
            choosing = threads.tuned if config.minutes and device.type == "cpu" else contextlib.nullcontext
            with choosing(recorder.watch) as watch:
                loop.train(gan, batches, watch)
        recorder.finish()
    except (RuntimeError, MemoryError) as error:
        # A GPU raises OutOfMemoryError, a CPU and Apple's GPUs a RuntimeError that says so in words.
        said = any(words in str(error) for words in ("out of memory", "allocate memory"))
        if said or isinstance(error, torch.OutOfMemoryError | MemoryError):
            raise WorkbenchError(
                "The memory is too small for this run; choose a smaller batch size or narrower networks."
            ) from error
        raise
    finally:
        torch.set_flush_denormal(False)  # a notebook's other numbers are not ours to flush
    return State.FINISHED if recorder.progress(recorder.seconds()) >= 1 else State.STOPPED


if __name__ == "__main__":
    sys.exit(job.do_claimed(default_store(), train_run, *sys.argv[1:]))
