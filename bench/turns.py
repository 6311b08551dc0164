"""A class asks for thirty runs within a minute: `python -m bench.turns [--people 30] [--seconds 15]`.

Two slots, a thread each, through the store and the app's own worker, which was opened half a minute before. Each person
looks once a second when their run will begin, as their page does. Prints what each was told, at asking and when half of
the wait was over, and how long it was in truth. A time that was told is right within a quarter of the true one, or
within FLOOR_SECONDS.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from gan_core.jobs.app_worker import app_worker_name
from gan_core.presets import preset_config
from gan_core.store.people import default_people
from gan_core.store.runs import default_store
from gan_core.store.tables import Run, State

SLOTS = 2
CODE = "bench"
OPEN_SECONDS = 30
ASK_SECONDS = 60
"""In which all ask."""
LOOK_SECONDS = 1.0
FLOOR_SECONDS = 5.0
SHARE = 0.25


class Told(NamedTuple):
    """What somebody was told: at which second of the bench, and in how many the run would begin."""

    at: float
    seconds: float


def told_rightly(told: Told, began_at: float) -> bool:
    true = began_at - told.at
    return abs(told.seconds - true) <= max(SHARE * true, FLOOR_SECONDS)


def at_half(told: list[Told], began_at: float) -> Told:
    """What was told nearest to the middle of the wait."""
    middle = (told[0].at + began_at) / 2
    return min(told, key=lambda one: abs(one.at - middle))


def hold_class(people: int, seconds: float) -> None:
    store = default_store()
    students = [default_people().enter_class(f"key {n}", CODE, f"student {n}") for n in range(people)]
    config = preset_config("minute").model_copy(update={"minutes": seconds / 60, "dataset": "digits"})
    for _ in range(OPEN_SECONDS):
        store.note_look(app_worker_name())
        time.sleep(LOOK_SECONDS)
    told: dict[int, list[Told]] = {}
    looks: list[float] = []
    began = time.time()
    while len(told) < people or any(run.active for run in store.all_runs()):
        next_look = time.time() + LOOK_SECONDS
        while len(told) < people and time.time() - began >= len(told) * ASK_SECONDS / people:
            told[store.acting_for(students[len(told)]).create(config, "minute").id] = []
        for run_id, so_far in told.items():
            now = time.time()
            run = store.find(str(run_id))
            if run.state == State.QUEUED and (turn := store.turn(run)):
                looks.append(time.time() - now)
                so_far.append(Told(now, turn.seconds or 0.0))
        store.note_look(app_worker_name())
        time.sleep(max(0.0, next_look - time.time()))
    report(store.all_runs()[::-1], told, looks, began)


def report(runs: list[Run], told: dict[int, list[Told]], looks: list[float], began: float) -> None:
    """A line a run: when it was asked for, began and ended, and what was told beside the truth, twice; then all."""
    print(f"{'run':>4}" + "".join(f"{word:>7}" for word in ("asked", "began", "ended", "told", "true", "half", "true")))
    wrong = 0
    for run in runs:
        twice = (told[run.id][0], at_half(told[run.id], run.started_at))
        is_wrong = [not told_rightly(one, run.started_at) for one in twice]
        wrong += sum(is_wrong)
        times = [one - began for one in (run.queued_at, run.started_at, ended(run))]
        times += [value for one in twice for value in (one.seconds, run.started_at - one.at)]
        print(f"{run.id:4}" + "".join(f"{value:7.1f}" for value in times), run.state, "WRONG" * any(is_wrong))
    ends = [ended(run) - began for run in runs]
    print(f"the first ended after {min(ends):.1f} s, the last after {max(ends):.1f} s; told wrongly: {wrong}")
    rates = [run.kimg * 1000 / run.seconds for run in runs]
    print(f"a run trained {spread([run.seconds for run in runs])} s at {spread(rates)} images/s")
    print(f"from its turn to its end {spread([ended(run) - run.started_at for run in runs])} s")
    print(f"from a run's end to the next turn of its slot {spread(gaps(runs))} s")
    print(f"a look took {spread([1000 * look for look in looks])} ms")


def ended(run: Run) -> float:
    assert run.ended_at is not None  # all have
    return run.ended_at


def gaps(runs: list[Run]) -> list[float]:
    """Of each end that a waiting run had to wait for: how long until one began."""
    ends, begins = sorted(map(ended, runs)), sorted(run.started_at for run in runs)[SLOTS:]
    return [begin - end for end, begin in zip(ends, begins, strict=False)]


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=30)
    options.add_argument("--seconds", type=float, default=15, help="of training of each run")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = folder
        os.environ |= {"GAN_WORKBENCH_MODE": "class", "GAN_WORKBENCH_SLOTS": str(SLOTS)}
        os.environ["GAN_WORKBENCH_CLASS_CODE"] = CODE
        with (Path(folder) / "worker.log").open("w") as log:
            worker = subprocess.Popen([sys.executable, "-m", "gan_core", "worker", "--of-app"], stdout=log, stderr=log)
        try:
            print("load before:", *os.getloadavg())
            hold_class(asked.people, asked.seconds)
        finally:
            worker.terminate()
            worker.wait()


if __name__ == "__main__":
    main()
