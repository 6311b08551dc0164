"""Folders of pictures of one's own: which files are read, what is left out, and what a picture looks like.

Knows nothing of torch.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from gan_core import paths
from gan_core.config import MOST_CLASSES
from gan_core.datasets.table import FOLDER
from gan_core.disk import not_read
from gan_core.errors import WorkbenchError
from gan_core.text import Text

FORMATS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "HEIF": (".heic", ".heif", ".hif"),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "QOI": (".qoi",),
    "ICO": (".ico",),
    "PCX": (".pcx",),
    "PSD": (".psd",),
    "SGI": (".sgi",),
    "TGA": (".tga",),  # the last: such files do not begin with a signature
}
"""The picture formats that are read, by Pillow's names, and how their files' names end. The content decides, not
the name: a PNG that is called .jpg is read too."""
SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
OF_SYSTEMS = frozenset(
    {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin", "lost+found"}
)
"""Files that systems put beside pictures, in small letters. Like hidden files, they are not part of a dataset."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientation, and what turns such a picture upright."""
WHITE_IS_ZERO = 0
"""TIFF's photometric interpretation of pictures whose smallest value is white."""
MOST_NAMED = 5

pillow_heif.register_heif_opener(thumbnails=False)


class Listing(NamedTuple):
    """A folder of pictures, by its names alone.

    Args:
        classes: in the order of their labels, each class's folder, and its pictures' files. Never empty, but the only
            class may have no pictures.
        left_out: how many files are not part of the dataset, and why; a sentence for each reason.
    """

    classes: dict[Path, list[Path]]
    left_out: list[Text]


class _Inside(NamedTuple):
    """What lies in a folder: files of a picture format, other files, folders, and links to nowhere."""

    pictures: list[Path]
    others: list[Path]
    folders: list[Path]
    nowhere: list[Path]


def list_pictures(dataset: str) -> Listing:
    """What a dataset `folder:PATH` consists of. No file is opened.

    Every sub-folder that has pictures is a class; if there is none, the folder itself is the only one.

    Raises WorkbenchError if there is no such folder, if it cannot be read, or if it has more than MOST_CLASSES classes.
    """
    folder = paths.expand(dataset.removeprefix(FOLDER).strip())
    try:
        if not folder.is_dir():
            raise WorkbenchError("There is no folder {folder}; check its name behind folder:.", folder=shown(folder))
        root = _list_inside(folder)
        inside = {child: _list_inside(child) for child in root.folders}
    except (OSError, ValueError) as error:  # ValueError: a name that no system could have
        raise WorkbenchError(
            "The folder {folder} cannot be read ({error}); check its name and rights.",
            folder=shown(folder),
            error=shown(error),
        ) from error
    sub_folders = {child: found.pictures for child, found in inside.items() if found.pictures}
    if len(sub_folders) > MOST_CLASSES:
        raise WorkbenchError(
            "{folder} has {count} sub-folders, more classes than {most}; merge some.",
            folder=shown(folder),
            count=len(sub_folders),
            most=MOST_CLASSES,
        )
    return Listing(sub_folders or {folder: root.pictures}, _left_out(root, inside))


def _list_inside(folder: Path) -> _Inside:
    found = _Inside([], [], [], [])
    for path in sorted(folder.iterdir()):
        if _is_hidden(path.name):
            continue
        if path.is_dir():
            found.folders.append(path)
        elif not path.is_file():
            found.nowhere.append(path)
        elif path.suffix.lower() in SUFFIXES:
            found.pictures.append(path)
        else:
            found.others.append(path)
    return found


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in OF_SYSTEMS


def _left_out(root: _Inside, inside: dict[Path, _Inside]) -> list[Text]:
    classes = any(found.pictures for found in inside.values())
    beside = root.pictures if classes else []
    everywhere = [root, *inside.values()]
    others = [path for found in everywhere for path in found.others]
    nowhere = [path.name for found in everywhere for path in found.nowhere]
    deeper = sum(_pictures_below(folder) for found in inside.values() for folder in found.folders)
    empty = [child.name for child, found in inside.items() if not found.pictures]
    endings = Counter(path.suffix.lower() or path.name for path in others)
    reasons = [
        Text(
            "Pictures left out because they lie beside the sub-folders, which are the classes: {count:,}.",
            {"count": len(beside)},
        ),
        Text(
            "Files left out because their format is not read: {count:,} ({endings}).",
            {"count": len(others), "endings": _few(ending for ending, _count in endings.most_common())},
        ),
        Text(
            "Pictures left out because they lie in folders inside of sub-folders: {count:,}.",
            {"count": deeper},
        ),
        Text(
            "Sub-folders left out because no picture lies in them: {count:,} ({names}).",
            {"count": len(empty), "names": _few(empty)},
        ),
        Text(
            "Names left out because they lead to no file: {count:,} ({names}).",
            {"count": len(nowhere), "names": _few(nowhere)},
        ),
    ]
    return [reason for reason in reasons if reason.values["count"]]


