"""A name -> one uint8 tensor of images and one of labels. Small pictures fit on the device whole, so no DataLoader."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torchvision import datasets as torchvision_datasets

from gan_core.config import FOLDER, MOST_CLASSES, ImageSpec, RunConfig
from gan_core.downloads import Say, fetch, matches
from gan_core.errors import WorkbenchError
from gan_core.text import Text

DIGITS_FILE = Path(__file__).parent / "data" / "digits.npz"


class Dataset(NamedTuple):
    """Images uint8 [N, C, H, W] in 0..255, labels int64 [N], and what networks must know of them."""

    images: Tensor
    labels: Tensor
    spec: ImageSpec

    def to(self, device: torch.device) -> "Dataset":
        return Dataset(self.images.to(device), self.labels.to(device), self.spec)

    def batches(
        self, batch_size: int, seed: int, first: int = 0, mirror: bool = False
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Endless batches of normalised images and labels, in a new order each epoch, from batch number `first` on.

        An epoch's order, and which images are mirrored in it, depend on seed and epoch alone, so a resumed run finds
        its place by counting.
        """
        an_epoch = len(self.images) // batch_size
        epoch = None
        for number in count(first):
            if number // an_epoch != epoch:
                epoch = number // an_epoch
                random = torch.Generator().manual_seed(seed + epoch)
                order = torch.randperm(len(self.images), generator=random).to(self.images.device)
                mirrored = torch.rand(len(self.images), generator=random).to(self.images.device) < 0.5
            start = number % an_epoch * batch_size
            chosen = order[start : start + batch_size]
            images = normalise(self.images[chosen])
            if mirror:
                images = torch.where(mirrored[chosen].view(-1, 1, 1, 1), images.flip(3), images)
            yield images, self.labels[chosen]


def normalise(images: Tensor) -> Tensor:
    """uint8 in 0..255 -> float32 in [-1, 1], the range of the generator's tanh."""
    return images.float() / 127.5 - 1


def load_dataset(config: RunConfig, data_dir: Path, say: Say = lambda line: None, *, train: bool = True) -> Dataset:
    """The dataset that the config names, on the CPU.

    Args:
        data_dir: where the named datasets lie or are downloaded to.
        say: told how far a download or the reading of a folder has come.
        train: the training pictures; otherwise the test ones, which `digits` and folders do not have.

    Raises WorkbenchError if it cannot be found, read or downloaded, or has fewer images than a batch.
    """
    if not (train or has_test_pictures(config.dataset)):
        raise WorkbenchError(
            "{dataset} has no test pictures; choose mnist, fashion-mnist or cifar10.", dataset=config.dataset
        )
    if config.dataset == "digits":
        dataset = _digits()
    elif config.dataset.startswith(FOLDER):
        dataset = _folder(config.dataset.removeprefix(FOLDER).strip(), config.image_size, config.channels, say)
    else:
        dataset = _torchvision(config.dataset, data_dir, say, train)
    if len(dataset.images) < config.batch_size:
        raise WorkbenchError(
            "{dataset} has only {count} pictures, fewer than a batch of {batch_size}; "
            "add pictures or choose a smaller batch size.",
            dataset=config.dataset,
            count=len(dataset.images),
            batch_size=config.batch_size,
        )
    return dataset


def has_test_pictures(name: str) -> bool:
    """Whether the dataset of that name comes with pictures that are not for training."""
    return name != "digits" and not name.startswith(FOLDER)


def _digits() -> Dataset:
    with np.load(DIGITS_FILE, allow_pickle=False) as stored:
        images, labels = torch.from_numpy(stored["images"]), torch.from_numpy(stored["labels"])
    spec = ImageSpec(size=28, channels=1, classes=tuple("0123456789"))
    return Dataset(images.unsqueeze(1), labels.long(), spec)


# The named datasets, through torchvision


def _torchvision(name: str, data_dir: Path, say: Say, train: bool) -> Dataset:
    kind = {
        "mnist": torchvision_datasets.MNIST,
        "fashion-mnist": torchvision_datasets.FashionMNIST,
        "cifar10": torchvision_datasets.CIFAR10,
    }[name]
    say(Text("Reading {dataset}", {"dataset": name}))
    try:
        stored = _read(kind, data_dir, train)
        if stored is None:
            _download(kind, name, data_dir, say)
            stored = kind(data_dir, train, download=True)  # finds the archives in place and only unpacks them
    except (RuntimeError, ValueError, AssertionError, EOFError, OSError) as error:
        raise WorkbenchError(
            "The files of {dataset} in {folder} are damaged ({error}); delete them and try again.",
            dataset=name,
            folder=data_dir,
            error=error,
        ) from error
    images = torch.as_tensor(stored.data)
    images = images.unsqueeze(1) if images.dim() == 3 else images.permute(0, 3, 1, 2).contiguous()
    classes = tuple("0123456789") if name == "mnist" else tuple(stored.classes)
    spec = ImageSpec(size=images.shape[-1], channels=images.shape[1], classes=classes)
    return Dataset(images, torch.as_tensor(stored.targets).long(), spec)


