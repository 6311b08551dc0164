"""Pictures as one file, written while they are drawn: what is written is handed on, so no more than a batch is held.

Knows nothing of torch.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gan_core import pictures
from gan_core.paths import file_name


class Piece(NamedTuple):
    """A part of a file, in order.

    Args:
        drawn: how many pictures are drawn by now.
        content: what comes next in the file; may be empty.
    """

    drawn: int
    content: bytes


def file_names(count: int, labels: np.ndarray | None, classes: Sequence[str]) -> Iterator[str]:
    """CLASS-NUMBER.png for each picture, counted from 1; picture-NUMBER.png without labels."""
    digits = len(str(count))
    for number in range(count):
        name = "picture" if labels is None else file_name(classes[labels[number]])
        yield f"{name}-{number + 1:0{digits}}.png"


def zip_of_pngs(batches: Iterable[np.ndarray], names: Iterator[str], recipe: dict[str, Any]) -> Iterator[Piece]:
    """A ZIP file of PNGs, which are compressed already and so only stored, and recipe.json.

    Args:
        batches: uint8 [B, H, W, C] each.
        names: of all pictures, in order.
    """
    outbox, drawn = _Outbox(), 0
    with zipfile.ZipFile(outbox, "w") as archive:
        for batch in batches:
            for image in batch:
                archive.writestr(next(names), pictures.png(pictures.grid(image[None], columns=1)))
            drawn += len(batch)
            yield Piece(drawn, outbox.take())
        archive.writestr("recipe.json", json.dumps(recipe, indent=2, ensure_ascii=False))
    yield Piece(drawn, outbox.take())


def npz(batches: Iterable[np.ndarray], shape: tuple[int, ...], labels: np.ndarray | None) -> Iterator[Piece]:
    """A NumPy file: `images` uint8 [N, H, W, C] and, unless None, `labels` int64 [N]; compressed.

    Args:
        batches: uint8 [B, H, W, C] each.
        shape: of all of them together.
    """
    outbox, drawn = _OneWay(), 0
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("images.npy", "w") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}
            np.lib.format.write_array_header_1_0(file, header)
            for batch in batches:
                file.write(np.ascontiguousarray(batch).data)
                drawn += len(batch)
                yield Piece(drawn, outbox.take())
        if labels is not None:
            with archive.open("labels.npy", "w") as file:
                np.lib.format.write_array(file, labels, allow_pickle=False)
    yield Piece(drawn, outbox.take())


class _Outbox(io.BytesIO):
    """A file whose beginning is taken away as it grows. One may go back as far as what was taken last.

    A ZIP's writer does so at the end of each entry, to enter its size. Without the size beforehand, stored entries are
    refused by some programs (macOS's own among them).
    """

    taken = 0

    def tell(self) -> int:
        return self.taken + super().tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self.taken + super().seek(offset - self.taken if whence == io.SEEK_SET else offset, whence)

    def take(self) -> bytes:
        content = self.getvalue()
        self.taken += len(content)
        super().seek(0)
        self.truncate()
        return content


class _OneWay(_Outbox):
    """For entries that are taken away before they have ended: their sizes follow them, as ZIP allows."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        raise io.UnsupportedOperation("seek")
