"""What of a folder is read, and that each picture becomes what a viewer shows of it."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from gan_core.config import MOST_CLASSES
from gan_core.datasets.folders import FORMATS, _upright_on_white, list_pictures, read_picture, shown
from gan_core.errors import WorkbenchError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about what is odd in a file
WHITE = (255, 255, 255)


def colour_of(path, channels=3):
    """The one colour of a picture that has no other."""
    pixels = read_picture(path, 8, channels).reshape(channels, -1)
    assert (pixels == pixels[:, :1]).all()
    return tuple(pixels[:, 0].tolist())


def file_of(folder, image, name, **options):
    image.save(folder / name, **options)
    return folder / name


def plain(mode, colour, size=(8, 8)):
    return Image.new(mode, size, colour)


def grey_of(values, dtype):
    return Image.fromarray(np.full((8, 8), values, dtype))


def with_palette(mode, transparency=None):
    """All of it the palette's colour 1."""
    image = Image.new(mode, (8, 8), 1 if mode == "P" else (1, 0))
    image.putpalette([0, 0, 0, 10, 200, 30])
    if transparency is not None:
        image.info["transparency"] = transparency
    return image


def png(depth, kind, pixel, transparent=b""):
    """A PNG of 8 x 8 equal pixels, as the specification has it; for kinds that Pillow does not write."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 8, 8, depth, kind, 0, 0, 0)
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    rows = (b"\0" + (pixel * 8)[: depth * samples]) * 8
    parts = [chunk(b"IHDR", header), chunk(b"tRNS", transparent) if transparent else b""]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# Every mode that Pillow opens


@pytest.mark.parametrize(
    ("image", "name", "seen"),
    [
        (plain("1", 1), "1.png", WHITE),
        (plain("1", 0), "1.tif", (0, 0, 0)),
        (plain("L", 77), "L.png", (77, 77, 77)),
        (plain("LA", (100, 255)), "LA.png", (100, 100, 100)),
        (plain("LA", (100, 0)), "LA.png", WHITE),
        (plain("LA", (100, 51)), "LA.tif", (224, 224, 224)),  # a fifth of 100, four fifths of white
        (with_palette("P"), "P.png", (10, 200, 30)),
        (with_palette("P"), "P.gif", (10, 200, 30)),
        (with_palette("P", transparency=1), "P.png", WHITE),
        (with_palette("P", transparency=b"\xff\x33"), "P.png", (206, 244, 210)),
        (with_palette("P", transparency=1), "P.gif", WHITE),
        (with_palette("PA"), "PA.tif", WHITE),
        (plain("RGB", (9, 8, 7)), "RGB.bmp", (9, 8, 7)),
        (plain("RGB", (9, 8, 7)), "RGB.webp", (9, 8, 7)),
        (plain("RGBA", (255, 0, 0, 0)), "RGBA.png", WHITE),
        (plain("RGBA", (255, 0, 0, 51)), "RGBA.png", (255, 204, 204)),
        (plain("RGBA", (255, 0, 0, 0)), "RGBA.tga", WHITE),
        (plain("CMYK", (255, 0, 0, 0)), "CMYK.tif", (0, 255, 255)),
        (plain("CMYK", (0, 0, 0, 255)), "CMYK.jpg", (0, 0, 0)),
        (plain("YCbCr", (76, 85, 255)), "YCbCr.jpg", (254, 0, 0)),
        (grey_of(30_000, np.uint16), "I;16.png", (117, 117, 117)),
        (grey_of(30_000, np.uint16), "I;16.tif", (117, 117, 117)),
        (grey_of(65_535, np.uint16), "I;16.jp2", WHITE),
        (grey_of(30_000, np.dtype(">u2")), "I;16B.tif", (117, 117, 117)),
        (grey_of(30_000, np.uint16), "I;16.pgm", (117, 117, 117)),
        (grey_of(0.5, np.float32), "F.tif", (128, 128, 128)),
        (grey_of(0.5, np.float32), "F.pfm", (128, 128, 128)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_picture_of_any_mode_is_seen_as_a_viewer_shows_it(tmp_path, image, name, seen):
    options = {"lossless": True} if name.endswith("webp") else {}
    if "transparency" in image.info:
        options["transparency"] = image.info["transparency"]
    found = colour_of(file_of(tmp_path, image, name, **options))
    assert np.allclose(found, seen, atol=2 if name.endswith("jpg") else 1)


@pytest.mark.parametrize(
    ("image", "seen"),
    [
        (plain("RGBA", (200, 100, 0, 51)).convert("RGBa"), (244, 224, 204)),
        (plain("LA", (100, 51)).convert("La"), (224, 224, 224)),
        (plain("HSV", (0, 255, 255)), (255, 0, 0)),
        (plain("YCbCr", (76, 85, 255)), (254, 0, 0)),
        (plain("RGBX", (1, 2, 3, 0)), (1, 2, 3)),
        (grey_of(30_000, np.uint16), (117, 117, 117)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else "",
)
def test_modes_that_no_file_has_are_seen_alike(tmp_path, image, seen):
    assert np.allclose(_upright_on_white(image, tmp_path).getpixel((0, 0)), seen, atol=2)


def test_a_lab_picture_is_seen_in_its_colours(tmp_path):
    """sRGB's red is L* = 54.29, a* = 80.81, b* = 69.89 under D50 (Pillow keeps a* and b* from 128 on)."""
    red = plain("LAB", (round(54.29 * 2.55), 128 + 81, 128 + 70))
    assert np.allclose(colour_of(file_of(tmp_path, red, "red.tif")), (255, 0, 0), atol=6)
    lab = ImageCms.profileToProfile(
        plain("RGB", (40, 90, 160)), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert np.allclose(colour_of(file_of(tmp_path, lab, "blue.tif")), (40, 90, 160), atol=9)


@pytest.mark.parametrize(
    ("depth", "kind", "pixel", "transparent", "seen"),
    [
        (2, 0, b"\x55", b"", (85, 85, 85)),  # four equal pixels in a byte
        (2, 0, b"\x55", b"\0\1", WHITE),
        (4, 0, b"\x55", b"\0\5", WHITE),
        (8, 0, b"\x05", b"\0\5", WHITE),
        (16, 0, struct.pack(">H", 30_000), b"", (117, 117, 117)),
        (16, 0, struct.pack(">H", 30_000), struct.pack(">H", 30_000), WHITE),
        (8, 2, b"\1\2\3", b"\0\1\0\2\0\3", WHITE),
        (16, 2, struct.pack(">3H", 30_000, 0, 65_535), b"", (117, 0, 255)),
        (16, 2, struct.pack(">3H", 30_000, 0, 65_535), struct.pack(">3H", 30_000, 0, 65_535), WHITE),
        (16, 4, struct.pack(">2H", 30_000, 65_535), b"", (117, 117, 117)),
        (16, 6, struct.pack(">4H", 30_000, 0, 65_535, 0), b"", WHITE),
    ],
)
def test_every_depth_of_png_is_read_and_what_is_transparent_in_it_is_white(
    tmp_path, depth, kind, pixel, transparent, seen
):
    (tmp_path / "x.png").write_bytes(png(depth, kind, pixel, transparent))
    assert np.allclose(colour_of(tmp_path / "x.png"), seen, atol=1)


def test_a_tiff_whose_zero_is_white_is_turned_round(tmp_path):
    path = file_of(tmp_path, grey_of(30_000, np.uint16), "x.tif", tiffinfo={262: 0})
    assert colour_of(path) == (138, 138, 138)


@pytest.mark.parametrize(
    "image",
    [
        grey_of(1000, np.int32),
        grey_of(200.0, np.float32),
        grey_of(-0.5, np.float32),
        grey_of(np.nan, np.float32),
    ],
    ids=["integers of 32 bits", "fractions beyond 1", "below 0", "no numbers"],
)
def test_a_picture_that_does_not_say_what_is_white_is_refused_by_name(tmp_path, image):
    path = file_of(tmp_path, image, "strange.tif")
    with pytest.raises(WorkbenchError, match=r"strange\.tif does not say which of its values is white"):
        read_picture(path, 8, 1)


def test_colours_under_transparency_leave_no_trace_at_its_edge(tmp_path):
    """Half of it opaque black, half transparent red: every pixel between is grey."""
    image = plain("RGBA", (255, 0, 0, 0), (64, 64))
    image.paste((0, 0, 0, 255), (0, 0, 29, 64))
    pixels = read_picture(file_of(tmp_path, image, "edge.png"), 8, 3).astype(int)
    assert (np.ptp(pixels, axis=0) <= 1).all()
    assert (pixels[:, :, 0] == 0).all()
    assert (pixels[:, :, -1] == 255).all()


# Which way is up

TOP_LEFT = {1: (0, 0), 2: (0, 7), 3: (7, 7), 4: (7, 0), 5: (0, 0), 6: (0, 7), 7: (7, 7), 8: (7, 0)}
"""Where the upper left corner of the stored pixels is seen, row and column, by EXIF's orientation."""


@pytest.mark.parametrize("orientation", TOP_LEFT)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_picture_is_seen_the_way_up_that_its_camera_was_held(tmp_path, suffix, orientation):
    image = plain("RGB", (0, 0, 0), (64, 64))
    image.paste((255, 255, 255), (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = read_picture(file_of(tmp_path, image, f"x{suffix}", exif=exif), 8, 1)[0]
    assert np.unravel_index(pixels[np.ix_([0, 7], [0, 7])].argmax(), (2, 2)) == tuple(
        place // 7 for place in TOP_LEFT[orientation]
    )


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_what_a_telephone_keeps_is_read_and_turned_once(tmp_path, suffix):
    image = plain("RGB", (0, 0, 0), (64, 64))
    image.paste((255, 255, 255), (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = read_picture(file_of(tmp_path, image, f"x{suffix}", exif=exif.tobytes(), quality=90), 8, 1)[0]
    assert pixels[0, 7] > 200
    assert pixels[0, 0] < 50


ODD_EXIF = [
    b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0",  # cut off in the midst of a tag
    b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\0A\0\0\0\0\0\0\0",  # the orientation is a text
    b"Exif\0\0II*\0\xff\xff\xff\xff",
    b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\1\0\0\0\x1a\x01\x0c\0\x07\0\0\0\xf0\xff\xff\xff\0\0\0\0",
    b"Exif\0\0nonsense",
]


@pytest.mark.parametrize("exif", ODD_EXIF)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".heic"])
def test_a_picture_whose_exif_alone_is_odd_is_used(tmp_path, suffix, exif):
    path = file_of(tmp_path, plain("RGB", (90, 90, 90)), f"x{suffix}", exif=exif)
    assert np.allclose(read_picture(path, 8, 1), 90, atol=2)


@pytest.mark.parametrize(
    ("tag", "kind", "count", "value"),
    [
        (0xA005, 2, 2, b"\1\0A\2"),  # a text where an offset should be: struct.error when Pillow writes it anew
        (0x0128, 8, 2, b"\2\xff\x08\xff"),  # a negative unit of resolution: struct.error
        (0x011A, 7, 3, b"\xff\0\0\2"),  # bytes where a resolution should be: TypeError
        (0x010F, 11, 1, b"\xff\x08\x08\xff"),  # a number where the maker's name should be: AttributeError
        (0x8825, 6, 2, b"\xff\x08\2A"),  # coordinates that stand before the file's beginning: ValueError
    ],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_picture_with_an_odd_tag_beside_a_sound_orientation_is_turned(tmp_path, suffix, tag, kind, count, value):
    entries = sorted([(0x0112, 3, 1, struct.pack("<HH", 6, 0)), (tag, kind, count, value)])
    table = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + b"\0\0\0\0"
    image = plain("L", 0, (64, 64))
    image.paste(255, (0, 0, 16, 16))
    pixels = read_picture(file_of(tmp_path, image, f"x{suffix}", exif=exif), 8, 1)[0]
    assert (pixels[0, 7] > 200, pixels[0, 0] < 50) == (True, True)


def test_a_tiff_whose_exif_alone_is_odd_is_used(tmp_path):
    """Tag 34665 says where in the file the EXIF stands; here far behind its end."""
    path = file_of(tmp_path, plain("RGB", (90, 80, 70)), "x.tif", tiffinfo={34665: 10**9})
    assert colour_of(path) == (90, 80, 70)


# What decoders raise


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, or the end cut off."""
    mutated = bytearray(content)
    for _ in range(chance.choice((1, 2, 8))):
        mutated[chance.randrange(len(mutated))] = chance.randrange(256)
    return bytes(mutated[: chance.randrange(1, len(mutated) + 1)] if chance.random() < 0.2 else mutated)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"exif": ODD_EXIF[3]}),
        ("GIF", {}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("HEIF", {}),
        ("JPEG2000", {}),
        ("PPM", {}),
        ("TGA", {}),
        ("ICO", {"sizes": [(16, 16)]}),
        ("PCX", {}),
        ("SGI", {}),
        ("QOI", {}),
        ("AVIF", {"speed": 10}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_a_decoder_raises_becomes_a_sentence_with_the_files_name(tmp_path, kind, options):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8))
    file = io.BytesIO()
    noise.save(file, kind, **options)
    chance, path, refused = random.Random(0), tmp_path / f"it{FORMATS[kind][0]}", 0
    for _ in range(60):
        path.write_bytes(damaged(file.getvalue(), chance))
        try:
            assert read_picture(path, 8, 3).shape == (3, 8, 8)
        except WorkbenchError as error:
            refused += 1
            assert path.name in str(error)
    assert refused


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("too deep"), struct.error("x"), KeyError("tag")])
def test_an_error_of_any_kind_names_the_picture(tmp_path, monkeypatch, error):
    def fail(*arguments, **named):
        raise error

    path = file_of(tmp_path, plain("L", 1), "it.png")
    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(WorkbenchError, match=r"it\.png is not a whole picture \(.+\)"):
        read_picture(path, 8, 1)


def test_a_picture_that_says_it_is_huge_is_refused_by_name(tmp_path):
    content = png(8, 0, b"\0")
    huge = content[:16] + struct.pack(">II", 60_000, 60_000) + content[24:]
    (tmp_path / "bomb.png").write_bytes(huge[:29] + struct.pack(">I", zlib.crc32(huge[12:29])) + huge[33:])
    with pytest.raises(WorkbenchError, match=r"bomb\.png"):
        read_picture(tmp_path / "bomb.png", 8, 1)


def test_what_only_its_name_calls_a_picture_is_named(tmp_path):
    (tmp_path / "notes.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(WorkbenchError, match=r"notes\.png holds no picture of a format that is read"):
        read_picture(tmp_path / "notes.png", 8, 1)


# What of a folder is read


def put(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")


def listing(folder):
    found = list_pictures(f"folder:{folder}")
    classes = {child.name: [path.name for path in pictures] for child, pictures in found.classes.items()}
    return classes, [str(text) for text in found.left_out]


def test_what_systems_leave_behind_is_neither_a_picture_nor_a_class_nor_told(tmp_path):
    put(tmp_path / "cats", "0.png", "._0.png", ".hidden.jpg", ".DS_Store", "Thumbs.db", "desktop.ini")
    put(tmp_path / "__MACOSX", "._0.png", "0.png")
    put(tmp_path / "__MACOSX" / "cats", "0.png")
    put(tmp_path / ".thumbnails", "0.png")
    put(tmp_path / "cats" / "@eaDir", "0.png")
    put(tmp_path, ".DS_Store", "Desktop.ini")
    assert listing(tmp_path) == ({"cats": ["0.png"]}, [])


def test_a_folder_may_be_hidden_itself(tmp_path):
    put(tmp_path / ".pictures", "0.png")
    assert listing(tmp_path / ".pictures") == ({".pictures": ["0.png"]}, [])


@pytest.mark.parametrize(
    "name", ["a.PNG", "a.jpeg", "a.JFIF", "a.webp", "a.heic", "a.HIF", "a.avif", "a.tiff", "a.ppm"]
)
def test_pictures_are_known_by_how_their_names_end(tmp_path, name):
    put(tmp_path / "cats", name)
    assert listing(tmp_path) == ({"cats": [name]}, [])


@pytest.mark.parametrize("name", ["licence.pdf", "weights.h5", "film.mpg", "page.eps", "notes.txt", "README"])
def test_a_file_of_another_kind_stops_nothing_and_is_told(tmp_path, name):
    put(tmp_path / "cats", "0.png", name)
    ending = name[name.find(".") :] if "." in name else name
    status_text = [f"Files left out because their format is not read: 1 ({ending})."]
    assert listing(tmp_path) == ({"cats": ["0.png"]}, status_text)


def test_all_that_is_left_out_is_counted_with_its_reason(tmp_path):
    put(tmp_path, "0.png", "1.png", "list.csv")
    put(tmp_path / "cats", "0.png", "a.pdf", "b.pdf")
    put(tmp_path / "cats" / "old" / "older", "0.png", "1.png", "2.png", "x.txt")
    put(tmp_path / "dogs" / "small", "0.png")
    (tmp_path / "cats" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert listing(tmp_path) == (
        {"cats": ["0.png"]},
        [
            "Pictures left out because they lie beside the sub-folders, which are the classes: 2.",
            "Files left out because their format is not read: 3 (.pdf, .csv).",
            "Pictures left out because they lie in folders inside of sub-folders: 4.",
            "Sub-folders left out because no picture lies in them: 1 (dogs).",
            "Names left out because they lead to no file: 1 (gone.png).",
        ],
    )


def test_what_is_told_of_names_is_short(tmp_path):
    put(tmp_path / "cats", "0.png", *(f"{'x' * 200}{number}" for number in range(50)))
    assert len(listing(tmp_path)[1][0]) < 350


def test_names_that_are_no_text_can_be_shown():
    assert shown("caf\udce9").encode() == b"caf?"


def test_folders_of_more_classes_than_there_may_be_are_one_sentence(tmp_path):
    for number in range(MOST_CLASSES + 1):
        put(tmp_path / str(number), "0.png")
    with pytest.raises(WorkbenchError, match="1001 sub-folders"):
        list_pictures(f"folder:{tmp_path}")


def test_a_dib_is_read_as_its_ending_says(tmp_path):
    path = tmp_path / "grey.dib"
    Image.new("L", (8, 8), 100).save(path, format="DIB")
    assert (read_picture(path, 28, 1) == 100).all()