def _read(kind: type, data_dir: Path, train: bool) -> "torchvision_datasets.VisionDataset | None":
    """The dataset if it lies there unpacked, else None."""
    try:
        return kind(data_dir, train)
    except RuntimeError as error:
        if "download=True" in str(error):
            return None
        raise


def _archives(kind: type, data_dir: Path) -> Iterator[tuple[list[str], Path, str]]:
    """Addresses, place and MD5 of each archive, as torchvision knows them."""
    if kind is torchvision_datasets.CIFAR10:
        yield [kind.url], data_dir / kind.filename, kind.tgz_md5
    else:
        for filename, md5 in kind.resources:
            addresses = [mirror + filename for mirror in kind.mirrors]
            yield addresses, data_dir / kind.__name__ / "raw" / filename, md5


def _download(kind: type, name: str, data_dir: Path, say: Say) -> None:
    """Fetch the archives that are missing. torchvision's own download shows its progress on a terminal only."""
    archives = list(_archives(kind, data_dir))
    try:
        for addresses, place, md5 in archives:
            if not matches(place, f"md5:{md5}"):
                fetch(addresses, place, f"md5:{md5}", say)
    except OSError as error:  # URLError and time-outs are OSErrors
        files = ", ".join(place.name for _, place, _ in archives)
        reason = getattr(error, "reason", error)
        raise WorkbenchError(
            "{dataset} could not be downloaded ({reason}); without internet, put {files} into {folder} yourself, "
            "or choose the dataset digits, which needs no download.",
            dataset=name,
            reason=reason,
            files=files,
            folder=archives[0][1].parent,
        ) from error


# Pictures of one's own


def _folder(name: str, size: int, channels: int, say: Say) -> Dataset:
    try:
        folder = Path(name).expanduser()
        classes = folder_classes(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: the ~ of someone who does not exist
        raise WorkbenchError(
            "The folder {folder} cannot be read ({error}); check its name and rights.", folder=name, error=error
        ) from error
    files = [(path, label) for label, found in enumerate(classes.values()) for path in found]
    if not files:
        raise WorkbenchError(
            "There are no pictures in {folder}; put them there, or into a sub-folder for each class.", folder=folder
        )
    images = np.empty((len(files), channels, size, size), dtype=np.uint8)
    with ThreadPoolExecutor() as pool:
        for number, picture in enumerate(pool.map(lambda file: _picture(file[0], size, channels), files)):
            images[number] = picture
            if number % 500 == 0:
                say(Text("Reading pictures: {number:,} of {count:,}", {"number": number, "count": len(files)}))
    # File systems allow names that are no valid text.
    names = tuple(child.name.encode(errors="replace").decode()[:200] for child in classes)
    spec = ImageSpec(size=size, channels=channels, classes=names)
    return Dataset(torch.from_numpy(images), torch.tensor([label for _, label in files]), spec)


def folder_classes(folder: Path) -> dict[Path, list[Path]]:
    """The classes of a folder of pictures, in the order of their labels: each class's folder, and its pictures' files.

    Every sub-folder that has pictures is a class; if there is none, the folder itself is the only one, perhaps without
    any picture. Only names are looked at, no file is opened.

    Raises WorkbenchError if there is no such folder or it has more than MOST_CLASSES classes, OSError if one cannot be
    read.
    """
    if not folder.is_dir():
        raise WorkbenchError("There is no folder {folder}; check its name behind folder:.", folder=folder)
    sub_folders = {child: _pictures(child) for child in sorted(folder.iterdir()) if child.is_dir()}
    classes = {child: found for child, found in sub_folders.items() if found} or {folder: _pictures(folder)}
    if len(classes) > MOST_CLASSES:
        raise WorkbenchError(
            "{folder} has {count} sub-folders, more classes than {most}; merge some.",
            folder=folder,
            count=len(classes),
            most=MOST_CLASSES,
        )
    return classes


def _pictures(folder: Path) -> list[Path]:
    if folder.name.startswith("."):
        return []
    known = Image.registered_extensions()
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in known and path.is_file()]


def _picture(path: Path, size: int, channels: int) -> np.ndarray:
    """The picture, its middle cut to a square: uint8 [channels, size, size]."""
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
            pixels = np.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.LANCZOS))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WorkbenchError(
            "{picture} is not a whole picture ({error}); mend it or take it away.", picture=path, error=error
        ) from error
    return pixels.reshape(size, size, channels).transpose(2, 0, 1)
