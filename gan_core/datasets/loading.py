"""A name -> one uint8 tensor of images and one of labels. Small pictures fit on the device whole, so no DataLoader."""

import gzip
import pickle
import struct
import tarfile
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_core import paths
from gan_core.checkpoint import write_aside
from gan_core.config import ImageSpec, RunConfig
from gan_core.datasets.downloads import TextProgress, fetch, matches
from gan_core.datasets.folders import list_pictures, read_picture, shown
from gan_core.datasets.table import DATASETS, FOLDER, Channels, Size, has_test_set
from gan_core.disk import not_read, not_written
from gan_core.errors import WorkbenchError
from gan_core.seeds import stream
from gan_core.text import Text

if TYPE_CHECKING:
    # Imported where it is needed: it takes as long as all else here, and the digits need none of it.
    from torchvision.datasets import VisionDataset

BROKEN_CONTENT = (RuntimeError, ValueError, AssertionError, EOFError, OSError, TypeError, LookupError)
BROKEN_ARCHIVE = (struct.error, zlib.error, tarfile.TarError, pickle.UnpicklingError)
"""What torchvision raises for damaged files. Not every Exception: a run may be stopped here, which raises one too."""
Kind = type[Any]
"""A dataset as torchvision knows it: a class of its own, MNIST, CIFAR10 or a subclass of these."""
DIGITS_FILE = paths.PACKAGE_DATA / "digits.npz"


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
                random = torch.Generator().manual_seed(stream(seed, "batches", epoch))
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


def load_dataset(
    config: RunConfig,
    data_dir: Path,
    on_progress: TextProgress = lambda line: None,
    *,
    train: bool = True,
    download: bool = True,
) -> Dataset:
    """The dataset that the config names, on the CPU.

    Args:
        data_dir: where the named datasets lie or are downloaded to.
        on_progress: called with how far a download or the reading of a folder has come.
        train: the training pictures; otherwise the test ones, which not every dataset has (`table.has_test_set`).
        download: whether a dataset that is not there is downloaded; otherwise that raises WorkbenchError.

    Raises WorkbenchError if it cannot be found, read or downloaded, or has fewer images than a batch.
    """
    if not (train or has_test_set(config.dataset)):
        raise WorkbenchError(
            "{dataset} has no test pictures; choose one of {names}.",
            dataset=config.dataset,
            names=", ".join(filter(has_test_set, DATASETS)),
        )
    if config.dataset.startswith(FOLDER):
        dataset = _folder(config.dataset, config.image_size, config.channels, on_progress)
    elif DATASETS[config.dataset].torchvision:
        dataset = _torchvision(config.dataset, paths.expand(data_dir), on_progress, train, download)
    else:
        dataset = _digits(config.dataset)
    if len(dataset.images) < config.batch_size:
        raise WorkbenchError(
            "Pictures in {dataset}: {count}, fewer than a batch of {batch_size}; "
            "add pictures or choose a smaller batch size.",
            dataset=config.dataset,
            count=len(dataset.images),
            batch_size=config.batch_size,
        )
    return dataset


def pictures_here(config: RunConfig, data_dir: Path) -> Dataset:
    """The training pictures to look at, as far as they are on this machine. Of MNIST some always are: the digits.

    Raises WorkbenchError as `load_dataset`, and if there are none.
    """
    try:
        return load_dataset(config, data_dir, download=False)
    except WorkbenchError:
        if config.dataset != "mnist":
            raise
        return _digits("digits")


def _digits(name: str) -> Dataset:
    with np.load(DIGITS_FILE, allow_pickle=False) as stored:
        images, labels = torch.from_numpy(stored["images"]), torch.from_numpy(stored["labels"])
    classes = len(DATASETS[name].classes)
    of_each = DATASETS[name].images // classes
    chosen = torch.cat([(labels == label).nonzero().flatten()[:of_each] for label in range(classes)]).sort().values
    return Dataset(images[chosen].unsqueeze(1), labels[chosen].long(), ImageSpec.named(name))


# The named datasets, through torchvision


def _torchvision(name: str, data_dir: Path, on_progress: TextProgress, train: bool, download: bool) -> Dataset:
    from torchvision import datasets

    kind = getattr(datasets, DATASETS[name].torchvision)
    on_progress(Text("Reading {dataset}", {"dataset": name}))
    try:
        stored = _read(kind, data_dir, train)
        if stored is None and not download:
            raise WorkbenchError(
                "The pictures of {dataset} are not on this machine yet; a training or an evaluation brings them.",
                dataset=name,
            )
        if stored is None:
            _download(kind, name, data_dir, on_progress)
            on_progress(Text("Unpacking {dataset}", {"dataset": name}))
            _unpack(kind, data_dir)
            stored = kind(data_dir, train, download=True)  # finds what is in place
    except (*BROKEN_CONTENT, *BROKEN_ARCHIVE) as error:
        if isinstance(error, OSError) and error.errno:  # without a number it is a decoder's: no gzip file, for one
            raise not_written(error.filename or data_dir, error) from error
        raise WorkbenchError(
            "The files of {dataset} in {folder} are damaged ({error}); delete them and try again.",
            dataset=name,
            folder=_place(kind, data_dir),
            error=str(error) or type(error).__name__,
        ) from error
    images = torch.as_tensor(stored.data)
    images = images.unsqueeze(1) if images.dim() == 3 else images.permute(0, 3, 1, 2).contiguous()
    labels = torch.as_tensor(stored.targets).long()
    _check_fit(name, _place(kind, data_dir), images, labels)
    return Dataset(images, labels, ImageSpec.named(name))


