"""Takes queued runs and evaluations in order, each in a process of its own. Never inside the web server.

python -m gan_core worker        a worker, until it is ended

A worker only supervises: it has train_job.py and evaluate_job.py started by its engine (engines.py), and notes how they
ended. And it makes the runs of searches (search.py).
"""

import contextlib
import math
import os
import signal
import threading
import time
from typing import NamedTuple

from gan_core import files, paths
from gan_core.disk import not_written
from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.hosting import PREFIX, hosting
from gan_core.jobs.engines import Engine, NotStartedError, ThisMachine
from gan_core.jobs.job import new_owner, on_signals
from gan_core.jobs.processes import LOST, NOT_STARTED, UNKNOWN_JOB, Process
from gan_core.jobs.search import Searches
from gan_core.jobs.warm import Warm
from gan_core.store.aging import EVERY_SECONDS, delete_old
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.patience import Patience
from gan_core.store.queue import HEARTBEAT_SECONDS, LOST_AFTER_SECONDS
from gan_core.store.runs import RunStore
from gan_core.store.tables import EvaluationRow, Run, State
from gan_core.text import Text

POLL_SECONDS = 0.25
"""How often a worker checks for queued runs and ended processes."""
STOP_SECONDS = 15
"""How long a run that was asked to stop has to save itself. During a very long step it cannot react."""
CANCEL_SECONDS = 1
"""How long a cancelled evaluation has to end by itself."""
FIRST_SIGN_SECONDS = 60
"""For this long after a process was started, its worker writes heartbeats for it; then it must do so itself."""
SPARE_SECONDS = 300
"""Where visitors are told apart, a job may live for twice its training time and this: it reads, scores and saves."""
IDLE_SECONDS = 600
"""How long the app's own worker stays without work, and a process ready, if nobody looks and nothing waits."""


TOO_LONG = Text("It was stopped because it took far longer than its training time.")


class InWork(NamedTuple):
    """A run or an evaluation that a worker started, its process, and when, by the clock that only goes forward."""

    job: Run | EvaluationRow
    process: Process
    started_at: float


