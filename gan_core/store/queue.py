"""Jobs in a table of the database, each done by one owner, whose heartbeat shows that it is alive.

    queued -> running -> finished | stopped | failed | interrupted

Knows nothing of torch.
"""

import contextlib
import copy
import time
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar

from sqlalchemy import ColumnElement, Engine, Update, func, select, update
from sqlalchemy.orm import Session

from gan_core.errors import StoreUnavailableError
from gan_core.store import turns
from gan_core.store.database import changed_rows, now, transaction
from gan_core.store.heartbeats import SignsOfLife
from gan_core.store.rights import OWNER, Visitor
from gan_core.store.tables import EvaluationRow, Person, Run, State
from gan_core.text import Text

HEARTBEAT_SECONDS = 2
"""How often an owner writes its heartbeat."""
LOST_AFTER_SECONDS = 8
"""Without a heartbeat for this long, a job counts as interrupted: a few heartbeats, and less than ten seconds."""
POLL_SECONDS = 0.25
"""Between two reads while waiting for a heartbeat."""
Job = TypeVar("Job", Run, EvaluationRow)
LOST = "lost"
"""The answer to an owner whose job has another owner now."""
TAKEN_FOR_DEAD = (State.INTERRUPTED, State.QUEUED)
"""States of a job whose owner was silent; of one that only waits, nobody is the owner."""
OWNED = (State.RUNNING, *TAKEN_FOR_DEAD)
"""States in which an owner may write: one whose computer slept may go on, until another has claimed its job."""
LATELY = 8 * turns.HALF_LIFE_SECONDS
"""What was before counts next to nothing."""


