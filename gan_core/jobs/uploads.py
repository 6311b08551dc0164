"""How a job's files come into the common place (files.py) while it works: in a thread, so that training waits for none.

In order: a model after its state to resume from. What is deleted here is deleted there once all that was written is
there. While the common place is away, the job goes on; after patience.GIVE_UP_SECONDS it fails, with its files here.
"""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from gan_core import common_place, files, paths
from gan_core.errors import FilesUnavailableError, WorkbenchError
from gan_core.store import patience
from gan_core.store.tables import Run
from gan_core.text import Text

JOIN_SECONDS = 0.25
AWAY = Text("The common place for files cannot be reached. The run goes on, and its files are brought there later.")
T = TypeVar("T")


class Uploads:
    """Brings files there, one after the other.

    Args:
        mark: the session's; once it is not there any more, another session has the run, and nothing more is brought.
    """

    def __init__(self, mark: Path | None = None):
        self.mark = mark
        self.error: WorkbenchError | None = None
        """Why it has given up."""
        self.is_away = False
        self.is_lost = False
        self._written: dict[Path, None] = {}  # in order
        self._gone: dict[Path, None] = {}
        self._in_work: Path | None = None
        self._over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def send(self, path: Path, gone: bool) -> None:
        """A file was written, or deleted."""
        with self._changed:
            if not self.is_lost:
                (self._written if gone else self._gone).pop(path, None)
                (self._gone if gone else self._written)[path] = None
                self._changed.notify()

    @property
    def is_behind(self) -> bool:
        """Whether a checkpoint is on its way: if another took its place now, none might ever arrive."""
        with self._changed:
            on_the_way = [path for path in (*self._written, self._in_work) if path]
        return not self.is_away and any(path.name.startswith("model-") for path in on_the_way)

    def finish(self, show: Callable[[Text], object]) -> None:
        """Wait until all is there. Raises WorkbenchError once it has given up."""
        with self._changed:
            self._over = True
            self._changed.notify()
        shown = False
        while self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)
            if self.is_away and not shown:
                shown = True
                show(AWAY)
        if self.error:
            raise self.error

    def _work(self) -> None:
        patient = patience.Patience(FilesUnavailableError)
        while (path := self._next()) is not None:
            done = False
            try:
                with patient.bridged():
                    self._bring(path)
                    done = True
            except WorkbenchError as error:
                self.error = error
                return
            self.is_away = not done
            if not done:
                self._put_back(path)  # type: ignore[unreachable]  # mypy takes `bridged` for one that swallows no error
                time.sleep(patience.RETRY_SECONDS)

    def _next(self) -> Path | None:
        """What is to be brought there; None once all is."""
        with self._changed:
            self._in_work = None
            self._changed.wait_for(lambda: self._written or self._gone or self._over)
            for waiting in (self._written, self._gone):
                for path in waiting:
                    del waiting[path]
                    self._in_work = path
                    return path
        return None

    def _put_back(self, path: Path) -> None:
        """It could not be brought, and is the first again."""
        with self._changed:
            if path.exists():
                self._written = {path: None} | self._written
            else:
                self._gone[path] = None

    def _bring(self, path: Path) -> None:
        """As it is by now: written, or gone."""
        if path == self.mark:
            _claim(path)
        elif self.mark and not common_place.info_of(self.mark):
            with self._changed:
                self.is_lost = True
                self._written.clear()
                self._gone.clear()
        elif path.exists():
            common_place.put(path)
        else:
            common_place.remove(path)


_current: Uploads | None = None
"""This process's. A process does one job."""


def are_behind() -> bool:
    """Whether a checkpoint is on its way there."""
    return _current is not None and _current.is_behind


def are_away() -> bool:
    """Whether the common place cannot be reached now. Raises WorkbenchError once that has lasted for too long."""
    if _current is not None and _current.error:
        raise _current.error
    return _current is not None and _current.is_away


