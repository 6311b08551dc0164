"""The run store: every run, its state and what it measured, in one SQL database. Knows nothing of torch.

A run belongs to this store, never to a browser tab or a server. Its states:

    queued -> running -> finished | stopped | failed | interrupted -> queued (resumed) ...

The process that trains a run is its owner, and writes a heartbeat. Everyone else only asks (`ask_to_stop`,
`ask_to_change`).
"""

import secrets
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, delete, func, select, text, update
from sqlalchemy.orm import Session, defer

from gan_core import files, limits, log, paths
from gan_core.config import RunConfig, changeable, make_config, with_full_path
from gan_core.datasets.table import FOLDER
from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.hosting import NONE, hosting
from gan_core.store import numbers, tasks
from gan_core.store.database import LOCK_SECONDS, changed_rows, damaged, now, open_database, sqlite_file
from gan_core.store.metric_rows import MetricRows
from gan_core.store.run_queue import RunQueue, seconds_to_train
from gan_core.store.tables import ACTIVE, MetricChunk, Run, RunChange, State
from gan_core.store.worker_names import WorkerNames
from gan_core.text import Text, shortened

HURRIED_SECONDS = 1
"""How long a process that trains waits for another program's lock before it goes on training."""


class RunStore(MetricRows, WorkerNames, RunQueue):
    """All reading and writing of runs. Safe to use from several threads and processes at once.

    Args:
        url: any SQLAlchemy URL; its tables are made where they are missing.

    Raises WorkbenchError if the database cannot be opened.
    """

    table = Run
    remedy = Text("Resume goes on from the last checkpoint.")

    def __init__(self, url: str | URL, lock_seconds: float = LOCK_SECONDS):
        super().__init__(open_database(url, lock_seconds))
        self._file = _file_number(url)

    def in_a_hurry(self) -> "RunStore":
        """The same store, but it waits only briefly for another program's lock."""
        return RunStore(self.engine.url, HURRIED_SECONDS)

    @property
    def is_there(self) -> bool:
        """Whether the database is still the file that was opened: it may have been deleted, or replaced by a backup."""
        return self._file == _file_number(self.engine.url)

    # Making, finding and listing

    @log.asked("make run")
    def create(
        self,
        config: RunConfig,
        preset: str,
        data_dir: Path | None = None,
        owner: str = "",
        estimated_seconds: float | None = None,
        task_id: int = 0,
    ) -> Run:
        """A new run that waits for its turn, or is already running if its owner trains it itself.

        Relative paths are made absolute, since another process may train it.

        Args:
            estimated_seconds: of training, if they were measured.
            task_id: the class's task that it is made for; 0 for none.

        Raises WorkbenchError for the ~ of an unknown user, for what a visitor may not take of the machine, and for what
        the task does not allow.
        """
        self._refuse_too_much(config)
        config = with_full_path(config)  # says which users there are, so not to those to whom folders are closed
        run = Run(
            name=secrets.token_hex(8),
            preset=preset,
            dataset=config.dataset,
            config_json=config.model_dump_json(),
            data_dir=str(paths.expand(data_dir or paths.data()).resolve()),
            state=State.RUNNING if owner else State.QUEUED,
            owner=owner,
            expected_seconds=seconds_to_train(config, estimated_seconds),
            person_id=self.by.person,
            task_id=task_id,
        )
        with self.session() as session:
            if task_id:
                tasks.refuse_too_late(session, task_id)
                tasks.refuse_other_settings(session, task_id, config)
            self._refuse_crowd(session)
            run.created_at = run.queued_at = run.heartbeat_at = now(session)
            run.started_at = run.queued_at if owner else 0.0
            session.add(run)
            session.flush()
            # The random end keeps folders apart when the database was deleted and numbers start again. And who has a
            # run's name may watch it, so nobody must guess it.
            readable = "".join(c if c.isascii() and c.isalnum() else "-" for c in f"{preset}-{run.dataset_name}")[:60]
            run.name = f"{run.id:05d}-{readable}-{secrets.token_hex(8)}"
        return run

    def _refuse_too_much(self, config: RunConfig) -> None:
        """Raises WorkbenchError for a config that is too large for a visitor, and if their disk space is used up."""
        if self.by.may_everything:
            return
        if not self.by.person:
            raise WorkbenchError("This page knows visitors again by a cookie, and your browser has sent none.")
        limits.refuse_config(config)
        if hosting().disk_mb_of_one != NONE or hosting().disk_mb != NONE:
            limits.refuse_full_disk(self.folders_of(self.by.person), [paths.checkpoints()])

    def folders_of(self, person: int) -> list[Path]:
        """Where a person's runs and uploads lie."""
        with self.session() as session:
            names = session.scalars(select(Run.name).where(Run.person_id == person))
            return [paths.uploads(person), *map(paths.run_folder, names)]

    def _refuse_crowd(self, session: Session) -> None:
        if not self.by.may_everything:
            self.hold(session, self.by.person)
            active = select(func.count()).select_from(Run).where(Run.state.in_(ACTIVE))
            of_one = session.scalar(active.where(Run.person_id == self.by.person)) or 0
            limits.refuse_crowd(of_one, session.scalar(active) or 0)

    def add(self, run: Run, chunks: Sequence[MetricChunk] = ()) -> None:
        """A run that was made before, with its metrics. Without a number it is given one."""
        with self.session() as session:
            session.add(run)
            session.flush()
            for chunk in chunks:
                chunk.run_id = run.id
                session.add(chunk)
            table, connection = Run.metadata.tables[Run.__tablename__], session.connection()
            numbers.go_on_from(connection, table, numbers.last_number(connection, table))

    def names(self) -> set[str]:
        """The names of all runs, and so of their folders."""
        with self.session() as session:
            return set(session.scalars(select(Run.name)))

    def check(self) -> None:
        """Raises StoreDamagedError if the database cannot be read from end to end, as far as it can tell by itself."""
        if self.engine.dialect.name == "sqlite":
            with self.session() as session:
                found = session.scalars(text("PRAGMA quick_check(1)")).first()
            if found != "ok":
                raise damaged(self.engine.url, found)

    def get(self, job_id: int) -> Run | None:
        """The run of this number, if it may be listed."""
        run = super().get(job_id)
        return run if run and self.by.may_list(run) else None

    def watched(self, key: str) -> Run | None:
        """The run that a link means (`rights.link_key`); None if there is none, or none that may be watched."""
        try:
            return self.find(key) if key else None
        except StoreUnavailableError:
            raise
        except WorkbenchError:
            return None

    def find(self, number_or_name: str) -> Run:
        """The run of this number or name. Raises WorkbenchError if there is none.

        Who has a run's name may watch it, though it is not listed. The name of one that belongs to nobody in particular
        opens nothing: older ones can be guessed.
        """
        is_number = number_or_name.isdecimal() and len(number_or_name) < 18  # a database has no longer numbers
        wanted = Run.id == int(number_or_name) if is_number else Run.name == number_or_name
        with self.session() as session:
            run = session.scalar(select(Run).where(wanted))
        if run is None or not (self.by.may_list(run) or (not is_number and run.person_id)):
            raise WorkbenchError(
                "There is no run {run}; `python -m gan_core runs` lists those there are.", run=shortened(number_or_name)
            )
        return run

    def newest_with(self, config: RunConfig) -> Run | None:
        """This visitor's own newest run with exactly these settings."""
        own = (Run.person_id == self.by.person) & (Run.config_json == with_full_path(config).model_dump_json())
        with self.session() as session:
            return session.scalar(select(Run).where(own).order_by(Run.id.desc()).limit(1))

    def all_runs(self, most: int | None = None) -> list[Run]:
        """All runs that may be listed (or the newest `most`), the newest first, without configs: `get` has those."""
        newest_first = (
            select(Run)
            .where(self.by.listed(Run))
            .options(defer(Run.config_json), defer(Run.data_dir), defer(Run.grid_steps_json))
            .order_by(Run.id.desc())
            .limit(most)
        )
        with self.session() as session:
            return list(session.scalars(newest_first))

    # What anyone may ask for

    @log.asked("stop run")
    def ask_to_stop(self, run_id: int) -> None:
        """A queued run stops at once, a running one as soon as its owner has saved it."""
        self._check_right(run_id)
        with self.session() as session:
            values = {"state": State.STOPPED, "ended_at": now(session), "message": ""}
            session.execute(update(Run).where(Run.id == run_id, Run.state == State.QUEUED).values(**values))
            session.execute(update(Run).where(Run.id == run_id, Run.state == State.RUNNING).values(request="stop"))

    @log.asked("resume run")
    def resume(
        self, run_id: int, config: RunConfig | None = None, owner: str = "", data_dir: Path | None = None
    ) -> Run:
        """Queue an ended run again (or take it over as `owner`), perhaps with a larger budget or moved data.

        Raises WorkbenchError if it is queued or running, or if its checkpoint is gone.
        """
        run = self._check_right(run_id)
        self._check_checkpoint(run)
        values: dict[str, Any] = {
            "state": State.RUNNING if owner else State.QUEUED,
            "owner": owner,
            "request": "",
            "message": "",
            "restarts": 0,
            "put_first_at": 0.0,
            "ended_at": None,
            "seconds_left": None,
            "expected_seconds": seconds_to_train(config or run.config, run.expected_seconds, run.seconds, run.kimg),
        }
        if config:
            values["config_json"] = config.model_dump_json()
        if data_dir:
            values["data_dir"] = str(paths.expand(data_dir).resolve())
        self._refuse_too_much(config or run.config)
        with self.session() as session:
            self._refuse_beyond_task(session, run, config)
            self._refuse_crowd(session)
            moment = now(session)
            values |= {"queued_at": moment, "heartbeat_at": moment, "started_at": moment if owner else 0.0}
            ended = update(Run).where(Run.id == run_id, Run.state.not_in(ACTIVE)).values(**values)
            if changed_rows(session, ended) == 0:
                raise WorkbenchError("Only a run that has ended can be resumed; stop it first.")
        return self._check_right(run_id)

    def _check_right(self, run_id: int) -> Run:
        """The run. Raises WorkbenchError if there is none, or if whoever asks may only watch it."""
        run = super().get(run_id)
        if run is None:
            return self.find(str(run_id))  # says so
        self.by.refuse_change(run)
        return run

    def _refuse_beyond_task(self, session: Session, run: Run, config: RunConfig | None) -> None:
        """A student's run that was made for a task keeps to it, so that the results can be compared."""
        if run.task_id and config and not self.by.may_everything:
            tasks.refuse_other_settings(session, run.task_id, config)

    def _check_checkpoint(self, run: Run) -> None:
        if run.has_lost_its_checkpoint:
            raise lost_checkpoint(run)

    def forget_training(self, run_id: int) -> None:
        """Forget all that an ended run has learnt, measured and drawn: resumed, it begins anew.

        Raises WorkbenchError if it is queued or running, or if it could not begin: its folder of pictures is gone.
        """
        run = self._check_right(run_id)
        if run.dataset.startswith(FOLDER):
            from gan_core.datasets.folders import list_pictures  # with Pillow, which nothing else here needs

            list_pictures(run.dataset)
        nothing = {"checkpoint": "", "step": 0, "kimg": 0.0, "seconds": 0.0, "progress": 0.0, "last_json": ""}
        ended = update(Run).where(Run.id == run_id, Run.state.not_in(ACTIVE))
        with self.session() as session:
            if changed_rows(session, ended.values(grid_steps_json="[]", **nothing)) == 0:
                raise WorkbenchError("Run {run} is queued or in training; stop it first.", run=run_id)
            session.execute(delete(MetricChunk).where(MetricChunk.run_id == run_id))
            session.execute(delete(RunChange).where(RunChange.run_id == run_id))
            files.delete_there(run.folder)
        shutil.rmtree(run.folder, ignore_errors=True)

    def extend(self, run_id: int, minutes: float | None = None, kimg: float | None = None) -> Run:
        """Queue an ended run again with another budget, counted from the run's beginning.

        Args:
            minutes: of training in all.
            kimg: thousand real images in all.

        Raises WorkbenchError if it has had as much already, if neither is given, or if it is queued or running.
        """
        run = self._check_right(run_id)
        config = make_config(run.config, minutes=minutes, kimg=kimg)
        if config.budget_spent(run.seconds, run.kimg) >= 1:
            raise WorkbenchError(
                "Run {run} has already trained for {minutes:.1f} minutes and {kimg:.1f} kimg; give it a larger total.",
                run=run.id,
                minutes=run.seconds / 60,
                kimg=run.kimg,
            )
        return self.resume(run_id, config)

    @log.asked("delete run")
    def delete(self, run_id: int) -> None:
        """Forget a run, with its metrics, its changes, and its folder. One that is already gone is no error.

        Raises WorkbenchError if it is queued or running, and FilesUnavailableError, after which all is still there.
        """
        run = super().get(run_id)
        if run is None:
            return
        self.by.refuse_change(run)
        try:
            self._forget(run)
        except StoreUnavailableError:
            # Deleting from the database needs some room: on a full disk, deleting the folder makes it.
            if run.active:
                raise
            shutil.rmtree(run.folder, ignore_errors=True)
            self._forget(run)
        shutil.rmtree(run.folder, ignore_errors=True)

    def _forget(self, run: Run) -> None:
        """In the list and in the common place, or in neither."""
        run_id = run.id
        with self.session() as session:
            if changed_rows(session, delete(Run).where(Run.id == run_id, Run.state.not_in(ACTIVE))) == 0:
                raise WorkbenchError("Run {run} is queued or in training; stop it first.", run=run_id)
            session.execute(delete(MetricChunk).where(MetricChunk.run_id == run_id))
            session.execute(delete(RunChange).where(RunChange.run_id == run_id))
            files.delete_there(run.folder)

    # Hyperparameters that change while a run learns

    @log.asked("change run")
    def ask_to_change(self, run_id: int, **values: Any) -> None:
        """Ask for other values of `config.changeable()` hyperparameters; the run's owner takes them up within seconds.

        A queued run begins with them; one whose process has died takes them up when it is resumed.

        Raises WorkbenchError for what cannot be changed, for a value that is refused, and for a run that has ended.
        """
        run = self._check_right(run_id)
        fixed = [name for name in values if name not in changeable()]
        if fixed:
            raise WorkbenchError(
                "{name} cannot be changed during training; {names} can.",
                name=fixed[0],
                names=", ".join(changeable()),
            )
        if not run.active:
            raise WorkbenchError("Run {run} has ended; resume it first.", run=run_id)
        before = self.current_config(run)
        after = make_config(before, **values)
        with self.session() as session:
            self._refuse_beyond_task(session, run, after)
            for name in values:
                old, new = getattr(before, name), getattr(after, name)
                if new != old:
                    session.add(RunChange(run_id=run_id, name=name, before=old, value=new, asked_at=now(session)))

    def changes(self, run_id: int) -> list[RunChange]:
        """What was changed while the run learnt, in the order asked, with what is still to be taken up."""
        with self.session() as session:
            return list(session.scalars(select(RunChange).where(RunChange.run_id == run_id).order_by(RunChange.id)))

    def current_config(self, run: Run) -> RunConfig:
        """The run's config with all that was changed since it began; `run.config` is how it began."""
        return make_config(run.config, **{change.name: change.value for change in self.changes(run.id)})

    # What its owner does

    def note_change(self, change_id: int, step: int, kimg: float, seconds: float) -> None:
        """The change was taken up after so many steps, thousand images and seconds: it holds from the next step on."""
        with self.session() as session:
            noted = update(RunChange).where(RunChange.id == change_id)
            session.execute(noted.values(step=step, kimg=kimg, seconds=seconds))


def lost_checkpoint(run: Run) -> WorkbenchError:
    """Why a run is not resumed that had a checkpoint and has none."""
    return WorkbenchError(
        "Run {run} cannot be resumed: its checkpoint {file} is gone from {folder}. Put it back, or start the run anew, "
        "which forgets its curves and pictures (on its page, or by train --resume {run} --anew).",
        run=run.id,
        file=run.checkpoint,
        folder=run.folder,
    )


def _file_number(url: str | URL) -> int:
    """The file system's number of the database's file; 0 if there is none, or an empty one, and for other databases."""
    file = sqlite_file(url)
    try:
        found = file.stat() if file else None
    except OSError:
        return 0
    return found.st_ino if found and found.st_size else 0


@cache
def _store(url: str | URL) -> RunStore:
    return RunStore(url)


def default_store() -> RunStore:
    """The store that the environment names; opened once a process, and anew if its file was deleted or replaced."""
    url = paths.database_url()
    if not _store(url).is_there:
        _store(url).engine.dispose()
        _store.cache_clear()
    return _store(url)