def _check_fit(name: str, folder: Path, images: Tensor, labels: Tensor) -> None:
    """Raises WorkbenchError unless pictures [N, C, H, W] and labels [N] are some of that dataset's."""
    size, channels, classes = DATASETS[name].size, DATASETS[name].channels, len(DATASETS[name].classes)
    if len(images) != len(labels):
        problem = Text("pictures: {images:,}, labels: {labels:,}", {"images": len(images), "labels": len(labels)})
    elif images.shape[1:] != (channels, size, size):
        values = {"width": images.shape[3], "height": images.shape[2], "size": size}
        problem = Text("pictures of {width} × {height} pixels instead of {size} × {size}", values)
    elif len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        problem = Text(
            "a label {label}, but only {classes} classes", {"label": labels.max().item(), "classes": classes}
        )
    else:
        return
    raise WorkbenchError(
        "The files of {dataset} in {folder} do not fit ({problem}); delete them and try again.",
        dataset=name,
        folder=folder,
        problem=problem,
    )


def _read(kind: Kind, data_dir: Path, train: bool) -> "VisionDataset | None":
    """The dataset if it lies there unpacked, else None."""
    try:
        return kind(data_dir, train)
    except RuntimeError as error:
        if "download=True" in str(error):
            return None
        raise
    except OSError as error:
        if error.errno:
            raise not_read(error.filename or data_dir, error) from error
        raise


def _place(kind: Kind, data_dir: Path) -> Path:
    """Where torchvision keeps the dataset's files."""
    return data_dir if _is_of_cifar(kind) else data_dir / kind.__name__ / "raw"


def _is_of_cifar(kind: Kind) -> bool:
    """Whether it has CIFAR-10's one archive of pickles, not MNIST's four of plain bytes."""
    return hasattr(kind, "tgz_md5")


def _archives(kind: Kind, data_dir: Path) -> Iterator[tuple[list[str], Path, str]]:
    """Addresses, place and MD5 of each archive, as torchvision knows them."""
    if _is_of_cifar(kind):
        yield [kind.url], _place(kind, data_dir) / kind.filename, kind.tgz_md5
    else:
        for filename, md5 in kind.resources:
            addresses = [mirror + filename for mirror in kind.mirrors]
            yield addresses, _place(kind, data_dir) / filename, md5


def _download(kind: Kind, name: str, data_dir: Path, on_progress: TextProgress) -> None:
    """Fetch the archives that are missing. torchvision's own download shows its progress on a terminal only."""
    archives = list(_archives(kind, data_dir))
    try:
        for addresses, place, md5 in archives:
            if not matches(place, f"md5:{md5}"):
                fetch(addresses, place, f"md5:{md5}", on_progress)
    except PermissionError as error:  # not the network's, whose are wrapped in a URLError
        raise not_read(place, error) from error
    except OSError as error:  # URLError and time-outs are OSErrors
        reason = getattr(error, "reason", error)
        if place.exists():
            raise WorkbenchError(
                "{file} is damaged, and could not be downloaded anew ({reason}); put a whole one in its place.",
                file=place,
                reason=reason,
            ) from error
        files = ", ".join(place.name for _, place, _ in archives)
        raise WorkbenchError(
            "{dataset} could not be downloaded ({reason}); without internet, put {files} into {folder} yourself, "
            "or choose the dataset digits, which needs no download.",
            dataset=name,
            reason=reason,
            files=files,
            folder=_place(kind, data_dir),
        ) from error


def _unpack(kind: Kind, data_dir: Path) -> None:
    """Each file whole or not at all: torchvision would take half a file for MNIST's. CIFAR-10's it unpacks and checks.

    Raises WorkbenchError if a file cannot be written.
    """
    if not _is_of_cifar(kind):
        for _, archive, _ in _archives(kind, data_dir):
            write_aside(archive.with_suffix(""), gzip.decompress(archive.read_bytes()))


# Pictures of one's own


def _folder(name: str, size: Size, channels: Channels, on_progress: TextProgress) -> Dataset:
    classes = list_pictures(name).classes
    files = [(path, label) for label, found in enumerate(classes.values()) for path in found]
    if not files:
        raise WorkbenchError(
            "There are no pictures in {folder}; put them there, or into a sub-folder for each class.",
            folder=shown(next(iter(classes))),
        )
    images = np.empty((len(files), channels, size, size), dtype=np.uint8)
    # Users can do nothing about Pillow's warnings, such as odd EXIF.
    with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor() as pool:
        for number, picture in enumerate(pool.map(lambda file: read_picture(file[0], size, channels), files)):
            images[number] = picture
            if number % 500 == 0:
                on_progress(Text("Reading pictures: {number:,} of {count:,}", {"number": number, "count": len(files)}))
    spec = ImageSpec(size=size, channels=channels, classes=tuple(shown(child.name)[:200] for child in classes))
    return Dataset(torch.from_numpy(images), torch.tensor([label for _, label in files]), spec)
