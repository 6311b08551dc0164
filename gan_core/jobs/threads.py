"""torch's threads on a CPU: how many of them train fastest now, and how they wait for each other.

All cores are not always the fastest. The threads meet after every operator, a thousand times a second; where another
program keeps one of two cores busy, the thread on the free one mostly waits, and one thread alone is three times as
fast as two (docs/performance.md has the figures). On many cores, small networks do better with few threads too.

Sums that are split among another number of threads are rounded otherwise. So only runs whose budget is a time choose:
what becomes of them depends on the machine's speed anyway. With a budget in images, the same seed gives the same run.
"""

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_core.training.loop import Step

TRY_SECONDS = 0.2
ROUNDS = 3
REST = 10
"""A choice holds so many times as long as it took to make: trying costs a few percent at most."""

WAITING = "GOMP_SPINCOUNT"
"""Read by libgomp, Linux's OpenMP, when torch is imported: how often a thread checks for work before it sleeps."""
BRIEFLY, AWAKE = "10000", "300000"


def wait_briefly() -> None:
    """Let threads sleep soon, unless the user has set how they wait.

    If another program needs a core too, a thread that keeps checking for work takes time from the thread it waits for.
    """
    os.environ.setdefault(WAITING, BRIEFLY)


def stay_awake() -> None:
    """Let threads keep checking for work as long as is libgomp's default, which is faster where all cores are free.

    For a process that is yet to import torch, and that uses `tuned`, since only fewer threads do well where one core
    is not free.
    """
    if os.environ.get(WAITING) in (None, BRIEFLY):
        os.environ[WAITING] = AWAKE


@contextlib.contextmanager
def tuned(record: Callable[["Step"], None]) -> Iterator[Callable[["Step"], None]]:
    """Wraps `record` of `training.loop.train`: the time between its calls is a step's, by which threads are chosen."""
    import torch

    most = torch.get_num_threads()
    choice = choose(most, torch.set_num_threads)
    next(choice)
    began = time.perf_counter()

    def timed(step: "Step") -> None:
        nonlocal began
        choice.send(time.perf_counter() - began)
        record(step)
        began = time.perf_counter()

    try:
        yield timed
    finally:
        torch.set_num_threads(most)


def choose(most: int, use: Callable[[int], None]) -> Generator[None, float]:
    """Use the fastest number of threads, from 1 to `most`, by trying again and again. Is sent each step's seconds.

    The current number, half and twice as many take turns, since a machine's speed varies; the lowest median wins. A new
    number is compared with its own neighbours at once.
    """
    count = most
    while True:
        taken: dict[int, list[float]] = {max(1, count // 2): [], count: [], min(most, 2 * count): []}
        trying = 0.0
        for _ in range(ROUNDS):
            for candidate, seconds in taken.items():
                use(candidate)
                trying += yield  # the first step with another number sets up its threads
                total, steps = yield from _steps(TRY_SECONDS)
                seconds.append(total / steps)
                trying += total
        before, count = count, min(taken, key=lambda candidate: statistics.median(taken[candidate]))
        use(count)
        if count == before:
            yield from _steps(REST * trying)


def _steps(least_seconds: float) -> Generator[None, float, tuple[float, int]]:
    """Wait for steps that take so many seconds together, one at least; their seconds and their number."""
    total, steps = 0.0, 0
    while not steps or total < least_seconds:
        total += yield
        steps += 1
    return total, steps
