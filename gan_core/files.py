"""The files of runs, evaluations and uploads, where several machines have them in common (common_place.py).

All code reads and writes below paths.checkpoints(). What is written goes into the common place too; what another
machine has written is fetched from there. Without a common place nothing is done here.

Files directly in a run's folder change (live.webp; a checkpoint, if the run was begun anew), so they are compared with
what lies there. All others stay as they are, and are fetched once.

- Where a run learns, the newest files are the local ones. The session's mark says so: session-DIGEST, a file in the
  run's folder here and there. Another session's mark there means that the files here are old. See jobs/uploads.py.
- A folder into which something was fetched is deleted here once nobody has asked for it in a day; likewise a run's that
  was trained here, once all of it lies there (its mark is called ended-DIGEST then).
"""

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from gan_core import common_place, paths
from gan_core.common_place import AT_A_TIME, Info
from gan_core.errors import FilesUnavailableError, WorkbenchError

WATCH_SECONDS = 2.0
"""Between two looks at a picture that somebody watches: as often as a run draws it."""
FRESH_SECONDS = 10.0
"""How old may be what is known of a folder there, for who asks for a model."""
AWAY_SECONDS = 5.0
"""After the common place could not be reached, who reads does not try again for so long: each try makes a page wait."""
KEPT_SECONDS = 24 * 3600
CLEAN_SECONDS = 600
"""Between two looks for folders that nobody has asked for."""
MOST_BYTES = {".webp": 2**25, ".png": 2**25, ".json": 2**20}
MOST_BYTES_OF_OTHERS = 2**33
"""Larger files are not fetched."""
MARK = "session-"
ENDED = "ended-"
FETCHED = "fetched.json"
"""In a folder into which files were fetched: their versions; and by its time, when one was last asked for."""
LOG = "log.txt"


# Writing


def _at_once(path: Path, gone: bool) -> None:
    if not gone:
        common_place.put(path)
        return
    with contextlib.suppress(FilesUnavailableError):
        common_place.remove(path)


send: Callable[[Path, bool], None] = _at_once
"""Brings a written or a deleted file there: at once, or while a job is in work, in a thread (jobs/uploads.py)."""


def put(path: Path) -> None:
    """A file was written. Raises FilesUnavailableError if it cannot be brought there, unless that is done later."""
    if common_place.name_of(path):
        send(path, False)


def remove(gone: Iterable[Path]) -> None:
    """Delete files, here and there. What cannot be deleted now stays until its folder is."""
    for path in gone:
        with contextlib.suppress(OSError):  # Windows cannot delete a file that a page reads; the next call does
            path.unlink()
        if common_place.name_of(path):
            send(path, True)


def delete(folder: Path) -> None:
    """Delete a folder with all that is in it, there and here. Raises FilesUnavailableError as `delete_there`."""
    delete_there(folder)
    shutil.rmtree(folder, ignore_errors=True)


def delete_there(folder: Path) -> None:
    """Raises FilesUnavailableError if it may not all be gone."""
    if common_place.is_there():
        common_place.delete(folder)


# Reading


def fetch(path: Path) -> None:
    """Have a file here as it is there. One that is not there either is no error.

    Raises FilesUnavailableError if it is not here and the common place cannot be reached.
    """
    if not common_place.name_of(path):
        return
    try:
        if paths.is_run(path.parent):
            _fetch_newest(path, FRESH_SECONDS)
        elif not path.exists():
            _refuse_if_away()
            with _noted_if_away():
                info = common_place.info_of(path)
            if info:
                _copy_and_note(path, info)
    except FilesUnavailableError:
        if not path.exists():
            raise
    _touch(path.parent)


def fetch_all(wanted: Iterable[Path]) -> None:
    """`fetch` of several."""
    if common_place.is_there():
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(fetch, wanted))


def watch(path: Path, every: float = WATCH_SECONDS) -> None:
    """Somebody watches this file of a run: have the newest one here soon. Waits for nothing, and raises nothing."""
    folder = path.parent
    if not common_place.name_of(path):
        return
    with _lock:
        if folder in _watched or time.monotonic() - common_place.looked_at(folder) < every:
            return
        _watched.add(folder)
    _watchers().submit(_look_after, path)


def _look_after(path: Path) -> None:
    try:
        with contextlib.suppress(WorkbenchError, OSError):
            _fetch_newest(path, 0.0)
            _touch(path.parent)
    finally:
        with _lock:
            _watched.discard(path.parent)


def has(folder: Path, pattern: str) -> bool:
    """Whether a run has files of these names, here or there. Yes, if the common place cannot be reached."""
    if any(folder.glob(pattern)):
        return True
    try:  # first by what was known a moment ago
        return any(fnmatch(name, pattern) for seconds in (FRESH_SECONDS, 0) for name in _look(folder, seconds))
    except FilesUnavailableError:
        return True


def listed(folder: Path) -> dict[Path, float]:
    """The files of a folder, here or there, with their times in seconds since 1970.

    Raises FilesUnavailableError if the common place cannot be reached.
    """
    found = {folder / name: common_place.time_of(info) for name, info in _look(folder, FRESH_SECONDS).items()}
    for path in folder.glob("*"):
        with contextlib.suppress(OSError):  # it has just been deleted
            if path.is_file() and path.name != FETCHED:
                found.setdefault(path, path.stat().st_mtime)
    return found


