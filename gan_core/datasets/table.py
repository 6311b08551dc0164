"""The named datasets: what is known of each before any picture is read. To add one is to add an entry here.

Knows nothing of torch.
"""

from pathlib import Path
from typing import Literal, NamedTuple

Size = Literal[28, 32]
"""Width and height in pixels that networks are made for."""
Channels = Literal[1, 3]
"""Grey; or red, green and blue."""
FOLDER = "folder:"
"""Prefix of a dataset's name that means a folder of the user's own pictures; its path follows."""


class NamedDataset(NamedTuple):
    """A dataset that has a name.

    Args:
        title: what it is, for people; translated.
        images: how many training pictures it has.
        size: their width and height in pixels.
        channels: 1 for grey, 3 for red, green and blue.
        classes: their names, in the order of the labels.
        has_test_set: whether there are pictures besides that are not for training.
        classifier: the file in gan_core/data/classifiers of a classifier that knows its classes, without the ending;
            "" if there is none: then evaluations take Inception's features.
        licence: of the pictures, as the Hugging Face Hub writes it.
        hub: the dataset's name there.
        torchvision: the class of torchvision.datasets that downloads it, MNIST, CIFAR10 or a subclass of these; "" if
            it is part of this program.
    """

    title: str
    images: int
    size: Size
    channels: Channels
    classes: tuple[str, ...]
    has_test_set: bool
    classifier: str
    torchvision: str
    licence: str = "unknown"
    hub: str = ""


_DIGITS = tuple("0123456789")
_CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_SHIPPED = NamedDataset(
    title="5,000 MNIST digits, part of this program",
    images=5_000,
    size=28,
    channels=1,
    classes=_DIGITS,
    has_test_set=False,
    classifier="mnist",
    torchvision="",
    licence="cc-by-sa-3.0",
    hub="ylecun/mnist",
)

DATASETS = {
    "digits": _SHIPPED,
    "few-digits": _SHIPPED._replace(title="20 of those digits, to see what too few pictures do", images=20),
    "mnist": NamedDataset(
        title="MNIST: 60,000 handwritten digits",
        images=60_000,
        size=28,
        channels=1,
        classes=_DIGITS,
        has_test_set=True,
        classifier="mnist",
        torchvision="MNIST",
        licence="cc-by-sa-3.0",
        hub="ylecun/mnist",
    ),
    "fashion-mnist": NamedDataset(
        title="Fashion-MNIST: 60,000 pieces of clothing",
        images=60_000,
        size=28,
        channels=1,
        classes=_CLOTHES,
        has_test_set=True,
        classifier="fashion-mnist",
        torchvision="FashionMNIST",
        licence="mit",
        hub="zalando-datasets/fashion_mnist",
    ),
    "cifar10": NamedDataset(
        title="CIFAR-10: 50,000 colour pictures in ten classes",
        images=50_000,
        size=32,
        channels=3,
        classes=_THINGS,
        has_test_set=True,
        classifier="cifar10",
        torchvision="CIFAR10",
        hub="uoft-cs/cifar10",
    ),
}


def has_test_set(dataset: str) -> bool:
    """Whether the dataset comes with pictures that are not for training; a folder does not."""
    return dataset in DATASETS and DATASETS[dataset].has_test_set


def dataset_name(dataset: str) -> str:
    """The dataset for people to read; of a folder its own name, not where it lies."""
    if not dataset.startswith(FOLDER):
        return dataset
    return Path(dataset.removeprefix(FOLDER)).name or dataset
