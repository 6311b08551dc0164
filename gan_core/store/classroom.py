"""A class: what the wall shows of everybody, and what a teacher may do. Knows nothing of torch."""

import json
import time
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, delete, func, select, update
from sqlalchemy.orm import Session, defer

from gan_core import files, limits, paths
from gan_core.config import RunConfig, make_config, settings
from gan_core.errors import WorkbenchError
from gan_core.exercises import EXERCISES
from gan_core.presets import preset_config
from gan_core.store import class_export, tasks
from gan_core.store.database import overwrite_deleted
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.experiments import delete_experiments
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.store.tables import (
    ACTIVE,
    Browser,
    EvaluationRow,
    ExperimentRow,
    Notice,
    Person,
    Progress,
    Run,
    RunChange,
    State,
    Task,
)

LONGEST_WORDS = 300
"""Characters of what a teacher says to all."""
SAID = "said"


class Tile(NamedTuple):
    """A person on the wall, with the newest run that has had its turn; with the newest of all, if none has.

    Args:
        key: what stands for the run in links; "" if there is no run yet.
        waiting: how many runs of this person wait in the queue.
        picture: another number for every new picture; 0 while there is none.
    """

    person: int
    name: str
    key: str = ""
    run: int = 0
    preset: str = ""
    state: str = ""
    waiting: int = 0
    progress: float = 0.0
    seconds: float = 0.0
    fid: float | None = None
    accuracy: float | None = None
    picture: int = 0


class Result(NamedTuple):
    """A run that was made for a task.

    Args:
        changed: names of the settings in which it differs from the task's preset.
        config: as it is by now, with what was changed while it learned.
    """

    run: Run
    name: str
    config: RunConfig
    changed: list[str]


