"""A run on several devices: torch's torchrun starts a process (a rank) for each, and ends all once one has died.

python -m gan_core.jobs.torchrun DEVICES RUN OWNER    train_job once for each device

The ranks are one job: whoever started torchrun sees it end, with an error if a rank was killed, and the run is
interrupted as any other. A polite end (SIGTERM) reaches all ranks; rank 0 decides when they stop, and saves. What a
rank learns is in training/parallel.py.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from gan_core.errors import WorkbenchError
from gan_core.jobs import job
from gan_core.jobs.processes import Process, start_detached
from gan_core.store.patience import Patience
from gan_core.store.runs import RunStore, default_store
from gan_core.store.tables import EvaluationRow, Run, State
from gan_core.text import Text

MODULE = "gan_core.jobs.train_job"
TELL_SECONDS = 0.5
"""How often whoever waits for a run in the foreground hears how far it has come."""

OnProgress = Callable[[dict[str, Any]], None]
"""Takes a run's latest progress: its fields in the store."""


def command_of(module: str, claimed: Run | EvaluationRow, owner: str) -> list[str]:
    """What does a claimed job: one process of that module, or for a run on several devices torchrun with its own."""
    devices = claimed.config.devices if isinstance(claimed, Run) else 1
    how = ["gan_core.jobs.torchrun", str(devices)] if devices > 1 else [module]
    return [sys.executable, "-m", *how, str(claimed.id), owner]


def started_this() -> bool:
    """Whether this process is one of several that train a run."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def rank() -> int:
    """The number of this process among those that train its run; 0 for the one that records and saves."""
    return int(os.environ["RANK"])


def train(store: RunStore, run: Run, on_progress: OnProgress) -> Run:
    """`train_job.train_run` for a run on several devices: start its processes, and wait for them."""
    run.folder.mkdir(parents=True, exist_ok=True)
    with job.heartbeat(store, run) as stop:
        process = start_detached(command_of(MODULE, run, run.owner), run.folder / "log.txt")
        try:
            _wait(process, store, run, stop, on_progress)
        finally:
            process.kill()
            code = process.wait()
    how = Text("Its process ended with code {number}. {remedy}", {"number": abs(code)})
    store.interrupt(run.id, run.owner, how)  # unless it has recorded its end
    ended = store.get(run.id) or run
    if ended.state in (State.FAILED, State.INTERRUPTED) and ended.status_text:
        raise WorkbenchError(ended.status_text.template, **ended.status_text.values)
    return ended


def _wait(process: Process, store: RunStore, run: Run, stop: threading.Event, on_progress: OnProgress) -> None:
    patience, asked = Patience(), False
    while process.poll() is None:
        time.sleep(TELL_SECONDS)
        with patience.bridged():
            run = store.get(run.id) or run
        if run.state == State.RUNNING:  # else the processes are about to end by themselves
            _tell(run, on_progress)
            if stop.is_set() and not asked:
                process.terminate()
                asked = True


def _tell(run: Run, on_progress: OnProgress) -> None:
    on_progress({"device": run.device})
    if run.message:
        on_progress({"message": run.message})
    elif run.images_per_second:
        names = "step", "kimg", "seconds", "progress", "seconds_left", "images_per_second"
        on_progress({name: getattr(run, name) for name in names})


def main(devices: str, number: str, owner: str) -> None:
    import torch
    from torch.distributed.run import main as torchrun

    from gan_core.devices import choose_device, refuse_too_few

    run = default_store().get(int(number))
    try:
        refuse_too_few(choose_device(run.config.device if run else "auto"), int(devices))
    except WorkbenchError:
        devices = "1"  # it finds the same and records it, which needs no others
    # torchrun itself would give each rank one thread.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, torch.get_num_threads() // int(devices))))
    torchrun(["--standalone", "--nproc-per-node", devices, "-m", MODULE, number, owner])


if __name__ == "__main__":
    main(*sys.argv[1:])