class Worker:
    """Keeps as many runs in training as its engine has slots, each in its own process."""

    module = "gan_core.jobs.train_job"
    patience_seconds = STOP_SECONDS

    def __init__(self, store: RunStore | EvaluationStore, engine: Engine, name: str = ""):
        self.store = store
        self.engine = engine
        self.name = name
        self.is_replaced = False
        """Whether another worker has its name now: it claims no more."""
        self.in_work: dict[str, InWork] = {}
        self.asked_at: dict[str, float] = {}
        """When this worker first saw that an owner is asked to stop."""
        self.too_long: set[str] = set()
        """Owners that were asked to stop because they have lived for too long."""

    def supervise(self) -> bool:
        """Note what has ended, end what does not stop, and start what waits. True while there is work.

        Raises StoreUnavailableError; what could not be recorded is recorded at the next call.
        """
        if not self.engine.is_here:
            self._find_again()
        for owner, (job, process, started_at) in list(self.in_work.items()):
            if process.poll() is not None:
                self._note_end(owner, job, process.returncode)
                del self.in_work[owner]
            elif time.monotonic() - started_at < FIRST_SIGN_SECONDS:
                # On a busy machine, loading Python alone takes longer than LOST_AFTER_SECONDS.
                self.store.heartbeat(job.id, owner)
        self._stop_what_lives_too_long()
        self._end_what_does_not_stop()
        self.store.mark_interrupted()
        while not self.is_replaced and self.engine.free_slots(len(self.in_work) + len(self._orphans())) > 0:
            owner = f"{self.name}/{new_owner()}" if self.name else new_owner()
            claimed = self.store.claim(owner)
            if claimed is None or not self._start(claimed, owner):
                break
        # A run that waits behind an orphan is work too, or an idle worker would end and leave it waiting.
        return bool(self.in_work) or (not self.is_replaced and self.engine.slots > 0 and self.store.waiting() > 0)

    def _start(self, job: Run | EvaluationRow, owner: str) -> bool:
        """False if nothing can be started for the moment."""
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
            process = self.engine.start(self.module, job, owner, job.folder / "log.txt")
        except NotStartedError:
            self.store.queue_again(job.id, owner)
            return False
        except WorkbenchError as error:
            self.store.end(job.id, owner, State.FAILED, error.text)
        except OSError as error:  # this one's folder; another's may be sound
            self.store.end(job.id, owner, State.FAILED, not_written(error.filename or job.folder, error).text)
        else:
            self.in_work[owner] = InWork(job, process, time.monotonic())
        return True

    def _orphans(self) -> dict[str, int]:
        """Owners that an earlier worker of this name left at work when it ended. They still take a slot."""
        if not self.name:
            return {}
        return {
            owner: number
            for number, owner in self.store.owners().items()
            if owner.startswith(f"{self.name}/") and owner not in self.in_work
        }

    def _find_again(self) -> None:
        """What an earlier worker of this name left at work elsewhere is this one's from here on."""
        for owner, number in self._orphans().items():
            if (job := self.store.get(number)) and (process := self.engine.find(job, owner)):
                self.in_work[owner] = InWork(job, process, time.monotonic())

    def _stop_what_lives_too_long(self) -> None:
        """A run's budget is spent by its own clock, which stands still while it scores, and may never run at all."""
        for owner, (job, _, started_at) in self.in_work.items():
            if time.monotonic() - started_at > _most_seconds(job) and owner not in self.too_long:
                self.too_long.add(owner)
                self._ask_to_stop(job.id)

    def _ask_to_stop(self, job_id: int) -> None:
        assert isinstance(self.store, RunStore)
        self.store.ask_to_stop(job_id)

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
        message = Text("It did not stop by itself, so its process was ended. {remedy}", {"remedy": self.store.remedy})
        self.store.end(job_id, owner, State.STOPPED, message)

    def _note_end(self, owner: str, job: Run | EvaluationRow, code: int) -> None:
        """A process that ended without recording its final state was killed or crashed: the job is interrupted."""
        if code == NOT_STARTED:
            self.store.queue_again(job.id, owner)
            return
        paths.remove_partials(job.folder, of_the_living=True)
        how = _how_it_ended(code)
        if owner not in self.too_long:
            self.store.interrupt(job.id, owner, how)
            return
        self.too_long.remove(owner)
        self.store.end(job.id, owner, State.INTERRUPTED, how)
        self.store.explain(job.id, owner, TOO_LONG)

    # The worker's own end

    def end_all(self, seconds: float) -> None:
        """End what is in work, and let it wait in the queue again. What somebody asked to stop stays stopped.

        Args:
            seconds: in which a run must have saved itself; then it goes on from its last checkpoint.
        """
        asked: set[str] = set()
        with contextlib.suppress(StoreUnavailableError):
            asked = set(self.store.asked_to_stop().values())
        for _, process, _ in self.in_work.values():
            self._end_politely(process)
        until = time.monotonic() + seconds
        for owner, (job, process, _) in self.in_work.items():
            while process.poll() is None and time.monotonic() < until:
                time.sleep(POLL_SECONDS)
            process.kill()
            process.wait()
            paths.remove_partials(job.folder, of_the_living=True)
            if owner not in asked:
                with contextlib.suppress(StoreUnavailableError):  # it will be found interrupted
                    self.store.queue_again(job.id, owner)
        self.in_work.clear()

    def _end_politely(self, process: Process) -> None:
        """It saves its run, unless it has ended already: a whole group of processes may be told to end at once."""
        process.terminate()


def _how_it_ended(code: int) -> Text:
    """Of a process that has not said so itself."""
    values = {"number": abs(code)}
    if code == LOST:
        return Text("The machine that trained it was lost. {remedy}")
    if code == UNKNOWN_JOB:
        return Text("The machine that was to train it has another list of runs (GAN_WORKBENCH_DATABASE). {remedy}")
    if code < 0:
        return Text("Its process was killed by signal {number}. {remedy}", values)
    return Text("Its process ended with code {number}. {remedy}", values)


def _most_seconds(job: Run | EvaluationRow) -> float:
    """How long a job's process may live."""
    if not hosting().is_shared:
        return math.inf
    seconds = 60 * hosting().most_minutes
    if isinstance(job, Run):
        minutes = job.config.minutes
        seconds = 60 * minutes if minutes else max(seconds, job.expected_seconds or 0)
    return 2 * seconds + SPARE_SECONDS


