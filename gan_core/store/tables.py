"""The run store's tables, as SQL knows them. Knows nothing of torch."""

import json
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from gan_core import files, paths
from gan_core.config import RunConfig
from gan_core.datasets.table import dataset_name
from gan_core.errors import DIVERGED
from gan_core.experiments import Experiment, Trial
from gan_core.text import Text

if TYPE_CHECKING:
    import numpy as np


class State(StrEnum):
    """Where a run stands. All but the first two can be resumed."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


ACTIVE = (State.QUEUED, State.RUNNING)
GRID_SUFFIXES = (".webp", ".png")  # the first is written; older runs have the other
OLD_METRICS = {"real_verdict": "real_output", "fake_verdict": "fake_output", "spread": "diversity"}
"""What metrics are called in older databases."""
MAX_GRIDS = 200
"""Sample grids that a run keeps."""
REVISION = "0004"
"""Of `migrations/versions`, the one that makes these tables."""
VERSION_TABLE = "gan_workbench_version"
"""Where Alembic keeps a database's revision. Not by its usual name, which another program in the database may have."""


class Base(DeclarativeBase):
    """The tables."""


class Run(Base):
    """One training run. Times are seconds since 1970; `seconds` and `seconds_left` are durations of training."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    preset: Mapped[str]
    dataset: Mapped[str]
    config_json: Mapped[str]
    data_dir: Mapped[str]
    sessions: Mapped[int] = mapped_column(default=0)  # how often its training has begun or gone on
    state: Mapped[str] = mapped_column(index=True)
    message: Mapped[str] = mapped_column(default="")  # a Text as JSON, or ""
    request: Mapped[str] = mapped_column(default="")
    owner: Mapped[str] = mapped_column(default="")
    created_at: Mapped[float]
    queued_at: Mapped[float]
    heartbeat_at: Mapped[float] = mapped_column(default=0.0)
    ended_at: Mapped[float | None] = mapped_column(default=None)
    device: Mapped[str] = mapped_column(default="")
    checkpoint: Mapped[str] = mapped_column(default="")  # the newest model file's name in the run's folder
    step: Mapped[int] = mapped_column(default=0)
    kimg: Mapped[float] = mapped_column(default=0.0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    progress: Mapped[float] = mapped_column(default=0.0)
    seconds_left: Mapped[float | None] = mapped_column(default=None)
    images_per_second: Mapped[float | None] = mapped_column(default=None)
    dataset_images: Mapped[int | None] = mapped_column(default=None)  # real images in an epoch, once they were read
    left_out_json: Mapped[str] = mapped_column(default="")  # Texts as a JSON list, or ""; of folders of pictures
    last_json: Mapped[str] = mapped_column(default="")  # the newest metric row as JSON, or ""
    person_id: Mapped[int] = mapped_column(default=0, index=True)  # who made it; 0 for nobody in particular
    started_at: Mapped[float] = mapped_column(default=0.0)  # when its training last began or went on
    expected_seconds: Mapped[float | None] = mapped_column(default=None)  # of training, as known when it was queued
    restarts: Mapped[int] = mapped_column(default=0)  # how often it went on by itself since its last checkpoint
    put_first_at: Mapped[float] = mapped_column(default=0.0)  # when it was put before all that wait; 0 if it was not
    task_id: Mapped[int] = mapped_column(default=0)  # the class's task that it was made for; 0 for none
    grid_steps_json: Mapped[str] = mapped_column(default="")  # steps of the kept sample grids; "" in older runs

    # A deleted run's number is never given to another: links and caches know runs by it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own word)

    @property
    def config(self) -> RunConfig:
        return RunConfig.model_validate_json(self.config_json)

    @property
    def status_text(self) -> Text | None:
        """A sentence about the run's progress or how it ended."""
        return Text.from_json(self.message) if self.message else None

    @property
    def left_out(self) -> list[Text]:
        """How many files of its folder of pictures are left out, and why; a sentence for each reason."""
        return [Text.from_json(stored) for stored in json.loads(self.left_out_json or "[]")]

    @property
    def last(self) -> dict[str, float]:
        """The newest metric row, only its finite numbers; empty before the first."""
        stored = json.loads(self.last_json) if self.last_json else {}
        return {OLD_METRICS.get(name, name): value for name, value in stored.items()}

    @property
    def dataset_name(self) -> str:
        """The dataset for people to read; of a folder its own name, not where it lies."""
        return dataset_name(self.dataset)

    @property
    def label(self) -> str:
        """What a list of few calls it, in any language."""
        return f"{self.id} · {self.preset}"

    @property
    def title(self) -> str:
        """What a list of many calls it, in any language."""
        return f"{self.label} · {self.dataset_name}"

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        from gan_core import notebook
        from gan_core.store.runs import default_store

        return notebook.html(self, default_store().read_metrics(self.id))

    def _repr_png_(self) -> bytes | None:
        from gan_core import notebook

        return notebook.png(self)

    @property
    def folder(self) -> Path:
        return paths.run_folder(self.name)

    @property
    def checkpoint_path(self) -> Path | None:
        """The run's newest model file; None before its first."""
        return self.folder / self.checkpoint if self.checkpoint else None

    @property
    def best_path(self) -> Path | None:
        """The checkpoint that scored best while the run learned; None if there is none."""
        if step := int(self.last.get("best_step", 0)):
            return paths.best_checkpoint(self.folder, step)
        return next(reversed(paths.best_checkpoints(self.folder)), None)  # an older run's row does not say

    @property
    def live_grid(self) -> Path:
        """The picture of what the run draws by now; written anew every few seconds."""
        return self.folder / "live.webp"

    @property
    def picture_version(self) -> int:
        """Another number for every picture of what the run draws by now; 0 while there is none here.

        Who asks for it watches the run: a newer picture of another machine is brought here meanwhile.
        """
        if self.sessions:
            files.watch(self.live_grid, files.WATCH_SECONDS if self.active else files.FRESH_SECONDS)
        try:
            return self.live_grid.stat().st_mtime_ns // 1_000_000
        except OSError:
            return 0

    @property
    def grid_folder(self) -> Path:
        """Where the sample grids lie that are kept, STEP.webp each."""
        return self.folder / "samples"

    @property
    def grid_steps(self) -> list[int]:
        """Steps whose sample grids are kept, the earliest first. For an older run, they are read from its folder."""
        if self.grid_steps_json:
            return json.loads(self.grid_steps_json)
        try:
            return list(_grid_steps_in(self.grid_folder, self.grid_folder.stat().st_mtime_ns))
        except OSError:
            return []

    def grid_path(self, step: int) -> Path:
        """The sample grid of that step, perhaps gone."""
        written, older = (self.grid_folder / f"{step:09d}{suffix}" for suffix in GRID_SUFFIXES)
        return older if older.exists() and not written.exists() else written

    @property
    def has_lost_its_checkpoint(self) -> bool:
        """Whether it had a checkpoint and has none now, so that it could only begin anew."""
        return bool(self.checkpoint) and not files.has(self.folder, f"model-*{paths.MODEL_SUFFIX}")

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def has_diverged(self) -> bool:
        """Whether it failed because of what was learnt: the same settings would fail again."""
        text = self.status_text
        return self.state == State.FAILED and text is not None and text.template == DIVERGED.template


