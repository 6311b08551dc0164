"""What a worker reads and writes of searches: experiments whose trials follow from each other. Knows nothing of torch.

An experiment's row is the one truth: each trial is added to it, or marked in it, only if nobody has changed it since it
was read (`_note`). So two workers never try one trial more than was asked for, and one that dies between a trial and
its runs leaves them to be made at the next look.
"""

import json
from collections.abc import Sequence

from sqlalchemy import select, update

from gan_core.experiments import Trial
from gan_core.store.database import changed_rows, now
from gan_core.store.experiments import Experiments
from gan_core.store.people import People
from gan_core.store.rights import OWNER
from gan_core.store.runs import RunStore
from gan_core.store.tables import ACTIVE, ExperimentRow, ExperimentRun, Run, State
from gan_core.text import Text

BEHIND = Text("Stopped early: behind by FID.")


def open_searches(store: RunStore) -> list[ExperimentRow]:
    """Those that a worker is to go on with, the oldest first."""
    with store.session() as session:
        wanted = select(ExperimentRow).where(ExperimentRow.is_open).order_by(ExperimentRow.id)
        return list(session.scalars(wanted))


def of_maker(store: RunStore, row: ExperimentRow) -> Experiments | None:
    """The experiments of who asked for this one, whose rights and limits hold; None if that person is gone."""
    visitor = People(store.engine).of_number(row.person_id) if row.person_id else OWNER
    return Experiments(store.acting_for(visitor)) if visitor else None


def add_trial(store: RunStore, row: ExperimentRow, values: dict[str, str]) -> bool:
    """Try these values next; False if the search was changed or closed meanwhile. `row` is brought up to date."""
    return len(row.tried) < row.trials and _note(store, row, [*row.tried, Trial(values)])


def mark_behind(store: RunStore, row: ExperimentRow, number: int) -> bool:
    """The trial of this number is to stop; False as for `add_trial`."""
    with store.session() as session:
        behind = row.tried[number]._replace(behind_at=now(session))
    return _note(store, row, [*row.tried[:number], behind, *row.tried[number + 1 :]])


def _note(store: RunStore, row: ExperimentRow, tried: Sequence[Trial]) -> bool:
    unchanged = ExperimentRow.id == row.id, ExperimentRow.is_open, ExperimentRow.tried_json == row.tried_json
    tried_json = json.dumps(tried)
    with store.session() as session:
        if not changed_rows(session, update(ExperimentRow).where(*unchanged).values(tried_json=tried_json)):
            return False
    row.tried_json = tried_json
    return True


def stop_behind(store: RunStore, trial: Trial, runs: Sequence[Run | None]) -> None:
    """Stop the runs of a trial that is behind, and say why. To be repeated until they have stopped.

    Not those that somebody has resumed since, nor those that another experiment has too.
    """
    there = [run for run in runs if run and trial.behind_at and run.queued_at <= trial.behind_at]
    for run in there:
        if run.active and not run.request and not _is_shared(store, run):
            store.ask_to_stop(run.id)
    silent = [run.id for run in there if not run.message and run.state not in (State.FINISHED, State.FAILED)]
    if silent:
        stopped = update(Run).where(Run.id.in_(silent), Run.state == State.STOPPED, Run.message == "")
        with store.session() as session:
            session.execute(stopped.values(message=BEHIND.to_json()))


def _is_shared(store: RunStore, run: Run) -> bool:
    with store.session() as session:
        return len(session.scalars(select(ExperimentRun.experiment_id).where(ExperimentRun.run_id == run.id)).all()) > 1


def close_if_through(store: RunStore, row: ExperimentRow, runs: Sequence[Run | None]) -> None:
    """Once all trials have ended, no worker needs to look any more. Unless it has become larger meanwhile."""
    if len(row.tried) >= row.trials and not any(run and run.state in ACTIVE for run in runs):
        through = ExperimentRow.id == row.id, ExperimentRow.trials <= len(row.tried)
        with store.session() as session:
            session.execute(update(ExperimentRow).where(*through).values(is_open=False))


def is_open(store: RunStore, row: ExperimentRow) -> bool:
    """Whether nobody has stopped or deleted it since it was read."""
    with store.session() as session:
        return bool(session.scalar(select(ExperimentRow.is_open).where(ExperimentRow.id == row.id)))
