"""Jobs in a table of the database, each done by one owner who says with a heartbeat that it lives.

    queued -> running -> finished | stopped | failed | interrupted

Knows nothing of torch.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gan_core.errors import WorkbenchError
from gan_core.tables import EvaluationRow, Run, State
from gan_core.text import Text

HEARTBEAT_SECONDS = 2
"""How often an owner says that it lives."""
LOST_AFTER_SECONDS = 8
"""Silence after which a job counts as interrupted: a few heartbeats, and less than ten seconds."""
Job = TypeVar("Job", Run, EvaluationRow)
OWNED = (State.RUNNING, State.INTERRUPTED)
"""States in which an owner's word counts: one that was silent while its computer slept may go on."""


class Queue(Generic[Job]):
    """What every store of jobs does. Safe to use from several threads and processes at once.

    A subclass names its table, and what to do about a job whose process died.
    """

    table: type[Job]
    remedy: ClassVar[Text]

    def __init__(self, engine: Engine):
        self.engine = engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction. Raises WorkbenchError if the database is locked for long, full, or gone."""
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise WorkbenchError(
                "The run store could not be used ({error}); see that its disk has room and try again.", error=error.orig
            ) from error

    def get(self, job_id: int) -> Job | None:
        with self.session() as session:
            return session.get(self.table, job_id)

    def waiting(self) -> int:
        """How many are queued."""
        with self.session() as session:
            return session.scalar(select(func.count()).where(self.table.state == State.QUEUED))

    def owners(self) -> list[str]:
        """The owners of all that are in work."""
        with self.session() as session:
            return list(session.scalars(select(self.table.owner).where(self.table.state == State.RUNNING)))

    def mark_interrupted(self) -> None:
        """Every running job whose owner has fallen silent becomes interrupted."""
        values = {
            "state": State.INTERRUPTED,
            "ended_at": time.time(),
            "request": "",
            "message": Text("Its process vanished. {remedy}", {"remedy": self.remedy}).to_json(),
        }
        silent = self.table.heartbeat_at < time.time() - LOST_AFTER_SECONDS
        with self.session() as session:
            # Asking first keeps the database's one write lock free: this runs at every tick of every page.
            if session.scalar(select(self.table.id).where(self.table.state == State.RUNNING, silent).limit(1)):
                session.execute(update(self.table).where(self.table.state == State.RUNNING, silent).values(**values))

    # What the owner does

    def claim(self, owner: str) -> Job | None:
        """Take the job that has waited longest; None if none waits. No two owners get the same one."""
        table = self.table
        oldest = select(table.id).where(table.state == State.QUEUED).order_by(table.queued_at, table.id).limit(1)
        while True:
            with self.session() as session:
                job_id = session.scalar(oldest)
            if job_id is None:
                return None
            values = {"state": State.RUNNING, "owner": owner, "heartbeat_at": time.time(), "request": ""}
            with self.session() as session:
                mine = update(table).where(table.id == job_id, table.state == State.QUEUED).values(**values)
                if session.execute(mine).rowcount:
                    return session.get(table, job_id)

    def heartbeat(self, job_id: int, owner: str) -> bool:
        """Say that the owner lives; False if the job is no longer its own.

        One that was given up for lost while its computer slept becomes running again.
        """
        values = {"state": State.RUNNING, "heartbeat_at": time.time(), "ended_at": None}
        if self._update_owned(job_id, owner, (State.RUNNING,), values):
            return True
        return self._update_owned(job_id, owner, (State.INTERRUPTED,), values | {"message": ""})

    def report(self, job_id: int, owner: str, **values: Any) -> str:
        """Write progress; returns what was asked for (`request`, "" for nothing), or "lost" if another owns it."""
        if not self._update_owned(job_id, owner, OWNED, values):
            return "lost"
        with self.session() as session:
            return session.scalar(select(self.table.request).where(self.table.id == job_id))

    def end(self, job_id: int, owner: str, state: State, message: Text | None = None) -> bool:
        """The owner's last word. False if the job had already ended or has another owner."""
        said = message.to_json() if message else ""
        values = {"state": state, "message": said, "ended_at": time.time(), "request": ""}
        return self._update_owned(job_id, owner, OWNED, values)

    def _update_owned(self, job_id: int, owner: str, states: tuple[State, ...], values: dict[str, Any]) -> bool:
        table = self.table
        with self.session() as session:
            owned = update(table).where(table.id == job_id, table.owner == owner, table.state.in_(states))
            return session.execute(owned.values(**values)).rowcount > 0
