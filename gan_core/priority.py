"""Which of our processes goes first where processor time or memory is short. Knows nothing of torch."""

import contextlib
import sys
from pathlib import Path

import psutil

from gan_core.hosting import hosting

FIRST, BEFORE_THE_SERVER = 1000, 500
"""Linux ends a process with a higher number sooner if there is no memory left; others have 0."""
NICENESS = 5
"""Of runs and evaluations where visitors are told apart: 0 is as any other process, 19 after all."""


def end_where_memory_runs_out(score: int) -> None:
    """How soon Linux ends this process, if there is no memory left for all."""
    with contextlib.suppress(OSError):  # another system
        Path("/proc/self/oom_score_adj").write_text(str(score))


def come_after(niceness: int) -> None:
    """Let others go first where there is too little processor time for all."""
    with contextlib.suppress(OSError, psutil.Error):
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else niceness)


def come_after_the_server() -> None:
    """For a run or an evaluation: where visitors are told apart, the server must answer all of them meanwhile."""
    if hosting().is_shared:
        come_after(NICENESS)
        end_where_memory_runs_out(BEFORE_THE_SERVER)
