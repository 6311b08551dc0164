"""Whose turn is next, and when each turn will come. Pure functions: the store says who waits, and what time it is.

The next job is from whoever has had least of the machine lately; among those who had the same, from whoever has waited
longest. What somebody had counts half after half an hour. A job in work counts with all that it will take, as in fair
queueing (Demers, Keshav, Shenker 1989): else two slots that become free together would go to one person's long jobs.
"""

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

HALF_LIFE_SECONDS = 1800.0


class Waiting(NamedTuple):
    """A job that waits.

    Args:
        person: whose it is; 0 for nobody in particular, who counts as one person.
        queued_at: seconds of any clock.
        seconds: how long it will take, from its turn to its end.
        put_first_at: when it was put before all others; 0 if it was not.
    """

    id: int
    person: int
    queued_at: float
    seconds: float
    put_first_at: float = 0.0


class InWork(NamedTuple):
    """A job in work, or one whose turn is foreseen; when it began, and when it will end, by the clock of `now`."""

    person: int
    began_at: float
    ends_at: float


def decayed(seconds: float, age: float) -> float:
    """What so many seconds, had at one moment, still count when that is `age` seconds ago."""
    return seconds * 2.0 ** (-max(0.0, age) / HALF_LIFE_SECONDS)


def counted(job: InWork, now: float) -> float:
    """What a job counts: the integral of 2^(-age / half-life) over its past, and all of its future."""
    mean_life = HALF_LIFE_SECONDS / math.log(2)
    past = decayed(mean_life, now - min(now, job.ends_at)) - decayed(mean_life, now - job.began_at)
    return max(0.0, past) + max(0.0, job.ends_at - now)


def by_turn(
    waiting: Iterable[Waiting], in_work: Iterable[InWork], had: Mapping[int, float], now: float
) -> Iterator[Waiting]:
    """Whose turn it is now; then whose it is if somebody else has taken that one just now; and so on.

    Args:
        had: what each person has had by jobs that have ended, as it counts now; nothing of who is not in it.
    """
    lines, turns = _Lines(waiting), list(in_work)
    while job := lines.take(turns, had, 0.0, now):
        yield job
        turns.append(InWork(job.person, now, now + job.seconds))


def forecast(
    waiting: Iterable[Waiting], in_work: Iterable[InWork], slots: int, had: Mapping[int, float], now: float
) -> dict[int, float]:
    """In how many seconds each waiting job will have its turn, by its number, in the order of the turns.

    It is the first of `by_turn` whenever a slot becomes free, if nobody asks for more meanwhile.

    Args:
        slots: jobs in work at the same time; more, if more are in work.
        had: as for `by_turn`.
    """
    lines, turns = _Lines(waiting), list(in_work)
    free_at = [max(now, job.ends_at) for job in turns]
    free_at += [now] * (slots - len(free_at))
    heapq.heapify(free_at)
    begins: dict[int, float] = {}
    while job := lines.take(turns, had, free_at[0] - now, free_at[0]):
        at = free_at[0]
        begins[job.id] = at - now
        turns.append(InWork(job.person, at, at + job.seconds))
        heapq.heapreplace(free_at, at + job.seconds)
    return begins


class _Lines:
    """Who waits: those who were put first, the last of them foremost, and behind them a line for each person."""

    def __init__(self, waiting: Iterable[Waiting]):
        jobs = sorted(waiting, key=lambda job: (job.queued_at, job.id))
        self.first = deque(sorted((job for job in jobs if job.put_first_at), key=lambda job: -job.put_first_at))
        self.of_person: dict[int, deque[Waiting]] = {}
        for job in jobs:
            if not job.put_first_at:
                self.of_person.setdefault(job.person, deque()).append(job)

    def take(self, in_work: Iterable[InWork], had: Mapping[int, float], had_ago: float, now: float) -> Waiting | None:
        """Take out the job whose turn it is now; `had` is as it counted so many seconds ago."""
        if self.first:
            return self.first.popleft()
        if not self.of_person:
            return None
        person = self._next_person(in_work, had, had_ago, now)
        line = self.of_person[person]
        job = line.popleft()
        if not line:
            del self.of_person[person]
        return job

    def _next_person(self, in_work: Iterable[InWork], had: Mapping[int, float], had_ago: float, now: float) -> int:
        if len(self.of_person) == 1:  # first come, first served, however many there are
            return next(iter(self.of_person))
        counts = {person: decayed(had.get(person, 0.0), had_ago) for person in self.of_person}
        for job in in_work:
            if job.person in counts:
                counts[job.person] += counted(job, now)
        heads = {person: line[0] for person, line in self.of_person.items()}
        return min(heads, key=lambda person: (counts[person], heads[person].queued_at, heads[person].id))
