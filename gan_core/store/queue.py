"""Jobs in a table of the database, each done by one owner, whose heartbeat shows that it is alive.

    queued -> running -> finished | stopped | failed | interrupted

Knows nothing of torch.
"""

import contextlib
import time
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Engine, func, select, tuple_, update
from sqlalchemy.orm import Session

from gan_core.errors import StoreUnavailableError
from gan_core.store.database import changed_rows, transaction
from gan_core.store.heartbeats import SignsOfLife
from gan_core.store.tables import EvaluationRow, Run, State
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
OWNED = (State.RUNNING, State.INTERRUPTED)
"""States in which an owner may write: one whose computer slept may go on."""


class Queue(Generic[Job]):
    """What every store of jobs does. Safe to use from several threads and processes at once.

    A subclass names its table, and what to do about a job whose process died.
    """

    table: type[Job]
    remedy: ClassVar[Text]

    def __init__(self, engine: Engine):
        self.engine = engine
        self.signs = SignsOfLife()

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

    def owners(self) -> list[str]:
        """The owners of all that are in work."""
        with self.session() as session:
            return list(session.scalars(select(self.table.owner).where(self.table.state == State.RUNNING)))

    def asked_to_stop(self) -> dict[int, str]:
        """The owner of each job in work that was asked for something (see `report`), by the job's number."""
        table = self.table
        with self.session() as session:
            asked = select(table.id, table.owner).where(table.state == State.RUNNING, table.request != "")
            return dict(session.execute(asked).tuples().all())

    # Who has vanished

    def mark_interrupted(self) -> None:
        """Every running job whose owner has had no new heartbeat for LOST_AFTER_SECONDS becomes interrupted.

        This process must have watched it for so long: the first call marks nothing. On a full disk the job stays as it
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
        now, began = time.time(), time.monotonic()
        suspects = {
            job_id: (owner, heartbeat_at)
            for job_id, (owner, heartbeat_at) in self._signs_of_running().items()
            if not 0 <= now - heartbeat_at < LOST_AFTER_SECONDS
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
        table = self.table
        values = {
            "state": State.INTERRUPTED,
            "ended_at": time.time(),
            "request": "",
            "message": Text("Its process vanished. {remedy}", {"remedy": self.remedy}).to_json(),
        }
        silent = (table.state == State.RUNNING, table.owner == owner, table.heartbeat_at == heartbeat_at)
        with self.session() as session:
            session.execute(update(table).where(table.id == job_id, *silent).values(**values))

    # What the owner does

    def _order(self) -> tuple[Any, Any]:
        """By which jobs are taken: the longest wait comes first."""
        return self.table.queued_at, self.table.id

    def queue_position(self, job: Job) -> int:
        """1 for the job that is taken next."""
        table = self.table
        earlier = tuple_(*self._order()) < tuple_(job.queued_at, job.id)
        with self.session() as session:
            count = select(func.count()).where(table.state == State.QUEUED, earlier)
            return 1 + (session.scalar(count) or 0)

    def claim(self, owner: str) -> Job | None:
        """Take the job that has waited longest; None if none waits. No two owners get the same one."""
        table = self.table
        oldest = select(table.id).where(table.state == State.QUEUED).order_by(*self._order()).limit(1)
        while True:
            with self.session() as session:
                job_id = session.scalar(oldest)
            if job_id is None:
                return None
            values = {"state": State.RUNNING, "owner": owner, "heartbeat_at": time.time(), "request": ""}
            with self.session() as session:
                mine = update(table).where(table.id == job_id, table.state == State.QUEUED).values(**values)
                if changed_rows(session, mine):
                    return session.get(table, job_id)

    def heartbeat(self, job_id: int, owner: str) -> bool:
        """Write the owner's heartbeat; False if the job is no longer its own.

        A job that was marked as interrupted while its computer slept becomes running again.
        """
        values = {"state": State.RUNNING, "heartbeat_at": time.time(), "ended_at": None}
        if self._update_owned(job_id, owner, (State.RUNNING,), values):
            return True
        return self._update_owned(job_id, owner, (State.INTERRUPTED,), values | {"message": ""})

    def report(self, job_id: int, owner: str, **values: Any) -> str:
        """Write progress; returns what was asked for (`request`, "" for nothing), or LOST if another owns it."""
        if not self._update_owned(job_id, owner, OWNED, values):
            return LOST
        with self.session() as session:
            return session.scalar(select(self.table.request).where(self.table.id == job_id)) or ""

    def end(self, job_id: int, owner: str, state: State, message: Text | None = None) -> bool:
        """Record how the job ended. False if it had already ended or has another owner."""
        as_json = message.to_json() if message else ""
        values = {"state": state, "message": as_json, "ended_at": time.time(), "request": ""}
        return self._update_owned(job_id, owner, OWNED, values)

    def _update_owned(self, job_id: int, owner: str, states: tuple[State, ...], values: dict[str, Any]) -> bool:
        table = self.table
        with self.session() as session:
            owned = update(table).where(table.id == job_id, table.owner == owner, table.state.in_(states))
            return changed_rows(session, owned.values(**values)) > 0
