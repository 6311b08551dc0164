"""Kills in a class: `python -m bench.survival [--kills 30] [--students 30] [--minutes 10] [--seed 0]`.

While the class of bench.classroom goes on, its server, worker and trainers are killed (kill -9) at random. The server
is started again after RESTART_SECONDS, as systemd would; the app starts a worker again; runs go on by themselves. Then
nobody asks for more, and all that was asked for must end. Prints what was killed, what has become of every run, whether
everybody is still who they were, and whether the database is sound.
"""

import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
from psutil import Error, Process

from bench.class_people import Notes, Student, Visitor, gather
from bench.classroom import class_server, options, report, show
from bench.ui_start import store_of
from gan_core.store.database import sqlite_file
from gan_core.store.people import People
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from tests.e2e.server import Server

KINDS = ("server", "worker", "trainer")
RESTART_SECONDS = 2
"""RestartSec of deploy/gan-workbench.service."""
PATIENCE_SECONDS = 1800
"""In which all runs must have ended after the last kill."""
LOOK_SECONDS = 1


def kill(server: Server, kind: str, chance: random.Random) -> bool:
    """Kill one of that kind; False if there is none now. A server is started again."""
    if kind == "server":
        server.kill()
        time.sleep(RESTART_SECONDS)
        server.start()
        return True
    found: list[Process] = server.workers() if kind == "worker" else server.trainers()
    if not found:
        return False
    try:
        chance.choice(found).kill()
    except Error:  # it has ended just now
        return False
    return True


def kill_at_random(server: Server, kills: int, seconds: float, chance: random.Random) -> Counter[str]:
    """So many within about so many seconds; how many of each kind."""
    killed: Counter[str] = Counter()
    while killed.total() < kills:
        time.sleep(seconds / kills * chance.uniform(0.5, 1.5))
        kind = chance.choice(KINDS)
        killed[kind] += kill(server, kind, chance)
    return killed


def wait_for_all(store: RunStore) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while any(run.active for run in store.all_runs()) and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)


def problems_of(run: Run, store: RunStore) -> Iterator[str]:
    """What is wrong with a run that should have finished, with its curves in order and its model there."""
    if run.state != State.FINISHED:
        yield f"run {run.id} is {run.state}: {run.status_text or ''}"
    steps = store.read_metrics(run.id).get("step", np.zeros(0))
    # The last step may have two rows: the time can run out just after it was recorded, and then it is scored.
    back = np.flatnonzero(np.diff(steps) < 0)
    if not len(steps) or len(back) or steps[-1] > run.step:
        yield f"run {run.id} has other curves than it should: of {len(steps)} rows {back} go back, at step {run.step}"
    if not run.checkpoint_path or not run.checkpoint_path.exists():
        yield f"run {run.id} has no model"


def aftermath(server: Server, people: list[Visitor]) -> Iterator[tuple[str, str]]:
    """What is left of it all; everything that should be "none" or "ok" is said so."""
    store = store_of(server)
    runs = store.all_runs()
    keys = {str(run.id) for run in runs}
    asked = {key for one in people if isinstance(one, Student) for key in one.asked_for}
    wrong = [f"run {key} is not in the list" for key in asked - keys]
    wrong += [problem for run in runs for problem in problems_of(run, store)]
    yield "runs lost or damaged", f"{wrong or 'none'} of {len(runs)}"
    yield "how often a run went on", f"{sum(run.sessions - 1 for run in runs)}"
    names = Counter(person.name for person in People(store.engine).all_people())
    strangers = names - Counter(one.name for one in people)
    yield "people who are not who they were", f"{list(strangers.elements()) or 'none'} of {len(people)}"
    yield "the database's integrity_check", integrity(store)


def integrity(store: RunStore) -> str:
    file = sqlite_file(store.engine.url)
    assert file  # the bench's server has no other
    with sqlite3.connect(file) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--kills", type=int, default=30)
    asked = parser.parse_args()
    print("load of the machine before:", *os.getloadavg())
    notes = Notes(forgiving=True)
    with class_server() as server:
        people = gather(server, asked.students, notes, asked.seed)
        for one in people:
            one.begin()
        killed = kill_at_random(server, asked.kills, asked.minutes * 60, random.Random(asked.seed))
        for one in people:
            one.may_ask = False
        began = time.monotonic()
        wait_for_all(store_of(server))
        waited = time.monotonic() - began
        for one in people:
            one.end()
        show(report(notes, store_of(server)))
        show(iter([("killed", ", ".join(f"{kind} {count} times" for kind, count in killed.items()))]))
        show(iter([("lost connections", f"{len(notes.lost_connections):,}")]))
        show(iter([("all runs had ended after the last kill within", f"{waited:.0f} s")]))
        show(aftermath(server, people))


if __name__ == "__main__":
    main()
