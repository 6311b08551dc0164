"""Runs, experiments, evaluations and uploads that visitors left long ago are deleted. Knows nothing of torch."""

import contextlib
import time
from datetime import timedelta

from sqlalchemy import select

from gan_core import files, paths
from gan_core.errors import WorkbenchError
from gan_core.hosting import NONE, hosting
from gan_core.store import class_export
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.experiments import delete_experiments
from gan_core.store.people import People
from gan_core.store.runs import RunStore
from gan_core.store.tables import ACTIVE, EvaluationRow, ExperimentRow, ExperimentRun, Person, Run

EVERY_SECONDS = 600
"""How often a worker looks."""


def deleted_at(run: Run) -> float | None:
    """When a run that has ended will be deleted, in seconds since 1970; None for one that stays."""
    if not run.person_id or run.ended_at is None or hosting().days_kept == NONE:
        return None
    return run.ended_at + _kept_seconds()


def delete_old(store: RunStore) -> None:
    """Delete what visitors made and what ended, or was uploaded, before `days_kept` days. The owner's own stays.

    Experiments go once the last of their runs is gone.
    """
    if not hosting().is_shared or hosting().days_kept == NONE:
        return
    before = time.time() - _kept_seconds()
    evaluations = EvaluationStore(store.engine)
    for table, delete in ((Run, store.delete), (EvaluationRow, evaluations.delete)):
        old = select(table.id).where(table.person_id != 0, table.state.not_in(ACTIVE), table.ended_at < before)
        with store.session() as session:
            numbers = list(session.scalars(old))
        for number in numbers:
            with contextlib.suppress(WorkbenchError):  # it has just been resumed
                delete(number)
    _delete_old_files(store, before)
    with store.session() as session:
        has_runs = select(ExperimentRun.experiment_id).join(Run, Run.id == ExperimentRun.run_id)
        of_visitors = ExperimentRow.person_id != 0, ExperimentRow.created_at < before
        delete_experiments(session, *of_visitors, ExperimentRow.id.not_in(has_runs))
    People(store.engine).forget_unused(before)


def _delete_old_files(store: RunStore, before: float) -> None:
    """Uploads, and the ZIP of a class."""
    with store.session() as session:
        of_people = {paths.uploads(person) for person in session.scalars(select(Person.id))}
    here = {path for path in paths.uploads().glob("*") if path.is_dir()}
    with contextlib.suppress(WorkbenchError):  # the common place cannot be reached: the next time
        for folder in of_people | here:
            files.remove(path for path, written in files.listed(folder).items() if written < before)
    with contextlib.suppress(OSError):
        if class_export.place().stat().st_mtime < before:
            class_export.place().unlink()


def _kept_seconds() -> float:
    return timedelta(days=hosting().days_kept).total_seconds()
