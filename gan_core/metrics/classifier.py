"""A small network that classifies a dataset's pictures, and the shipped weights of those that have been trained.

It has two uses: its logits show whether a generated picture has the class that was asked for, and its last layer's
inputs are the features in which pictures are compared. `train_classifier.py` made the weights.
"""

import functools
import hashlib
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import safetensors
import torch
from torch import Tensor, nn

from gan_core import checkpoint, paths
from gan_core.datasets.table import DATASETS

CLASSIFIERS = paths.PACKAGE_DATA / "classifiers"


class Classifier(nn.Module):
    """Images [N, channels, S, S] in [-1, 1] -> logits [N, classes] and features [N, widths[-1]].

    The plain stages of a fast CIFAR-10 network (Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU"),
    narrower: fixed filters that whiten the smallest patches, then per width a convolution, pooling, and a second
    convolution. The features are the last stage's feature maps, each averaged over the picture: never negative.
    """

    def __init__(self, channels: int, classes: int, widths: tuple[int, ...]):
        super().__init__()
        self.architecture = {"channels": channels, "classes": classes, "widths": widths}
        patch = 2 if channels > 1 else 3
        filters = 2 * channels * patch**2
        self.whitening = nn.Conv2d(channels, filters, patch, bias=False).requires_grad_(False)
        layers: list[nn.Module] = [nn.ReLU()]
        for before, after in pairwise([filters, *widths]):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.MaxPool2d(2)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
            layers += [nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1], classes)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.layers(self.whitening(images.contiguous(memory_format=torch.channels_last)))
        features = maps.mean(dim=(2, 3))
        return self.head(features), features

    @torch.no_grad()
    def whiten(self, images: Tensor) -> None:
        """Set the first layer's filters, and their negatives, to the whitening of these images' patches.

        A patch is projected on each eigenvector of the patches' covariance and divided by that direction's deviation
        (Page 2019, "How to train your ResNet 8: Bag of Tricks"); after the ReLU both signs are needed.
        """
        patch = self.whitening.kernel_size[0]
        patches = images.unfold(2, patch, 1).unfold(3, patch, 1).transpose(1, 3).flatten(3).flatten(0, 2)
        variances, directions = torch.linalg.eigh(patches.double().T.cov())
        filters = (directions / (variances + 1e-3).sqrt()).T.reshape(-1, *self.whitening.weight.shape[1:])
        self.whitening.weight.copy_(torch.cat([filters, -filters]))


def save(classifier: Classifier, path: Path, notes: dict[str, str]) -> None:
    """Write its weights, in half precision except small tensors, and what is needed to load them, with `notes`.

    Raises WorkbenchError if the file cannot be written.
    """
    weights = classifier.state_dict()
    halved = {name: tensor.half() if tensor.dim() > 1 else tensor for name, tensor in weights.items()}
    checkpoint.write_tensors(path, halved, {"network": json.dumps(classifier.architecture), **notes})


def load(path: Path) -> Classifier:
    """The classifier of that file: on the CPU, for evaluation, without gradients."""
    with safetensors.safe_open(path, framework="pt") as file:
        architecture = json.loads(file.metadata()["network"])
    with torch.random.fork_rng(devices=[]):  # weights are drawn at first; a run in training must not notice
        classifier = Classifier(**architecture)
    weights = checkpoint.read_tensors(path)
    # The shipped files hold the head's weights by an older name.
    weights = {name.replace("verdict.", "head."): tensor for name, tensor in weights.items()}
    classifier.load_state_dict(weights)
    return classifier.eval().requires_grad_(False)


def shipped_file(name: str) -> Path:
    """The file of a classifier that the table of datasets names."""
    return CLASSIFIERS / f"{name}{paths.MODEL_SUFFIX}"


def _shipped(dataset: str) -> Path | None:
    """The file for the dataset, None if there is none."""
    named = DATASETS.get(dataset)
    return shipped_file(named.classifier) if named and named.classifier else None


@functools.cache
def load_classifier(dataset: str) -> Classifier | None:
    """The shipped classifier of a dataset, or None where the table of datasets names none.

    All callers share it: copy it before moving it to another device.
    """
    path = _shipped(dataset)
    return load(path) if path else None


@functools.cache
def classifier_digest(dataset: str) -> str:
    """SHA-256 of the classifier's file in hexadecimal, so that results can be kept by it; empty where there is none."""
    path = _shipped(dataset)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""


def seen_of(dataset: str, channels: int) -> Callable[[Tensor], Tensor]:
    """From images [N, channels, S, S] in [-1, 1] to what they are compared by, [N, D]: the features of the dataset's
    classifier, or the pixels where there is none for such images.
    """
    classifier = load_classifier(dataset)
    if classifier is None or classifier.architecture["channels"] != channels:
        return lambda images: images.flatten(1)
    return lambda images: classifier(images)[1]
