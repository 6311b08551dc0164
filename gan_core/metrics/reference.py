"""What generated pictures are compared with: the real ones' features, computed once and kept in a file."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gan_core import checkpoint, files, paths
from gan_core.config import RunConfig
from gan_core.datasets.loading import Dataset, load_dataset
from gan_core.datasets.table import has_test_set
from gan_core.errors import WorkbenchError
from gan_core.metrics.features import Extractor, Features, choose_extractor, classifier_of, extract
from gan_core.metrics.formulas import Gaussian, gaussian
from gan_core.text import Text

VERSION = "1"
"""To be increased when the file's content changes, so that older files are not read."""
FEWEST = 20
"""Training pictures that a comparison needs at least."""
FEW = 5_000
"""Real pictures that a run which scores itself is compared with. All 60,000 of MNIST would make its FID lower by less
than 0.01."""
PIECE = 250
"""Real pictures whose features such a run computes at a time: a fraction of a second on any CPU."""
SHIPPED = paths.PACKAGE_DATA / "references"
"""Where the statistics lie that come with the program."""

ShareProgress = Callable[[float, Text], None]
"""Takes the share done, in 0..1, and a sentence. What it raises ends the work."""


class Comparison(NamedTuple):
    """What a few scores need of a dataset: networks as in Reference, and the Gaussian of real pictures' features."""

    extractor: Extractor
    classifier: Extractor | None
    statistics: Gaussian


class Unseen(NamedTuple):
    """The baseline's real pictures, in place of a perfect model's: the test ones, or else half of the training ones.

    Args:
        found: their features.
        labels, seen: their classes, and those that the classifier sees (-1 without one), int64 [N].
        against: the features of the training pictures that they are compared with.
    """

    kind: str  # "test" or "halves"
    found: Features
    labels: Tensor
    seen: Tensor
    against: Tensor


class Reference(NamedTuple):
    """A dataset as an extractor sees it.

    Args:
        key: names pictures, extractor and classifier; another one for any change in them.
        extractor: what made the features.
        classifier: the dataset's classifier, None if it has none.
        training: the pictures.
        features: theirs, float32 [N, D].
        statistics: of those.
    """

    key: str
    extractor: Extractor
    classifier: Extractor | None
    training: Dataset
    features: Tensor
    statistics: Gaussian
    unseen: Unseen


def make_reference(
    config: RunConfig,
    data_dir: Path,
    device: torch.device,
    features: str | None = None,
    weights_path: Path | None = None,
    on_progress: ShareProgress = lambda share, line: None,
    training: Dataset | None = None,
) -> Reference:
    """The reference for models of this config's dataset, from its file if it was made before.

    Args:
        features, weights_path: as `features.choose_extractor` takes them.
        training: the training pictures, on the CPU, if they have been loaded already.

    Raises WorkbenchError if pictures or weights cannot be had, or if there are fewer than FEWEST pictures.
    """
    extractor = choose_extractor(config.dataset, features, weights_path, lambda line: on_progress(0.0, line))
    classifier = extractor if extractor.name == "classifier" else classifier_of(config.dataset)
    training, test = _pictures(config, data_dir, training, lambda line: on_progress(0.0, line))
    key = _key(training, test, extractor, classifier)
    path = paths.references() / f"{key}{paths.MODEL_SUFFIX}"
    stored = _read(path)
    if stored is None:
        stored = _compute(training, test, extractor, classifier, device, on_progress)
        with contextlib.suppress(WorkbenchError):  # if it cannot be kept, it is computed again the next time
            checkpoint.write_tensors(path, stored, {})
    statistics = Gaussian(stored["mean"].numpy(), stored["covariance"].numpy())
    unseen = _unseen(stored, test)
    return Reference(key, extractor, classifier, training, stored["training"], statistics, unseen)


