"""Files of many pictures: whole, readable by others, and never held."""

import io
import weakref
import zipfile

import numpy as np
import pytest
from PIL import Image

from gan_core import archives

SIZE = (10, 8, 8, 3)
"""Of a batch."""


def pictures(batches):
    return np.random.default_rng(0).integers(0, 256, (batches * SIZE[0], *SIZE[1:]), dtype=np.uint8)


def pieces_of(form, batches, count):
    labels = np.arange(count) % 2
    if form == "npz":
        return archives.npz(batches, (count, *SIZE[1:]), labels)
    return archives.zip_of_pngs(batches, archives.file_names(count, labels, ("even", "odd")), {"seed": 3})


def whole(pieces):
    return io.BytesIO(b"".join(piece.content for piece in pieces))


def test_numpy_reads_the_npz():
    drawn = pictures(3)
    with np.load(whole(pieces_of("npz", np.split(drawn, 3), 30))) as read:
        assert np.array_equal(read["images"], drawn)
        assert read["labels"].tolist() == [0, 1] * 15
    with np.load(whole(archives.npz([drawn], drawn.shape, None))) as read:
        assert list(read) == ["images"]


def test_the_zip_holds_each_picture_and_is_whole():
    drawn = pictures(3)
    with zipfile.ZipFile(whole(pieces_of("zip", np.split(drawn, 3), 30))) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[:2] + archive.namelist()[-1:] == ["even-01.png", "odd-02.png", "recipe.json"]
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(archive.read("odd-30.png")))), drawn[29])
        entries = archive.infolist()
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}


def test_a_reader_that_sees_no_end_finds_each_entrys_size_before_it():
    """macOS's own program goes from entry to entry, and cannot tell where one ends that is stored and has no size."""
    content = whole(pieces_of("zip", np.split(pictures(2), 2), 20)).getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            header = content[entry.header_offset : entry.header_offset + 30]
            assert int.from_bytes(header[6:8], "little") & 8 == 0
            assert int.from_bytes(header[18:22], "little") == entry.file_size > 0


@pytest.mark.parametrize("form", ["zip", "npz"])
def test_one_batch_at_a_time_is_drawn_and_held(form):
    batches, drawn = 50, []

    def draw():
        for number in range(batches):
            batch = np.random.default_rng(number).integers(0, 256, SIZE, dtype=np.uint8)
            drawn.append(weakref.ref(batch))
            yield batch
            del batch

    for piece in pieces_of(form, draw(), batches * SIZE[0]):
        assert piece.drawn == SIZE[0] * len(drawn)
        assert sum(batch() is not None for batch in drawn) <= 1
        assert len(piece.content) < 50_000  # the list of all entries comes last


@pytest.mark.parametrize("form", ["zip", "npz"])
def test_once_nobody_reads_any_more_nothing_more_is_drawn(form):
    drawn = []

    def draw():
        for batch in np.split(pictures(5), 5):
            drawn.append(len(batch))
            yield batch

    pieces = pieces_of(form, draw(), 50)
    assert [next(pieces).drawn, next(pieces).drawn] == [10, 20]
    pieces.close()
    assert drawn == [10, 10]
