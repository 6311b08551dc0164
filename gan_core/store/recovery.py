"""A list of runs made again from their folders, and a copy of the list. torch comes with the first model's file."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.exc import DatabaseError

from gan_core import files, paths
from gan_core.disk import not_written
from gan_core.errors import StoreDamagedError, WorkbenchError
from gan_core.presets import PRESETS
from gan_core.store.database import DAMAGED, damaged, in_words, sqlite_file
from gan_core.store.runs import RunStore, default_store
from gan_core.store.tables import MetricChunk, Run, State
from gan_core.text import Text

IN_TRAINING_SECONDS = 60
"""A run whose live grid is younger is still being trained, by a process that only uses the lost database."""
SQLITE_BEGINS = b"SQLite format 3\0"
SUFFIXES = ("", "-wal", "-shm")
"""Of the files that make up a SQLite database."""


class Recovered(NamedTuple):
    """The result of a recovery.

    Args:
        runs: how many are in the list again.
        with_curves: how many of them have their metrics, read from the damaged database.
        left_out: folders that were left as they are: without a model that can be read, or in training right now.
        set_aside: where the damaged database lies now.
    """

    runs: int
    with_curves: int
    left_out: list[str]
    set_aside: Path | None

    def summary(self) -> Text:
        """The result in words."""
        values: dict[str, Any] = {"runs": self.runs, "curves": self.with_curves}
        summary = Text("Runs that are in the list again: {runs}; with their curves: {curves}.", values)
        if self.left_out:
            summary = Text(
                "{said} Left as they are, without a readable model or still in training: {folders}.",
                {"said": summary, "folders": ", ".join(self.left_out[:10])},
            )
        if self.set_aside:
            summary = Text("{said} The damaged database lies in {file}.", {"said": summary, "file": self.set_aside})
        return summary


def folders_without_run(store: RunStore) -> list[Path]:
    """The folders of runs that have a model and are not in the list, in the order of their numbers."""
    with contextlib.suppress(OSError):
        found = files.run_folders()
        known = store.names() if found else set()
        return [path for path in found if path.name not in known and files.has(path, f"*{paths.MODEL_SUFFIX}")]
    return []


def recover(on_share: Callable[[float], None] = lambda share: None) -> Recovered:
    """Put every run whose folder is there, and that is not in the list, into it. What is in the list stays as it is.

    A damaged database is set aside first. Configs, checkpoints and grids come from the folders; what can still be read
    of the damaged database is added: curves, where the data lay, when the run was made.

    Args:
        on_share: called with the share of the folders that are done, in 0..1.

    Raises WorkbenchError if the store cannot be opened for another reason.
    """
    set_aside = None
    try:
        store = default_store()
        store.check()
        store.all_runs()
    except StoreDamagedError:
        set_aside = _set_aside()
        store = default_store()
    recovered = with_curves = 0
    left_out = []
    with _opened(set_aside) as old:
        folders = folders_without_run(store)
        for done, folder in enumerate(folders):
            on_share(done / len(folders))
            files.fetch_run(folder)
            number = int(folder.name.partition("-")[0])
            row = _old_row(old, number, folder.name)
            run = _run_of(folder, row)
            if run is None:
                left_out.append(folder.name)
                continue
            if store.get(number) is None:
                run.id = number
            chunks = _old_chunks(old, number) if old and row else []
            store.add(run, chunks)
            recovered += 1
            with_curves += bool(chunks)
    return Recovered(recovered, with_curves, left_out, set_aside)


def _set_aside() -> Path | None:
    """Rename the damaged database, with the files that belong to it; returns its new place."""
    file = sqlite_file(paths.database_url())
    assert file is not None  # of others nobody says that they are damaged
    place = file.with_name(f"{file.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        for suffix in SUFFIXES:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{file}{suffix}").rename(f"{place}{suffix}")
    except OSError as error:
        raise WorkbenchError(
            "The damaged database {file} could not be set aside ({error}); end the app and every run, and try again.",
            file=file,
            error=error.strerror,
        ) from error
    return place


def _run_of(folder: Path, old: dict[str, Any]) -> Run | None:
    """The run of a folder; None if it has no model that can be read, or is in training."""
    from gan_core import checkpoint

    models = checkpoint.run_models(folder)
    try:
        metadata = checkpoint.read_metadata(models[0])
        made = models[0].stat().st_mtime
    except (IndexError, OSError, WorkbenchError):
        return None
    progress = min(1.0, metadata.config.budget_spent(metadata.seconds, metadata.kimg))
    run = Run(
        name=folder.name,
        preset=old.get("preset") or _preset(folder.name),
        dataset=metadata.config.dataset,
        config_json=metadata.config.model_dump_json(),
        data_dir=old.get("data_dir") or str(paths.data().resolve()),
        sessions=1,
        state=State.FINISHED if progress >= 1 else State.INTERRUPTED,
        message=Text("This run was recovered from its folder.").to_json(),
        created_at=old.get("created_at") or made,
        queued_at=made,
        ended_at=made,
        checkpoint=models[0].name,
        step=metadata.step,
        kimg=metadata.kimg,
        seconds=metadata.seconds,
        progress=progress,
        dataset_images=old.get("dataset_images"),
        device=old.get("device") or "",
    )
    return None if _in_training(run) else run


def _in_training(run: Run) -> bool:
    with contextlib.suppress(OSError):
        drawn = run.live_grid.stat().st_mtime
        return abs(_clock_of(run.folder) - drawn) < IN_TRAINING_SECONDS and run.progress < 1
    return False


def _clock_of(folder: Path) -> float:
    """Now, by the clock that writes the times of files there: a shared disk's may differ from this machine's."""
    probe = paths.partial(folder / "clock")
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _preset(name: str) -> str:
    """The preset in a folder's name; preset and dataset may both have hyphens, so the longest that fits."""
    match = paths.RUN_FOLDER.fullmatch(name)
    assert match is not None  # it is a run's folder
    rest = match[2]
    return max((preset for preset in PRESETS if f"{rest}-".startswith(f"{preset}-")), key=len, default=rest)


