"""Frames as a film: sheets for a page that plays them, MP4, GIF, WebP. Knows nothing of torch."""

import importlib.util
import io
import itertools
from collections.abc import Iterable

import numpy as np
from PIL import Image

from gan_core import pictures
from gan_core.animation import in_256_colours

PER_SECOND = 30
FORMS = ("mp4", "gif", "webp")
VIDEO_ZOOM = 8
"""So that 28 pixels fill a part of a screen. Video compresses equal neighbours to nothing."""
IMAGE_ZOOM = 4


def sheet(frames: np.ndarray) -> bytes:
    """Frames uint8 [N, H, W, C] side by side, as a PNG."""
    return pictures.png(pictures.grid(frames, columns=len(frames)))


def film(frames: np.ndarray, form: str) -> bytes:
    """Frames uint8 [N, H, W, C], PER_SECOND of them a second, as a file in one of FORMS; GIF and WebP in a loop."""
    if form == "mp4":
        return _mp4(pictures.grid(frame[None], 1, VIDEO_ZOOM) for frame in frames)
    enlarged = [pictures.grid(frame[None], 1, IMAGE_ZOOM) for frame in frames]
    if form == "gif" and enlarged[0].mode != "L":
        enlarged = in_256_colours(enlarged)
    file = io.BytesIO()
    enlarged[0].save(
        file,
        format=form,
        save_all=True,
        append_images=enlarged[1:],
        duration=durations(len(enlarged), 10 if form == "gif" else 1),
        loop=0,  # endless
        **(pictures.WEBP if form == "webp" else {}),
    )
    return file.getvalue()


def durations(frames: int, unit: int) -> list[int]:
    """How long each frame is shown, in milliseconds: multiples of the unit that together keep PER_SECOND."""
    ends = [round(1000 * number / PER_SECOND / unit) * unit for number in range(frames + 1)]
    return [end - begin for begin, end in itertools.pairwise(ends)]


def can_mp4() -> bool:
    """Whether the package `av`, which few need and which is large, is installed."""
    return importlib.util.find_spec("av") is not None


def _mp4(frames: Iterable[Image.Image]) -> bytes:
    """H.264, as every browser and phone plays it. Width and height must be even."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = None
        for picture in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=PER_SECOND, options={"crf": "16"})
                stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_image(picture.convert("RGB"))))
        if stream is not None:
            container.mux(stream.encode())
    return file.getvalue()
