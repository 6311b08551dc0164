"""Pictures put together and written as files. Knows nothing of torch."""

import io

import numpy as np
from PIL import Image

WEBP = {"quality": 80, "method": 2}
"""Pillow's settings of a lossy WebP file, made in some milliseconds.

By these, digits and smooth colours look clean at four times their size, in a half to an eighth of a PNG.
"""


def grid(images: np.ndarray, columns: int, zoom: int = 1) -> Image.Image:
    """One picture of many: uint8 [N, H, W, C], row by row, each pixel enlarged to a square of `zoom`."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    picture = Image.fromarray(sheet.squeeze(2) if channels == 1 else sheet)
    return picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST)


ABOVE, BELOW = (255, 170, 60), (70, 150, 255)
"""Colours of the largest number, orange, and of the smallest, blue; 0 is black."""


def signed(values: np.ndarray, largest: float) -> np.ndarray:
    """Numbers of any shape as colours, uint8 [..., 3]: from blue over black to orange.

    Args:
        largest: the absolute value of what has the full colour.
    """
    shares = np.clip(np.nan_to_num(values) / (largest or 1.0), -1, 1)[..., None]
    return np.round(np.where(shares > 0, np.array(ABOVE) * shares, -np.array(BELOW) * shares)).astype(np.uint8)


def png(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


def webp(picture: Image.Image) -> bytes:
    """The picture as a lossy WebP file, see WEBP."""
    file = io.BytesIO()
    picture.save(file, format="WEBP", **WEBP)
    return file.getvalue()
