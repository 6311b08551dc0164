"""Files from the internet: downloaded with progress, checked, and kept only if complete."""

import contextlib
import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from gan_core import paths
from gan_core.disk import not_written
from gan_core.text import Text

TIMEOUT_SECONDS = 30

TextProgress = Callable[[Text], None]
"""Takes a sentence that reports progress."""


def matches(path: Path, checksum: str) -> bool:
    """Whether the file is there and has this checksum: an algorithm of hashlib's and how its hex digits begin, as
    `md5:0123456789abcdef0123456789abcdef`."""
    algorithm, wanted = checksum.split(":")
    if not path.is_file():
        return False
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return found.hexdigest().startswith(wanted)


def fetch(addresses: list[str], place: Path, checksum: str, on_progress: TextProgress) -> None:
    """Download a file from the first of the addresses that gives it.

    Raises OSError (urllib's errors are of that kind) if none does, or if what comes has another checksum, and
    WorkbenchError if it cannot be written: no other address would change that.
    """
    with _written(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    for address in addresses:
        try:
            _fetch_from(address, place, checksum, on_progress)
        except OSError:
            if address == addresses[-1]:
                raise
        else:
            return


def _fetch_from(address: str, place: Path, checksum: str, on_progress: TextProgress) -> None:
    partial = paths.partial(place)
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
            with _written(place):
                file = partial.open("wb")
            with file:
                total = int(answer.headers.get("Content-Length") or 0)
                while block := answer.read(2**18):
                    with _written(place):
                        file.write(block)
                    done = {"file": place.name, "done": file.tell() / 1e6, "total": max(total, file.tell()) / 1e6}
                    on_progress(Text("Downloading {file}: {done:.1f} of {total:.1f} MB", done))
        if not matches(partial, checksum):
            raise urllib.error.URLError("what came is not the file that was asked for")
        with _written(place):
            partial.replace(place)
    except http.client.HTTPException as error:  # the answer broke off, for one; none of urllib's own errors
        raise urllib.error.URLError(str(error) or type(error).__name__) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _written(place: Path) -> Iterator[None]:
    """Report a refusal of the disk as such: the network's errors are OSErrors too."""
    try:
        yield
    except OSError as error:
        raise not_written(place, error) from error