@contextlib.contextmanager
def in_background(run: Run | None, show: Callable[[Text], object]) -> Iterator[None]:
    """All that is written below paths.checkpoints() in this context is there at its end, but nothing waits meanwhile.

    Args:
        run: of this process's session; its folder is first made what it is there.
        show: told when the end must wait, since the common place cannot be reached.

    Raises FilesUnavailableError if it could not be reached for long.
    """
    global _current
    if not common_place.is_there():
        yield
        return
    mark = _mark(run) if run else None
    missing = _take_up(run, mark, show) if run and mark else []
    _current = uploads = Uploads(mark)
    before, files.send = files.send, uploads.send
    for path in missing:
        uploads.send(path, not path.exists())
    try:
        try:
            yield
        except Exception:
            _end(uploads, run, lambda text: None, suppressed=True)
            raise
        _end(uploads, run, show)
    finally:
        files.send, _current = before, None


def _end(uploads: Uploads, run: Run | None, show: Callable[[Text], object], suppressed: bool = False) -> None:
    if run:
        uploads.send(run.folder / files.LOG, not (run.folder / files.LOG).exists())
    try:
        uploads.finish(show)
    except WorkbenchError:
        if not suppressed:
            raise
        return
    if uploads.mark and not uploads.is_lost:
        uploads.mark.replace(uploads.mark.with_name(uploads.mark.name.replace(files.MARK, files.ENDED)))


def _mark(run: Run) -> Path:
    """The session's mark: a file in the run's folder."""
    return run.folder / f"{files.MARK}{hashlib.sha256(run.owner.encode()).hexdigest()[:16]}"


def _claim(mark: Path) -> None:
    """Say there that this session writes the run's files from now on, and no other."""
    common_place.put_empty(mark)
    for name in common_place.look(mark.parent):
        if name.startswith(files.MARK) and name != mark.name:
            common_place.remove(mark.with_name(name))


def _take_up(run: Run, mark: Path, show: Callable[[Text], object]) -> list[Path]:
    """Have the run's newest files here, and say there that this session writes them from now on.

    What the last session left here stays, if none has gone on elsewhere; then there may be less. Returns what is still
    to be brought, in order.
    """
    folder = run.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not run.checkpoint:  # it begins, or begins anew after all was forgotten; so it waits for nothing
        for path in (path for path in folder.rglob("*") if path.is_file() and path != folder / files.LOG):
            path.unlink()
        mark.touch()
        return [mark]
    for ended in folder.glob(f"{files.ENDED}*"):
        ended.replace(ended.with_name(ended.name.replace(files.ENDED, files.MARK)))
    olds = [path for path in folder.glob(f"{files.MARK}*") if path != mark]
    found = _surely(lambda: common_place.look_through(folder), show)
    there = files.marks(found)
    stays = bool(olds) and (not there or bool(there & files.marks(path.name for path in olds)))
    if stays:
        mark.touch()  # besides the old one, so that who reads finds one in common all the time
        _surely(lambda: _claim(mark), show)
    else:
        for path in olds:
            path.unlink()
        _surely(lambda: _claim(mark), show)  # first: from here on the last session brings nothing more
        _surely(lambda: files.fetch_run(folder), show)
        mark.touch()
    for path in (*olds, folder / files.FETCHED):
        path.unlink(missing_ok=True)
    return _differing(folder, set(found)) if stays else []


def _differing(folder: Path, there: set[str]) -> list[Path]:
    """What is only here, and what is only there."""
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    names = [*sorted(here - there), *sorted(there - here)]
    ours = [name for name in names if name != files.LOG and not name.startswith(files.MARK)]
    return [folder / name for name in ours if not name.endswith(paths.PARTIAL_SUFFIX)]


def _surely(do: Callable[[], T], show: Callable[[Text], object]) -> T:
    def tell() -> T:
        try:
            return do()
        except FilesUnavailableError:
            show(AWAY)
            raise

    return patience.Patience(FilesUnavailableError).surely(tell)
