"""CIFAR-10 from JPEG files, where nothing can be downloaded: `python -m bench.jpeg_cifar10 SOURCE DATA_DIR`.

SOURCE holds {train,test}/CLASS/*.jpg, as a folder or in a tar file. The pictures are written to DATA_DIR the way that
torchvision keeps them. They are not the original's to the last bit, so its checksums must be given up: `accept`.
"""

import io
import pickle
import sys
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from torchvision.datasets import CIFAR10

FILES = {"train": "data_batch_1", "test": "test_batch"}
NAMES = "batches.meta"


def found(source: Path) -> Iterator[tuple[str, str, bytes]]:
    """Of each picture: train or test, its class, and the file's bytes."""
    if source.is_dir():
        for path in sorted(source.glob("*/*/*.jpg")):
            yield path.parts[-3], path.parts[-2], path.read_bytes()
        return
    with tarfile.open(source) as archive:
        for member in archive:
            if member.name.endswith(".jpg"):
                half, name = PurePosixPath(member.name).parts[-3:-1]
                file = archive.extractfile(member)
                assert file is not None  # it is no folder
                yield half, name, file.read()


def pixels(content: bytes) -> np.ndarray:
    """uint8 [3072]: all red ones, all green ones, all blue ones."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1).reshape(-1)


def write(source: Path, data_dir: Path) -> None:
    folder = data_dir / CIFAR10.base_folder
    folder.mkdir(parents=True, exist_ok=True)
    halves, names, contents = zip(*found(source), strict=True)
    classes = sorted(set(names))
    with ThreadPoolExecutor() as pool:
        images = np.stack(list(pool.map(pixels, contents, chunksize=500)))
    labels = np.array([classes.index(name) for name in names])
    for half, file in FILES.items():
        chosen = np.array(halves) == half
        (folder / file).write_bytes(pickle.dumps({"data": images[chosen], "labels": labels[chosen].tolist()}))
        print(f"{half}: {chosen.sum():,} pictures of {len(classes)} classes", flush=True)
    (folder / NAMES).write_bytes(pickle.dumps({"label_names": classes}))


def accept() -> None:
    """From here on, torchvision takes these files for CIFAR-10 in this process."""
    CIFAR10.train_list = [[FILES["train"], None]]
    CIFAR10.test_list = [[FILES["test"], None]]
    CIFAR10.meta = {"filename": NAMES, "key": "label_names", "md5": None}


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
