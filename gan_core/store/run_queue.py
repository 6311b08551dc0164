"""The runs' queue: whose turn is next, when it will come, and what a teacher may do about it.

Knows nothing of torch.
"""

import json
import math
import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store import turns
from gan_core.store.database import changed_rows, now
from gan_core.store.queue import Queue, with_remedy
from gan_core.store.tables import Notice, Run, State
from gan_core.store.worker_names import living_slots
from gan_core.text import Text

BESIDE_SECONDS = 0.9
"""What a run takes besides its training (docs/performance.md): its start, and after as long its last checkpoint and its
end. Until runs have ended here, which know better."""
MOST_BESIDE_SECONDS = 10.0
"""More than that is no start and no end: the speed was estimated wrongly."""
GAP_SECONDS = 0.3
"""From a run's end to the next turn."""
GUESSED_SECONDS = 120.0
"""For a run of which nobody knows how long it takes, where none has ended yet."""
TYPICAL_RUNS = 20
"""So many runs that have ended say how long such a run takes, and what comes besides the training of all others."""
MOST_RESTARTS = 3
"""How often a run goes on by itself after its process died, without a new checkpoint in between."""
GOES_ON = Text("It waits in the queue again, and goes on by itself from its last checkpoint.")
ON_CLUSTER = "ray@"
"""So begins the name of a worker whose runs are on other machines, each of which may be lost."""
PAUSED = "queue_paused"


class Turn(NamedTuple):
    """A waiting run's place, 1 for the next one, and when it will begin, in seconds; None while the queue is paused,
    infinite while no machine is there to train it.
    """

    place: int
    seconds: float | None


class Experience(NamedTuple):
    """What the newest runs that have ended say about others: seconds besides training, and seconds in all."""

    beside: float
    typical: float

    def takes(self, of_training: float | None) -> float:
        """How long a run takes, from its turn to the next one's."""
        return self.typical if of_training is None else self.beside + of_training

    def left(self, in_work: float, of_training: float | None, seconds_left: float | None) -> float:
        """The same of a run that began `in_work` seconds ago; it says itself how long it will train on."""
        if seconds_left is None:
            return max(0.0, self.takes(of_training) - in_work)
        return self.beside / 2 + seconds_left


def experience_of(ended: list[tuple[float, float | None]]) -> Experience:
    """By runs that have ended: how long each was in work, and how long its training was expected to take."""
    beside = [took - expected for took, expected in ended if expected is not None]
    usual = min(max(0.0, statistics.median(beside)), MOST_BESIDE_SECONDS) if beside else BESIDE_SECONDS
    typical = statistics.median(took for took, _ in ended) if ended else GUESSED_SECONDS
    return Experience(usual + GAP_SECONDS, typical + GAP_SECONDS)


def seconds_to_train(
    config: RunConfig, estimated: float | None, seconds: float = 0.0, kimg: float = 0.0
) -> float | None:
    """How long a run is still to be trained; None if its budget is in images and its speed is not known.

    Args:
        estimated: for the whole budget, if it was measured.
        seconds, kimg: what it has been trained already.
    """
    left = [config.minutes * 60 - seconds] if config.minutes else []
    if config.kimg and kimg:
        left.append((config.kimg - kimg) * seconds / kimg)
    elif estimated is not None:
        left.append(estimated)
    return max(0.0, min(left)) if left else None


