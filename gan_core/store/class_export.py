"""All that a class made, as one ZIP. Knows nothing of torch."""

import contextlib
import csv
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gan_core import files, paths
from gan_core.disk import not_written
from gan_core.errors import WorkbenchError
from gan_core.limits import within_budget
from gan_core.presets import PRESETS, preset_config
from gan_core.store import tasks
from gan_core.store.runs import RunStore
from gan_core.store.tables import Person, Progress, Run, Task
from gan_core.text import csv_for_all, no_formula

ANSWERS = ("student", "question", "answer")
SCORES = ("run", "student", "preset", "dataset", "state", "task", "kimg", "seconds", "fid", "accuracy", "changed")
TASKS = ("task", "words", "preset", "exercise", "may_be_changed", "set_at", "until")


def place() -> Path:
    """Where the ZIP lies."""
    return paths.checkpoints() / "class.zip"


def export_class(store: RunStore, progress: Callable[[float], None] = lambda share: None) -> Path:
    """Write the ZIP: tables of scores, of tasks and of answers in the lessons; and a folder for each student, with one
    for each of their runs.

    Of a run: its newest model and those kept for their score, its newest picture, settings and metrics.

    Args:
        store: acts for whoever asks.
        progress: is told the share that is done.

    Raises WorkbenchError for everybody but the teacher, if the file cannot be written, and if the common place for
    files cannot be reached.
    """
    _check_teacher(store)
    made, set_tasks = _made(store), {task.id: task for task in _tasks(store)}
    aside = paths.partial(place())
    try:
        aside.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(aside, "w") as file:
            _add_text(
                file,
                "scores.csv",
                _csv(SCORES, (_scores(store, run, name, set_tasks.get(run.task_id)) for run, name in made)),
            )
            _add_text(file, "tasks.csv", _csv(TASKS, map(_task, set_tasks.values())))
            _add_text(file, "lessons.csv", _csv(ANSWERS, _answers(store)))
            for number, (run, name) in enumerate(made, start=1):
                _add_run(file, store, run, name)
                progress(number / len(made))
        aside.replace(place())
    except OSError as error:
        raise not_written(place(), error) from error
    finally:
        aside.unlink(missing_ok=True)
    return place()


def _check_teacher(store: RunStore) -> None:
    if not store.by.may_everything:
        raise WorkbenchError("Only the teacher may do this.")


class Making:
    """The ZIP that is being made, in a thread of its own: only one, whoever asks, and whether or not somebody looks."""

    def __init__(self) -> None:
        self.share = 0.0
        """What is done of it."""
        self.error: WorkbenchError | None = None
        """Why the last one was not made."""
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def is_on(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def begin(self, store: RunStore) -> None:
        """Make one, unless it is on already. Raises WorkbenchError for everybody but the teacher."""
        _check_teacher(store)
        with self._lock:
            if not self.is_on:
                self.share, self.error = 0.0, None
                self._thread = threading.Thread(target=self._make, args=(store,), daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until it is made."""
        if self._thread is not None:
            self._thread.join()

    def _make(self, store: RunStore) -> None:
        try:
            export_class(store, self._note)
        except WorkbenchError as error:
            self.error = error

    def _note(self, share: float) -> None:
        self.share = share


making = Making()
"""The server's."""


def _made(store: RunStore) -> list[tuple[Run, str]]:
    """The runs of people, with their names."""
    of_people = select(Run, Person.name).join(Person, Person.id == Run.person_id)
    with store.session() as session:
        return list(session.execute(of_people.order_by(Person.name, Person.id, Run.id)).tuples())


def _add_run(file: zipfile.ZipFile, store: RunStore, run: Run, name: str) -> None:
    # Two names may make the same file name; numbers are never the same, and no system has a meaning for them.
    folder = f"{run.person_id:03d}-{paths.file_name(name)}/{run.id:05d}-{paths.file_name(run.preset)}"
    _add_text(file, f"{folder}/settings.json", json.dumps(json.loads(run.config_json), indent=1))
    metrics = store.read_metrics(run.id)
    _add_text(file, f"{folder}/metrics.csv", _csv(list(metrics), zip(*metrics.values(), strict=True)))
    models = [path for path in (run.checkpoint_path, run.best_path) if path]
    for path in (*models, _newest_picture(run)):
        files.fetch(path)
        with contextlib.suppress(FileNotFoundError):  # there is none yet, or none any more
            file.write(path, f"{folder}/{path.name}")  # as it is: what is in it is packed already


def _newest_picture(run: Run) -> Path:
    files.fetch(run.live_grid)
    return run.live_grid if run.live_grid.exists() or not run.grid_steps else run.grid_path(run.grid_steps[-1])


def _tasks(store: RunStore) -> list[Task]:
    with store.session() as session:
        return list(session.scalars(select(Task).order_by(Task.id)))


def _task(task: Task) -> list[Any]:
    moments = [time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else "" for at in (task.set_at, task.until)]
    return [task.id, task.words, task.preset, task.exercise, ", ".join(task.free), *moments]


def _scores(store: RunStore, run: Run, name: str, task: Task | None) -> list[Any]:
    last = run.last
    return [
        run.id, name, run.preset, run.dataset_name, str(run.state), run.task_id or "", run.kimg, run.seconds,
        last.get("fid"), last.get("accuracy"), _changes(store, run, task),
    ]  # fmt: skip


def _changes(store: RunStore, run: Run, task: Task | None) -> str:
    """In which settings it differs from what its task begins with, or its preset; with what was changed meanwhile."""
    if task is None and run.preset not in PRESETS:
        return ""
    after = store.current_config(run)
    before = tasks.begins_with(task, after.seed) if task else within_budget(preset_config(run.preset))
    names = tasks.changed(before, after)
    return "; ".join(f"{name}: {getattr(before, name)} → {getattr(after, name)}" for name in names)


def _answers(store: RunStore) -> list[tuple[str, str, str]]:
    """In the lessons: who, what, and how."""
    of_people = select(Person.name, Progress.answers_json).join(Progress, Progress.person_id == Person.id)
    with store.session() as session:
        kept = session.execute(of_people.order_by(Person.name, Person.id)).tuples().all()
    return [(name, question, answer) for name, text in kept for question, answer in json.loads(text).items()]


def _csv(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([no_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return csv_for_all(text.getvalue())


def _add_text(file: zipfile.ZipFile, name: str, text: str) -> None:
    file.writestr(name, text, zipfile.ZIP_DEFLATED)
