"""The evaluations asked for, in the run store's database: which wait, which are in work, what came out.

`jobs/worker.py` starts a process for each, `jobs/evaluate_job.py` is that process. Knows nothing of torch.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ColumnElement, Engine, delete, func, select, update
from sqlalchemy.orm import Session

from gan_core import files, limits, log, paths
from gan_core.errors import WorkbenchError
from gan_core.metrics.result import Evaluation
from gan_core.store.database import changed_rows, now
from gan_core.store.queue import Queue
from gan_core.store.rights import OWNER
from gan_core.store.runs import default_store
from gan_core.store.tables import ACTIVE, EvaluationRow, State
from gan_core.text import Text

CANCEL = "cancel"


class Terms(NamedTuple):
    """How models are evaluated; only results of the same terms are comparable.

    Args:
        features: "classifier", "inception", or "" for those that fit the dataset.
        samples: generated pictures.
    """

    features: str = ""
    samples: int = 10_000
    seed: int = 0


class EvaluationStore(Queue[EvaluationRow]):
    """All reading and writing of evaluations."""

    table = EvaluationRow
    remedy = Text("Evaluate the model again.")

    # What anyone may ask for

    @log.asked("ask for evaluation")
    def ask(self, model: str, checkpoint: Path, terms: Terms, data_dir: Path | None = None) -> EvaluationRow:
        """Queue an evaluation of a checkpoint, as its file is now.

        If the same content on the same terms is already queued, in work or finished, that row is returned instead.

        Args:
            model: the caller's key of the model, the same for all checkpoints of a run.

        Raises WorkbenchError if the file is gone, if there is no room for a copy, if the common place for files cannot
        be reached, and for what a visitor may not take.
        """
        files.fetch(checkpoint)
        try:
            with checkpoint.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise WorkbenchError(
                "The file of this model has just been replaced or deleted; choose the model again."
            ) from error
        for row in self._of(EvaluationRow.model == model, EvaluationRow.digest == digest, *_on(terms)):
            if row.active or row.state == State.FINISHED:
                return row
            if self.by.may_change(row):
                self.delete(row.id)
        row = EvaluationRow(
            model=model,
            digest=digest,
            **terms._asdict(),
            data_dir=str(paths.expand(data_dir or paths.data()).resolve()),
            state=State.QUEUED,
            person_id=self.by.person,
        )
        with self.session() as session:
            self._refuse_too_much(session, terms)
            row.queued_at = now(session)
            session.add(row)
            session.flush()
            _keep_copy(checkpoint, row)
        return row

    def _refuse_too_much(self, session: Session, terms: Terms) -> None:
        if not self.by.may_everything:
            self.hold(session, self.by.person)
            active = select(func.count()).select_from(EvaluationRow).where(EvaluationRow.state.in_(ACTIVE))
            of_one = session.scalar(active.where(EvaluationRow.person_id == self.by.person)) or 0
            limits.refuse_evaluation(terms.samples, of_one, session.scalar(active) or 0)

    @log.asked("cancel evaluation")
    def cancel(self, evaluation_id: int) -> None:
        """A queued one ends at once, one in work as soon as its process notices. One that has ended stays.

        Raises WorkbenchError if it is somebody else's, as `delete` does.
        """
        if asked := self.get(evaluation_id):
            self.by.refuse_change(asked)
        mine, table = EvaluationRow.id == evaluation_id, EvaluationRow
        with self.session() as session:
            ended = {"state": State.STOPPED, "ended_at": now(session)}
            queued = changed_rows(session, update(table).where(mine, table.state == State.QUEUED).values(**ended))
            session.execute(update(table).where(mine, table.state == State.RUNNING).values(request=CANCEL))
        if queued and (row := self.get(evaluation_id)):
            files.remove([row.checkpoint_path])

    def delete(self, evaluation_id: int) -> None:
        """Forget an evaluation that has ended, with its pictures. One that is gone is no error.

        Raises WorkbenchError if it is queued or in work.
        """
        row = self.get(evaluation_id)
        if row is None:
            return
        self.by.refuse_change(row)
        ended = delete(EvaluationRow).where(EvaluationRow.id == evaluation_id, EvaluationRow.state.not_in(ACTIVE))
        with self.session() as session:
            if changed_rows(session, ended) == 0:
                raise WorkbenchError("This evaluation is queued or running; cancel it first.")
            files.delete_there(row.folder)
        shutil.rmtree(row.folder, ignore_errors=True)

    def forget(self, models: Iterable[str]) -> None:
        """Delete all evaluations of these models, whoever asked; one in work is cancelled, and stays as such."""
        everybodys = self.acting_for(OWNER)
        for row in everybodys._of(EvaluationRow.model.in_(list(models))):
            everybodys.cancel(row.id)
            with contextlib.suppress(WorkbenchError):
                everybodys.delete(row.id)

    # Listing

    def active(self) -> list[EvaluationRow]:
        """Those that wait or are in work, in the order asked."""
        return self._of(EvaluationRow.state.in_(ACTIVE))[::-1]

    def newest(self, models: Iterable[str], terms: Terms) -> dict[str, EvaluationRow]:
        """Of each model that has been evaluated on these terms, or should have been: the newest that has ended."""
        rows = self._of(EvaluationRow.model.in_(list(models)), EvaluationRow.state.not_in(ACTIVE), *_on(terms))
        return {row.model: row for row in reversed(rows)}

    def finished(self, models: Iterable[str]) -> list[EvaluationRow]:
        """All of these models that came to a result, on whatever terms, the newest first."""
        return self._of(EvaluationRow.model.in_(list(models)), EvaluationRow.state == State.FINISHED)

    def last(self) -> EvaluationRow | None:
        """The one asked for last."""
        return next(iter(self._of(most=1)), None)

    def _of(self, *which: ColumnElement[bool], most: int | None = None) -> list[EvaluationRow]:
        """Those that may be listed, the newest first."""
        wanted = (
            select(EvaluationRow)
            .where(self.by.listed(EvaluationRow), *which)
            .order_by(EvaluationRow.id.desc())
            .limit(most)
        )
        with self.session() as session:
            return list(session.scalars(wanted))


def _on(terms: Terms) -> list[ColumnElement[bool]]:
    return [getattr(EvaluationRow, name) == value for name, value in terms._asdict().items()]


def _keep_copy(checkpoint: Path, row: EvaluationRow) -> None:
    """A running run deletes its older checkpoints, perhaps before this evaluation begins."""
    try:
        shutil.rmtree(
            row.folder, ignore_errors=True
        )  # left by a database that was deleted: its numbers were given again
        row.folder.mkdir(parents=True)
        try:
            os.link(checkpoint, row.checkpoint_path)
        except OSError:  # another disk, or one without hard links
            shutil.copyfile(checkpoint, row.checkpoint_path)
    except OSError as error:
        raise WorkbenchError(
            "{file} could not be copied ({error}); make room and try again.", file=checkpoint.name, error=error.strerror
        ) from error
    files.put(row.checkpoint_path)


def numbers_of(row: EvaluationRow) -> Evaluation | None:
    """What came out, without its pictures; None if nothing did."""
    return Evaluation.from_json(row.result_json) if row.result_json else None


def result_of(row: EvaluationRow) -> Evaluation | None:
    """What came out, with its pictures as far as they are still there; None if nothing did."""
    result = numbers_of(row)
    if result is None:
        return None
    import numpy as np

    with contextlib.suppress(WorkbenchError):
        files.fetch(row.pictures_path)
    with contextlib.suppress(OSError, ValueError), np.load(row.pictures_path, allow_pickle=False) as file:
        return result._replace(pictures=dict(file))
    return result


@lru_cache(maxsize=1)
def _evaluations(engine: Engine) -> EvaluationStore:
    return EvaluationStore(engine)


def default_evaluations() -> EvaluationStore:
    """The evaluations beside the runs that the environment names."""
    return _evaluations(default_store().engine)
