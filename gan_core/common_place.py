"""The place for files that several machines have in common: GAN_WORKBENCH_FILES, any fsspec address.

A file below paths.checkpoints() has the same name there. All other code goes through `files.py`. fsspec is imported
when it is first needed.
"""

import contextlib
import errno
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from gan_core import paths
from gan_core.disk import not_written
from gan_core.errors import FilesUnavailableError, WorkbenchError

MOST_LISTINGS = 1_000
"""Folders of which it is remembered what lies there."""
AT_A_TIME = 8
"""Requests at once."""
WHOLE_AT_ONCE = ("s3", "s3a", "gs", "gcs", "abfs", "az", "memory")
"""Where nobody ever reads half of a file that is being put."""
S3 = {"config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 1}}}
RETRIES = 2
"""Of s3fs; as it comes, it would keep a page waiting for a minute."""
TIMES = ("LastModified", "mtime", "created", "last_modified", "updated")
"""What file systems call a file's time."""
VERSIONS = ("ETag", "etag", "md5Hash", *TIMES)
"""What is another one for another content; the first that there is."""

Info = dict[str, Any]
"""What fsspec says of a file."""
Listing = dict[str, Info]
"""The same of each file of a folder, by its name."""


def is_there() -> bool:
    """Whether there is one."""
    return bool(paths.files_address())


def name_of(path: Path) -> str:
    """What a file is called there; "" without a common place, and for one that belongs to this machine."""
    root = paths.checkpoints()
    if not is_there() or not path.is_relative_to(root) or path.is_relative_to(paths.PRETRAINED):
        return ""
    name = path.relative_to(root).as_posix()
    return name if "/" in name else ""


# Writing. All functions raise FilesUnavailableError


def put(path: Path) -> None:
    """Bring a file there, where nobody ever sees half of it. One that is not here any more is left out."""
    if not path.exists():
        return
    with _asking() as (system, root):
        place = _made(system, f"{root}/{name_of(path)}")
        try:
            if _protocol() in WHOLE_AT_ONCE:
                system.put_file(str(path), place)
            else:
                aside = f"{root}/{name_of(paths.partial(path))}"
                system.put_file(str(path), aside)
                system.mv(aside, place)
        except FileNotFoundError as error:
            if path.exists():
                raise _unavailable(error) from None
    forget(path.parent)


def put_empty(path: Path) -> None:
    """An empty file there."""
    with _asking() as (system, root):
        system.pipe_file(_made(system, f"{root}/{name_of(path)}"), b"")
    forget(path.parent)


def remove(path: Path) -> None:
    """One that is not there is no error."""
    with _asking() as (system, root), contextlib.suppress(FileNotFoundError):
        system.rm_file(f"{root}/{name_of(path)}")
    forget(path.parent)


def delete(folder: Path) -> None:
    """A folder, with all that is in it. One that is not there is no error."""
    with _asking() as (system, root), contextlib.suppress(FileNotFoundError):
        system.rm(_place(root, folder), recursive=True)
    forget(folder)


def _made(system: Any, place: str) -> str:
    """The same place, in a folder that is there. Object stores have none."""
    if _protocol() not in WHOLE_AT_ONCE:
        system.makedirs(place.rpartition("/")[0], exist_ok=True)
    return place


# Reading


def get(path: Path, aside: Path) -> None:
    """Copy a file from there into another one. Raises FileNotFoundError if it is not there."""
    with _asking() as (system, root):
        system.get_file(f"{root}/{name_of(path)}", str(aside))


def info_of(path: Path) -> Info | None:
    """What is said of a file there; None if there is none."""
    try:
        with _asking() as (system, root):
            return dict(system.info(f"{root}/{name_of(path)}"))
    except FileNotFoundError:
        return None


def look(folder: Path, seconds: float = 0.0) -> Listing:
    """The files of a folder there, as they were so many seconds ago at most. Not those of folders within."""
    with _lock:
        if seconds and time.monotonic() - looked_at(folder) <= seconds:
            return _listings[folder][1]
    try:
        with _asking() as (system, root):
            entries = system.ls(_place(root, folder), detail=True)
    except FileNotFoundError:
        entries = []
    found = {_last(entry): entry for entry in entries if entry["type"] == "file" and _is_whole(entry)}
    with _lock:
        _listings.pop(folder, None)
        _listings[folder] = (time.monotonic(), found)
        while len(_listings) > MOST_LISTINGS:
            del _listings[next(iter(_listings))]
    return found


def look_through(folder: Path) -> Listing:
    """All files there, in a folder and those within, by their names from the folder on."""
    with _asking() as (system, root):
        place = _place(root, folder)
        found = [info for info in system.find(place, detail=True).values() if _is_whole(info)]
    return {info["name"][len(place) + 1 :]: info for info in found if info["name"].startswith(f"{place}/")}


def folder_names() -> list[str]:
    """The folders there, without those within."""
    try:
        with _asking() as (system, root):
            return [_last(entry) for entry in system.ls(root, detail=True)]
    except FileNotFoundError:
        return []


def bytes_of(folders: Iterable[Path]) -> int:
    """The size of all files in these folders there."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = list(pool.map(look_through, folders))
    return sum(size_of(info) for listing in found for info in listing.values())


def size_of(info: Info) -> int:
    return info.get("size") or 0


def time_of(info: Info) -> float:
    """When a file there was written, in seconds since 1970, by that place's clock; 0 if it does not say."""
    value = next((info[name] for name in TIMES if info.get(name)), 0.0)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return float(value.timestamp() if isinstance(value, datetime) else value)


def version_of(info: Info) -> str:
    """Another one for another content."""
    return f"{next((info[name] for name in VERSIONS if info.get(name)), '')} {size_of(info)}"


def looked_at(folder: Path) -> float:
    """When a folder there was last looked at, by the clock that only goes forward."""
    return _listings[folder][0] if folder in _listings else -float("inf")


def forget(folder: Path) -> None:
    """What was known of a folder there is no longer so."""
    with _lock:
        for known in [known for known in _listings if known.is_relative_to(folder)]:
            del _listings[known]


def _last(entry: Info) -> str:
    return str(entry["name"]).rstrip("/").rpartition("/")[2]


def _is_whole(entry: Info) -> bool:
    return not entry["name"].endswith(paths.PARTIAL_SUFFIX)


# The file system

_lock = threading.RLock()
_listings: dict[Path, tuple[float, Listing]] = {}


def _place(root: str, folder: Path) -> str:
    return f"{root}/{folder.relative_to(paths.checkpoints()).as_posix()}"


def _protocol() -> str:
    return paths.files_address().partition("://")[0]


@contextlib.contextmanager
def _asking() -> Iterator[tuple[Any, str]]:
    """The file system, and the common place in it. Whatever goes wrong but a missing file is FilesUnavailableError.

    Its cause is not told further: it may hold the address, and so a key.
    """
    try:
        yield _opened(paths.files_address(), os.getpid())
    except (FileNotFoundError, WorkbenchError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise not_written(paths.checkpoints(), error) from None
        raise _unavailable(error) from None


def _unavailable(error: Exception) -> FilesUnavailableError:
    return FilesUnavailableError(
        "The common place for files, GAN_WORKBENCH_FILES, could not be used ({kind}); see that it can be reached and "
        "that its keys are right, and try again.",
        kind=type(error).__name__,
    )


@cache
def _opened(address: str, _process: int) -> tuple[Any, str]:
    """The file system of an address, and the place in it. Once a process: connections outlive no fork.

    Raises WorkbenchError if a package for it is missing.
    """
    try:
        import fsspec

        options = S3 if _protocol() in ("s3", "s3a") else {}
        system, root = fsspec.url_to_fs(address, use_listings_cache=False, **options)
    except ImportError:
        raise WorkbenchError(
            "GAN_WORKBENCH_FILES needs a package that is not installed: pip install {packages}",
            packages=paths.optional("files"),
        ) from None
    system.retries = RETRIES
    return system, root.rstrip("/")


def get_ready() -> None:
    """Import what the address needs, and connect nowhere: for a process that forks."""
    if is_there():
        with contextlib.suppress(ImportError, ValueError):
            import fsspec

            fsspec.get_filesystem_class(_protocol())
