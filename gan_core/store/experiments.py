"""Experiments and their runs. Knows nothing of torch.

An experiment's runs are ordinary ones, in the ordinary queue. Those that its maker has already count: only what is
missing is trained. Of a search, a worker makes the runs, one trial after the other (`store/searches.py`).
"""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from gan_core import limits, log
from gan_core.config import RunConfig
from gan_core.datasets.table import FOLDER
from gan_core.errors import WorkbenchError
from gan_core.experiments import Experiment
from gan_core.store.database import changed_rows, now, one_at_a_time
from gan_core.store.rights import not_yours
from gan_core.store.runs import RunStore
from gan_core.store.runs_by_settings import runs_with
from gan_core.store.tables import ACTIVE, ExperimentRow, ExperimentRun, Run, RunChange, State
from gan_core.text import shortened

MOST_OF_ONE = 100
"""Experiments of a visitor: they take room in the database, which no run's limit counts."""
HELD_SECONDS = 15
"""For which one process alone makes runs for an experiment. If it dies, another goes on after that."""
POLL_SECONDS = 0.1
"""Between two tries to hold an experiment that another process holds."""


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
        """A new one without runs, or the one that asks the same and has the same maker. Searches with more and with
        fewer trials ask the same.

        Raises WorkbenchError if a visitor brings no cookie, has MOST_OF_ONE, or may not train such runs, and for a
        folder of pictures that is not there.
        """
        if not (self.by.may_everything or self.by.person):
            raise WorkbenchError("This page knows visitors again by a cookie, and your browser has sent none.")
        self._refuse_configs(experiment)
        with self.store.session() as session:
            one_at_a_time(session)  # or two tabs, or two servers, that ask for the same at once would each make it
            if row := session.scalar(self._asking(experiment)):
                return row
            if not self.by.may_everything:
                self._refuse_many(session)
            row = ExperimentRow(
                name=f"experiment-{secrets.token_hex(8)}",
                created_at=time.time(),
                trials=experiment.trials,
                **self._question(experiment),
            )
            session.add(row)
        return row

    def made(self, experiment: Experiment) -> ExperimentRow | None:
        """What `make` made of the same question, if it did."""
        with self.store.session() as session:
            return session.scalar(self._asking(experiment))

    def _question(self, experiment: Experiment) -> dict[str, Any]:
        return {
            "preset": experiment.preset,
            "config_json": experiment.base.model_dump_json(),
            "vary_json": experiment.vary_json(),
            "seeds": experiment.seeds,
            "person_id": self.by.person,
        }

    def _asking(self, experiment: Experiment) -> Select[ExperimentRow]:
        is_search = ExperimentRow.trials > 0 if experiment.trials else ExperimentRow.trials == 0
        return select(ExperimentRow).filter_by(**self._question(experiment)).where(is_search).limit(1)

    def _refuse_configs(self, experiment: Experiment) -> None:
        configs = experiment.extremes()
        if not self.by.may_everything:
            for config in configs:  # before anybody looks into a folder
                limits.refuse_config(config)
        for dataset in {config.dataset for config in configs if config.dataset.startswith(FOLDER)}:
            from gan_core.datasets.folders import list_pictures  # with Pillow, which nothing else here needs

            list_pictures(dataset)

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

    def missing(self, row: ExperimentRow, runs: Sequence[Run | None]) -> list[int]:
        """The places of runs that `train_missing` would make or try again; not what a search is about to make itself.

        Args:
            runs: the experiment's, as `runs` gives them.
        """
        about_to_be_made = set(self.never_made(row)) if row.trials else set()
        return [place for place, run in enumerate(runs) if _is_missing(run) and place not in about_to_be_made]

    def never_made(self, row: ExperimentRow) -> list[int]:
        """The places that never had a run: one that was deleted has been made."""
        with self.store.session() as session:
            made = set(session.scalars(select(ExperimentRun.place).where(ExperimentRun.experiment_id == row.id)))
        return [place for place in range(len(row.experiment.variants) * row.seeds) if place not in made]

    # What its maker may ask for

    def train_missing(
        self, row: ExperimentRow, seconds_of: Callable[[RunConfig], float | None] = lambda config: None, trials: int = 0
    ) -> int:
        """Put what is missing into the queue, a seed of every variant before the next seed; how many runs there were.

        Runs with the same settings that the maker has already, scored or stopped, are taken instead of new ones. Runs
        that failed are tried again, unless they diverged. A search is open from now on, for a worker to go on with.

        Args:
            seconds_of: how long a config will train, if that is known.
            trials: how many a search is to try, if these are more than before.

        Raises WorkbenchError if not one could be made, such as for a crowded queue; then an experiment that never had
        a run is forgotten. And for somebody else's: its runs would not be that person's.
        """
        if row.person_id != self.by.person:
            raise not_yours()
        if row.trials:
            return self._go_on(row, seconds_of, trials)
        with self._held(row):
            missing = sorted(self.missing(row, self.runs(row)), key=lambda place: place % row.seeds)
            try:
                return self.make_runs(row, missing, seconds_of)
            except WorkbenchError:
                self._forget_unused(row)
                raise

    def make_runs(
        self, row: ExperimentRow, places: Sequence[int], seconds_of: Callable[[RunConfig], float | None]
    ) -> int:
        """As `train_missing`, of these places in `Experiment.all_configs`. For who holds the experiment."""
        configs, runs = row.experiment.all_configs(), self.runs(row)
        known = runs_with(self.store, [configs[place] for place in places], resumable=True)
        made = 0
        for place, other in zip(places, known, strict=True):
            run = runs[place] or other
            try:
                if _is_missing(run):
                    run = self._make_run(row, configs[place], run, seconds_of(configs[place]))
                    made += 1
            except WorkbenchError:
                if not made:
                    raise
                break  # as many as the queue takes of one person
            assert run
            with self.store.session() as session:
                session.merge(ExperimentRun(experiment_id=row.id, place=place, run_id=run.id))
        return made

    def _make_run(self, row: ExperimentRow, config: RunConfig, failed: Run | None, seconds: float | None) -> Run:
        if failed:
            return self.store.resume(failed.id)
        return self.store.create(config, row.preset, estimated_seconds=seconds)

    def _go_on(self, row: ExperimentRow, seconds_of: Callable[[RunConfig], float | None], trials: int) -> int:
        """With a search: what failed is tried again, and what was deleted is for the worker to make, as all the rest.

        How many they are.
        """
        known = [seconds_of(config) for config in row.experiment.extremes()]
        most = None if None in known else max(filter(None, known), default=None)
        wanted = update(ExperimentRow).where(ExperimentRow.id == row.id)
        with self.store.session() as session:
            session.execute(wanted.values(is_open=True, run_seconds=most))
            session.execute(wanted.where(ExperimentRow.trials < trials).values(trials=trials))
        runs = self.runs(row)
        again = self.missing(row, runs)
        for place in again:
            if run := runs[place]:
                self.store.resume(run.id)
        gone = [place for place in again if runs[place] is None]
        links = ExperimentRun.experiment_id == row.id, ExperimentRun.place.in_(gone)
        with self.store.session() as session:
            session.execute(delete(ExperimentRun).where(*links))
        return len(again)

    @contextlib.contextmanager
    def _held(self, row: ExperimentRow) -> Iterator[None]:
        """Two processes that make what is missing at once would each make it. The second one waits."""
        owner = secrets.token_hex(8)
        while not self.hold(row, owner):
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            self.let_go(row, owner)

    def hold(self, row: ExperimentRow, owner: str) -> bool:
        """Be (or stay) the only one that makes runs for an experiment, for HELD_SECONDS; False while another one is.

        One that has been deleted can be held, to no effect.
        """
        with self.store.session() as session:
            moment = now(session)
            free = or_(ExperimentRow.held_by == owner, ExperimentRow.held_until < moment)
            held = update(ExperimentRow).where(ExperimentRow.id == row.id, free)
            if changed_rows(session, held.values(held_by=owner, held_until=moment + HELD_SECONDS)):
                return True
            return session.get(ExperimentRow, row.id) is None

    def let_go(self, row: ExperimentRow, owner: str) -> None:
        mine = update(ExperimentRow).where(ExperimentRow.id == row.id, ExperimentRow.held_by == owner)
        with self.store.session() as session:
            session.execute(mine.values(held_until=0.0))

    def _open(self, row: ExperimentRow, is_open: bool = True) -> None:
        """Whether a worker is to go on with a search."""
        searches = update(ExperimentRow).where(ExperimentRow.id == row.id, ExperimentRow.trials > 0)
        with self.store.session() as session:
            session.execute(searches.values(is_open=is_open))

    def _forget_unused(self, row: ExperimentRow) -> None:
        used = select(ExperimentRun.experiment_id)
        with self.store.session() as session:
            session.execute(delete(ExperimentRow).where(ExperimentRow.id == row.id, ExperimentRow.id.not_in(used)))

    def stop(self, row: ExperimentRow) -> None:
        """What waits or trains stops, and a search tries nothing more."""
        self.by.refuse_change(row)
        self._open(row, False)
        for run in self._all_runs(row).values():
            if run.active:
                self.store.ask_to_stop(run.id)

    def resume(self, row: ExperimentRow) -> None:
        """What was stopped or interrupted goes on, as far as its checkpoint is there; not what was behind.

        Raises WorkbenchError if not one could.
        """
        self.by.refuse_change(row)
        ended = self.stopped(row, self.runs(row))
        ended.sort(key=lambda run: run.has_lost_its_checkpoint)
        for number, run in enumerate(ended):
            try:
                self.store.resume(run.id)
            except WorkbenchError:
                if number == 0:
                    raise
                break
        self._open(row)

    def stopped(self, row: ExperimentRow, runs: Sequence[Run | None]) -> list[Run]:
        """Those that `resume` lets go on."""
        behind = {place for place, trial in enumerate(row.tried) if trial.behind_at}
        return [
            run
            for place, run in enumerate(runs)
            if run and run.state in (State.STOPPED, State.INTERRUPTED) and place // row.seeds not in behind
        ]

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


def _is_missing(run: Run | None) -> bool:
    """Whether it is still to be made, or failed for a reason that may be gone: no memory, no disk, no data."""
    return run is None or (run.state == State.FAILED and not run.has_diverged)


def delete_experiments(session: Session, *which: ColumnElement[bool]) -> None:
    """Forget those for which all of this holds; their runs stay."""
    gone = select(ExperimentRow.id).where(*which)
    session.execute(delete(ExperimentRun).where(ExperimentRun.experiment_id.in_(gone)))
    session.execute(delete(ExperimentRow).where(*which))
