"""Trains one run, from the store's row to its final state: load, learn, record.

python -m gan_core.jobs.train_job RUN OWNER    what the worker starts for each run
"""

import contextlib
import json
import signal
import sys
import threading
from pathlib import Path

from gan_core.config import RunConfig
from gan_core.datasets.folders import list_pictures
from gan_core.datasets.table import FOLDER
from gan_core.jobs import job, processes, threads, torchrun, uploads
from gan_core.jobs.memory_limit import within_memory
from gan_core.jobs.reporter import Reporter
from gan_core.jobs.torchrun import OnProgress
from gan_core.store.runs import RunStore, default_store
from gan_core.store.tables import Run, State
from gan_core.takeaway import event_files
from gan_core.text import Text

SMALLER = Text("a smaller batch size or narrower networks")
"""What would need less memory."""


def train_run(store: RunStore, run: Run, on_progress: OnProgress = lambda progress: None) -> Run:
    """Train a run that this process owns until its budget is spent or it is asked to stop, and note how it ended.

    Raises WorkbenchError, noted in the run too, for whatever a user can mend.
    """
    if run.config.devices > 1:
        if not torchrun.started_this():
            return torchrun.train(store, run, on_progress)
        processes.die_with_parent()
        if torchrun.rank() > 0:
            follow(store, run)
            return run
    end = State.STOPPED
    reporter = Reporter(store, run)
    try:
        with (
            job.heartbeat(reporter.store, run) as stop,
            job.failure_noted(reporter.end),
            event_files.while_training(store, run),
            contextlib.suppress(job.Stopped),
            uploads.in_background(run, lambda line: reporter.report(message=line.to_json())),
        ):
            end = _train(reporter, run, stop, on_progress)
        reporter.end(end)
    finally:
        reporter.store.engine.dispose()
    return store.get(run.id) or run  # deleted, if this computer slept and the run was marked as interrupted


def _train(reporter: Reporter, run: Run, stop: threading.Event, on_progress: OnProgress) -> State:
    """The run's process from its first import to its last step; returns how the run ended."""
    config, data_dir = run.config, Path(run.data_dir)
    several = config.devices > 1
    is_tuned = config.minutes is not None and not several  # else each process would try other numbers of threads
    if is_tuned:
        threads.stay_awake()
    from gan_core import devices
    from gan_core.datasets.loading import load_dataset
    from gan_core.estimates import memory
    from gan_core.jobs.recorder import Recorder
    from gan_core.jobs.resume import resume
    from gan_core.jobs.sample_grids import SampleGrids
    from gan_core.jobs.scoring import OwnScoring, Scoring, real_pictures
    from gan_core.jobs.session import TrainingSession
    from gan_core.training import parallel
    from gan_core.training.captured import step_of
    from gan_core.training.gan import Gan
    from gan_core.training.loop import train

    device = devices.choose_device(config.device)
    if several:
        devices.refuse_too_few(device, config.devices)
        device = parallel.join(device)
    with devices.share_of_cores():
        described = devices.describe(device, config.devices)
    reporter.report(device=described)
    on_progress({"device": described})

    def show(line: Text) -> None:
        message = line.to_json()
        reporter.report(message=message)
        if reporter.asked_to_stop or stop.is_set():
            raise job.Stopped
        on_progress({"message": message})

    memory.refuse_beyond_limits(config)
    with within_memory(device, SMALLER, config.devices), devices.share_of_cores(), devices.set_up_for_training():
        _report_left_out(reporter, config, on_progress)
        dataset = load_dataset(config, data_dir, job.throttled(show))
        if several:
            parallel.meet()  # the other processes read it now: nothing is to be downloaded any more
        reference = real_pictures(config, data_dir, dataset, device, job.throttled(show))
        on_cpu, dataset = dataset, dataset.to(device)
        gan = Gan(config, dataset.spec, device)
        seconds = resume(gan, reporter)
        batches = dataset.batches(config.batch_size, config.seed, gan.batches, config.mirror)
        if several:
            batches = parallel.ready(gan, batches)
        session = TrainingSession(reporter, seconds, stop.is_set)
        scoring = Scoring(reporter, gan, reference, stop.is_set, on_progress) if reference else None
        if config.scores_itself:
            scoring = OwnScoring(reporter, gan, on_cpu, stop.is_set, on_progress, session)
        grids = SampleGrids(run, gan, reporter.grid_steps)
        recorder = Recorder(reporter, gan, session, grids, on_progress, scoring)
        reporter.report(message="", dataset_images=len(dataset.images))
        choosing = threads.tuned if is_tuned and device.type == "cpu" else contextlib.nullcontext
        with devices.rounded_products(gan.precision == "tf32"), choosing(recorder.record) as record:
            if several:
                train(gan, batches, parallel.SharedSession(gan, session), record, parallel.take_step)
                parallel.leave()
            else:
                train(gan, batches, session, record, step_of(gan))
        recorder.finish()
    return State.FINISHED if recorder.progress(session.seconds()) >= 1 else State.STOPPED


def follow(store: RunStore, run: Run) -> None:
    """What each process but the first does for a run on several devices: the same steps, and nothing else.

    The first one decides when to stop, so what asks politely for an end is left to it.
    """
    from gan_core import devices
    from gan_core.datasets.loading import load_dataset
    from gan_core.jobs.resume import restore
    from gan_core.training import parallel
    from gan_core.training.gan import Gan
    from gan_core.training.loop import train

    config = run.config
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    device = devices.choose_device(config.device)
    devices.refuse_too_few(device, config.devices)
    device = parallel.join(device)
    parallel.meet()
    with within_memory(device, SMALLER, config.devices), devices.share_of_cores(), devices.set_up_for_training():
        dataset = load_dataset(config, Path(run.data_dir)).to(device)
        gan = Gan(config, dataset.spec, device)
        restore(gan, run, store.changes(run.id))
        batches = dataset.batches(config.batch_size, config.seed, gan.batches, config.mirror)
        batches = parallel.ready(gan, batches)
        with devices.rounded_products(gan.precision == "tf32"):
            train(gan, batches, parallel.SharedSession(gan, None), lambda step: None, parallel.take_step)
            parallel.leave()


def _report_left_out(reporter: Reporter, config: RunConfig, on_progress: OnProgress) -> None:
    """Report which files of a folder of pictures are left out."""
    if config.dataset.startswith(FOLDER):
        left_out = [text.to_json() for text in list_pictures(config.dataset).left_out]
        reporter.report(left_out_json=json.dumps(left_out))
        on_progress({"left_out": left_out})


if __name__ == "__main__":
    sys.exit(job.do_claimed(default_store(), train_run, *sys.argv[1:]))
