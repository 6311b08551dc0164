"""A process that has imported all that a run needs, and waits to be told which one. Then the run starts at once.

python -m gan_core.jobs.warm      what a worker starts while somebody may start a run

It is for runs whose budget is a time: how torch's threads wait for each other is fixed when torch is imported, and such
runs want another way than those whose sums must be the same each time (threads.py), which import for themselves.

Importing torch and all the rest takes seconds. Each run still has a process of its own, killed or crashed alone. On
Linux the waiting process forks: the run shares what was imported, and the next one can start at once too. Elsewhere it
becomes the run itself, since a process that has imported torch cannot be forked safely (macOS) or at all (Windows).
"""

import contextlib
import gc
import importlib
import json
import math
import os
import select
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import psutil

from gan_core import common_place
from gan_core.jobs import threads
from gan_core.jobs.processes import Adopted, Process, adopt_orphans, start_detached
from gan_core.priority import FIRST, end_where_memory_runs_out

FORKS = sys.platform == "linux"
PATIENCE_SECONDS = 60
"""A run waits so long for a process that still imports: to begin with the imports anew would take longer."""
NEEDED = (
    "torch._dynamo",  # torch's optimizers import it at their first step
    "torchvision.datasets",
    "gan_core.estimates.memory",
    "gan_core.hosting_settings",
    "gan_core.jobs.recorder",
    "gan_core.jobs.resume",
    "gan_core.jobs.train_job",
    "gan_core.metrics.scorecard",
    "gan_core.training.captured",
    "gan_core.training.parallel",
)
"""With what they import, all that a run may need."""
ANSWER_SECONDS = 5
"""In which a process that waits must have forked."""
COMMAND = [sys.executable, "-m", "gan_core.jobs.warm"]
LEAST_FREE_BYTES = 2**30
"""No process waits where less memory is free than this. It takes a third of it."""


class Warm:
    """Keeps one process waiting, and starts runs by it.

    Args:
        log: where it writes what goes wrong before it is a run.
    """

    def __init__(self, log: Path):
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = -math.inf
        self._is_ready = False

    def keep(self) -> None:
        """See that a process waits, unless memory is short. One that died at once is not replaced soon."""
        free = psutil.virtual_memory().available
        if free < LEAST_FREE_BYTES:
            self.end()
        elif not self._lives and free > 2 * LEAST_FREE_BYTES and time.monotonic() > self._started_at + self._rest():
            if FORKS:
                adopt_orphans()
            self._started_at, self._is_ready = time.monotonic(), False
            with contextlib.suppress(OSError):  # runs begin without it
                self.log.parent.mkdir(parents=True, exist_ok=True)
                self._process = start_detached(COMMAND, self.log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _rest(self) -> float:
        """Seconds after the start of a process that died by itself in which it would not help to start another."""
        return 0 if self._process is None else PATIENCE_SECONDS

    def end(self) -> None:
        """End the process that waits. The runs that it has started go on."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    @property
    def is_ready(self) -> bool:
        """Whether it can be told a run."""
        if self._lives and not self._is_ready:
            # Where it does not fork, it reads its one run as soon as it has imported all.
            self._is_ready = not FORKS or self._has_said_so()
        return self._lives and self._is_ready

    def _has_said_so(self) -> bool:
        assert self._process and self._process.stdout  # a pipe
        something_to_read = select.select([self._process.stdout], [], [], 0)[0]
        return bool(something_to_read and self._process.stdout.readline())

    @property
    def is_worth_waiting_for(self) -> bool:
        """Whether it still imports, so that a run starts sooner if it waits than if it begins with the imports anew."""
        return self._lives and not self.is_ready and time.monotonic() - self._started_at < PATIENCE_SECONDS

    @property
    def _lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, run_id: int, owner: str, log: Path) -> Process | None:
        """The process of that run; None if none waits that could become it."""
        if not self.is_ready:
            return None
        log.open("ab").close()  # a log that cannot be written is better found out here
        process = self._process
        assert process and process.stdin  # a pipe
        try:
            process.stdin.write(json.dumps([run_id, owner, str(log)]).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            return None
        if not FORKS:
            self._process = None
            return process
        number = self._told_number()
        return Adopted(number) if number else None

    def _told_number(self) -> int:
        """The number of the process that was forked; 0 if there is none.

        A waiting process that does not answer is killed. Without its answer, a fork of it does not begin.
        """
        assert self._process and self._process.stdout  # a pipe
        if not select.select([self._process.stdout], [], [], ANSWER_SECONDS)[0]:
            self._process.kill()
            self._process.wait()  # or it would seem to be ready for a moment
        told = self._process.stdout.readline().strip()
        return int(told or 0)


# In the process that waits


def main() -> None:
    """Import all that a run may need, then start one for each line that is read: [number, owner, log] as JSON."""
    threads.stay_awake()
    for name in NEEDED:
        importlib.import_module(name)
    common_place.get_ready()
    # Shared memory stays shared: the garbage collector would write to what was imported.
    gc.collect()
    gc.freeze()
    end_where_memory_runs_out(FIRST)
    if FORKS:
        print("ready", flush=True)
    for line in sys.stdin:
        run, owner, log = json.loads(line)
        if FORKS:
            _fork(run, owner, log)
        else:
            _become(run, owner, log)


def _fork(run: int, owner: str, log: str) -> None:
    """Make a process for the run, tell its number, and let it begin.

    The one between the two ends at once, so that the run's process is adopted by the worker, which hears of its end.
    """
    number, tell_number = os.pipe()
    may_begin, let_begin = os.pipe()
    between = os.fork()
    if between == 0:
        try:
            if pid := os.fork():
                os.write(tell_number, str(pid).encode())
            else:
                os.close(let_begin)
                if os.read(may_begin, 1):  # nothing if the waiting process has died: the worker does not know of this
                    os.setsid()
                    _become(run, owner, log)
        finally:  # whatever happens, this is not another process that waits
            os._exit(0)
    os.close(tell_number)
    os.waitpid(between, 0)
    told = os.read(number, 20).decode()  # nothing, if there was no second fork
    print(told, flush=True)
    if told:
        with contextlib.suppress(BrokenPipeError):
            os.write(let_begin, b"!")
    for end in (number, may_begin, let_begin):
        os.close(end)


def _become(run: int, owner: str, log: str) -> NoReturn:
    """Train the run in this process, and end."""
    end_where_memory_runs_out(0)
    code = 1
    try:
        with Path(log).open("ab") as output, Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        from gan_core.jobs.job import do_claimed
        from gan_core.jobs.train_job import train_run
        from gan_core.store.runs import default_store

        code = do_claimed(default_store(), train_run, str(run), owner)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
