"""Two people's runs on a cluster, one machine of which is lost: `python -m bench.cluster [--runs 12] [--kimg 20]`.

A Ray cluster of two machines with a core each (processes of this one), Postgres, and a folder that all share. With
--object-store, each machine has its own folder, and an object store (moto's S3) is the common place. When a quarter
of the runs have ended, a machine is killed with all that runs there; another one comes. Prints what has become of every
run and in which order they began; then how long a run takes besides its training, on Ray and by this machine's own
worker, one at a time.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.survival import problems_of
from gan_core import files
from gan_core.config import RunConfig
from gan_core.presets import preset_config
from gan_core.store.people import default_people
from gan_core.store.runs import RunStore, default_store
from gan_core.store.tables import State
from tests.object_store import BUCKET, make_bucket, object_store
from tests.postgres import postgres
from tests.ray_cluster import RayCluster, ray_cluster

PEOPLE = ("Ana", "Ben")
CODE = "bench"
PATIENCE_SECONDS = 1200
LOOK_SECONDS = 0.2
LAST_SHARE = 0.8
ALONE = 3
"""Runs by which the cost of each way is compared."""


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def worker(*options: str, **environment: str) -> Iterator[None]:
    command = [sys.executable, "-m", "gan_core", "worker", *options]
    process = subprocess.Popen(command, env=os.environ | environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def lose_a_machine(store: RunStore, cluster: RayCluster, ended: int) -> None:
    """When so many runs have ended, kill the machine of one that has a checkpoint, then let another machine come."""
    wait_for(lambda: sum(run.state == State.FINISHED for run in store.all_runs()) >= ended, "the first runs")
    wait_for(lambda: in_the_midst(store, cluster) is not None, "a run with a checkpoint")
    machine, run = in_the_midst(store, cluster) or ("", 0)
    began = time.monotonic()
    cluster.kill(machine)
    print(f"killed {machine} with run {run}, which had a checkpoint", flush=True)
    wait_for(lambda: store.find(str(run)).restarts > 0, "its run to be missed")
    print(f"its run waited again after {time.monotonic() - began:.1f} s", flush=True)
    cluster.add("machine-2")


def in_the_midst(store: RunStore, cluster: RayCluster) -> tuple[str, int] | None:
    """A machine, and its run that has a checkpoint and is not about to end."""
    for machine in ("machine-0", "machine-1"):
        number = cluster.run_on(machine)
        if number and (run := store.get(number)) and run.checkpoint and run.progress < LAST_SHARE:
            return machine, number
    return None


def hold(store: RunStore, people: list[RunStore], cluster: RayCluster, runs: int, config: RunConfig) -> None:
    """One person asks for half of the runs, then another for the other half."""
    for person in people:
        for _ in range(runs // len(people)):
            person.create(config, "minute")
    began = time.monotonic()
    first_begun: dict[int, float] = {}
    ended = threading.Event()
    watching = threading.Thread(target=note_begun, args=(store, first_begun, ended))
    watching.start()
    with worker("--ray", cluster.address, **cluster.token):
        lose_a_machine(store, cluster, runs // 4)
        wait_for(lambda: not any(run.active for run in store.all_runs()), "all runs")
    print(f"all ended after {time.monotonic() - began:.0f} s")
    ended.set()
    watching.join()
    report(store, first_begun, config)


def note_begun(store: RunStore, first_begun: dict[int, float], ended: threading.Event) -> None:
    """When each run first began; its row keeps the newest beginning."""
    while not ended.wait(LOOK_SECONDS):
        for run in store.all_runs():
            if run.started_at:
                first_begun.setdefault(run.id, run.started_at)


def report(store: RunStore, first_begun: dict[int, float], config: RunConfig) -> None:
    names = default_people().names()
    print(f"{'run':>4} {'of':4} {'state':9} {'sessions':>8} {'kimg':>6} {'began':>6} {'ended':>6}")
    runs = sorted(store.all_runs(), key=lambda run: first_begun[run.id])
    first = min(run.queued_at for run in runs)
    for run in runs:
        print(
            f"{run.id:4} {names[run.person_id]:4} {run.state:9} {run.sessions:8} {run.kimg:6.1f} "
            f"{first_begun[run.id] - first:6.1f} {(run.ended_at or 0) - first:6.1f}"
        )
        if run.checkpoint_path:
            files.fetch(run.checkpoint_path)
        for problem in problems_of(run, store):
            print(f"WRONG: {problem}")
        if not 0 <= 1000 * (run.kimg - (config.kimg or 0)) < config.batch_size:
            print(f"WRONG: run {run.id} was trained for {run.kimg} kimg")


def cost(store: RunStore, config: RunConfig, *options: str, **environment: str) -> float:
    """The middle one of the seconds that runs take besides their training, one after the other."""
    runs = [store.create(config, "minute") for _ in range(ALONE)]
    with worker("--slots", "1", *options, **environment):
        wait_for(lambda: not any(run.active for run in store.all_runs()), "runs one by one")
    ended = [store.find(str(run.id)) for run in runs]
    return statistics.median((run.ended_at or 0) - run.started_at - run.seconds for run in ended)


@contextlib.contextmanager
def place(folder: Path, runs: int, with_object_store: bool) -> Iterator[dict[str, str]]:
    """The environment of all machines: where things lie, and who may do how much."""
    with contextlib.ExitStack() as stack:
        found = {
            "GAN_WORKBENCH_CHECKPOINTS": str(folder / "checkpoints"),
            "GAN_WORKBENCH_DATA": str(folder / "data"),
            "GAN_WORKBENCH_DATABASE": stack.enter_context(postgres()),
            "GAN_WORKBENCH_MODE": "class",
            "GAN_WORKBENCH_CLASS_CODE": CODE,
            "GAN_WORKBENCH_MOST_ACTIVE_OF_ONE": str(runs),
        }
        if with_object_store:
            keys = stack.enter_context(object_store())
            make_bucket(keys)
            found |= keys | {"GAN_WORKBENCH_FILES": f"s3://{BUCKET}/runs"}
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--kimg", type=float, default=20)
    parser.add_argument("--object-store", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, place(Path(folder), asked.runs, asked.object_store) as environment:
        os.environ |= environment
        config = preset_config("minute").model_copy(
            update={"minutes": None, "kimg": asked.kimg, "dataset": "digits", "score_every": None}
        )
        store = default_store()
        people = [store.acting_for(default_people().enter_class(f"key of {name}", CODE, name)) for name in PEOPLE]
        with ray_cluster(environment, own_folders=asked.object_store) as cluster:
            hold(store, people, cluster, asked.runs, config)
            short = config.model_copy(update={"kimg": 2.0})
            on_ray = cost(people[0], short, "--ray", cluster.address, **cluster.token)
            here = cost(people[0], short)
        print(f"besides its training, a run takes {on_ray:.1f} s on Ray and {here:.1f} s here")


if __name__ == "__main__":
    main()
