"""Many pictures in one, and files of them."""

import io

import numpy as np
from PIL import Image

from gan_core import pictures


def test_a_grid_is_filled_row_by_row_and_enlarged_without_blur():
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * 50
    grid = np.asarray(pictures.grid(images, columns=3, zoom=2))
    assert grid[::2, ::2].tolist() == [[0, 50, 100], [150, 200, 0]]
    assert np.array_equal(grid[::2, ::2], grid[1::2, 1::2])


def test_colour_grids_keep_their_colours():
    images = np.zeros((2, 2, 2, 3), dtype=np.uint8)
    images[1] = (10, 20, 30)
    assert np.asarray(pictures.grid(images, columns=2))[0, 2].tolist() == [10, 20, 30]


def test_a_picture_becomes_a_small_file_that_looks_the_same():
    images = np.zeros((100, 28, 28, 1), dtype=np.uint8)
    images[:, 8:20, 12:16] = 255
    sheet = pictures.grid(images, columns=10)
    file = pictures.webp(sheet)
    assert file[:4] + file[8:12] == b"RIFFWEBP"
    seen = np.asarray(Image.open(io.BytesIO(file)).convert("L"), dtype=float)
    assert seen.shape == (280, 280)
    assert np.abs(seen - np.asarray(sheet)).mean() < 5


def test_a_png_file_keeps_every_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    file = pictures.png(Image.fromarray(pixels))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))), pixels)
