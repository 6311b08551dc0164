"""A checkpoint -> its scores, and the pictures that show what they mean."""

import contextlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gan_core import checkpoint, files, paths
from gan_core.config import ImageSpec, RunConfig
from gan_core.devices import choose_device
from gan_core.errors import WorkbenchError
from gan_core.latents import latents
from gan_core.metrics import formulas
from gan_core.metrics.features import Features, extract, is_published
from gan_core.metrics.formulas import MOST_FOR_DISTANCES, Gaussian, gaussian, some_of
from gan_core.metrics.reference import Comparison, Reference, ShareProgress, make_reference
from gan_core.metrics.result import COMPARABLE_SAMPLES, EXAMPLES, SAMPLES, Evaluation
from gan_core.sampling import Model, draw, load_model
from gan_core.text import Text


class Extracted(NamedTuple):
    """Pictures' features, and the classifier's probabilities [N, classes] where the dataset has one."""

    found: Features
    probabilities: Tensor | None


class Nearest(NamedTuple):
    """For each of the first pictures the distance to the nearest training picture, and its number: [N] each."""

    distances: Tensor
    numbers: Tensor


def silent(share: float, line: Text) -> None:
    """Ignores progress."""


def evaluate(
    source: str | Path,
    samples: int = 10_000,
    features: str | None = None,
    seed: int = 0,
    data_dir: Path | None = None,
    device: torch.device | None = None,
    weights_path: Path | None = None,
    on_progress: ShareProgress = silent,
) -> Evaluation:
    """Draw pictures with a model and compare them with its training pictures.

    The same arguments give the same numbers on the same machine.

    Args:
        source: a checkpoint's path, or a shipped model's name.
        samples: how many to draw, within SAMPLES; evenly over the classes if the model is conditional.
        features: one of FEATURES; None is the dataset's classifier where there is one, else inception.
        seed: of the latents, and of the subsets that are compared.
        data_dir: where the named datasets lie or are downloaded to.
        device: where networks compute; None is the best there is.
        weights_path: Inception's weights, if they lie elsewhere.
        on_progress: called with how far it has come; what it raises ends the work.

    Raises WorkbenchError if model, pictures or features cannot be had, or if the number is out of range.
    """
    if not SAMPLES[0] <= samples <= SAMPLES[1]:
        raise WorkbenchError(
            "{samples:,} samples cannot be scored; choose from {fewest:,} to {most:,}.",
            samples=samples,
            fewest=SAMPLES[0],
            most=SAMPLES[1],
        )
    device = device or choose_device()
    model = load_model(source, device=device)
    reference = make_reference(
        model.metadata.config, data_dir or paths.data(), device, features, weights_path, part_of(on_progress, 0, 0.4)
    )
    return _evaluate(model, reference, samples, seed, part_of(on_progress, 0.4, 1))


def _evaluate(model: Model, reference: Reference, samples: int, seed: int, on_progress: ShareProgress) -> Evaluation:
    config, spec = model.metadata.config, model.metadata.spec
    images, labels = draw_evenly(model.generator, config, spec, samples, seed, part_of(on_progress, 0, 0.2))
    drawn = _extract(images, reference, next(model.generator.parameters()).device, part_of(on_progress, 0.2, 0.4))
    asked = labels if config.conditional else None
    values, nearest = _measure(
        drawn, asked, reference.features, reference.statistics, seed, part_of(on_progress, 0.4, 0.7)
    )
    baseline = _baseline(reference, samples, part_of(on_progress, 0.7, 1))
    pictures, distances = _nearest_pairs(images, nearest, reference)
    confusion = None
    if drawn.probabilities is not None:
        pictures |= _best_and_worst(images, asked, drawn.probabilities)
        if asked is not None:
            confusion = formulas.confusion(asked, drawn.probabilities.argmax(dim=1), len(spec.classes)).tolist()
    return Evaluation(
        protocol=_protocol(model, reference, samples, seed),
        scores=values,
        baseline={name: baseline[name] for name in values},
        class_names=spec.classes,
        confusion=confusion,
        pictures=pictures,
        distances=distances,
    )


