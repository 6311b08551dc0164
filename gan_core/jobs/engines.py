"""Who starts a job's process, and where. A worker decides when one begins and notes how it ended; an engine does it.

`ThisMachine` is here; `cluster.Cluster` has a Ray cluster find a machine.
"""

from pathlib import Path
from typing import Protocol

from gan_core.jobs.processes import Process, start_detached
from gan_core.jobs.torchrun import command_of
from gan_core.jobs.warm import FORKS, Warm
from gan_core.store.tables import EvaluationRow, Run


class NotStartedError(Exception):
    """Nothing is wrong with the job, but its process could not be started now. It waits in the queue again."""


class Engine(Protocol):
    """What a worker needs of an engine."""

    is_here: bool
    """Whether what it starts is on this machine, and ends with the worker. What is elsewhere outlives it."""

    @property
    def slots(self) -> int:
        """How many jobs may be in work at the same time."""

    def free_slots(self, taken: int) -> int:
        """How many more may begin at this moment."""

    def start(self, module: str, job: Run | EvaluationRow, owner: str, log: Path) -> Process:
        """Start what does the job (`command_of`).

        Raises NotStartedError, WorkbenchError if it can never be started, and OSError if the log cannot be written.
        """

    def find(self, job: Run | EvaluationRow, owner: str) -> Process | None:
        """The process of a job that an earlier worker started; None where it cannot be reached."""

    def get_ready(self, somebody_looks: bool, in_work: bool) -> None:
        """Called again and again: prepare to start a job at once, or no longer if nobody is there who would want it."""

    def close(self) -> None:
        """End what was prepared."""


class ThisMachine:
    """Starts each job as a process of this machine, at once where one waits that has imported all (warm.py)."""

    is_here = True

    def __init__(self, slots: int, warm: Warm | None = None):
        self.slots = slots
        self.warm = warm

    def free_slots(self, taken: int) -> int:
        # A run begins sooner with a process that is about to be ready than with one of its own.
        return 0 if self.warm and self.warm.is_worth_waiting_for else self.slots - taken

    def start(self, module: str, job: Run | EvaluationRow, owner: str, log: Path) -> Process:
        may_wait = isinstance(job, Run) and job.config.minutes is not None and job.config.devices == 1
        warmed = self.warm.start(job.id, owner, log) if self.warm and may_wait else None
        return warmed or start_detached(command_of(module, job, owner), log)

    def find(self, job: Run | EvaluationRow, owner: str) -> Process | None:
        return None

    def get_ready(self, somebody_looks: bool, in_work: bool) -> None:
        if self.warm is None or not self.slots:
            return
        if not somebody_looks:
            self.warm.end()
        elif FORKS or not in_work:  # else its imports would slow the run in training
            self.warm.keep()

    def close(self) -> None:
        if self.warm:
            self.warm.end()