def run_folders() -> list[Path]:
    """The folders of runs, by name. Raises OSError if they cannot be listed, or FilesUnavailableError."""
    if common_place.is_there():
        return sorted(filter(paths.is_run, map(paths.run_folder, common_place.folder_names())))
    return sorted(filter(paths.is_run, paths.checkpoints().iterdir()))


def fetch_run(folder: Path) -> None:
    """Have all of a run here, with the times that the files have there, and nothing else.

    Raises FilesUnavailableError if the common place cannot be reached. Without one, all stays as it is.
    """
    if not common_place.is_there():
        return
    listing = common_place.look_through(folder)
    found = {name: info for name, info in listing.items() if name != LOG and not name.startswith(MARK)}
    for path in folder.rglob("*"):
        if path.is_file() and path != folder / LOG and path.relative_to(folder).as_posix() not in found:
            path.unlink(missing_ok=True)

    def copy(name: str) -> None:
        _copy(folder / name, found[name])
        with contextlib.suppress(FileNotFoundError):
            os.utime(folder / name, (common_place.time_of(found[name]),) * 2)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(copy, found))


def marks(names: Iterable[str]) -> set[str]:
    """The digests of the sessions whose marks are among these names."""
    return {name.partition("-")[2] for name in names if name.startswith((MARK, ENDED))}


def _look(folder: Path, seconds: float) -> common_place.Listing:
    """As common_place.look; nothing without a common place."""
    if not common_place.is_there():
        return {}
    if not seconds or time.monotonic() - common_place.looked_at(folder) > seconds:
        _refuse_if_away()
    with _noted_if_away():
        return common_place.look(folder, seconds)


def _fetch_newest(path: Path, seconds: float) -> None:
    """Of a run's own folder."""
    folder = path.parent
    found = _look(folder, seconds)
    if seconds and path.name not in found and not path.exists():  # it may just have been written
        found = _look(folder, 0)
    here, there = marks(_names(folder)), marks(found)
    if here and (here & there or not there):
        return  # the newest are here
    if here:
        shutil.rmtree(folder, ignore_errors=True)
    info = found.get(path.name)
    if info and (not path.exists() or _versions(folder).get(path.name) != common_place.version_of(info)):
        _copy_and_note(path, info)
        if path.suffix == paths.MODEL_SUFFIX:  # there is one of each kind
            for old in folder.glob(f"{path.name.partition('-')[0]}-*"):
                if old != path:
                    old.unlink(missing_ok=True)


def _copy(path: Path, info: Info) -> None:
    """From there to here, whole or not at all. Raises WorkbenchError for a file that is too large."""
    most = MOST_BYTES.get(path.suffix, MOST_BYTES_OF_OTHERS)
    if common_place.size_of(info) > most:
        raise WorkbenchError(
            "{file} has {size:,} bytes, and {most:,} at most are read.",
            file=path.name,
            size=common_place.size_of(info),
            most=most,
        )
    aside = paths.partial(path)
    try:
        with contextlib.suppress(FileNotFoundError):  # it has just been deleted there
            path.parent.mkdir(parents=True, exist_ok=True)
            with _noted_if_away():
                common_place.get(path, aside)
            aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _copy_and_note(path: Path, info: Info) -> None:
    _copy(path, info)
    if path.exists():
        _note_version(path, common_place.version_of(info))
    _clean()


# While it cannot be reached

_lock = threading.RLock()
_watched: set[Path] = set()
_away_at = -AWAY_SECONDS
_cleaned_at = -float(CLEAN_SECONDS)


def _refuse_if_away() -> None:
    if time.monotonic() - _away_at < AWAY_SECONDS:
        raise FilesUnavailableError(
            "The common place for files, GAN_WORKBENCH_FILES, cannot be reached; try again in a minute."
        )


@contextlib.contextmanager
def _noted_if_away() -> Iterator[None]:
    global _away_at
    try:
        yield
    except FilesUnavailableError:
        _away_at = time.monotonic()
        raise


@cache
def _watchers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="files")


# What was fetched


def _versions(folder: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads((folder / FETCHED).read_text()))
    return {}


def _note_version(path: Path, version: str) -> None:
    """Two processes that write at once may lose a line; then a file is fetched once more."""
    note = path.parent / FETCHED
    with _lock:
        aside = paths.partial(note)
        aside.write_text(json.dumps(_versions(path.parent) | {path.name: version}))
        aside.replace(note)


def _touch(folder: Path) -> None:
    """Something of a folder was asked for."""
    for name in (name for name in _names(folder) if name.startswith((FETCHED, ENDED))):
        with contextlib.suppress(OSError):
            os.utime(folder / name)


def _clean() -> None:
    global _cleaned_at
    with _lock:
        if time.monotonic() - _cleaned_at < CLEAN_SECONDS:
            return
        _cleaned_at = time.monotonic()
    forget_unused(time.time() - KEPT_SECONDS)


def forget_unused(before: float) -> None:
    """Delete here what lies there too and was last asked for before this moment, in seconds since 1970."""
    root = paths.checkpoints()
    for folder in [path for pattern in ("*/", "*/*/") for path in root.glob(pattern)]:
        names = _names(folder)
        is_written = any(name.startswith(MARK) for name in (*names, *_names(folder.parent)))
        with contextlib.suppress(OSError):
            asked = [(folder / name).stat().st_mtime for name in names if name.startswith((FETCHED, ENDED))]
            if asked and max(asked) < before and not is_written:
                shutil.rmtree(folder, ignore_errors=True)


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
