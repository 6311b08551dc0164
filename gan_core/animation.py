"""How a run learnt to draw, as a looping picture. Knows nothing of torch."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from PIL import Image

from gan_core.errors import WorkbenchError
from gan_core.pictures import WEBP

T = TypeVar("T")

MOST_FRAMES = 100
HOLD_SECONDS = 2.0
"""How long the last frame stays, since it shows the run's result."""
GREY_TOLERANCE = 3
"""Channels of a grey picture, of 256 steps, lie no further apart: a lossy WebP file is always in colour."""


def animation(frames: Sequence[Path], form: Literal["gif", "webp"], seconds: float = 8) -> bytes:
    """The pictures one after the other, in an endless loop, as a GIF or WebP file.

    Args:
        frames: PNG or WebP files, the earliest first. Of more than MOST_FRAMES evenly chosen ones are shown, the
            first and the last among them. One of another size than the last is resized.
        seconds: until the last one, which then stays for HOLD_SECONDS.

    Raises WorkbenchError if there are no frames or one cannot be read.
    """
    if not frames:
        raise WorkbenchError("There are no sample grids yet; wait until the run has drawn some.")
    pictures = [_read(path) for path in _evenly(frames, MOST_FRAMES)]
    pictures = [picture.resize(pictures[-1].size) for picture in pictures]
    if form == "gif":
        pictures = in_256_colours(pictures)
    each = max(20, 10 * round(100 * seconds / len(pictures)))  # milliseconds; GIF counts in 10, browsers from 20
    file = io.BytesIO()
    pictures[0].save(
        file,
        format=form,
        save_all=True,
        append_images=pictures[1:],
        duration=[each] * (len(pictures) - 1) + [round(1000 * HOLD_SECONDS)],
        loop=0,  # endless
        **(WEBP if form == "webp" else {}),
    )
    return file.getvalue()


def _evenly(items: Sequence[T], most: int) -> list[T]:
    """At most so many, the first and the last among them."""
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, min(len(items), most))]


def _read(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WorkbenchError(
            "The sample grid {file} cannot be read ({error}); delete it and try again.", file=path.name, error=error
        ) from error


def _is_grey(picture: Image.Image) -> bool:
    pixels = np.asarray(picture).astype(np.int16)
    return bool(np.ptp(pixels, axis=2).max() <= GREY_TOLERANCE)


def in_256_colours(pictures: list[Image.Image]) -> list[Image.Image]:
    """Grey pictures keep all their greys; coloured ones share one palette, so that unchanged areas do not flicker.

    The colours are k-means centres (started by median cut) of a part of the pixels: each fourth in both directions of
    ten pictures. By the mean square error that is better than a palette by median cut for each, in a fraction of the
    time.
    """
    if all(_is_grey(picture) for picture in pictures):
        return [picture.convert("L") for picture in pictures]
    part = np.concatenate([np.asarray(picture)[::4, ::4] for picture in _evenly(pictures, 10)])
    palette = Image.fromarray(part).quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1)
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
