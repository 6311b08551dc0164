"""Frames as files that others open: how many, how long, and what is on them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gan_core import films


def frames(count=45, channels=1):
    """A bright column that moves over a dark picture."""
    made = np.full((count, 28, 28, channels), 20, np.uint8)
    for number in range(count):
        made[number, :, number % 28] = 230
    return made


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", ["gif", "webp"])
def test_pillow_opens_all_frames_which_last_a_thirtieth_of_a_second_each(form, channels):
    made, milliseconds = frames(channels=channels), []
    with Image.open(io.BytesIO(films.film(made, form))) as film:
        assert (film.size, film.info["loop"]) == ((112, 112), 0)
        for number, frame in enumerate(ImageSequence.Iterator(film)):
            frame.load()
            milliseconds.append(frame.info["duration"])
            shown = np.asarray(frame.convert("L"))[2::4, 2::4].astype(int)
            assert np.abs(shown - made[number, :, :, 0]).max() < 40
    assert (len(milliseconds), sum(milliseconds)) == (45, 1500)


@pytest.mark.parametrize("channels", [1, 3])
def test_av_opens_all_frames_of_the_mp4(channels):
    av = pytest.importorskip("av")
    made = frames(channels=channels)
    with av.open(io.BytesIO(films.film(made, "mp4"))) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", 30)
        shown = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
    assert (len(shown), shown[0].shape) == (45, (224, 224))
    for number, frame in enumerate(shown):
        assert np.abs(frame[4::8, 4::8].astype(int) - made[number, :, :, 0]).max() < 40


@pytest.mark.parametrize(("unit", "each"), [(10, {30, 40}), (1, {33, 34})])
def test_durations_keep_thirty_a_second_in_the_units_of_a_format(unit, each):
    found = films.durations(300, unit)
    assert (len(found), sum(found), set(found)) == (300, 10_000, each)


def test_a_sheet_holds_its_frames_side_by_side():
    made = frames(5, channels=3)
    shown = np.asarray(Image.open(io.BytesIO(films.sheet(made))))
    assert shown.shape == (28, 5 * 28, 3)
    assert np.array_equal(np.split(shown, 5, axis=1), made)