def few_real(dataset: str, training: Dataset, device: torch.device) -> Iterator[Comparison | None]:
    """FEW of the training pictures, as the dataset's classifier sees them; it must have one.

    A generator, so that a run in training can do the work in pieces: None after each, what is asked for at last. What
    was computed once is kept in a file.

    Args:
        training: the pictures, on the CPU.
    """
    classifier = classifier_of(dataset)
    assert classifier is not None  # or there would be nothing to compare by
    chosen = _order(len(training.images))[:FEW]
    real = Dataset(training.images[chosen], training.labels[chosen], training.spec)
    name = f"few-{_key(real, None, classifier, classifier)}{paths.MODEL_SUFFIX}"
    stored = _read(SHIPPED / name) or _read(paths.references() / name)
    if stored is None:
        yield None
        found = []
        for images in real.images.permute(0, 2, 3, 1).split(PIECE):
            found.append(extract(images.numpy(), classifier, device).features)
            yield None
        mean, covariance = gaussian(torch.cat(found))
        stored = {"mean": torch.from_numpy(mean), "covariance": torch.from_numpy(covariance)}
        with contextlib.suppress(WorkbenchError):  # as above
            checkpoint.write_tensors(paths.references() / name, stored, {})
    yield Comparison(classifier, classifier, Gaussian(stored["mean"].numpy(), stored["covariance"].numpy()))


def _pictures(
    config: RunConfig, data_dir: Path, training: Dataset | None, on_progress: Callable[[Text], None]
) -> tuple[Dataset, Dataset | None]:
    """Training pictures, and test pictures where the dataset has them."""
    any_number = config.model_copy(update={"batch_size": 2})
    training = training or load_dataset(any_number, data_dir, on_progress)
    if len(training.images) < FEWEST:
        raise WorkbenchError(
            "Pictures in {dataset}: {count}; scores need {fewest} at least, so add some.",
            dataset=config.dataset,
            count=len(training.images),
            fewest=FEWEST,
        )
    test = load_dataset(any_number, data_dir, on_progress, train=False) if has_test_set(config.dataset) else None
    return training, test


def _key(training: Dataset, test: Dataset | None, extractor: Extractor, classifier: Extractor | None) -> str:
    digest = hashlib.sha256(
        f"{VERSION} {extractor.name} {extractor.digest} {classifier and classifier.digest}".encode()
    )
    for part in (training, test):
        if part is not None:
            digest.update(str(tuple(part.images.shape)).encode())
            digest.update(part.images.numpy().data)
            digest.update(part.labels.numpy().data)
    return digest.hexdigest()


def _read(path: Path) -> dict[str, Tensor] | None:
    """The file's content; None if it is missing or damaged."""
    try:
        files.fetch(path)
        return checkpoint.read_tensors(path)
    except WorkbenchError:
        return None


def _compute(
    training: Dataset,
    test: Dataset | None,
    extractor: Extractor,
    classifier: Extractor | None,
    device: torch.device,
    on_progress: ShareProgress,
) -> dict[str, Tensor]:
    """What the file holds."""
    unseen = test or _half(training)
    pictures = len(training.images) + len(unseen.images)
    share = len(training.images) / pictures

    def features_of(dataset: Dataset, by: Extractor, first: float, last: float) -> Features:
        line = Text(
            "Computing the features of {count:,} real pictures (only the first time)", {"count": len(dataset.images)}
        )
        images = dataset.images.permute(0, 2, 3, 1).numpy()
        return extract(images, by, device, lambda part: on_progress(first + part * (last - first), line))

    real = features_of(training, extractor, 0, share)
    found = features_of(unseen, extractor, share, 1)
    if classifier is None:
        seen = torch.full((len(unseen.images),), -1)
    else:
        seen = (found if classifier is extractor else features_of(unseen, classifier, 1, 1)).logits.argmax(dim=1)
    statistics = gaussian(real.features)
    return {
        "training": real.features,
        "mean": torch.from_numpy(statistics.mean),
        "covariance": torch.from_numpy(statistics.covariance),
        "unseen": found.features,
        "logits": found.logits,
        "labels": unseen.labels,
        "seen": seen,
    }


def _order(count: int) -> Tensor:
    """A random order, always the same."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


def _half(training: Dataset) -> Dataset:
    chosen = _order(len(training.images))[: len(training.images) // 2]
    return Dataset(training.images[chosen], training.labels[chosen], training.spec)


def _unseen(stored: dict[str, Tensor], test: Dataset | None) -> Unseen:
    against = stored["training"]
    if test is None:
        against = against[_order(len(against))[len(against) // 2 :]]
    found = Features(stored["unseen"], stored["logits"])
    return Unseen("halves" if test is None else "test", found, stored["labels"], stored["seen"], against)
