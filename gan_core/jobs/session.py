"""One session of a run's training: its clock, and what people ask of it meanwhile. `training.loop.train` uses it."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator

from gan_core.jobs.reporter import Reporter
from gan_core.training.gan import Gan

ASK_SECONDS = 1.0
"""How often the store is asked for changes."""


class TrainingSession:
    """The time that a run has been trained, whether it is to stop, and which hyperparameters are to change.

    Args:
        seconds: how long it has been trained in earlier sessions.
        stop: asked before every step; True ends the run here.
    """

    def __init__(self, reporter: Reporter, seconds: float, stop: Callable[[], bool]):
        self.reporter, self.stop = reporter, stop
        self.stood_still = 0.0
        """Seconds of this session during which the clock was stopped."""
        self._began_with = seconds
        self._start = time.perf_counter() - seconds
        self._past = deque((change.step, change) for change in reporter.changes() if change.step is not None)
        self._next_question = 0.0

    def seconds(self) -> float:
        """How long the run has been trained, over all its sessions."""
        return time.perf_counter() - self._start

    def seconds_of_session(self) -> float:
        """How long the run has been trained in this session."""
        return self.seconds() - self._began_with

    @contextlib.contextmanager
    def clock_stopped(self) -> Iterator[None]:
        """Time that does not count as training: a scored run trains as long as one without scoring."""
        began = time.perf_counter()
        try:
            yield
        finally:
            passed = time.perf_counter() - began
            self._start += passed
            self.stood_still += passed

    def asked_to_stop(self) -> bool:
        """Whether the run is to end here: by a request, by a signal, or because another process owns it now."""
        return self.reporter.asked_to_stop or self.stop()

    def changes(self, gan: Gan) -> dict[str, float]:
        """Hyperparameters that have another value from the next step on: those of earlier sessions, then new ones.

        What an earlier session changed holds from the same step on, or the run would become another one. A new change
        waits until those have been repeated.
        """
        due = {}
        while self._past and self._past[0][0] <= gan.step:
            _, change = self._past.popleft()
            due[change.name] = change.value
        if not self._past and self.seconds() >= self._next_question:
            self._next_question = self.seconds() + ASK_SECONDS
            for change in self.reporter.new_changes():
                if self.reporter.take_up(change, gan.step, gan.kimg, self.seconds()):
                    due[change.name] = change.value
        return due
