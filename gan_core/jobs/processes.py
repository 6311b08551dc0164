"""Processes that a worker starts, and how it hears of their end."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

from gan_core import paths

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
UNKNOWN_JOB = 3
"""The exit code of a process that did not find its job in the store."""
LOST = 1001
"""In place of an exit code: nobody knows how it ended, since its machine is gone."""
NOT_STARTED = 1002
"""In place of an exit code: no machine had room for it."""


class Process(Protocol):
    """What a worker needs of a process: a subprocess.Popen has it, Adopted, and cluster.RayJob."""

    returncode: Any

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def wait(self) -> int: ...


class Adopted:
    """A process of this one's that another has forked: see `adopt_orphans`."""

    def __init__(self, pid: int):
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it lives."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        code = self._reap(0)
        assert code is not None  # it has ended
        return code

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:  # else the number may be another's by now
            os.kill(self.pid, number)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode


def adopt_orphans() -> None:
    """From here on, a process below this one whose parent ends becomes a child of this one, not of the system's first.

    Linux alone can do it.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """From here on, this process is killed when the one that started it ends, however that ends. Linux alone can do it.

    Elsewhere it goes on until it finds that its job is no longer its own.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def start_detached(command: list[str], log: Path, **pipes: int) -> subprocess.Popen[bytes]:
    """A process of its own session, so that Ctrl-C in the server's terminal, or the server's end, does not reach it.

    Args:
        pipes: for `stdin` and `stdout`, where not nothing is read, and the log is not written.
    """
    on_windows = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=paths.child_environment(),
            stdin=pipes.get("stdin", subprocess.DEVNULL),
            stdout=pipes.get("stdout", output),
            stderr=output,
            creationflags=on_windows,
            start_new_session=True,  # on any other system
        )
