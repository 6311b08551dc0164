"""Takes queued runs and evaluations in order, each in a process of its own. Never inside the web server.

python -m gan_core worker                      a worker, until it is ended
python -m gan_core.worker RUN OWNER            what it starts for each run: this process trains it
python -m gan_core.evaluating NUMBER OWNER     what it starts for each evaluation
"""

import contextlib
import json
import math
import os
import platform
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from gan_core import paths, threads
from gan_core.config import FOLDER
from gan_core.disk import not_written
from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.evaluations import EvaluationStore
from gan_core.ownership import HEARTBEAT_SECONDS, LOST_AFTER_SECONDS
from gan_core.patience import Patience
from gan_core.reporting import Reporter
from gan_core.runs import Run, RunStore, State, default_store
from gan_core.tables import EvaluationRow
from gan_core.text import Text, limited

POLL_SECONDS = 0.5
"""How often a worker looks for queued runs and ended processes."""
START_SECONDS = 10 + LOST_AFTER_SECONDS
"""How long a worker may take to start, on a machine that is busy training, to see that an earlier one is dead, and to
register."""
STOP_SECONDS = 15
"""How long a run that was asked to stop has to save itself. One in the midst of a very long step hears nothing."""
CANCEL_SECONDS = 1
"""How long a cancelled evaluation has to end by itself."""
FIRST_SIGN_SECONDS = 60
"""So long after a process was started its worker says that it lives; then it must do so itself."""
TELL_SECONDS = 0.25
"""How often progress is written at most while something is loaded or evaluated, and whether to go on is asked."""
IDLE_SECONDS = 120
"""How long the app's own worker stays without work."""

P = ParamSpec("P")
Store = TypeVar("Store", RunStore, EvaluationStore)
Tell = Callable[[dict], None]
"""Takes a run's latest progress: its fields in the store."""


class InWork(NamedTuple):
    """A run or an evaluation that a worker started, its process, and when, by the clock that only goes forward."""

    job: Run | EvaluationRow
    process: subprocess.Popen
    started_at: float


def new_owner() -> str:
    return f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"


# The worker


class Worker:
    """Keeps up to `slots` runs in training, each in its own process."""

    module = "gan_core.worker"
    patience_seconds = STOP_SECONDS

    def __init__(self, store: RunStore | EvaluationStore, slots: int, name: str = ""):
        self.store = store
        self.slots = slots
        self.name = name
        self.in_work: dict[str, InWork] = {}
        self.asked_at: dict[str, float] = {}
        """When this worker first saw that an owner is asked to stop."""

    def look(self) -> bool:
        """Note what has ended, end what does not stop, and start what waits. True while there is work.

        Raises StoreUnavailableError; what could not be noted is noted at the next look.
        """
        for owner, (job, process, started_at) in list(self.in_work.items()):
            if process.poll() is not None:
                self._note_end(owner, job, process.returncode)
                del self.in_work[owner]
            elif time.monotonic() - started_at < FIRST_SIGN_SECONDS:
                # Loading Python alone takes longer than the silence that means death, where every core is taken.
                self.store.heartbeat(job.id, owner)
        self._end_what_does_not_stop()
        self.store.mark_interrupted()
        while len(self.in_work) + len(self._orphans()) < self.slots:
            owner = f"{self.name}/{new_owner()}" if self.name else new_owner()
            job = self.store.claim(owner)
            if job is None:
                break
            self._start(job, owner)
        # A run that waits behind an orphan is work too, or an idle worker would go home and leave it waiting.
        return bool(self.in_work) or (self.slots > 0 and self.store.waiting() > 0)

    def _start(self, job: Run | EvaluationRow, owner: str) -> None:
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
            process = _start_detached([sys.executable, "-m", self.module, str(job.id), owner], job.folder / "log.txt")
        except OSError as error:  # this one's folder; another's may be sound
            self.store.end(job.id, owner, State.FAILED, not_written(error.filename or job.folder, error).text)
        else:
            self.in_work[owner] = InWork(job, process, time.monotonic())

    def _orphans(self) -> list[str]:
        """Owners that an earlier worker of this name left at work when it was killed. They still take a slot."""
        if not self.name:
            return []
        return [o for o in self.store.owners() if o.startswith(f"{self.name}/") and o not in self.in_work]

    def _end_what_does_not_stop(self) -> None:
        """After a polite request and some patience, a process is killed. Its files are whole: see write_aside.

        An orphan's process cannot be reached. It finds that its job has ended, and writes nothing any more.
        """
        asked = self.store.asked_to_stop()
        now = time.monotonic()
        self.asked_at = {owner: self.asked_at.get(owner, now) for owner in asked.values()}
        mine = {*self.in_work, *self._orphans()}
        for job_id, owner in asked.items():
            if owner in mine and now - self.asked_at[owner] > self.patience_seconds:
                if owner in self.in_work:
                    self.in_work[owner].process.kill()
                    self.in_work[owner].process.wait()
                self._note_stopped(job_id, owner)

    def _note_stopped(self, job_id: int, owner: str) -> None:
        said = Text("It did not stop by itself, so its process was ended. {remedy}", {"remedy": self.store.remedy})
        self.store.end(job_id, owner, State.STOPPED, said)

    def _note_end(self, owner: str, job: Run | EvaluationRow, code: int) -> None:
        """A process that ended without its own last word was killed or crashed: the job is interrupted."""
        paths.remove_partials(job.folder, of_the_living=True)
        values = {"number": abs(code), "remedy": self.store.remedy}
        if code < 0:
            how = Text("Its process was killed by signal {number}. {remedy}", values)
        else:
            how = Text("Its process ended with code {number}. {remedy}", values)
        self.store.end(job.id, owner, State.INTERRUPTED, how)


