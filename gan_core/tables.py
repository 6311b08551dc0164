"""The run store's tables, as SQL knows them. Knows nothing of torch."""

import json
from enum import StrEnum
from pathlib import Path

import numpy as np
from sqlalchemy import LargeBinary
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from gan_core import paths
from gan_core.config import FOLDER, RunConfig
from gan_core.text import Text


class State(StrEnum):
    """Where a run stands. All but the first two can be resumed."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


ACTIVE = (State.QUEUED, State.RUNNING)


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

    @property
    def config(self) -> RunConfig:
        return RunConfig.model_validate_json(self.config_json)

    @property
    def told(self) -> Text | None:
        """What is to be said about how the run stands or ended."""
        return Text.from_json(self.message) if self.message else None

    @property
    def dataset_name(self) -> str:
        """The dataset for people to read; of a folder its own name, not where it lies."""
        return Path(self.dataset).name if self.dataset.startswith(FOLDER) else self.dataset

    @property
    def folder(self) -> Path:
        return paths.run_folder(self.name)

    @property
    def checkpoint_path(self) -> Path | None:
        """The run's newest model file; None before its first."""
        return self.folder / self.checkpoint if self.checkpoint else None

    @property
    def live_grid(self) -> Path:
        """The picture of what the run draws by now; written anew every few seconds."""
        return self.folder / "live.png"

    @property
    def grid_folder(self) -> Path:
        """The sample grids that are kept, STEP.png each."""
        return self.folder / "samples"

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


class MetricChunk(Base):
    """Up to CHUNK_ROWS consecutive metric rows: float64, row after row, the columns named beside them."""

    __tablename__ = "metric_chunks"

    run_id: Mapped[int] = mapped_column(primary_key=True)
    first_row: Mapped[int] = mapped_column(primary_key=True)
    columns_json: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)

    def values(self) -> dict[str, np.ndarray]:
        names = json.loads(self.columns_json)
        table = np.frombuffer(self.data, dtype="<f8").reshape(-1, len(names))
        return dict(zip(names, table.T, strict=True))


class WorkerRow(Base):
    """A worker that the app started, so that it starts no second one."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    heartbeat_at: Mapped[float]
