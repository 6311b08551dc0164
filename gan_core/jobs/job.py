"""What training a run and evaluating a model have in common: the process that does it, from claim to final state."""

import contextlib
import math
import os
import platform
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.jobs.processes import UNKNOWN_JOB
from gan_core.priority import come_after_the_server
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.queue import HEARTBEAT_SECONDS
from gan_core.store.runs import RunStore
from gan_core.store.tables import EvaluationRow, Run, State
from gan_core.text import Text, limited

TELL_SECONDS = 0.25
"""While something is loaded or evaluated, progress is written, and a request to stop is read, at most this often."""

P = ParamSpec("P")
Store = TypeVar("Store", RunStore, EvaluationStore)


class Stopped(Exception):  # noqa: N818 (nothing has gone wrong)
    """The run was asked to stop before its first step, or the evaluation to end without a result."""


def new_owner() -> str:
    return f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"


def process_of(owner: str) -> int:
    """The number of an owner's process, on its own computer."""
    return int(owner.rsplit("-", 2)[1])


def do_claimed(store: Store, do: Callable[[Store, Any], object], number: str, owner: str) -> int:
    """What a process does that was started for a claimed run or evaluation; returns its exit code."""
    run = store.get(int(number))
    if run is None or run.owner != owner:
        print(f"Number {number} is not in work for {owner} in {store.engine.url!r}.", file=sys.stderr)
        return UNKNOWN_JOB
    come_after_the_server()
    try:
        do(store, run)
    except WorkbenchError as error:
        print(error, file=sys.stderr)  # into its log; the store has it too, unless it is away
    return 0


@contextlib.contextmanager
def heartbeat(store: RunStore | EvaluationStore, run: Run | EvaluationRow) -> Iterator[threading.Event]:
    """Writes heartbeats from a thread: this process lives. The event is set if the run is no longer its own."""
    stop, ended = threading.Event(), threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(WorkbenchError):  # a store that is busy now may answer the next beat
                if not store.heartbeat(run.id, run.owner):
                    stop.set()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        with on_signals(stop.set, signal.SIGINT, signal.SIGTERM):
            yield stop
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def on_signals(stop: Callable[[], None], *numbers: signal.Signals) -> Iterator[None]:
    """Ctrl-C (SIGINT) and a polite end (SIGTERM) let a run be saved before its process ends.

    A second Ctrl-C ends it at once. A second SIGTERM changes nothing: one may come from the system, to all processes,
    and another from the worker.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can handle signals, not a notebook's or a server's thread
        return

    def asked(number: int, frame: object) -> None:
        stop()
        if number == signal.SIGINT:
            signal.signal(number, before[signal.SIGINT])

    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def failure_noted(end: Callable[[State, Text], object]) -> Iterator[None]:
    """An error within this context is recorded as the job's final state, by `end`, and raised again."""
    try:
        yield
    except StoreUnavailableError:
        raise  # the store cannot be written
    except WorkbenchError as error:
        with contextlib.suppress(StoreUnavailableError):  # the error itself is more exact
            end(State.FAILED, error.text)
        raise
    except Exception as error:
        message = Text(
            "It failed unexpectedly: {kind}: {error}", {"kind": type(error).__name__, "error": limited(error)}
        )
        with contextlib.suppress(StoreUnavailableError):
            end(State.FAILED, message)
        raise


def throttled(on_progress: Callable[P, None]) -> Callable[P, None]:
    """The same, but at most four times a second."""
    last = -math.inf

    def maybe_call(*said: P.args, **named: P.kwargs) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_SECONDS:
            last = time.monotonic()
            on_progress(*said, **named)

    return maybe_call
