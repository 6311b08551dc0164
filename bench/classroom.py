"""A class of thirty, without browsers: `python -m bench.classroom [--students 30] [--minutes 10] [--seed 0]`.

Each student has a cookie, a websocket and the requests of a page's own scripts (tests/e2e/plain_browser.py). They come
in by code and name, open Train, watch a run (a question a second, pictures as they change), change a setting now and
then, ask for a run, look at Runs and Generate. A teacher has the wall open. Two runs train all the while. Prints what
each kind of request and each page took, errors, the server's memory, the runs' images/s, and whose CPU time it was: all
run on the same machine.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.class_people import Notes, gather
from bench.ui_start import store_of
from gan_core.store.runs import RunStore
from gan_core.store.tables import State
from tests.e2e.server import Server

SAMPLE_SECONDS = 1.0


class Load:
    """Who takes how much of the machine meanwhile, looked at every SAMPLE_SECONDS."""

    def __init__(self, server: Server):
        self.server, self.store = server, store_of(server)
        self.ended = threading.Event()
        self.memory: list[float] = []
        self.training: list[int] = []
        self.began, self.before = time.monotonic(), self._cpu()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while not self.ended.wait(SAMPLE_SECONDS):
            assert self.server.process  # it was started
            try:
                self.memory.append(psutil.Process(self.server.process.pid).memory_info().rss / 2**20)
            except psutil.Error:
                continue  # it was killed just now
            self.training.append(len(self.store.owners()))

    def _cpu(self) -> dict[str, float]:
        """Seconds of CPU time so far."""
        everybody = psutil.cpu_times()
        assert self.server.process  # it was started
        ours, its = psutil.Process().cpu_times(), psutil.Process(self.server.process.pid).cpu_times()
        return {
            "the machine": sum(everybody) - everybody.idle - everybody.iowait,
            "the server": its.user + its.system,
            "the students' stead": ours.user + ours.system,
        }

    def end(self) -> Iterator[tuple[str, str]]:
        self.ended.set()
        self.thread.join()
        seconds = time.monotonic() - self.began
        after = self._cpu()
        yield "runs in training, on average", f"{statistics.mean(self.training):.2f}"
        # At first it grows, by what Generate needs.
        at = (0, len(self.memory) // 10, len(self.memory) // 2, -1)
        memory = ", ".join(f"{self.memory[moment]:.0f}" for moment in at)
        yield "server's memory at the start, after a tenth and half of the time, at the end", f"{memory} MiB"
        for who, before in self.before.items():
            yield f"CPU of {who}", f"{(after[who] - before) / seconds:.2f} cores"


def report(notes: Notes, store: RunStore) -> Iterator[tuple[str, str]]:
    """What was seen."""
    for what in sorted(notes.taken, key=lambda what: (what.startswith("page"), what)):
        yield what, spread(notes.taken[what])
    yield "errors", f"{len(notes.errors)} {sorted(set(notes.errors))[:5] or ''}"
    runs = store.all_runs()
    states = {state: sum(run.state == state for run in runs) for state in State}
    yield "runs", ", ".join(f"{count} {state}" for state, count in states.items() if count)
    rates = [run.kimg * 1000 / run.seconds for run in runs if run.state == State.FINISHED]
    if rates:
        low, middle, high = min(rates), statistics.median(rates), max(rates)
        yield "images/s of a finished run (median, all)", f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"


def spread(seconds: list[float]) -> str:
    """Median, nearly the worst, and the worst."""
    ordered = sorted(seconds)
    nearly = ordered[int(0.99 * len(ordered))]
    return (
        f"median {statistics.median(ordered) * 1000:,.0f} ms, 99 % within {nearly * 1000:,.0f} ms, "
        f"slowest {ordered[-1] * 1000:,.0f} ms, {len(ordered):,} times"
    )


@contextmanager
def class_server() -> Iterator[Server]:
    """A server in the mode `class`, which has made its secrets itself."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"GAN_WORKBENCH_MODE": "class", "GAN_WORKBENCH_SLOTS": "2"}
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = f"{folder}/checkpoints"
        server = Server(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def show(lines: Iterator[tuple[str, str]]) -> None:
    for what, value in lines:
        print(f"{what:74} {value}", flush=True)


def options(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of what everybody does")
    return parser


def main() -> None:
    asked = options(__doc__).parse_args()
    print("load of the machine before:", *os.getloadavg())
    notes = Notes()
    with class_server() as server:
        people = gather(server, asked.students, notes, asked.seed)
        began = time.monotonic()
        for one in people:
            one.begin()
        while not all(one.was_in for one in people):
            time.sleep(SAMPLE_SECONDS)
        print(f"all were in after {time.monotonic() - began:.1f} s")
        load = Load(server)
        time.sleep(asked.minutes * 60)
        lines = list(load.end())
        for one in people:
            one.end()
        show(report(notes, store_of(server)))
        show(iter(lines))


if __name__ == "__main__":
    main()