class Evaluator(Worker):
    """The same for evaluations. They have slots of their own, so that none waits behind a long training."""

    module = "gan_core.evaluating"
    patience_seconds = CANCEL_SECONDS

    def _note_stopped(self, job_id: int, owner: str) -> None:
        self.store.end(job_id, owner, State.STOPPED)
        if row := self.store.get(job_id):
            row.checkpoint_path.unlink(missing_ok=True)


def work(store: RunStore, slots: int, name: str = "", idle_seconds: float | None = None) -> None:
    """Work until ended, or until there was nothing to do for `idle_seconds`.

    Args:
        slots: runs in training at the same time; besides, one evaluation is in work.
        name: with a name, only one worker at a time works under it; a second one returns at once.
    """
    owner = new_owner()
    workers = [Worker(store, slots, name), Evaluator(EvaluationStore(store.engine), 1, name)]
    if name and not _take_name(store, name, owner):
        return
    paths.remove_partials(paths.checkpoints())
    patience = Patience()
    last_work = last_sign = time.monotonic()
    while idle_seconds is None or time.monotonic() - last_work < idle_seconds:
        with patience.bridged():
            busy = [worker.look() for worker in workers]
            if any(busy):
                last_work = time.monotonic()
            if name and time.monotonic() - last_sign >= HEARTBEAT_SECONDS:
                last_sign = time.monotonic()
                if not store.register_worker(name, owner):
                    # Taken for dead (this computer slept) and replaced: finish what is in work, claim no more.
                    for worker in workers:
                        worker.slots = 0
        time.sleep(POLL_SECONDS)
    if name:
        store.unregister_worker(name, owner)


def _take_name(store: RunStore, name: str, owner: str) -> bool:
    """Become the worker of that name; False if another one shows, while one watches, that it lives."""
    began = time.monotonic()
    sign = store.worker_sign(name)
    while not store.register_worker(name, owner):
        if store.worker_sign(name) != sign or time.monotonic() - began > 2 * LOST_AFTER_SECONDS:
            return False
        time.sleep(POLL_SECONDS)
    return True


def app_worker_name() -> str:
    """The name under which the app's worker on this machine works."""
    return f"app@{platform.node()}"


_starting = threading.Lock()
_started_at = -math.inf


def ensure_worker(store: RunStore) -> None:
    """Start the app's worker if none lives. It outlives whoever starts it.

    Cheap enough for every tick of every page: one that was started a moment ago is given the time to register.
    """
    global _started_at
    with _starting:
        if time.monotonic() - _started_at < START_SECONDS or store.worker_lives(app_worker_name()):
            return
        _started_at = time.monotonic()
        folder = paths.checkpoints()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _start_detached([sys.executable, "-m", "gan_core", "worker", "--of-app"], folder / "worker.log")
        except OSError as error:
            raise not_written(error.filename or folder, error) from error


def _start_detached(command: list[str], log: Path) -> subprocess.Popen:
    """A process of its own session, so that Ctrl-C in the server's terminal, or the server's end, does not reach it."""
    apart = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        if sys.platform == "win32"
        else {"start_new_session": True}
    )
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=paths.child_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, **apart
        )


# One run or evaluation


