"""The sample grids of a run as a GIF or WebP that browsers play."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gan_core.animation import HOLD_SECONDS, MOST_FRAMES, animation
from gan_core.errors import WorkbenchError

FORMS = pytest.mark.parametrize("form", ["gif", "webp"])


def grid(number, size=(40, 30), colour=False):
    """A picture of blocks, another one for each number, in a few greys or colours."""
    shape = (size[1] // 10, size[0] // 10, *([3] if colour else []))
    blocks = np.random.default_rng(number).choice([0, 128, 255], shape)
    return Image.fromarray(blocks.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)


@pytest.fixture
def write(tmp_path):
    """Pictures as files, in order."""

    def write_all(pictures, suffix="png"):
        paths = [tmp_path / f"{number:09d}.{suffix}" for number in range(len(pictures))]
        for path, picture in zip(paths, pictures, strict=True):
            picture.save(path, **({"quality": 80} if suffix == "webp" else {}))
        return paths

    return write_all


def played(content):
    """Its frames in RGB, the milliseconds of each, and how often it is repeated (0: for ever)."""
    with Image.open(io.BytesIO(content)) as film:
        frames, milliseconds = [], []
        for frame in ImageSequence.Iterator(film):
            frame.load()  # WebP knows a frame's duration only now
            frames.append(frame.convert("RGB"))
            milliseconds.append(frame.info["duration"])
        return frames, milliseconds, film.info["loop"]


def difference(one, other):
    """Mean distance of two pictures' pixels, of 255."""
    return np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean()


@FORMS
def test_all_frames_play_evenly_for_ever_and_the_last_one_stays(write, form):
    frames, milliseconds, loop = played(animation(write([grid(n) for n in range(16)]), form, seconds=4))
    assert len(frames) == 16
    assert milliseconds[:-1] == [250] * 15
    assert milliseconds[-1] == HOLD_SECONDS * 1000
    assert loop == 0


@FORMS
@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
def test_it_begins_with_the_first_picture_and_ends_with_the_last(write, form, colour):
    pictures = [grid(n, colour=colour).convert("RGB") for n in range(230)]
    frames, _, _ = played(animation(write(pictures), form))
    assert len(frames) == MOST_FRAMES
    assert difference(frames[0], pictures[0]) < 10
    assert difference(frames[-1], pictures[-1]) < 10
    assert difference(frames[0], pictures[-1]) > 40


def test_grey_pictures_lose_nothing_in_a_gif(write):
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    frames, _, _ = played(animation(write([ramp.transpose(Image.Transpose.ROTATE_90), ramp]), "gif"))
    assert difference(frames[-1], ramp.convert("RGB")) == 0


def test_grey_webp_files_stay_grey_in_a_gif(write):
    frames, _, _ = played(animation(write([grid(1), grid(2)], "webp"), "gif"))
    assert all(np.ptp(np.asarray(frame), axis=2).max() == 0 for frame in frames)
    assert difference(frames[0], grid(1).convert("RGB")) < 10


@FORMS
def test_a_single_frame_is_a_picture(write, form):
    with Image.open(io.BytesIO(animation(write([grid(1)]), form))) as film:
        assert film.format == form.upper()
        assert difference(film.convert("RGB"), grid(1).convert("RGB")) < 10


@FORMS
def test_frames_of_another_size_become_as_large_as_the_last(write, form):
    frames, _, _ = played(animation(write([grid(1, (80, 60)), grid(2)]), form))
    assert [frame.size for frame in frames] == [(40, 30)] * 2
    assert difference(frames[0], grid(1, (80, 60)).resize((40, 30)).convert("RGB")) < 10


def test_without_frames_there_is_no_animation():
    with pytest.raises(WorkbenchError, match="no sample grids yet"):
        animation([], "gif")


@pytest.mark.parametrize("content", [b"", b"not a picture", None], ids=["empty", "damaged", "gone"])
def test_a_frame_that_cannot_be_read_is_named(write, content):
    paths = write([grid(1), grid(2)])
    paths[0].write_bytes(content) if content is not None else paths[0].unlink()
    with pytest.raises(WorkbenchError, match=paths[0].name):
        animation(paths, "webp")
