"""The run store: every run, its state and what it measured, in one SQL database. Knows nothing of torch.

A run belongs to this store, never to a browser tab or a server. Its states:

    queued -> running -> finished | stopped | failed | interrupted -> queued (resumed) ...

Whoever trains a run is its owner and says so with a heartbeat. Everyone else only asks (`ask_to_stop`,
`ask_to_change`).
"""

import json
import secrets
import shutil
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import (
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import defer

from gan_core import paths
from gan_core.config import RunConfig, changeable, make_config
from gan_core.database import open_database
from gan_core.errors import WorkbenchError
from gan_core.ownership import LOST_AFTER_SECONDS, Queue
from gan_core.tables import ACTIVE, MetricChunk, Run, RunChange, State, WorkerRow
from gan_core.text import Text

CHUNK_ROWS = 512
"""Metric rows in one database row: a million rows are then 2,000 reads, and a write stays below 100 kB."""


METRICS = {
    "step": "Generator steps",
    "kimg": "Real images shown to the discriminator, in thousands",
    "seconds": "Seconds of training",
    "discriminator_loss": "Discriminator's loss",
    "generator_loss": "Generator's loss",
    "real_accuracy": "Real images that the discriminator takes for real, 0 to 1",
    "fake_accuracy": "Generated images that the discriminator sees through, 0 to 1",
    "real_verdict": "Mean D(x): the discriminator's verdict on real images, 0.5 is undecided",
    "fake_verdict": "Mean D(G(z)): its verdict on generated ones",
    "distance": "E[D(x)] - E[D(G(z))], with the wasserstein loss alone: the critic's estimate of how far the generated "
    "pictures are from the real ones, in a unit of its own",
    "discriminator_gradient": "Norm of the discriminator's gradient",
    "generator_gradient": "Norm of the generator's gradient",
    "spread": "How much the generated images of a batch differ from each other, as a share of how much the real ones "
    "do: 1 is as varied, 0 all the same",
    "images_per_second": "Real images a second",
    "gpu_memory": "GPU memory in use, GiB",
    "fid": "FID of a few thousand generated pictures, by the classifier's or Inception's features; 0 is like the "
    "real ones",
    "accuracy": "Generated pictures in which a classifier sees the class that was asked for, 0 to 1",
}
"""The columns of a run's metrics, and what they mean. What was not measured, or has no meaning, is NaN."""


class RunStore(Queue[Run]):
    """All reading and writing of runs. Safe to use from several threads and processes at once.

    Args:
        url: any SQLAlchemy URL; its tables are made where they are missing.

    Raises WorkbenchError if the database cannot be opened.
    """

    table = Run
    remedy = Text("Resume goes on from the last checkpoint.")

    def __init__(self, url: str):
        super().__init__(open_database(url))

    # Making, finding and listing

    def create(self, config: RunConfig, preset: str, data_dir: Path | None = None, owner: str = "") -> Run:
        """A new run at the end of the queue, or already running if its owner trains it itself."""
        now = time.time()
        run = Run(
            name=secrets.token_hex(8),
            preset=preset,
            dataset=config.dataset,
            config_json=config.model_dump_json(),
            data_dir=str(Path(data_dir or paths.data()).resolve()),
            state=State.RUNNING if owner else State.QUEUED,
            owner=owner,
            created_at=now,
            queued_at=now,
            heartbeat_at=now,
        )
        with self.session() as session:
            session.add(run)
            session.flush()
            # The random end keeps folders apart when the database was deleted and numbers start again.
            readable = "".join(c if c.isascii() and c.isalnum() else "-" for c in f"{preset}-{run.dataset_name}")[:60]
            run.name = f"{run.id:05d}-{readable}-{secrets.token_hex(2)}"
        return run

    def find(self, text: str) -> Run:
        """The run of this number or name. Raises WorkbenchError if there is none."""
        is_number = text.isdecimal() and len(text) < 18  # a longer one is none that a database has
        wanted = Run.id == int(text) if is_number else Run.name == text
        with self.session() as session:
            run = session.scalar(select(Run).where(wanted))
        if run is None:
            raise WorkbenchError("There is no run {run}; `python -m gan_core runs` lists those there are.", run=text)
        return run

    def all_runs(self, most: int | None = None) -> list[Run]:
        """All runs (or the newest `most`), the newest first, without their configs: `get` has those."""
        newest_first = (
            select(Run).options(defer(Run.config_json), defer(Run.data_dir)).order_by(Run.id.desc()).limit(most)
        )
        with self.session() as session:
            return list(session.scalars(newest_first))

    def queue_position(self, run: Run) -> int:
        """1 for the run that is trained next."""
        earlier = or_(Run.queued_at < run.queued_at, (Run.queued_at == run.queued_at) & (Run.id < run.id))
        with self.session() as session:
            return 1 + session.scalar(select(func.count()).where(Run.state == State.QUEUED, earlier))

    # What anyone may ask for

    def ask_to_stop(self, run_id: int) -> None:
        """A queued run stops at once, a running one as soon as its owner has saved it."""
        with self.session() as session:
            values = {"state": State.STOPPED, "ended_at": time.time(), "message": ""}
            session.execute(update(Run).where(Run.id == run_id, Run.state == State.QUEUED).values(**values))
            session.execute(update(Run).where(Run.id == run_id, Run.state == State.RUNNING).values(request="stop"))

    def resume(
        self, run_id: int, config: RunConfig | None = None, owner: str = "", data_dir: Path | None = None
    ) -> Run:
        """Queue an ended run again (or take it over as `owner`), perhaps with a larger budget or moved data.

        Raises WorkbenchError if it is queued or running.
        """
        values: dict[str, Any] = {
            "state": State.RUNNING if owner else State.QUEUED,
            "owner": owner,
            "request": "",
            "message": "",
            "queued_at": time.time(),
            "heartbeat_at": time.time(),
            "ended_at": None,
            "seconds_left": None,
        }
        if config:
            values["config_json"] = config.model_dump_json()
        if data_dir:
            values["data_dir"] = str(data_dir.resolve())
        with self.session() as session:
            ended = update(Run).where(Run.id == run_id, Run.state.not_in(ACTIVE)).values(**values)
            if session.execute(ended).rowcount == 0:
                raise WorkbenchError("Only a run that has ended can be resumed; stop it first.")
        return self.get(run_id)

    def extend(self, run_id: int, minutes: float | None = None, kimg: float | None = None) -> Run:
        """Queue an ended run again with another budget, counted from the run's beginning.

        Args:
            minutes: of training in all.
            kimg: thousand real images in all.

        Raises WorkbenchError if it has had as much already, if neither is given, or if it is queued or running.
        """
        run = self.find(str(run_id))
        config = make_config(run.config, minutes=minutes, kimg=kimg)
        if config.budget_spent(run.seconds, run.kimg) >= 1:
            raise WorkbenchError(
                "Run {run} has already learnt for {minutes:.1f} minutes, from {kimg:.1f} thousand images; "
                "give it more than that in all.",
                run=run.id,
                minutes=run.seconds / 60,
                kimg=run.kimg,
            )
        return self.resume(run_id, config)

    def delete(self, run_id: int) -> None:
        """Forget a run, with its metrics, its changes, and its folder. One that is already gone is no error.

        Raises WorkbenchError if it is queued or running.
        """
        with self.session() as session:
            run = session.get(Run, run_id)
            if run is None:
                return
            if session.execute(delete(Run).where(Run.id == run_id, Run.state.not_in(ACTIVE))).rowcount == 0:
                raise WorkbenchError("Run {run} is waiting or in training; stop it first.", run=run_id)
            session.execute(delete(MetricChunk).where(MetricChunk.run_id == run_id))
            session.execute(delete(RunChange).where(RunChange.run_id == run_id))
        shutil.rmtree(run.folder, ignore_errors=True)

    # Hyperparameters that change while a run learns

    def ask_to_change(self, run_id: int, **values: Any) -> None:
        """Ask for other values of `config.changeable()` hyperparameters; the run's owner takes them up within seconds.

        A queued run begins with them; one whose process has died takes them up when it is resumed.

        Raises WorkbenchError for what cannot be changed, for a value that is refused, and for a run that has ended.
        """
        run = self.find(str(run_id))
        fixed = [name for name in values if name not in changeable()]
        if fixed:
            raise WorkbenchError(
                "{name} cannot be changed while a run learns; {names} can.",
                name=fixed[0],
                names=", ".join(changeable()),
            )
        if not run.active:
            raise WorkbenchError("Run {run} has ended and learns no more; resume it first.", run=run_id)
        before = self.current_config(run)
        after = make_config(before, **values)
        with self.session() as session:
            for name in values:
                old, new = getattr(before, name), getattr(after, name)
                if new != old:
                    session.add(RunChange(run_id=run_id, name=name, before=old, value=new, asked_at=time.time()))

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

    # Metrics

    def write_metrics(self, run_id: int, first_row: int, columns: list[str], rows: np.ndarray) -> None:
        """Write the rows of one chunk, again and again as it grows.

        Args:
            first_row: the chunk's first row in the run, a multiple of CHUNK_ROWS.
            rows: float64 [at most CHUNK_ROWS, len(columns)].
        """
        data = np.ascontiguousarray(rows, dtype="<f8").tobytes()
        with self.session() as session:
            session.merge(MetricChunk(run_id=run_id, first_row=first_row, columns_json=json.dumps(columns), data=data))

    def read_metrics(self, run_id: int, from_row: int = 0) -> dict[str, np.ndarray]:
        """Each column's values, float64 [rows], from the first row of the chunk that holds `from_row`.

        A column that a part of the run did not have is NaN there.
        """
        first = from_row - from_row % CHUNK_ROWS
        wanted = select(MetricChunk).where(MetricChunk.run_id == run_id, MetricChunk.first_row >= first)
        with self.session() as session:
            chunks = [chunk.values() for chunk in session.scalars(wanted.order_by(MetricChunk.first_row))]
        names = dict.fromkeys(name for chunk in chunks for name in chunk)
        missing = [np.full(len(next(iter(chunk.values()))), np.nan) for chunk in chunks]
        return {
            name: np.concatenate([chunk.get(name, nan) for chunk, nan in zip(chunks, missing, strict=True)])
            for name in names
        }

    def extend_metrics(self, run_id: int, known: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All metrics of a run, given those read before: only chunks that may have grown since are read."""
        if not known:
            return self.read_metrics(run_id)
        rows = len(known["step"])
        first = rows - rows % CHUNK_ROWS
        new = self.read_metrics(run_id, from_row=rows)
        if not new:
            return {name: values[:first] for name, values in known.items()}
        before, since = np.full(first, np.nan), np.full(len(new["step"]), np.nan)
        return {
            name: np.concatenate([known.get(name, before)[:first], new.get(name, since)])
            for name in dict.fromkeys([*known, *new])
        }

    def cut_metrics(self, run_id: int, after_step: int) -> dict[str, np.ndarray]:
        """Forget what was measured after a step, since a resumed run will measure it again. Returns what is left."""
        metrics = self.read_metrics(run_id)
        if not metrics:
            return {}
        kept = {name: values[metrics["step"] <= after_step] for name, values in metrics.items()}
        rows = len(kept["step"])
        first = rows - rows % CHUNK_ROWS
        with self.session() as session:
            last_chunks = select(MetricChunk).where(MetricChunk.run_id == run_id, MetricChunk.first_row >= first)
            for chunk in session.scalars(last_chunks):
                session.delete(chunk)
        if first < rows:
            self.write_metrics(run_id, first, list(kept), np.stack(list(kept.values()), axis=1)[first:])
        return kept

    # The app's own worker

    def register_worker(self, name: str, owner: str) -> bool:
        """Become (or stay) the worker of this name; False while another one that lives has it."""
        now = time.time()
        with self.session() as session:
            free = or_(WorkerRow.owner == owner, WorkerRow.heartbeat_at < now - LOST_AFTER_SECONDS)
            taken = update(WorkerRow).where(WorkerRow.name == name, free).values(owner=owner, heartbeat_at=now)
            if session.execute(taken).rowcount:
                return True
        try:
            with self.session() as session:
                session.add(WorkerRow(name=name, owner=owner, heartbeat_at=now))
        except SQLAlchemyError:
            return False
        return True

    def worker_lives(self, name: str) -> bool:
        with self.session() as session:
            row = session.get(WorkerRow, name)
        return row is not None and row.heartbeat_at > time.time() - LOST_AFTER_SECONDS

    def unregister_worker(self, name: str, owner: str) -> None:
        with self.session() as session:
            row = session.get(WorkerRow, name)
            if row and row.owner == owner:
                session.delete(row)


@cache
def _store(url: str) -> RunStore:
    return RunStore(url)


def default_store() -> RunStore:
    """The store that the environment names; opened once a process."""
    return _store(paths.database_url())