def quick_scores(
    generator: nn.Module,
    config: RunConfig,
    spec: ImageSpec,
    reference: Reference | Comparison,
    count: int,
    seed: int,
    on_progress: ShareProgress = silent,
) -> dict[str, float]:
    """Two numbers to watch while a model learns: `fid`, and `accuracy` if conditional. They are those of `evaluate`.

    Args:
        generator: in eval mode; its device computes.
        count: pictures drawn.
        on_progress: called with how far it has come; what it raises ends the work.
    """
    images, labels = draw_evenly(generator, config, spec, count, seed, part_of(on_progress, 0, 0.5))
    drawn = _extract(images, reference, next(generator.parameters()).device, part_of(on_progress, 0.5, 1))
    values = {"fid": formulas.fid(gaussian(drawn.found.features), reference.statistics)}
    if config.conditional and drawn.probabilities is not None:
        values["accuracy"] = formulas.accuracy(labels, drawn.probabilities.argmax(dim=1))
    return values


def part_of(on_progress: ShareProgress, first: float, last: float) -> ShareProgress:
    """Reports the progress 0..1 of a part of the work as first..last of the whole."""
    return lambda share, line: on_progress(first + share * (last - first), line)


def draw_evenly(
    generator: nn.Module, config: RunConfig, spec: ImageSpec, count: int, seed: int, on_progress: ShareProgress = silent
) -> tuple[np.ndarray, Tensor]:
    """Pictures uint8 [count, H, W, C] and the classes they were asked for int64 [count], each class as often."""
    labels = torch.arange(count) % (len(spec.classes) if config.conditional else 1)
    line = Text("Drawing {count:,} pictures", {"count": count})
    normal = latents(count, config.latent_dim, seed)
    return draw(generator, normal, labels, lambda share: on_progress(share, line)), labels


def _extract(
    images: np.ndarray, reference: Reference | Comparison, device: torch.device, on_progress: ShareProgress = silent
) -> Extracted:
    line = Text("Computing the features of {count:,} generated pictures", {"count": len(images)})
    found = extract(images, reference.extractor, device, lambda share: on_progress(share, line))
    if reference.classifier is None:
        return Extracted(found, None)
    classified = found if reference.classifier is reference.extractor else extract(images, reference.classifier, device)
    return Extracted(found, classified.logits.softmax(dim=1))


def _measure(
    extracted: Extracted,
    asked: Tensor | None,
    real: Tensor,
    statistics: Gaussian,
    seed: int,
    on_progress: ShareProgress,
) -> tuple[dict[str, float], Nearest]:
    """All scores of pictures, and where the training pictures are that they are nearest to.

    Args:
        asked: the classes that were asked for, int64 [N]; None if there were none.
        real: the training pictures' features, and `statistics` their Gaussian.
    """
    line = Text(
        "Comparing {count:,} pictures with {real:,} real ones",
        {"count": len(extracted.found.features), "real": len(real)},
    )
    features = extracted.found.features
    on_progress(0, line)
    values = {"fid": formulas.fid(gaussian(features), statistics)}
    on_progress(0.1, line)
    values["kid"] = formulas.kid(features, real, seed)
    values["inception_score"] = formulas.inception_score(extracted.found.logits, seed)
    on_progress(0.3, line)
    # As many of one side as of the other, since precision and recall depend on it.
    count = min(len(features), len(real), MOST_FOR_DISTANCES)
    some, some_real = some_of(features, count, seed), some_of(real, count, seed)
    values["precision"], values["recall"] = formulas.precision_recall(some, some_real)
    on_progress(0.6, line)
    values["density"], values["coverage"] = formulas.density_coverage(some, some_real)
    values |= _class_scores(extracted.probabilities, asked)
    on_progress(0.7, line)
    nearest = Nearest(*formulas.nearest(features[:MOST_FOR_DISTANCES], real))
    values["nearest"] = nearest.distances.median().item()
    on_progress(1, line)
    return values, nearest


