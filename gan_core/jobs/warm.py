"""A process that has imported all that a run needs, and waits to be told which one. Then the run starts at once.

python -m gan_core.jobs.warm      what a worker starts while somebody may start a run

Importing torch and all the rest takes seconds. Each run still has a process of its own, killed or crashed alone. On
Linux the waiting process forks: the run shares what was imported, and the next one can start at once too. Elsewhere it
becomes the run itself, since a process that has imported torch cannot be forked safely (macOS) or at all (Windows).
"""

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

from gan_core.jobs import threads
from gan_core.jobs.processes import Adopted, Process, adopt_orphans, go_first_where_memory_runs_out, start_detached

FORKS = sys.platform == "linux"
PATIENCE_SECONDS = 60
"""A run waits so long for a process that still imports: to begin with the imports anew would take longer."""
NEEDED = (
    "torch._dynamo",  # torch's optimizers import it at their first step
    "torchvision.datasets",
    "gan_core.jobs.recorder",
    "gan_core.jobs.resume",
    "gan_core.jobs.train_job",
    "gan_core.metrics.scorecard",
    "gan_core.training.captured",
)
"""With what they import, all that a run may need."""
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
            self._process = start_detached(COMMAND, self.log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._started_at, self._is_ready = time.monotonic(), False

    def _rest(self) -> float:
        """Seconds after the start of a process that died, in which it would not help to start another."""
        return PATIENCE_SECONDS if self._process else 0

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
        process = self._process
        assert process and process.stdin and process.stdout  # pipes
        try:
            process.stdin.write(json.dumps([run_id, owner, str(log)]).encode() + b"\n")
            process.stdin.flush()
            return Adopted(int(process.stdout.readline())) if FORKS else process
        except (OSError, ValueError):  # it has died, and then its fork does not become a run either
            return None
        finally:
            if not FORKS:
                self._process = None


# In the process that waits


def main() -> None:
    """Import all that a run may need, then start one for each line that is read: [number, owner, log] as JSON."""
    threads.stay_awake()
    for name in NEEDED:
        importlib.import_module(name)
    # Shared memory stays shared: the garbage collector would write to what was imported.
    gc.collect()
    gc.freeze()
    go_first_where_memory_runs_out(True)
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
        if pid := os.fork():
            os.write(tell_number, str(pid).encode())
            os._exit(0)
        os.close(let_begin)
        if os.read(may_begin, 1):  # nothing if the waiting process has died: the worker does not know of this one
            os.setsid()
            _become(run, owner, log)
        os._exit(1)
    os.waitpid(between, 0)
    print(os.read(number, 20).decode(), flush=True)
    os.write(let_begin, b"!")
    for end in (number, tell_number, may_begin, let_begin):
        os.close(end)


def _become(run: int, owner: str, log: str) -> NoReturn:
    """Train the run in this process, and end."""
    go_first_where_memory_runs_out(False)
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
