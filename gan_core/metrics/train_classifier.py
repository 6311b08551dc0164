"""Trains the classifier of a named dataset and writes the file that is shipped.

python -m gan_core.metrics.train_classifier mnist --data-dir data

One-cycle SGD with Nesterov momentum, label smoothing and light augmentation; the last digits of a training depend on
machine and number of threads, on nothing else. Prints the accuracy of the written file on the test pictures.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from gan_core import paths
from gan_core.config import make_config
from gan_core.datasets.loading import Dataset, load_dataset, normalise
from gan_core.datasets.table import DATASETS, FOLDER, has_test_set
from gan_core.errors import WorkbenchError
from gan_core.metrics.classifier import Classifier, load, save, shipped_file

SEED = 1
BATCH_SIZE = 128
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


class Recipe(NamedTuple):
    """What differs from dataset to dataset; the defaults are for datasets without a recipe of their own.

    Args:
        widths: feature maps of each stage.
        epochs: times that each training picture is shown.
        degrees, zoom, shift: the most that a picture is turned, scaled (as a share), moved (in pixels).
        flip: whether half of the pictures are mirrored.
        small: the share of the training, at its start, that sees pictures of three quarters of their width and height;
            it costs little more than half.
    """

    widths: tuple[int, ...] = (32, 128, 128)
    epochs: float = 12
    learning_rate: float = 0.2
    label_smoothing: float = 0.1
    degrees: float = 0
    zoom: float = 0
    shift: int = 0
    flip: bool = False
    small: float = 0


RECIPES = {
    "mnist": Recipe((16, 64, 64), epochs=6, degrees=10, zoom=0.1, shift=2),
    "fashion-mnist": Recipe((24, 96, 64), epochs=12, shift=1, flip=True, small=0.5),
    "cifar10": Recipe(epochs=16, shift=2, flip=True, small=0.6),
}


def augment(images: Tensor, recipe: Recipe, side: int) -> Tensor:
    """Each of the images [N, C, S, S] randomly turned, scaled, moved and mirrored, as [N, C, side, side]."""
    count, channels, size, _ = images.shape
    angles = (torch.rand(count) * 2 - 1) * recipe.degrees * torch.pi / 180
    scales = 1 + (torch.rand(count) * 2 - 1) * recipe.zoom
    signs = torch.randint(0, 2, (count,)) * 2 - 1 if recipe.flip else torch.ones(count)
    # In the coordinates of affine_grid a picture is 2 wide.
    moves = torch.randint(-recipe.shift, recipe.shift + 1, (count, 2)) * 2 / size
    cosines, sines = scales * angles.cos(), scales * angles.sin()
    rows = [
        torch.stack([cosines * signs, -sines, moves[:, 0]], 1),
        torch.stack([sines * signs, cosines, moves[:, 1]], 1),
    ]
    grid = affine_grid(torch.stack(rows, 1), [count, channels, side, side], align_corners=False)
    return grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def train(dataset: Dataset, recipe: Recipe) -> Classifier:
    """A trained classifier, in evaluation mode. Sets torch's global seed."""
    torch.manual_seed(SEED)
    classifier = Classifier(dataset.spec.channels, len(dataset.spec.classes), recipe.widths)
    classifier.whiten(normalise(dataset.images[:: max(1, len(dataset.images) // 2000)]))
    learnt = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(
        learnt, recipe.learning_rate, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True
    )
    steps = max(1, int(recipe.epochs * len(dataset.images) / BATCH_SIZE))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / (0.2 * steps), (steps - step) / (0.8 * steps))
    )
    start = time.monotonic()
    for step, (images, labels) in zip(range(1, steps + 1), dataset.batches(BATCH_SIZE, SEED), strict=False):
        size = dataset.spec.size
        side = size * 3 // 4 if step <= recipe.small * steps else size
        logits, _ = classifier(augment(images, recipe, side))
        loss = cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps:
            print(f"step {step:,} of {steps:,}, loss {loss.item():.3f}, {time.monotonic() - start:.0f} s", flush=True)
    return classifier.eval()


@torch.no_grad()
def accuracy(classifier: Classifier, dataset: Dataset) -> float:
    """The share of the pictures whose class it sees."""
    right = 0
    for images, labels in zip(dataset.images.split(500), dataset.labels.split(500), strict=True):
        right += int((classifier(normalise(images))[0].argmax(1) == labels).sum())
    return right / len(dataset.labels)


def _load(name: str, data_dir: Path, folder: Path | None, train: bool) -> Dataset:
    """The dataset, from a folder of pictures with a sub-folder a class if one is given."""
    if folder is None:
        return load_dataset(make_config(dataset=name, batch_size=BATCH_SIZE), data_dir, train=train)
    config = make_config(
        dataset=f"{FOLDER}{folder}",
        image_size=DATASETS[name].size,
        channels=DATASETS[name].channels,
        batch_size=BATCH_SIZE,
    )
    return load_dataset(config, data_dir)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line. Raises WorkbenchError if the data cannot be had or the file not be written."""
    parser = argparse.ArgumentParser(prog="python -m gan_core.metrics.train_classifier", description=__doc__)
    parser.add_argument("dataset", choices=list(filter(has_test_set, DATASETS)))
    parser.add_argument("--data-dir", type=Path, default=paths.data(), help="where the datasets lie")
    parser.add_argument("--train-folder", type=Path, help="training pictures, a sub-folder a class in sorted order")
    parser.add_argument("--test-folder", type=Path, help="test pictures, likewise")
    parser.add_argument("--epochs", type=float, help="times that each picture is shown")
    parser.add_argument("--to", type=Path, help="the file to write, in place of the shipped one")
    asked = parser.parse_args(arguments)
    recipe = RECIPES.get(asked.dataset, Recipe())
    recipe = recipe._replace(epochs=asked.epochs or recipe.epochs)
    path = asked.to or shipped_file(asked.dataset)
    test = _load(asked.dataset, asked.data_dir, asked.test_folder, train=False)
    classifier = train(_load(asked.dataset, asked.data_dir, asked.train_folder, train=True), recipe)
    save(classifier, path, {"dataset": asked.dataset})
    print(f"{path}: {accuracy(load(path), test):.2%} of {len(test.labels):,} test pictures right")


if __name__ == "__main__":
    try:
        main()
    except WorkbenchError as error:
        sys.exit(str(error))