class Stopped(Exception):  # noqa: N818 (nothing has gone wrong)
    """The run was asked to stop before its first step, or the evaluation to end without a result."""


def train_run(store: RunStore, run: Run, tell: Tell = lambda progress: None) -> Run:
    """Train a run that this process owns until its budget is spent or it is asked to stop, and note how it ended.

    Raises WorkbenchError, noted in the run too, for whatever a user can mend.
    """
    end = State.STOPPED
    reporter = Reporter(store, run)
    try:
        with heartbeat(reporter.store, run) as stop, failure_noted(reporter.end), contextlib.suppress(Stopped):
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

    from gan_core import datasets, devices, folders, recording, scoring, training

    device = devices.choose_device(config.device)
    reporter.tell(device=devices.describe(device))
    tell({"device": devices.describe(device)})

    def say(line: Text) -> None:
        message = line.to_json()
        if reporter.tell(message=message) or stop.is_set():
            raise Stopped
        tell({"message": message})

    # Weights that have all but vanished make a CPU many times slower; to it they are zero.
    torch.set_flush_denormal(True)
    devices.keep_freed_memory()
    try:
        if config.dataset.startswith(FOLDER):
            left_out = [text.to_json() for text in folders.list_pictures(config.dataset).left_out]
            reporter.tell(left_out_json=json.dumps(left_out))
            tell({"left_out": left_out})
        dataset = datasets.load_dataset(config, Path(run.data_dir), seldom(say))
        reference = scoring.real_pictures(config, Path(run.data_dir), dataset, device, seldom(say))
        dataset = dataset.to(device)
        gan = training.Gan(config, dataset.spec, device)
        seconds = recording.restore(gan, run)
        batches = dataset.batches(config.batch_size, config.seed, gan.batches, config.mirror)
        scores = scoring.Scoring(reporter, gan, reference, stop.is_set) if reference else None
        recorder = recording.Recorder(reporter, gan, seconds, stop.is_set, tell, scores)
        reporter.tell(message="", dataset_images=len(dataset.images))
        if recorder.progress(seconds) < 1:
            choosing = threads.tuned if config.minutes and device.type == "cpu" else contextlib.nullcontext
            with choosing(recorder.watch) as watch:
                training.train(gan, batches, watch)
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


def seldom(say: Callable[P, None]) -> Callable[P, None]:
    """The same, but at most four times a second."""
    last = -math.inf

    def maybe_say(*said: P.args, **named: P.kwargs) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_SECONDS:
            last = time.monotonic()
            say(*said, **named)

    return maybe_say


@contextlib.contextmanager
def failure_noted(end: Callable[[State, Text], object]) -> Iterator[None]:
    """An error within is its owner's last word on the job, given to `end`, and goes on."""
    try:
        yield
    except StoreUnavailableError:
        raise  # there is nobody to tell
    except WorkbenchError as error:
        with contextlib.suppress(StoreUnavailableError):  # the error itself says more
            end(State.FAILED, error.text)
        raise
    except Exception as error:
        told = Text("It failed unexpectedly: {kind}: {error}", {"kind": type(error).__name__, "error": limited(error)})
        with contextlib.suppress(StoreUnavailableError):
            end(State.FAILED, told)
        raise


@contextlib.contextmanager
def heartbeat(store: RunStore | EvaluationStore, run: Run | EvaluationRow) -> Iterator[threading.Event]:
    """Says from a thread that this process lives. The event is set if the run is no longer its own."""
    stop, ended = threading.Event(), threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(WorkbenchError):  # a store that is busy now may answer the next beat
                if not store.heartbeat(run.id, run.owner):
                    stop.set()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        with _on_signals(stop.set):
            yield stop
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and a polite end (SIGTERM) save the run before the process ends. A second Ctrl-C ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # a notebook's or a server's thread has no say in signals
        return

    def asked(number: int, frame: object) -> None:
        stop()
        signal.signal(number, before[number])

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def do_claimed(store: Store, do: Callable[[Store, Any], object], number: str, owner: str) -> int:
    """What a process does that was started for a claimed run or evaluation; returns its exit code."""
    run = store.get(int(number))
    if run is None or run.owner != owner:
        return 1
    try:
        do(store, run)
    except WorkbenchError as error:
        print(error, file=sys.stderr)  # into its log; the store has it too, unless it is away
    return 0


if __name__ == "__main__":
    sys.exit(do_claimed(default_store(), train_run, *sys.argv[1:]))
