"""Files from the internet: told how far they have come, checked, and kept only whole."""

import contextlib
import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from gan_core import paths
from gan_core.text import Text

TIMEOUT_SECONDS = 30

Say = Callable[[Text], None]
"""Takes a line about how far a slow thing has come."""


def matches(path: Path, checksum: str) -> bool:
    """Whether the file is there and has this checksum: an algorithm of hashlib's and how its hex digits begin, as
    `md5:0123456789abcdef0123456789abcdef`."""
    algorithm, wanted = checksum.split(":")
    if not path.is_file():
        return False
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return found.hexdigest().startswith(wanted)


def fetch(addresses: list[str], place: Path, checksum: str, say: Say) -> None:
    """Download a file from the first of the addresses that gives it.

    Raises OSError (urllib's errors are of that kind) if none does, or if what comes has another checksum.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    for address in addresses:
        try:
            _fetch_from(address, place, checksum, say)
        except OSError:
            if address == addresses[-1]:
                raise
        else:
            return


def _fetch_from(address: str, place: Path, checksum: str, say: Say) -> None:
    partial = paths.partial(place)
    try:
        with (
            urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer,
            partial.open("wb") as file,
        ):
            total = int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(2**18):
                file.write(block)
                done = {"file": place.name, "done": file.tell() / 1e6, "total": max(total, file.tell()) / 1e6}
                say(Text("Downloading {file}: {done:.1f} of {total:.1f} MB", done))
        if not matches(partial, checksum):
            raise urllib.error.URLError("what came is not the file that was asked for")
        partial.replace(place)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