class RunQueue(Queue[Run]):
    """The part of the run store that knows who is next."""

    def turn(self, run: Run) -> Turn | None:
        """When a waiting run will begin, if nobody asks for more meanwhile; None if it does not wait any more."""
        return self.all_turns().get(run.id)

    def all_turns(self) -> dict[int, Turn]:
        """The same of all waiting runs, by number, in the order of their turns."""
        with self.session() as session:
            return self._foreseen(session, self._who_waits(session))

    def turn_of_new(self, seconds: float | None) -> Turn:
        """The same for one that would be asked for now.

        Args:
            seconds: of training, if they are known.
        """
        # A visitor without a number has made nothing yet, and is not the same as nobody in particular.
        person = self.by.person or (0 if self.by.may_everything else -1)
        with self.session() as session:
            waiting = self._who_waits(session)
            takes = self._experience(session).takes(seconds)
            return self._foreseen(session, [*waiting, turns.Waiting(0, person, math.inf, takes)])[0]

    # What a teacher may do

    def put_first(self, run_id: int) -> None:
        """This run is the next one. Raises WorkbenchError if it does not wait, or if this visitor may not do so."""
        self._check_may_order()
        waiting = update(Run).where(Run.id == run_id, Run.state == State.QUEUED)
        with self.session() as session:
            if not changed_rows(session, waiting.values(put_first_at=now(session))):
                raise WorkbenchError("Run {run} does not wait in the queue.", run=run_id)

    def pause(self) -> None:
        """No run begins until `go_on`; those in training go on. Raises WorkbenchError as `put_first`."""
        self._check_may_order()
        with self.session() as session:
            session.merge(Notice(name=PAUSED, value_json=json.dumps(True)))

    def go_on(self) -> None:
        """The queue goes on after `pause`. Raises WorkbenchError as `put_first`."""
        self._check_may_order()
        with self.session() as session:
            session.execute(delete(Notice).where(Notice.name == PAUSED))

    @property
    def is_paused(self) -> bool:
        with self.session() as session:
            return _is_paused(session)

    def _check_may_order(self) -> None:
        if not self.by.may_everything:
            raise WorkbenchError("Only the teacher can say who is next.")

    # Whose process was ended, or has died

    def queue_again(self, job_id: int, owner: str, **besides: Any) -> bool:
        """As every queue does it. Its turn had come: it is before all that wait, whoever has had less."""
        with self.session() as session:
            moment = now(session)
        return super().queue_again(job_id, owner, put_first_at=moment, **besides)

    def _interrupt(self, job_id: int, *which: ColumnElement[bool], how: Text, until: float | None = None) -> None:
        """A visitor's run, or one on a cluster, goes on by itself, since nobody may be there to resume it.

        It never stands still in between: pages would no longer ask for it.
        """
        if not self._wait_again(job_id, *which, how=how, until=until):
            super()._interrupt(job_id, *which, how=how, until=until)

    def _wait_again(self, job_id: int, *which: ColumnElement[bool], how: Text, until: float | None) -> bool:
        """Put such a run that was in work into its old place in the queue.

        False if it is another, was asked to stop, or has been tried often enough.
        """
        run = super().get(job_id)
        if run is None or run.restarts >= MOST_RESTARTS:
            return False
        if not (run.person_id or run.owner.startswith(ON_CLUSTER)):
            return False
        values = {
            "state": State.QUEUED,
            "message": with_remedy(how, GOES_ON),
            "restarts": run.restarts + 1,
            "ended_at": None,
            "seconds_left": None,
            "expected_seconds": seconds_to_train(run.config, run.expected_seconds, run.seconds, run.kimg),
        }
        return self._end_work(job_id, *which, Run.request == "", until=until, **values)

    # What is known of those that wait and learn

    def _by_turn(self, session: Session) -> Iterator[turns.Waiting]:
        return iter(()) if _is_paused(session) else super()._by_turn(session)

    def _foreseen(self, session: Session, waiting: list[turns.Waiting]) -> dict[int, Turn]:
        moment = now(session)
        had = self._had(session, {job.person for job in waiting}, moment)
        # Only those of a worker with a name take one of its places, not those of the command line.
        in_work = self._in_work(session, moment, owners="%/%")
        slots = living_slots(session) or hosting().slots  # until a worker lives, the app's own
        begins = turns.forecast(waiting, in_work, max(1, slots), had, moment)
        paused = _is_paused(session)
        return {
            number: Turn(place, None if paused else seconds if slots else math.inf)
            for place, (number, seconds) in enumerate(begins.items(), start=1)
        }

    def _who_waits(self, session: Session) -> list[turns.Waiting]:
        rows = session.execute(
            select(Run.id, Run.person_id, Run.queued_at, Run.expected_seconds, Run.put_first_at).where(
                Run.state == State.QUEUED
            )
        ).all()
        if not rows:  # as a worker finds it four times a second
            return []
        known = self._experience(session)
        return [
            turns.Waiting(row.id, row.person_id, row.queued_at, known.takes(row.expected_seconds), row.put_first_at)
            for row in rows
        ]

    def _in_work(self, session: Session, moment: float, owners: str = "%") -> list[turns.InWork]:
        rows = session.execute(
            select(Run.person_id, Run.started_at, Run.expected_seconds, Run.seconds_left).where(
                Run.state == State.RUNNING, Run.owner.like(owners)
            )
        )
        known = self._experience(session)
        return [
            turns.InWork(person, began, moment + known.left(moment - began, expected, left))
            for person, began, expected, left in rows
        ]

    def _experience(self, session: Session) -> Experience:
        finished = select(Run.started_at, Run.ended_at, Run.expected_seconds).where(
            Run.state == State.FINISHED, Run.started_at > 0
        )
        newest = session.execute(finished.order_by(Run.id.desc()).limit(TYPICAL_RUNS))
        return experience_of([(ended - began, expected) for began, ended, expected in newest if ended])


def _is_paused(session: Session) -> bool:
    """Only a class has a teacher, who can let the queue go on."""
    return hosting().mode == "class" and session.get(Notice, PAUSED) is not None
