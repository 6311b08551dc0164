"""Which worker works under which name: the app has one on each machine, a cluster has one. Knows nothing of torch."""

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gan_core.store.database import changed_rows, now
from gan_core.store.queue import LOST_AFTER_SECONDS, Queue
from gan_core.store.tables import Run, WorkerRow


def living_slots(session: Session) -> int:
    """How many runs all workers with a recent heartbeat can have in training at the same time."""
    alive = WorkerRow.heartbeat_at > now(session) - LOST_AFTER_SECONDS
    return session.scalar(select(func.sum(WorkerRow.slots)).where(alive)) or 0


class WorkerNames(Queue[Run]):
    """The part of the run store that knows the workers."""

    def register_worker(self, name: str, owner: str, slots: int = 0) -> bool:
        """Become (or stay) the worker of this name, with so many slots; False while another one has it.

        Its holder counts as alive until its heartbeat has not changed while this process watched: call it repeatedly.
        """
        sign = self.worker_sign(name)
        if sign is None:
            return self._add_worker(name, owner, slots)
        silent = self.signs.silent_seconds(name, sign)
        if sign[0] != owner and silent < LOST_AFTER_SECONDS:
            return False
        unchanged = (WorkerRow.name == name, WorkerRow.owner == sign[0], WorkerRow.heartbeat_at == sign[1])
        with self.session() as session:
            taken = update(WorkerRow).where(*unchanged).values(owner=owner, heartbeat_at=now(session), slots=slots)
            return changed_rows(session, taken) > 0

    def _add_worker(self, name: str, owner: str, slots: int) -> bool:
        try:
            with self.session() as session:
                session.add(WorkerRow(name=name, owner=owner, heartbeat_at=now(session), slots=slots))
        except IntegrityError:  # another one was faster
            return False
        return True

    def worker_lives(self, name: str) -> bool:
        """Whether one has a recent heartbeat. If the clock was set, one too many is started: it finds the other one
        (`register_worker`), and ends.
        """
        with self.session() as session:
            row = session.get(WorkerRow, name)
            return row is not None and 0 <= now(session) - row.heartbeat_at < LOST_AFTER_SECONDS

    def any_worker_lives(self) -> bool:
        """Whether any that can train has a recent heartbeat: an app's, or a cluster's."""
        with self.session() as session:
            return living_slots(session) > 0

    def note_look(self, name: str) -> None:
        """Tell the worker of that name that somebody looks who may start a run."""
        with self.session() as session:
            session.execute(update(WorkerRow).where(WorkerRow.name == name).values(looked_at=now(session)))

    def last_look(self, name: str) -> float:
        """Another number whenever somebody has looked; clocks are set, so it tells no time."""
        with self.session() as session:
            return session.scalar(select(WorkerRow.looked_at).where(WorkerRow.name == name)) or 0.0

    def worker_sign(self, name: str) -> tuple[str, float] | None:
        """Owner and heartbeat of the worker of that name; None if there is none."""
        with self.session() as session:
            row = session.get(WorkerRow, name)
        return (row.owner, row.heartbeat_at) if row else None

    def unregister_worker(self, name: str, owner: str) -> None:
        with self.session() as session:
            row = session.get(WorkerRow, name)
            if row and row.owner == owner:
                session.delete(row)
