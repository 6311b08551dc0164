"""What whoever runs the server wants to know of all runs at once. Knows nothing of torch."""

from typing import NamedTuple

from sqlalchemy import func, select

from gan_core.store.runs import RunStore
from gan_core.store.tables import ACTIVE, EvaluationRow, Person, Run, State


class Figures(NamedTuple):
    """Of this moment.

    Args:
        waiting, training: runs.
        evaluations: that wait or are in work.
        images_per_second: of all runs in training together.
        waiting_since: when the run that has waited longest was queued, in seconds since 1970; None if none waits.
        people: who are known.
    """

    waiting: int
    training: int
    evaluations: int
    images_per_second: float
    waiting_since: float | None
    people: int


def figures(store: RunStore) -> Figures:
    """Three short queries. Raises StoreUnavailableError."""
    with store.session() as session:
        counted = select(Run.state, func.count(), func.sum(Run.images_per_second), func.min(Run.queued_at))
        found = {row[0]: row for row in session.execute(counted.where(Run.state.in_(ACTIVE)).group_by(Run.state))}
        active = select(func.count()).select_from(EvaluationRow).where(EvaluationRow.state.in_(ACTIVE))
        evaluations = session.scalar(active) or 0
        people = session.scalar(select(func.count()).select_from(Person)) or 0
    _, waiting, _, since = found.get(State.QUEUED, (None, 0, None, None))
    _, training, speed, _ = found.get(State.RUNNING, (None, 0, None, None))
    return Figures(waiting, training, evaluations, speed or 0.0, since, people)