def _class_scores(probabilities: Tensor | None, asked: Tensor | None) -> dict[str, float]:
    if probabilities is None:
        return {}
    seen = probabilities.argmax(dim=1)
    values = {} if asked is None else {"accuracy": formulas.accuracy(asked, seen)}
    return values | {"class_coverage": formulas.class_coverage(seen, probabilities.shape[1])}


def _baseline(reference: Reference, samples: int, on_progress: ShareProgress) -> dict[str, float]:
    """The scores of as many real pictures, as far as there are; kept in a file beside the reference's."""
    unseen = reference.unseen
    count = baseline_samples(reference, samples)
    path = paths.references() / f"{reference.key}-{count}.json"
    with contextlib.suppress(OSError, ValueError, WorkbenchError):
        files.fetch(path)
        return json.loads(path.read_text())
    chosen = some_of(torch.arange(len(unseen.labels)), count, seed=0)
    found = Features(unseen.found.features[chosen], unseen.found.logits[chosen])
    probabilities = None
    if reference.classifier is not None:
        probabilities = nn.functional.one_hot(unseen.seen[chosen], len(reference.training.spec.classes)).float()
    against = unseen.against
    statistics = reference.statistics if unseen.kind == "test" else gaussian(against)
    values, _ = _measure(Extracted(found, probabilities), unseen.labels[chosen], against, statistics, 0, on_progress)
    with contextlib.suppress(WorkbenchError):
        checkpoint.write_aside(path, json.dumps(values).encode())
    return values


def baseline_samples(reference: Reference, samples: int) -> int:
    """How many real pictures make the baseline of so many samples."""
    return min(samples, len(reference.unseen.labels))


def _protocol(model: Model, reference: Reference, samples: int, seed: int) -> dict[str, str | int | float | bool]:
    return {
        "model": model.metadata.name,
        "step": model.metadata.step,
        "kimg": model.metadata.kimg,
        "dataset": model.metadata.config.dataset,
        "features": reference.extractor.name,
        "samples": samples,
        "seed": seed,
        "reference": len(reference.features),
        "baseline": reference.unseen.kind,
        "baseline_samples": baseline_samples(reference, samples),
        "comparable": is_published(reference.extractor) and samples == COMPARABLE_SAMPLES,
    }


def _nearest_pairs(
    images: np.ndarray, nearest: Nearest, reference: Reference
) -> tuple[dict[str, np.ndarray], list[float]]:
    """The pairs of smallest distance: generated and training pictures, and the distances."""
    distances, chosen = nearest.distances.sort(stable=True)
    chosen = chosen[: 2 * EXAMPLES]
    training = reference.training.images[nearest.numbers[chosen]].permute(0, 2, 3, 1).numpy()
    return {"generated": images[chosen.numpy()], "nearest": training}, distances[: 2 * EXAMPLES].tolist()


def _best_and_worst(images: np.ndarray, asked: Tensor | None, probabilities: Tensor) -> dict[str, np.ndarray]:
    """EXAMPLES pictures a class that the classifier is surest and least sure of.

    Of the pictures that were asked for as this class; of an unconditional model's, those that are seen as it, and
    the next likeliest if these are too few.
    """
    best, worst = [], []
    for label, sureness in enumerate(probabilities.T):
        order = sureness.argsort(descending=True, stable=True)
        if asked is not None:
            order = order[asked[order] == label]
        else:
            order = order[: max(EXAMPLES, int((probabilities.argmax(dim=1) == label).sum()))]
        best.append(order[:EXAMPLES])
        worst.append(order[-EXAMPLES:].flip(0))  # the worst first
    return {"best": images[torch.cat(best).numpy()], "worst": images[torch.cat(worst).numpy()]}
