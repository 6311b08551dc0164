"""Experiments and their runs. Knows nothing of torch.

An experiment's runs are ordinary ones, in the ordinary queue. Those that its maker has already count: only what is
missing is trained.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from gan_core import log
from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError
from gan_core.experiments import Experiment
from gan_core.store.rights import not_yours
from gan_core.store.runs import RunStore
from gan_core.store.runs_by_settings import runs_with
from gan_core.store.tables import ACTIVE, ExperimentRow, ExperimentRun, Run, RunChange, State
from gan_core.text import shortened

MOST_OF_ONE = 100
"""Experiments of a visitor: they take room in the database, which no run's limit counts."""
_one_at_a_time = threading.Lock()
"""Two tabs that ask for the same at once would each make it."""


class Experiments:
    """What can be done with experiments, by whom the store acts for.

    Args:
        store: with the runs.
    """

    def __init__(self, store: RunStore):
        self.store = store
        self.by = store.by

    @log.asked("make experiment")
    def make(self, experiment: Experiment) -> ExperimentRow:
        """A new one without runs, or the one that asks the same and has the same maker.

        Raises WorkbenchError if a visitor brings no cookie, or has MOST_OF_ONE.
        """
        if not (self.by.may_everything or self.by.person):
            raise WorkbenchError("This page knows visitors again by a cookie, and your browser has sent none.")
        asked = {
            "preset": experiment.preset,
            "config_json": experiment.base.model_dump_json(),
            "vary_json": experiment.vary_json(),
            "seeds": experiment.seeds,
            "person_id": self.by.person,
        }
        with _one_at_a_time, self.store.session() as session:
            if row := session.scalar(select(ExperimentRow).filter_by(**asked).limit(1)):
                return row
            if not self.by.may_everything:
                self._refuse_many(session)
            row = ExperimentRow(name=f"experiment-{secrets.token_hex(8)}", created_at=time.time(), **asked)
            session.add(row)
        return row

    def _refuse_many(self, session: Session) -> None:
        of_one = select(func.count()).where(ExperimentRow.person_id == self.by.person)
        if (session.scalar(of_one) or 0) >= MOST_OF_ONE:
            raise WorkbenchError("You have {count} experiments, and may have no more; delete some.", count=MOST_OF_ONE)

    def all(self) -> list[ExperimentRow]:
        """Those that may be listed, the newest first."""
        listed = self.by.listed(ExperimentRow)
        with self.store.session() as session:
            return list(session.scalars(select(ExperimentRow).where(listed).order_by(ExperimentRow.id.desc())))

    def find(self, number_or_name: str) -> ExperimentRow:
        """The one of this number or name. Raises WorkbenchError if there is none, or none that may be watched.

        Who has its name may watch it, though it is not listed.
        """
        is_number = number_or_name.isdecimal() and len(number_or_name) < 18
        wanted = ExperimentRow.id == int(number_or_name) if is_number else ExperimentRow.name == number_or_name
        with self.store.session() as session:
            row = session.scalar(select(ExperimentRow).where(wanted))
        if row is None or not (self.by.may_list(row) or not is_number):
            raise WorkbenchError("There is no experiment {experiment}.", experiment=shortened(number_or_name))
        return row

    def of_run(self, run_id: int) -> list[ExperimentRow]:
        """The experiments that a run belongs to and that may be listed."""
        of_it = ExperimentRow.id.in_(select(ExperimentRun.experiment_id).where(ExperimentRun.run_id == run_id))
        with self.store.session() as session:
            return list(session.scalars(select(ExperimentRow).where(of_it, self.by.listed(ExperimentRow))))

    def runs(self, row: ExperimentRow) -> list[Run | None]:
        """The runs in the order of `Experiment.all_configs`; None for each that is still to be made.

        Runs that were changed while they learned do not count.
        """
        all_runs = self._all_runs(row)
        numbers = [run.id for run in all_runs.values()]
        with self.store.session() as session:
            changed = set(session.scalars(select(RunChange.run_id).where(RunChange.run_id.in_(numbers))))
        found = {place: run for place, run in all_runs.items() if run.id not in changed}
        return [found.get(place) for place in range(len(row.experiment.variants) * row.seeds)]

    def _all_runs(self, row: ExperimentRow) -> dict[int, Run]:
        """By their places, those that were changed too."""
        of_it = select(ExperimentRun.place, Run).join(Run, Run.id == ExperimentRun.run_id)
        with self.store.session() as session:
            of_it = of_it.where(ExperimentRun.experiment_id == row.id).order_by(ExperimentRun.place)
            return dict(session.execute(of_it).tuples().all())

    # What its maker may ask for

    def train_missing(
        self, row: ExperimentRow, seconds_of: Callable[[RunConfig], float | None] = lambda config: None
    ) -> int:
        """Put what is missing into the queue, a seed of every variant before the next seed; how many runs there were.

        Runs with the same settings that the maker has already, scored or stopped, are taken instead of new ones.

        Args:
            seconds_of: how long a config will train, if that is known.

        Raises WorkbenchError if not one could be made, such as for a crowded queue; then an experiment that never had
        a run is forgotten. And for somebody else's: its runs would not be that person's.
        """
        if row.person_id != self.by.person:
            raise not_yours()
        with _one_at_a_time:
            try:
                return self._train_missing(row, seconds_of)
            except WorkbenchError:
                self._forget_unused(row)
                raise

    def _train_missing(self, row: ExperimentRow, seconds_of: Callable[[RunConfig], float | None]) -> int:
        configs, runs = row.experiment.all_configs(), self.runs(row)
        missing = [place for place, run in enumerate(runs) if run is None]
        missing.sort(key=lambda place: place % row.seeds)
        known = dict(
            zip(missing, runs_with(self.store, [configs[place] for place in missing], resumable=True), strict=True)
        )
        made = 0
        for place in missing:
            run = known[place]
            if run is None:
                try:
                    run = self.store.create(configs[place], row.preset, estimated_seconds=seconds_of(configs[place]))
                except WorkbenchError:
                    if not made:
                        raise
                    break  # as many as the queue takes of one person
                made += 1
            with self.store.session() as session:
                session.merge(ExperimentRun(experiment_id=row.id, place=place, run_id=run.id))
        return made

    def _forget_unused(self, row: ExperimentRow) -> None:
        used = select(ExperimentRun.experiment_id)
        with self.store.session() as session:
            session.execute(delete(ExperimentRow).where(ExperimentRow.id == row.id, ExperimentRow.id.not_in(used)))

    def stop(self, row: ExperimentRow) -> None:
        """What waits or trains stops."""
        self.by.refuse_change(row)
        for run in self._all_runs(row).values():
            if run.active:
                self.store.ask_to_stop(run.id)

    def resume(self, row: ExperimentRow) -> None:
        """What was stopped or interrupted goes on, as far as its checkpoint is there.

        Raises WorkbenchError if not one could.
        """
        self.by.refuse_change(row)
        ended = [run for run in self.runs(row) if run and run.state in (State.STOPPED, State.INTERRUPTED)]
        ended.sort(key=lambda run: run.has_lost_its_checkpoint)
        for number, run in enumerate(ended):
            try:
                self.store.resume(run.id)
            except WorkbenchError:
                if number == 0:
                    raise
                break

    @log.asked("delete experiment")
    def delete(self, row: ExperimentRow, with_runs: bool = False) -> None:
        """Forget the question; its runs stay, unless they are to go too and belong to no other experiment.

        Raises WorkbenchError if runs are to go that wait or train.
        """
        self.by.refuse_change(row)
        runs = list(self._all_runs(row).values())
        if with_runs and any(run.state in ACTIVE for run in runs):
            raise WorkbenchError("Some of its runs wait or are in training; stop them first.")
        with self.store.session() as session:
            delete_experiments(session, ExperimentRow.id == row.id)
            shared = set(session.scalars(select(ExperimentRun.run_id)))
        if with_runs:
            for run in runs:
                if run.id not in shared:
                    with contextlib.suppress(WorkbenchError):  # somebody has just resumed it
                        self.store.delete(run.id)


def delete_experiments(session: Session, *which: ColumnElement[bool]) -> None:
    """Forget those for which all of this holds; their runs stay."""
    gone = select(ExperimentRow.id).where(*which)
    session.execute(delete(ExperimentRun).where(ExperimentRun.experiment_id.in_(gone)))
    session.execute(delete(ExperimentRow).where(*which))