# What can still be read of a damaged database


@contextlib.contextmanager
def _opened(file: Path | None) -> Iterator[sqlite3.Connection | None]:
    connection = sqlite3.connect(file) if file else None
    try:
        yield connection
    finally:
        if connection:
            connection.close()


def _old_row(old: sqlite3.Connection | None, number: int, name: str) -> dict[str, Any]:
    """What can still be read of the run in the damaged database; nothing if the number was another run's."""
    if old is None:
        return {}
    with contextlib.suppress(sqlite3.Error, ValueError):
        cursor = old.execute("SELECT * FROM runs WHERE id = ?", (number,))
        row = cursor.fetchone()
        found = dict(zip([column[0] for column in cursor.description], row or (), strict=False))
        return found if found.get("name") == name else {}
    return {}


def _old_chunks(old: sqlite3.Connection, number: int) -> list[MetricChunk]:
    """The run's metric rows, from its beginning up to where the database is damaged."""
    chunks: list[MetricChunk] = []
    wanted = "SELECT first_row, columns_json, data FROM metric_chunks WHERE run_id = ? ORDER BY first_row"
    with contextlib.suppress(sqlite3.Error, ValueError, KeyError):
        rows = 0
        for first_row, columns_json, data in old.execute(wanted, (number,)):
            chunk = MetricChunk(first_row=first_row, columns_json=columns_json, data=data)
            if first_row != rows:
                break
            rows += len(chunk.values()["step"])
            chunks.append(chunk)
    return chunks


# A copy of the list


def back_up(store: RunStore, place: Path) -> None:
    """Copy the database while it is in use, into one file, which takes the database's place if that is lost.

    Raises WorkbenchError if it is not SQLite's, if it is damaged, if there is something else than an earlier copy in
    that place, or if the copy cannot be written. What is there then stays.
    """
    file = sqlite_file(store.engine.url)
    if file is None:
        raise WorkbenchError("This program can copy only a SQLite store; use the backup of your own database.")
    place = paths.expand(place)
    try:
        _check_place(place, file)
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = paths.partial(place)
        try:
            with contextlib.closing(sqlite3.connect(aside)) as copy, store.engine.connect() as connection:
                original = connection.connection.driver_connection
                assert isinstance(original, sqlite3.Connection)
                original.backup(copy)
                found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise damaged(store.engine.url, found)
            aside.replace(place)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise not_written(place, error) from error
    except DatabaseError as error:  # already at the opening
        raise in_words(error, store.engine.url) from error
    except sqlite3.Error as error:
        if str(getattr(error, "sqlite_errorname", "")).startswith(DAMAGED):
            raise damaged(store.engine.url, error) from error
        raise WorkbenchError(
            "{file} could not be written ({error}); make room or choose another place.", file=place, error=error
        ) from error


def _check_place(place: Path, file: Path) -> None:
    """Raises WorkbenchError unless the place is free, or holds an earlier copy."""
    if not place.name or place.is_dir():
        raise WorkbenchError("{file} is a folder; name the file that the copy goes to.", file=place)
    own = {Path(f"{file}{suffix}").resolve() for suffix in (*SUFFIXES, ".reserve")}
    if place.resolve() in own:
        raise WorkbenchError("{file} is the run store itself; name another file for its copy.", file=place)
    if place.exists():
        with place.open("rb") as there:
            if there.read(len(SQLITE_BEGINS)) != SQLITE_BEGINS:
                raise WorkbenchError("{file} exists and is not an earlier copy; name another file.", file=place)
