"""A picture of one's own, drawn or photographed, made into one as the training pictures are. Knows nothing of torch."""

import io

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from gan_core.config import ImageSpec
from gan_core.errors import WorkbenchError

MOST_BYTES = 12_000_000
MOST_PIXELS = 16_000_000
"""When it is decoded; a larger JPEG is decoded smaller."""
MOST_LONGER = 20
"""Times the shorter side."""
ENOUGH = 1024
"""Pixels of a side that a JPEG is decoded to, at least."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
SUFFIXES = ("png", "jpg", "jpeg", "webp", "bmp", "gif")
DIGITS = ("mnist", "digits", "few-digits")
ON_BLACK = (*DIGITS, "fashion-mnist")
"""Datasets whose pictures are bright on black."""
DIGIT_BOX = 20
"""Pixels of a digit's longer side, of 28: LeCun 1998, section III.A."""
LOOKED_AT = 280
"""Pixels of the longer side in which a digit is looked for."""
COARSE, WIDEST_STROKE = 10, 7
"""The ground is what is left of the picture, a tenth as large, without strokes of less than so many pixels."""


def read(content: bytes) -> Image.Image:
    """The picture in RGB, upright, on white where it is transparent.

    Raises WorkbenchError if it is no picture of FORMATS, damaged, or larger than MOST_BYTES or MOST_PIXELS.
    """
    if len(content) > MOST_BYTES:
        raise WorkbenchError("A picture may have {most:,.0f} MB; make it smaller.", most=MOST_BYTES / 1e6)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if max(image.size) > MOST_LONGER * min(image.size):
                raise WorkbenchError("This picture is too narrow; take one that is more of a square.")
            image.draft("RGB", (ENOUGH, ENOUGH))
            if image.width * image.height <= MOST_PIXELS:
                upright = ImageOps.exif_transpose(image).convert("RGBA")
                return Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    except WorkbenchError:
        raise
    except Exception as error:  # a decoder of unknown bytes may raise anything
        raise WorkbenchError(
            "This is not a whole picture in one of the formats {formats}; take another one.", formats=", ".join(FORMATS)
        ) from error
    raise WorkbenchError("A picture may have {most:,} pixels; make it smaller.", most=MOST_PIXELS)


def like_training(picture: Image.Image, dataset: str, spec: ImageSpec) -> np.ndarray:
    """As the dataset's pictures are: its middle cut to a square, in their size and channels, uint8 [S, S, C].

    For datasets ON_BLACK a picture on a bright ground is turned into its negative. A digit is placed as MNIST's are.

    Raises WorkbenchError if a digit is wanted and the picture is of one colour.
    """
    if spec.channels == 1:
        grey = picture.convert("L")
        if dataset in ON_BLACK and np.median(_border(np.asarray(grey))) > 127:
            grey = ImageOps.invert(grey)
        placed = _as_digit(grey, spec.size) if dataset in DIGITS else _fit(grey, spec.size)
        return np.asarray(placed)[..., None]
    return np.asarray(_fit(picture, spec.size))


def _fit(picture: Image.Image, size: int) -> Image.Image:
    return ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)


def _border(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _as_digit(grey: Image.Image, size: int) -> Image.Image:
    """What is bright, its longer side DIGIT_BOX pixels and its centre of mass in the middle (LeCun 1998, III.A)."""
    pixels = _without_ground(ImageOps.contain(grey, (LOOKED_AT, LOOKED_AT)))
    paper = otsu(pixels)
    ink = np.clip((pixels - paper) / max(np.quantile(pixels[pixels > paper], 0.5) - paper, 1.0), 0, 1)
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > 0.5) for axis in (1, 0))
    found = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = round(DIGIT_BOX * size / 28)
    small = _fit_longer(Image.fromarray((found * 255).astype(np.uint8)), box)
    mass = np.asarray(small, dtype=np.float64)
    centre = [mass.sum(axis=1 - axis) @ np.arange(mass.shape[axis]) / max(mass.sum(), 1) for axis in (0, 1)]
    # The smaller picture's pixel `centre` lands on the middle, as far as it stays inside.
    top, left = (
        int(np.clip(round((size - 1) / 2 - at), 0, size - length))
        for at, length in zip(centre, mass.shape, strict=True)
    )
    placed = Image.new("L", (size, size))
    placed.paste(small, (left, top))
    return placed


def _without_ground(grey: Image.Image) -> np.ndarray:
    """How much brighter each pixel is than the ground, which need not be lit evenly: a top-hat (Serra 1982)."""
    coarse = grey.reduce(COARSE)
    ground = coarse.filter(ImageFilter.MinFilter(WIDEST_STROKE)).filter(ImageFilter.MaxFilter(WIDEST_STROKE))
    smooth = ground.filter(ImageFilter.BoxBlur(1)).resize(grey.size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(grey, dtype=np.float64) - np.asarray(smooth, dtype=np.float64), 0, 255)


def _fit_longer(picture: Image.Image, longer: int) -> Image.Image:
    scale = longer / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.LANCZOS)


def otsu(pixels: np.ndarray) -> float:
    """The threshold in 0..255 that divides grey values into the two classes that are farthest apart (Otsu 1979).

    Raises WorkbenchError if all are the same.
    """
    counts = np.bincount(pixels.astype(np.uint8).ravel(), minlength=256).astype(np.float64)
    below, sums = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    inside = (below > 0) & (above > 0)
    if not inside.any():
        raise WorkbenchError("There is nothing to see in this picture; draw something, or take another one.")
    apart = np.zeros(256)
    apart[inside] = (
        below[inside] * above[inside] * (sums[inside] / below[inside] - (sums[-1] - sums[inside]) / above[inside]) ** 2
    )
    best = np.flatnonzero(apart == apart.max())
    return float(best.mean()) + 0.5
