"""The figures of lessons 7 and 8: `python -m bench.lessons`, `python -m bench.lessons failures`.

Takes half of the digits that are part of this program for what a model has drawn, spoils them in several ways, and
compares them with the other half. Beside them the shipped models. Writes the scores and the pictures into
pages/parts/learn/lessons/spoiled/, from where the lesson takes them.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageFilter

from gan_core import paths, pictures
from gan_core.datasets.loading import load_dataset
from gan_core.metrics import formulas
from gan_core.metrics.features import classifier_of, extract
from gan_core.metrics.scorecard import draw_evenly
from gan_core.presets import preset_config
from gan_core.sampling import load_model
from pages.parts.learn.lessons.what_goes_wrong import FAILURES

FOLDER = paths.PROJECT / "pages" / "parts" / "learn" / "lessons" / "spoiled"
SHOWN = 20
BLUR_PIXELS = 1.0
NOISE = 60
"""Deviation of the noise, where a pixel is from 0 to 255."""


class Half(NamedTuple):
    """Pictures uint8 [N, 28, 28, 1] and their classes [N]."""

    images: np.ndarray
    labels: np.ndarray


def halves() -> tuple[Half, Half]:
    """The digits in two halves at random: what stands for drawn pictures, and what they are compared with."""
    with np.load(paths.PACKAGE_DATA / "digits.npz", allow_pickle=False) as digits:
        images, labels = digits["images"].reshape(-1, 28, 28, 1), digits["labels"]
    order = np.random.default_rng(0).permutation(len(images))
    first, second = np.array_split(order, 2)
    return Half(images[first], labels[first]), Half(images[second], labels[second])


def blurred(half: Half) -> np.ndarray:
    blur = ImageFilter.GaussianBlur(BLUR_PIXELS)
    return np.stack([np.asarray(Image.fromarray(image[..., 0]).filter(blur)) for image in half.images])[..., None]


def noisy(half: Half) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, NOISE, half.images.shape)
    return np.clip(half.images + noise, 0, 255).astype(np.uint8)


def one_of_each(half: Half) -> np.ndarray:
    """One picture a class, again and again: as after mode collapse within each class."""
    first = [half.images[half.labels == label][0] for label in range(10)]
    return np.stack([first[number % 10] for number in range(len(half.images))])


def drawn_by(name: str, count: int) -> np.ndarray:
    model = load_model(name, device=torch.device("cpu"))
    return draw_evenly(model.generator, model.metadata.config, model.metadata.spec, count, seed=0)[0]


def conditions(drawn: Half, real: Half) -> Iterator[tuple[str, np.ndarray]]:
    """By name, what is compared with the real half."""
    yield "real", drawn.images
    yield "few", drawn.images[:100]
    yield "blurred", blurred(drawn)
    yield "noisy", noisy(drawn)
    yield "half-the-classes", drawn.images[drawn.labels < 5]
    yield "one-of-each", one_of_each(drawn)
    yield "copied", real.images
    yield "mnist-cdcgan", drawn_by("mnist-cdcgan", len(drawn.images))
    yield "mnist-gan", drawn_by("mnist-gan", len(drawn.images))


def scores(
    images: np.ndarray, real: Half, seen_by: Callable[[np.ndarray], tuple[torch.Tensor, torch.Tensor]]
) -> dict[str, float]:
    features, logits = seen_by(images)
    of_real, _logits = seen_by(real.images)
    precision, recall = formulas.precision_recall(features, of_real)
    return {
        "fid": formulas.fid(formulas.gaussian(features), formulas.gaussian(of_real)),
        "inception_score": formulas.inception_score(logits, seed=0),
        "precision": precision,
        "recall": recall,
        "class_coverage": formulas.class_coverage(logits.argmax(dim=1), 10),
    }


def few_digits() -> None:
    """The pictures of the dataset few-digits, as lesson 8 shows them."""
    config = preset_config("gan-pytorch").model_copy(update={"dataset": "few-digits", "batch_size": 20})
    images = load_dataset(config, paths.data()).images.permute(0, 2, 3, 1).numpy()
    (FOLDER / "few-digits.webp").write_bytes(pictures.webp(pictures.grid(images, SHOWN // 2)))


def failures() -> None:
    """Lesson 8: what the diagnosis says of each failing run, and of the same when it is mended."""
    import gan_core
    from gan_core.monitor.diagnosis import diagnose
    from gan_core.store.runs import default_store

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = folder
        for name, failure in FAILURES.items():
            for what, changes in (("fails", {}), ("mended", failure.cure)):
                settings: dict[str, Any] = {"dataset": "digits", "minutes": None} | failure.changes | changes
                run = gan_core.train(failure.preset, **settings)
                metrics = default_store().read_metrics(run.id)
                kind = diagnose(metrics, run.state).kind
                diversity = metrics["diversity"][-20:].mean()
                print(f"{name:12} {what:7} {kind:22} diversity {diversity:.2f} {run.seconds:.0f} s", flush=True)


def main() -> None:
    if sys.argv[1:] == ["failures"]:
        failures()
        return
    few_digits()
    extractor = classifier_of("digits")
    assert extractor is not None
    drawn, real = halves()
    FOLDER.mkdir(exist_ok=True)
    table = {}
    for name, images in conditions(drawn, real):
        table[name] = scores(images, real, lambda some: extract(some, extractor, torch.device("cpu")))
        shuffled = images[np.random.default_rng(2).permutation(len(images))[:SHOWN]]
        (FOLDER / f"{name}.webp").write_bytes(pictures.webp(pictures.grid(shuffled, SHOWN // 2)))
        print(f"{name:17}", *(f"{score} {value:.3f}" for score, value in table[name].items()))
    (FOLDER / "scores.json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