@lru_cache(maxsize=256)
def _grid_steps_in(folder: Path, changed: int) -> tuple[int, ...]:
    """The steps by the names in a folder of grids, MAX_GRIDS at even distances if there are more."""
    kept = (path for path in folder.iterdir() if path.suffix in GRID_SUFFIXES and path.stem.isdecimal())
    steps = sorted({int(path.stem) for path in kept})
    return tuple(steps[:: -(-len(steps) // MAX_GRIDS) or 1])


class RunChange(Base):
    """A hyperparameter that someone changed while the run learnt.

    `step`, `kimg` and `seconds` say how far the run was: the value holds from its next step on. They are None until
    the run's owner has taken the change up.
    """

    __tablename__ = "run_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(index=True)
    name: Mapped[str]
    before: Mapped[float]
    value: Mapped[float]
    asked_at: Mapped[float]  # seconds since 1970
    step: Mapped[int | None] = mapped_column(default=None)
    kimg: Mapped[float | None] = mapped_column(default=None)
    seconds: Mapped[float | None] = mapped_column(default=None)


class MetricChunk(Base):
    """Up to CHUNK_ROWS consecutive metric rows: float64, row after row, the columns named beside them."""

    __tablename__ = "metric_chunks"

    run_id: Mapped[int] = mapped_column(primary_key=True)
    first_row: Mapped[int] = mapped_column(primary_key=True)
    columns_json: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)

    @property
    def names(self) -> tuple[str, ...]:
        """What its columns are called by now."""
        return _present_names(self.columns_json)

    def table(self) -> "np.ndarray":
        """Its values, float64 [rows, columns]."""
        import numpy as np

        return np.frombuffer(self.data, dtype="<f8").reshape(-1, len(self.names))

    def values(self) -> "dict[str, np.ndarray]":
        """Each column's values, float64 [rows]."""
        return dict(zip(self.names, self.table().T, strict=True))


@lru_cache(maxsize=256)
def _present_names(columns_json: str) -> tuple[str, ...]:
    return tuple(OLD_METRICS.get(name, name) for name in json.loads(columns_json))


class EvaluationRow(Base):
    """One evaluation of a checkpoint: what is asked of it, how far that is, and what came out."""

    __tablename__ = "evaluations"

    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(index=True)  # the caller's key of the model, the same for all checkpoints
    digest: Mapped[str] = mapped_column(index=True)  # of the checkpoint file's content
    features: Mapped[str]  # "" for those that fit the dataset
    samples: Mapped[int]
    seed: Mapped[int]
    data_dir: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str] = mapped_column(default="")  # a Text as JSON, or ""
    request: Mapped[str] = mapped_column(default="")  # "cancel", or ""
    owner: Mapped[str] = mapped_column(default="")
    queued_at: Mapped[float]  # seconds since 1970, as the other times
    heartbeat_at: Mapped[float] = mapped_column(default=0.0)
    ended_at: Mapped[float | None] = mapped_column(default=None)
    result_json: Mapped[str] = mapped_column(default="")  # an Evaluation without its pictures, or ""
    person_id: Mapped[int] = mapped_column(default=0, index=True)  # who asked for it; 0 for nobody in particular
    started_at: Mapped[float] = mapped_column(default=0.0)

    # A deleted evaluation's number, and so its folder, is never given to another.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own word)

    @property
    def status_text(self) -> Text | None:
        """A sentence about its progress or how it ended."""
        return Text.from_json(self.message) if self.message else None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def folder(self) -> Path:
        return paths.checkpoints() / "evaluations" / str(self.id)

    @property
    def checkpoint_path(self) -> Path:
        """The checkpoint as it was when it was asked for; gone once the evaluation has ended."""
        return self.folder / f"model{paths.MODEL_SUFFIX}"

    @property
    def pictures_path(self) -> Path:
        """A NumPy file of the result's pictures."""
        return self.folder / "pictures.npz"


class WorkerRow(Base):
    """A worker with a name, of which there is one at a time: the app's own, and one for each cluster."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    heartbeat_at: Mapped[float]
    looked_at: Mapped[float] = mapped_column(default=0.0)  # when somebody last looked who may start a run
    slots: Mapped[int] = mapped_column(default=0)  # runs that it can have in training at the same time


class Person(Base):
    """Who makes runs, where visitors are told apart."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")  # as it was entered; "" for a visitor without one
    known_as: Mapped[str | None] = mapped_column(unique=True, default=None)  # the name or login by which it is one
    is_teacher: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[float]
    seen_at: Mapped[float]
    given_back_until: Mapped[float] = mapped_column(default=0.0)  # till then, whoever enters the name is this person
    used_seconds: Mapped[float] = mapped_column(default=0.0)  # of the machine, as they counted at `used_at` (turns.py)
    used_at: Mapped[float] = mapped_column(default=0.0)

    # A deleted person's number is never given to another: it would inherit runs.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own word)