class Classroom:
    """What belongs to a class. What only a teacher may do raises WorkbenchError for everybody else.

    Args:
        store: acts for whoever asks.
    """

    def __init__(self, store: RunStore):
        self.store = store

    def tiles(self) -> list[Tile]:
        """Everybody's newest run, by name; of a teacher only if there is one. One query, and a look at each picture."""
        if not self.store.by.watches_all:
            raise WorkbenchError("Only who is in the class may watch it.")
        queued = Run.state == State.QUEUED
        shown = (
            select(
                Run.person_id,
                func.coalesce(func.max(case((~queued, Run.id))), func.max(Run.id)).label("run"),
                func.count(case((queued, Run.id))).label("waiting"),
            )
            .where(Run.person_id != 0)
            .group_by(Run.person_id)
            .subquery()
        )
        everybody = (
            select(Person, Run, shown.c.waiting)
            .outerjoin(shown, shown.c.person_id == Person.id)
            .outerjoin(Run, Run.id == shown.c.run)
            .where(Person.name != "", ~Person.is_teacher | Run.id.is_not(None))
            .options(defer(Run.config_json), defer(Run.grid_steps_json), defer(Run.left_out_json))
            .order_by(Person.name, Person.id)
        )
        with self.store.session() as session:
            return [_tile(person, run, waiting) for person, run, waiting in session.execute(everybody).tuples()]

    # What the teacher says

    def said(self) -> str:
        """What the teacher says to all; "" if nothing."""
        with self.store.session() as session:
            notice = session.get(Notice, SAID)
            return json.loads(notice.value_json) if notice else ""

    def say(self, words: str) -> None:
        """Say this to all, instead of what was said before; "" is nothing."""
        self._check_teacher()
        with self.store.session() as session:
            session.merge(Notice(name=SAID, value_json=json.dumps(words.strip()[:LONGEST_WORDS])))

    # The task

    def task(self) -> Task | None:
        """The task that runs can be made for."""
        newest = self.newest_task()
        return newest if newest and tasks.is_open(newest) else None

    def newest_task(self) -> Task | None:
        """The newest one, perhaps over."""
        with self.store.session() as session:
            return session.scalar(select(Task).order_by(Task.id.desc()).limit(1))

    def set_exercise(self, name: str, words: str = "", minutes: float | None = None) -> Task:
        """One of the exercises as the new task; it says what may be changed.

        Raises WorkbenchError if there is none of that name.
        """
        if name not in EXERCISES:
            raise WorkbenchError("There is no exercise {name}.", name=repr(name))
        return self.set_task(EXERCISES[name].preset, EXERCISES[name].free, words, minutes, exercise=name)

    def set_task(
        self, preset: str, free: Iterable[str], words: str = "", minutes: float | None = None, exercise: str = ""
    ) -> Task:
        """A new task, instead of the one before.

        Args:
            free: names of the settings that may be changed.
            words: a sentence for the students.
            minutes: until it is over; None if only `end_task` ends it.
        """
        self._check_teacher()
        limits.refuse_config(limits.within_budget(preset_config(preset)))  # says if there is none, too
        if unknown := [name for name in free if name not in settings()]:
            raise WorkbenchError("There is no setting {name}.", name=repr(unknown[0]))
        now = time.time()
        task = Task(
            preset=preset,
            words=words.strip()[:LONGEST_WORDS],
            exercise=exercise,
            free_json=json.dumps(list(free)),
            set_at=now,
            until=now + 60 * minutes if minutes else None,
        )
        with self.store.session() as session:
            _end_tasks(session, now)
            session.add(task)
        return task

    def end_task(self) -> None:
        """No more runs are made for it; its results stay."""
        self._check_teacher()
        with self.store.session() as session:
            _end_tasks(session, time.time())

    def results(self, task: Task) -> list[Result]:
        """The runs that were made for it, the newest first."""
        self._check_teacher()
        of_task = select(Run, Person.name).outerjoin(Person, Person.id == Run.person_id).where(Run.task_id == task.id)
        with self.store.session() as session:
            rows = session.execute(of_task.order_by(Run.id.desc())).tuples().all()
            numbers = [run.id for run, _name in rows]
            changes = session.scalars(
                select(RunChange).where(RunChange.run_id.in_(numbers)).order_by(RunChange.id)
            ).all()
        results = []
        for run, name in rows:
            config = make_config(run.config, **{one.name: one.value for one in changes if one.run_id == run.id})
            results.append(Result(run, name or "", config, tasks.changed(tasks.begins_with(task, config.seed), config)))
        return results

    # The end

    def stop_all(self) -> None:
        """Everybody's runs and evaluations end: those that wait at once, the others as soon as they are saved."""
        self._check_teacher()
        with self.store.session() as session:
            runs = session.scalars(select(Run.id).where(*_in_work(Run))).all()
            evaluations = session.scalars(select(EvaluationRow.id).where(*_in_work(EvaluationRow))).all()
        for run_id in runs:
            self.store.ask_to_stop(run_id)
        for evaluation_id in evaluations:
            self._evaluations().cancel(evaluation_id)

    def active(self) -> int:
        """How many runs and evaluations of people wait or are in work."""
        counts = [select(func.count()).where(*_in_work(table)) for table in (Run, EvaluationRow)]
        with self.store.session() as session:
            return sum(session.scalar(count) or 0 for count in counts)

    def delete_all(self) -> None:
        """Delete for good what people made: runs, experiments, evaluations, uploads, tasks, their ZIP; and the
        people but teachers.

        What belongs to nobody in particular stays. Raises WorkbenchError while something is in work.
        """
        self._check_teacher()
        if class_export.making.is_on:
            raise WorkbenchError("The ZIP is still being made; wait for it.")
        if active := self.active():
            raise WorkbenchError("Still in the queue or in work: {count}. First stop all runs.", count=active)
        with self.store.session() as session:
            people = session.scalars(select(Person.id)).all()
            runs = session.scalars(select(Run.id).where(Run.person_id != 0)).all()
            evaluations = session.scalars(select(EvaluationRow.id).where(EvaluationRow.person_id != 0)).all()
        self._forget_people()  # first, so that nobody makes more meanwhile
        for evaluation_id in evaluations:
            self._evaluations().delete(evaluation_id)
        for run_id in runs:
            self.store.delete(run_id)
        for person_id in people:
            files.delete(paths.uploads(person_id))
        class_export.place().unlink(missing_ok=True)
        overwrite_deleted(self.store.engine)

    def _forget_people(self) -> None:
        students = select(Person.id).where(~Person.is_teacher)
        with self.store.session() as session:
            session.execute(delete(Browser).where(Browser.person_id.in_(students)))
            session.execute(delete(Progress).where(Progress.person_id.in_(students)))
            session.execute(delete(Person).where(~Person.is_teacher))
            session.execute(delete(Task))
            session.execute(delete(Notice))
            delete_experiments(session, ExperimentRow.person_id != 0)

    def _evaluations(self) -> EvaluationStore:
        return EvaluationStore(self.store.engine).acting_for(self.store.by)

    def _check_teacher(self) -> None:
        if not self.store.by.may_everything:
            raise WorkbenchError("Only the teacher may do this.")


def _in_work(table: type[Run] | type[EvaluationRow]) -> tuple[ColumnElement[bool], ...]:
    return table.person_id != 0, table.state.in_(ACTIVE)


def _end_tasks(session: Session, now: float) -> None:
    session.execute(update(Task).where(Task.ended_at.is_(None)).values(ended_at=now))


def _tile(person: Person, run: Run | None, waiting: int | None) -> Tile:
    if run is None:
        return Tile(person.id, person.name)
    scores = run.last
    return Tile(
        person.id,
        person.name,
        link_key(run),
        run.id,
        run.preset,
        run.state,
        waiting or 0,
        min(1.0, run.progress),
        run.seconds,
        scores.get("fid"),
        scores.get("accuracy"),
        run.picture_version,
    )