def _pictures_below(folder: Path) -> int:
    """How many pictures lie in a folder and in all that are in it."""
    count = 0
    for _place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        count += sum(not _is_hidden(name) and Path(name).suffix.lower() in SUFFIXES for name in files)
    return count


def _few(names: Iterable[str]) -> str:
    """The first names, each cut short."""
    all_names = [shown(name)[:40] for name in names]
    return ", ".join(all_names[:MOST_NAMED] + ["…"] * (len(all_names) > MOST_NAMED))


def shown(name: object) -> str:
    """As text for people: file systems allow names that are no valid text."""
    return str(name).encode(errors="replace").decode()


# One picture


def read_picture(path: Path, size: int, channels: int) -> np.ndarray:
    """The picture as a viewer shows it, on white where it is transparent, its middle cut to a square.

    Returns uint8 [channels, size, size]. Of a file with several pictures, it is the first.

    Raises WorkbenchError if the file cannot be read, is damaged, or does not define which of its values is white.
    """
    try:
        with Image.open(path, formats=list(FORMATS)) as image:
            upright = _upright_on_white(image, path).convert("L" if channels == 1 else "RGB")
            pixels = np.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.LANCZOS))
    except WorkbenchError:
        raise
    except UnidentifiedImageError as error:
        raise WorkbenchError(
            "{picture} holds no picture of a format that is read; mend it or take it away.", picture=shown(path)
        ) from error
    except Exception as error:  # a decoder of unknown bytes may raise anything
        if isinstance(error, OSError) and error.errno:
            raise not_read(shown(path), error) from error
        reason = shown(error).partition("\n")[0][:200] or type(error).__name__
        raise WorkbenchError(
            "{picture} is not a whole picture ({error}); mend it or take it away.", picture=shown(path), error=reason
        ) from error
    return pixels.reshape(size, size, channels).transpose(2, 0, 1)


def _upright_on_white(image: ImageFile, path: Path) -> Image.Image:
    _scale_transparent_value(image)
    turn = None
    if image.format == "TIFF":
        turn = _turn(image)  # now: once its pixels are loaded, its file is closed
        # An empty one: loading a TIFF would read EXIF too, and stumble over an odd one.
        image.getexif = Image.Exif  # type: ignore[method-assign]  # of this picture alone
    image.load()
    if image.format != "TIFF":
        turn = _turn(image)
    seen = _on_white(_in_8_bits(image, path))
    return seen if turn is None else seen.transpose(turn)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What turns the picture upright, by its EXIF; None if it is missing or damaged: the picture may still be sound."""
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow's parser raises whatever comes
        return None


def _scale_transparent_value(image: ImageFile) -> None:
    """Pillow scales the pixels of a PNG to 8 bits, but not the value that is transparent in it."""
    value = image.info.get("transparency")
    if image.format != "PNG" or value is None:
        return
    stored_as = image.tile[0][3]
    if stored_as in ("L;2", "L;4"):
        highest = 3 if stored_as == "L;2" else 15
        image.info["transparency"] = value * 255 // highest if value <= highest else value
    elif stored_as == "RGB;16B" and max(value) > 255:
        image.info["transparency"] = tuple(part >> 8 for part in value)


def _in_8_bits(image: Image.Image, path: Path) -> Image.Image:
    """The picture with at most 8 bits for a value, as viewers scale it: 0 is black, the highest value white."""
    if not image.mode.startswith(("I", "F")):
        return image
    white = _white(image)
    values = np.asarray(image).astype(np.float32)
    if white is None or not (values.min() >= 0 and values.max() <= white):
        raise WorkbenchError(
            "{picture} does not say which of its values is white; save it with 8 or 16 bits (integers), or from "
            "0 (black) to 1 (white) as fractions.",
            picture=shown(path),
        )
    if _photometric(image) == WHITE_IS_ZERO:
        values = white - values
    grey = np.rint(values / white * 255).astype(np.uint8)
    transparent = image.info.get("transparency")
    if transparent is not None:
        grey[np.asarray(image) == transparent] = 255
    return Image.fromarray(grey)


def _white(image: Image.Image) -> float | None:
    """The value of white in a picture of more than 8 bits; None if it is not defined."""
    if image.mode == "F":
        return 1.0
    if image.mode.startswith("I;16"):
        bits = image.tag_v2.get(ExifTags.Base.BitsPerSample, (16,))[0] if isinstance(image, TiffImageFile) else 16
        return 2.0**bits - 1
    return 65535.0 if image.format in ("PNG", "PPM") else None  # Pillow may hold 16 bits in 32


def _photometric(image: Image.Image) -> int | None:
    return image.tag_v2.get(ExifTags.Base.PhotometricInterpretation) if isinstance(image, TiffImageFile) else None


def _on_white(image: Image.Image) -> Image.Image:
    """In red, green and blue; what is transparent lies on white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    if image.mode == "La":
        image = image.convert("LA")  # there is no way from here to RGBA at once
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