class Browser(Base):
    """A browser by its cookie, and whose it is. Of the cookie's key, a digest: who reads the table cannot be them."""

    __tablename__ = "browsers"

    key_digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(index=True)


class ExperimentRow(Base):
    """A question that many runs answer, as `gan_core.experiments.Experiment` says it."""

    __tablename__ = "experiments"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # who has it may watch
    preset: Mapped[str]
    config_json: Mapped[str]
    vary_json: Mapped[str]
    seeds: Mapped[int]
    person_id: Mapped[int] = mapped_column(default=0, index=True)  # who made it; 0 for nobody in particular
    created_at: Mapped[float]  # seconds since 1970, as the other times
    trials: Mapped[int] = mapped_column(default=0)  # of a search, how many variants it tries
    tried_json: Mapped[str] = mapped_column(default="[]")  # of a search, its Trials so far: [[{setting: value}, when]]
    is_open: Mapped[bool] = mapped_column(default=False, index=True)  # whether a worker is to go on with the search
    run_seconds: Mapped[float | None] = mapped_column(default=None)  # of training a run at most, as known when asked
    held_by: Mapped[str] = mapped_column(default="")  # who makes runs for it, until when
    held_until: Mapped[float] = mapped_column(default=0.0)

    # A deleted experiment's number is never given to another: links know it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own word)

    @property
    def experiment(self) -> Experiment:
        vary = {name: tuple(values) for name, values in json.loads(self.vary_json).items()}
        config = RunConfig.model_validate_json(self.config_json)
        return Experiment(self.preset, config, vary, self.seeds, self.trials, self.tried)

    @property
    def tried(self) -> tuple[Trial, ...]:
        """What a search has tried so far."""
        return tuple(Trial(*trial) for trial in json.loads(self.tried_json))


class ExperimentRun(Base):
    """Which run of an experiment is which. A run may belong to several."""

    __tablename__ = "experiment_runs"

    experiment_id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)  # in `Experiment.all_configs`
    run_id: Mapped[int] = mapped_column(index=True)


class Progress(Base):
    """What a person with a name has answered in the lessons, so that it follows them to another computer."""

    __tablename__ = "progress"

    person_id: Mapped[int] = mapped_column(primary_key=True)
    answers_json: Mapped[str]  # {"the-loss/balance": "right", ...}


class Notice(Base):
    """What a teacher tells the class or the queue, by its name; the value is JSON."""

    __tablename__ = "notices"

    name: Mapped[str] = mapped_column(primary_key=True)
    value_json: Mapped[str]


class Task(Base):
    """What a teacher gives the class to do."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    preset: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    free_json: Mapped[str] = mapped_column(default="[]")  # names of the settings that may be changed
    exercise: Mapped[str] = mapped_column(default="")  # its name in gan_core.exercises, or "" for a preset's task
    set_at: Mapped[float]  # seconds since 1970, as the other times
    until: Mapped[float | None] = mapped_column(default=None)
    ended_at: Mapped[float | None] = mapped_column(default=None)

    # A deleted task's number is never given to another: it would inherit runs.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own word)

    @property
    def free(self) -> list[str]:
        """Names of the settings that may be changed."""
        return json.loads(self.free_json)
