"""What the wall costs the server: thirty students, one screen that asks once a second.

python -m bench.wall

Prints the server's CPU time of a second with a watched wall and without, and how long an answer takes.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

from gan_core import paths, pictures
from gan_core.presets import PRESETS
from gan_core.store.people import People
from gan_core.store.runs import RunStore
from gan_core.store.tables import State
from tests.e2e.server import Server

STUDENTS = 30
SECONDS = 30
CLASS = {
    "GAN_WORKBENCH_MODE": "class",
    "GAN_WORKBENCH_CLASS_CODE": "code",
    "GAN_WORKBENCH_TEACHER_PASSWORD": "password",
    "GAN_WORKBENCH_SECRET": "bench",
}
NAMES = (
    "Ana", "Bruno", "Carmen", "Daniel", "Elena", "Félix", "Gloria Fernández", "Hugo", "Inés", "Javier", "Karla",
    "Luis Miguel de la Cruz", "María José", "Nuria", "Óscar", "Paula", "Quim", "Rosa", "Sergio", "Teresa", "Uxía",
    "Víctor", "Wendy", "Ximena", "Yago", "Zoe", "Bartholomew Featherstonehaugh", "李小龙", "<b>Eve</b>", "*x*",
)  # fmt: skip


def fill(store: RunStore, students: int = STUDENTS, seed: int = 0) -> None:
    """People with a run each, in all states, with a picture and scores where they have learnt something."""
    people, chance = People(store.engine), np.random.default_rng(seed)
    with np.load(paths.PACKAGE_DATA / "digits.npz") as file:
        digits = np.asarray(file["images"]).reshape(-1, 28, 28, 1)
    states = [State.RUNNING, State.RUNNING, State.QUEUED, State.FAILED, State.STOPPED]
    for number in range(students):
        visitor = people.enter_class(f"student {number}", "code", NAMES[number])
        state = states[number] if number < len(states) else State.FINISHED
        mine = store.acting_for(visitor)
        run = mine.create(PRESETS["minute"].config, "minute", owner="" if state == State.QUEUED else "bench")
        if state == State.QUEUED:
            continue
        run.folder.mkdir(parents=True)
        shown = digits[chance.permutation(len(digits))[:100]]
        run.live_grid.write_bytes(pictures.webp(pictures.grid(shown, 10)))
        last = json.dumps({"fid": float(chance.gamma(2, 1)), "accuracy": float(chance.beta(9, 1))})
        share = float(chance.uniform(0.2, 0.9)) if number < len(states) else 1.0
        store.report(run.id, "bench", step=700, kimg=35 * share, seconds=60 * share, progress=share, last_json=last)
        if state != State.RUNNING:
            store.end(run.id, "bench", state)
        if number % 7 == 6:  # somebody who has asked for the next one
            mine.create(PRESETS["minute"].config, "minute")


def cookie_of(key: str) -> str:
    """What a browser of that key sends; in a process whose environment is the server's."""
    from pages.parts.visitors import COOKIE, _signer

    return f"{COOKIE}={_signer().dumps(key)}"


def _watch(address: str, cookie: str, seconds: int) -> list[float]:
    """One question a second; how long each answer took."""
    took = []
    for _second in range(seconds):
        began = time.perf_counter()
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Cookie": cookie})) as answer:
            assert len(json.load(answer)) == STUDENTS
        took.append(time.perf_counter() - began)
        time.sleep(max(0.0, 1 - took[-1]))
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= CLASS | {
            "GAN_WORKBENCH_CHECKPOINTS": f"{folder}/checkpoints",
            "GAN_WORKBENCH_DATA": f"{folder}/data",
        }
        server = Server(Path(folder))
        store = RunStore(paths.database_url())
        fill(store)
        People(store.engine).enter_as_teacher("teacher", "password", "Teacher")
        store.pause()
        server.start()
        try:
            cookie = cookie_of("teacher")
            _watch(f"{server.url}/live/wall", cookie, 3)
            before = server.cpu_seconds()
            time.sleep(SECONDS)
            idle = server.cpu_seconds() - before
            before = server.cpu_seconds()
            took = _watch(f"{server.url}/live/wall", cookie, SECONDS)
            watched = server.cpu_seconds() - before
        finally:
            server.stop()
    print(f"server's CPU time a second: {1000 * watched / SECONDS:.1f} ms watched, {1000 * idle / SECONDS:.1f} ms not")
    print(f"an answer: {1000 * statistics.median(took):.1f} ms in the middle, {1000 * max(took):.1f} ms at most")
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