class Evaluator(Worker):
    """The same for evaluations. They have slots of their own, so that none waits behind a long training."""

    module = "gan_core.jobs.evaluate_job"
    patience_seconds = CANCEL_SECONDS

    def _ask_to_stop(self, job_id: int) -> None:
        assert isinstance(self.store, EvaluationStore)
        self.store.cancel(job_id)

    def _end_politely(self, process: Process) -> None:
        """At once: it has nothing to save, and if it ended by itself, its model's copy would go."""
        process.kill()

    def _note_stopped(self, job_id: int, owner: str) -> None:
        self.store.end(job_id, owner, State.STOPPED)
        row = self.store.get(job_id)
        if isinstance(row, EvaluationRow):
            files.remove([row.checkpoint_path])


def work(store: RunStore, engine: Engine, name: str = "", idle_seconds: float | None = None) -> None:
    """Work until ended, or until there was nothing to do for `idle_seconds`.

    A polite end (SIGTERM, as at the computer's own end) saves what is in training here, and queues it again. What is
    elsewhere goes on, and the next worker of this name finds it.

    Args:
        engine: starts runs. Besides, one evaluation is in work, if it is here.
        name: with a name, only one worker at a time works under it; a second one returns at once.
    """
    ending = threading.Event()
    with on_signals(ending.set, signal.SIGTERM):
        _work_until(ending, store, engine, name, idle_seconds)


def _work_until(
    ending: threading.Event, store: RunStore, engine: Engine, name: str, idle_seconds: float | None
) -> None:
    owner = new_owner()
    training = Worker(store, engine, name)
    workers = [training]
    if engine.is_here:
        workers.append(Evaluator(EvaluationStore(store.engine), ThisMachine(1), name))
    searches = Searches(store)
    if name and not _take_name(store, name, owner, engine.slots):
        return
    paths.remove_partials(paths.checkpoints())
    patience = Patience()
    last_work = last_sign = last_look = time.monotonic()
    last_cleaning = -math.inf
    seen = store.last_look(name)
    while not ending.is_set():
        if idle_seconds is not None and time.monotonic() - max(last_work, last_look) >= idle_seconds:
            break
        engine.get_ready(time.monotonic() - last_look < IDLE_SECONDS, bool(training.in_work))
        with patience.bridged():
            searching = searches.look(0 if training.is_replaced else engine.slots)
            busy = [searching, *[worker.supervise() for worker in workers]]
            if any(busy):
                last_work = time.monotonic()
            if time.monotonic() - last_cleaning >= EVERY_SECONDS:
                last_cleaning = time.monotonic()
                delete_old(store)
            if time.monotonic() - last_sign >= HEARTBEAT_SECONDS:
                last_sign = time.monotonic()
                if (look := store.last_look(name)) != seen or store.waiting():
                    seen, last_look = look, time.monotonic()
                if name and not store.register_worker(name, owner, engine.slots):
                    # Replaced by another worker, after this computer slept: finish what is in work, claim no more.
                    for worker in workers:
                        worker.is_replaced = True
                    last_look = -math.inf
        ending.wait(POLL_SECONDS)
    engine.close()
    if ending.is_set() and engine.is_here:
        for worker in reversed(workers):  # an evaluation has nothing to save
            worker.end_all(STOP_SECONDS)
    if name:
        store.unregister_worker(name, owner)


def this_machine(slots: int | None = None) -> ThisMachine:
    """The engine that trains here.

    Args:
        slots: runs at the same time, if not as many as the app has.
    """
    slots = hosting().slots if slots is None else slots
    os.environ[f"{PREFIX}SLOTS"] = str(slots)  # its runs share the cores
    return ThisMachine(slots, Warm(paths.worker_log()))


def _take_name(store: RunStore, name: str, owner: str, slots: int) -> bool:
    """Become the worker of that name; False if another one proves to be alive by a new heartbeat."""
    began = time.monotonic()
    sign = store.worker_sign(name)
    while not store.register_worker(name, owner, slots):
        if store.worker_sign(name) != sign or time.monotonic() - began > 2 * LOST_AFTER_SECONDS:
            return False
        time.sleep(POLL_SECONDS)
    return True
