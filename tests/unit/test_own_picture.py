"""Pictures of one's own: hostile files are refused, and a digit is placed as MNIST's are."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gan_core import own_picture
from gan_core.config import ImageSpec
from gan_core.errors import WorkbenchError

MNIST, CIFAR = ImageSpec.named("mnist"), ImageSpec.named("cifar10")


def file_of(picture, form="PNG", **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def seven(paper=0, ink=255, size=(400, 300), at=(40, 30)):
    picture = Image.new("L", size, paper)
    points = [(at[0] + x, at[1] + y) for x, y in ((0, 0), (110, 0), (50, 200))]
    ImageDraw.Draw(picture).line(points, fill=ink, width=24, joint="curve")
    return picture


def placed(picture):
    return own_picture.like_training(picture.convert("RGB"), "mnist", MNIST)


def claims(width, height):
    """A PNG that says it has so many pixels, and holds none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = b""
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("content", [b"", b"x" * 1000, b"<svg/>", file_of(seven())[:200], file_of(seven(), "TIFF")])
def test_what_is_no_whole_picture_is_refused(content):
    with pytest.raises(WorkbenchError, match="not a whole picture"):
        own_picture.read(content)


def test_pictures_that_would_fill_the_memory_are_refused_before_they_are_decoded():
    with pytest.raises(WorkbenchError, match="16,000,000 pixels"):
        own_picture.read(claims(9_000, 9_000))
    with pytest.raises(WorkbenchError, match="not a whole picture"):  # Pillow's own limit
        own_picture.read(claims(60_000, 60_000))
    with pytest.raises(WorkbenchError, match="12 MB"):
        own_picture.read(bytes(own_picture.MOST_BYTES + 1))
    with pytest.raises(WorkbenchError, match="too narrow"):
        own_picture.read(file_of(Image.new("L", (4_000, 3))))


def test_a_large_photo_is_decoded_smaller():
    assert min(own_picture.read(file_of(Image.new("RGB", (6_000, 4_000)), "JPEG")).size) >= own_picture.ENOUGH // 2


def test_what_is_transparent_is_white_and_a_turned_photo_upright():
    assert own_picture.read(file_of(Image.new("RGBA", (9, 9), (0, 0, 0, 0)))).getpixel((4, 4)) == (255, 255, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert own_picture.read(file_of(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).size == (20, 40)


@pytest.mark.parametrize("at", [(40, 30), (200, 60)])
def test_a_digit_is_20_pixels_high_with_its_centre_of_mass_in_the_middle(at):
    pixels = placed(seven(at=at))[..., 0].astype(float)
    rows, columns = (np.flatnonzero(pixels.max(axis=axis) > 100) for axis in (1, 0))
    assert rows[-1] - rows[0] + 1 in (19, 20)
    centre = [pixels.sum(axis=1 - axis) @ np.arange(28) / pixels.sum() for axis in (0, 1)]
    assert centre == pytest.approx([13.5, 13.5], abs=0.75)
    assert pixels.shape == (28, 28) and columns.size


def test_dark_ink_on_paper_that_is_lit_unevenly_is_the_same_digit():
    drawn = placed(seven()).astype(float)
    light = np.linspace(140, 230, 400)[None, :].repeat(300, axis=0)
    photo = np.where(np.asarray(seven()) > 127, 40, light).astype(np.uint8)
    found = placed(Image.fromarray(photo)).astype(float)
    # Ink that looks paler on one side moves the centre of mass, by a pixel at most.
    assert min(np.abs(np.roll(found, shift, axis=1) - drawn).mean() for shift in (-1, 0, 1)) < 3


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_holds_no_digit(grey):
    with pytest.raises(WorkbenchError, match="nothing to see"):
        placed(Image.new("L", (60, 80), grey))


def test_other_pictures_are_cut_to_a_square_in_colour():
    picture = Image.new("RGB", (96, 64), "red")
    picture.paste("blue", (0, 0, 12, 64))
    pixels = own_picture.like_training(picture, "cifar10", CIFAR)
    assert pixels.shape == (32, 32, 3)
    assert (pixels[:, 2:] == [255, 0, 0]).all()


def test_clothes_on_white_become_bright_on_black():
    picture = Image.new("RGB", (56, 56), "white")
    picture.paste("black", (14, 14, 42, 42))
    pixels = own_picture.like_training(picture, "fashion-mnist", ImageSpec.named("fashion-mnist"))
    assert (pixels[14, 14, 0], pixels[0, 0, 0]) == (255, 0)


def test_otsus_threshold_lies_between_two_heaps():
    assert 20 < own_picture.otsu(np.array([[10.0] * 90 + [20.0] * 5 + [200.0] * 20])) < 200
