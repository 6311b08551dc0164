"""The one worker that the app keeps on a machine: started as soon as somebody looks who may start a run.

It outlives the server, so that runs do. Knows nothing of torch.
"""

import contextlib
import math
import os
import platform
import sys
import threading
import time

import psutil

from gan_core import paths
from gan_core.disk import not_written
from gan_core.hosting_settings import variables_of_jobs
from gan_core.jobs.job import process_of
from gan_core.jobs.processes import start_detached
from gan_core.jobs.worker import STOP_SECONDS
from gan_core.store.queue import LOST_AFTER_SECONDS
from gan_core.store.runs import RunStore

START_SECONDS = 10 + LOST_AFTER_SECONDS
"""How long a worker may take to start, on a machine that is busy training, to see that an earlier one is dead, and to
register."""
CHECK_SECONDS = 1
"""How often a server looks whether the worker lives, however many pages are open."""
LOOK_SECONDS = 10
"""How often the worker is told that somebody looks."""


def app_worker_name() -> str:
    """The name under which the app's worker on this machine works."""
    return f"app@{platform.node()}"


_starting = threading.Lock()
_started_at = _looked_at = _checked_at = -math.inf
_no_more = False


def ensure_worker(store: RunStore) -> None:
    """Somebody looks, who may start a run: start the app's worker if none lives. It outlives whoever starts it.

    Cheap enough for every tick of every page: one that was started a moment ago is given the time to register.
    """
    global _started_at, _looked_at, _checked_at
    with _starting:
        now = time.monotonic()
        if _no_more or now - _checked_at < CHECK_SECONDS:
            return
        _checked_at = now
        if now - _looked_at >= LOOK_SECONDS:
            _looked_at = now
            store.note_look(app_worker_name())
        if now - _started_at < START_SECONDS or store.worker_lives(app_worker_name()):
            return
        _started_at = now
        folder = paths.checkpoints()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            start_detached([sys.executable, "-m", "gan_core", "worker", "--of-app"], paths.worker_log())
        except OSError as error:
            raise not_written(error.filename or folder, error) from error


def end_worker(store: RunStore) -> None:
    """End the app's worker of this machine politely, and wait until it has saved what is in training.

    From here on, this process starts no other.
    """
    global _no_more
    with _starting:
        _no_more = True
    if process := _app_worker(store):
        _end_and_wait(process)


def end_worker_of_other_settings(store: RunStore) -> None:
    """A worker that an earlier server left, hosted another way, goes by that one's limits: end it politely."""
    process = _app_worker(store)
    if process is None:
        return
    with contextlib.suppress(psutil.Error):
        theirs = process.environ()
        if any(theirs.get(name) != os.environ.get(name) for name in variables_of_jobs()):
            _end_and_wait(process)


def _app_worker(store: RunStore) -> psutil.Process | None:
    """The process of the app's worker of this machine; None if none lives."""
    sign = store.worker_sign(app_worker_name())
    if sign is None or not store.worker_lives(app_worker_name()):
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(process_of(sign[0]))
        if "worker" in process.cmdline():  # else the number is another's by now
            return process
    return None


def _end_and_wait(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.terminate()
        process.wait(STOP_SECONDS + LOST_AFTER_SECONDS)