class Queue(Generic[Job]):
    """What every store of jobs does. Safe to use from several threads and processes at once.

    What may be listed, watched and changed depends on who asks (`by`): the owner of the machine, unless the store acts
    for a visitor. A subclass names its table, and what to do about a job whose process died.
    """

    table: type[Job]
    remedy: ClassVar[Text]
    by: Visitor = OWNER

    def __init__(self, engine: Engine):
        self.engine = engine
        self.signs = SignsOfLife()

    def acting_for(self, visitor: Visitor) -> Self:
        """The same store, which does and shows what this visitor may."""
        if visitor == self.by:
            return self
        another = copy.copy(self)
        another.by = visitor
        return another

    def session(self) -> contextlib.AbstractContextManager[Session]:
        """One transaction. Raises StoreUnavailableError if the database is locked for long, full, damaged or gone."""
        return transaction(self.engine)

    def get(self, job_id: int) -> Job | None:
        with self.session() as session:
            return session.get(self.table, job_id)

    def waiting(self) -> int:
        """How many are queued."""
        with self.session() as session:
            return session.scalars(select(func.count()).where(self.table.state == State.QUEUED)).one()

    def hold(self, session: Session, person: int) -> None:
        """Until this transaction ends, no other one of this person's gets beyond here; in SQLite, none of anybody's.

        Else several that count at the same moment would all find room for one more.
        """
        session.execute(update(Person).where(Person.id == person).values(seen_at=Person.seen_at))

    def owners(self) -> dict[int, str]:
        """The owner of each job in work, by the job's number."""
        table = self.table
        with self.session() as session:
            running = select(table.id, table.owner).where(table.state == State.RUNNING)
            return dict(session.execute(running).tuples().all())

    def asked_to_stop(self) -> dict[int, str]:
        """The owner of each job in work that was asked for something (see `report`), by the job's number."""
        table = self.table
        with self.session() as session:
            asked = select(table.id, table.owner).where(table.state == State.RUNNING, table.request != "")
            return dict(session.execute(asked).tuples().all())

    # Who has vanished

    def mark_interrupted(self) -> None:
        """Every running job whose owner has had no new heartbeat for LOST_AFTER_SECONDS becomes interrupted.

        This process must have watched it for so long, by a clock of its own that nobody sets (`SignsOfLife`): the
        first call marks nothing. What time the heartbeat says does not matter. On a full disk the job stays as it
        is, since readers must still see all others.
        """
        running = self._signs_of_running()
        self.signs.forget_all_but(set(running))
        for job_id, sign in running.items():
            if self.signs.silent_seconds(job_id, sign) >= LOST_AFTER_SECONDS:
                with contextlib.suppress(StoreUnavailableError):
                    self._mark(job_id, *sign)

    def watch_for_signs(self) -> None:
        """For a process that has just started: `mark_interrupted`, after watching for as long as it needs.

        An owner with a recent heartbeat counts as alive. For all others it waits for a new one, for LOST_AFTER_SECONDS
        at most.
        """
        with self.session() as session:
            moment = now(session)
        began = time.monotonic()
        suspects = {
            job_id: (owner, heartbeat_at)
            for job_id, (owner, heartbeat_at) in self._signs_of_running().items()
            if not 0 <= moment - heartbeat_at < LOST_AFTER_SECONDS
        }
        # With a time limit, since on a full disk no job can be marked, and all would stay in question.
        while suspects and time.monotonic() - began < LOST_AFTER_SECONDS + 4 * POLL_SECONDS:
            self.mark_interrupted()
            running = self._signs_of_running()
            suspects = {job_id: sign for job_id, sign in suspects.items() if running.get(job_id) == sign}
            if suspects:
                time.sleep(POLL_SECONDS)

    def _signs_of_running(self) -> dict[int, tuple[str, float]]:
        """Owner and heartbeat of each running job, by its number."""
        table = self.table
        with self.session() as session:
            rows = session.execute(
                select(table.id, table.owner, table.heartbeat_at).where(table.state == State.RUNNING)
            )
            return {job_id: (owner, heartbeat_at) for job_id, owner, heartbeat_at in rows}

    def _mark(self, job_id: int, owner: str, heartbeat_at: float) -> None:
        """Mark it as interrupted, unless its owner has written a new heartbeat just now."""
        silent = (self.table.owner == owner, self.table.heartbeat_at == heartbeat_at)
        self._interrupt(job_id, *silent, until=heartbeat_at, how=Text("Its process vanished. {remedy}"))

    def interrupt(self, job_id: int, owner: str, how: Text) -> None:
        """A job's process has ended without a last word, unless it had recorded its end before.

        Args:
            how: with a place for {remedy}.
        """
        self._interrupt(job_id, self.table.owner == owner, how=how)

    def _interrupt(self, job_id: int, *which: ColumnElement[bool], how: Text, until: float | None = None) -> None:
        values: dict[str, Any] = {"state": State.INTERRUPTED, "message": with_remedy(how, self.remedy)}
        self._end_work(job_id, *which, until=until, **values)

    # Whose turn it is

    def _by_turn(self, session: Session) -> Iterator[turns.Waiting]:
        """The jobs that wait; the first is the one whose turn it is."""
        if not (waiting := self._who_waits(session)):
            return iter(())
        moment = now(session)
        had = self._had(session, {job.person for job in waiting}, moment)
        return turns.by_turn(waiting, self._in_work(session, moment), had, moment)

    def _who_waits(self, session: Session) -> list[turns.Waiting]:
        """Of each how long it will take matters only where several are in work at once."""
        table = self.table
        rows = session.execute(select(table.id, table.person_id, table.queued_at).where(table.state == State.QUEUED))
        return [turns.Waiting(*row, seconds=0.0) for row in rows]

    def _in_work(self, session: Session, moment: float) -> list[turns.InWork]:
        table = self.table
        rows = session.execute(select(table.person_id, table.started_at).where(table.state == State.RUNNING))
        return [turns.InWork(person, began, moment) for person, began in rows]

    def _had(self, session: Session, people: set[int], moment: float) -> dict[int, float]:
        """What each has had of the machine lately, by jobs that have ended, in seconds as they count now.

        Nobody in particular is no row: what is known of these jobs are their own rows. Where there is nobody else,
        nothing of it matters.
        """
        if len(people) < 2:
            return {}
        rows = session.scalars(select(Person).where(Person.id.in_(people)))
        had = {person.id: turns.decayed(person.used_seconds, moment - person.used_at) for person in rows}
        if 0 in people:
            table = self.table
            ended = select(table.started_at, table.ended_at).where(
                table.person_id == 0, table.ended_at > moment - LATELY
            )
            past = [turns.InWork(0, began, end or moment) for began, end in session.execute(ended)]
            had[0] = sum(turns.counted(job, moment) for job in past)
        return had

    def _end_work(self, job_id: int, *which: ColumnElement[bool], until: float | None = None, **values: Any) -> bool:
        """From running to another state; False if it was not running. Nowhere else its time is put to its person.

        Args:
            until: when it last was in work, if that was not now.
        """
        table = self.table
        running = update(table).where(table.id == job_id, table.state == State.RUNNING, *which)
        with self.session() as session:
            ends = now(session)
            if not changed_rows(session, running.values({"ended_at": ends, "request": ""} | values)):
                return False
            person_id, began = session.execute(
                select(table.person_id, table.started_at).where(table.id == job_id)
            ).one()
            # The change above has locked SQLite; other databases lock the person's row.
            if person := session.get(Person, person_id, with_for_update=True):
                had = turns.decayed(person.used_seconds, ends - person.used_at)
                last = ends if until is None else min(until, ends)
                person.used_seconds = had + turns.counted(turns.InWork(person_id, began, last), ends)
                person.used_at = ends
        return True

    # What the owner does

    def claim(self, owner: str) -> Job | None:
        """Take the job whose turn it is; None if there is none. No two owners get the same one.

        A job that another is just taking is passed over, and counts as in work.
        """
        passed: set[int] = set()
        with self.session() as session:
            while job := next((job for job in self._by_turn(session) if job.id not in passed), None):
                if taken := self._take(session, job.id, owner):
                    return taken
                passed.add(job.id)
        return None

    def _take(self, session: Session, job_id: int, owner: str) -> Job | None:
        """None if another was faster. Where rows can be locked, nobody waits to learn that; SQLite has one writer at a
        time, and the second one's change finds no row.
        """
        table = self.table
        queued = (table.id == job_id, table.state == State.QUEUED)
        if session.scalar(select(table.id).where(*queued).with_for_update(skip_locked=True)) is None:
            return None
        begins = now(session)
        values = {"owner": owner, "heartbeat_at": begins, "started_at": begins, "request": ""}
        if not changed_rows(session, update(table).where(*queued).values(state=State.RUNNING, **values)):
            return None
        return session.get(table, job_id)

    def heartbeat(self, job_id: int, owner: str) -> bool:
        """Write the owner's heartbeat; False if the job is no longer its own.

        A job that was taken for dead while its computer slept becomes running again, unless another has claimed it.
        """
        with self.session() as session:
            alive = {"state": State.RUNNING, "heartbeat_at": now(session), "ended_at": None}
            if changed_rows(session, self._owned(job_id, owner, (State.RUNNING,)).values(**alive)):
                return True
            # What it had before was put to its person when it was marked.
            again = {"message": "", "started_at": alive["heartbeat_at"]}
            return changed_rows(session, self._owned(job_id, owner, TAKEN_FOR_DEAD).values(**alive, **again)) > 0

    def report(self, job_id: int, owner: str, **values: Any) -> str:
        """Write progress; returns what was asked for (`request`, "" for nothing), or LOST if another owns it."""
        if not self._update_owned(job_id, owner, OWNED, values):
            return LOST
        with self.session() as session:
            return session.scalar(select(self.table.request).where(self.table.id == job_id)) or ""

    def end(self, job_id: int, owner: str, state: State, message: Text | None = None) -> bool:
        """Record how the job ended. False if it had already ended or has another owner."""
        values: dict[str, Any] = {"state": state, "message": message.to_json() if message else ""}
        if self._end_work(job_id, self.table.owner == owner, **values):
            return True
        with self.session() as session:
            late = self._owned(job_id, owner, TAKEN_FOR_DEAD).values(**values, ended_at=now(session))
            return changed_rows(session, late) > 0

    def queue_again(self, job_id: int, owner: str, **besides: Any) -> bool:
        """A job whose process was ended with its worker waits again, in its old place, and goes on by itself.

        Args:
            besides: what else is written into its row.

        False if it has finished or failed, or has another owner.
        """
        self.end(job_id, owner, State.STOPPED)  # unless its process has said so
        values = {"state": State.QUEUED, "owner": "", "message": "", "ended_at": None}
        return self._update_owned(job_id, owner, (State.STOPPED,), values | besides)

    def explain(self, job_id: int, owner: str, why: Text) -> None:
        """Say of a job that has been stopped why it was, if nobody asked for it."""
        self._update_owned(job_id, owner, (State.STOPPED,), {"message": why.to_json()})

    def _update_owned(self, job_id: int, owner: str, states: tuple[State, ...], values: dict[str, Any]) -> bool:
        with self.session() as session:
            return changed_rows(session, self._owned(job_id, owner, states).values(**values)) > 0

    def _owned(self, job_id: int, owner: str, states: tuple[State, ...]) -> Update:
        """A change of this owner's job, if it is in one of these states."""
        table = self.table
        return update(table).where(table.id == job_id, table.owner == owner, table.state.in_(states))


def with_remedy(how: Text, remedy: Text) -> str:
    """How a job was interrupted and what comes next, as it is stored."""
    return Text(how.template, how.values | {"remedy": remedy}).to_json()
