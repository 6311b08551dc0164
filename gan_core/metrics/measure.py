"""A checkpoint -> its scores, and the pictures that show what they mean."""

import contextlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gan_core import checkpoint, paths
from gan_core.config import ImageSpec, RunConfig
from gan_core.devices import choose_device
from gan_core.errors import WorkbenchError
from gan_core.latents import latents
from gan_core.metrics import formulas
from gan_core.metrics.features import Features, extract, is_published
from gan_core.metrics.formulas import MOST_FOR_DISTANCES, Gaussian, gaussian, some_of
from gan_core.metrics.reference import Reference, Tell, make_reference
from gan_core.metrics.result import COMPARABLE_SAMPLES, EXAMPLES, SAMPLES, Evaluation
from gan_core.sampling import DRAW_BATCH, Model, draw, load_model
from gan_core.text import Text


class Looked(NamedTuple):
    """Pictures' features, and the classifier's probabilities [N, classes] where the dataset has one."""

    found: Features
    verdicts: Tensor | None


class Nearest(NamedTuple):
    """For each of the first pictures the distance to the nearest training picture, and its number: [N] each."""

    distances: Tensor
    numbers: Tensor


def silent(share: float, line: Text) -> None:
    """Tells no one."""


def evaluate(
    source: str | Path,
    samples: int = 10_000,
    features: str | None = None,
    seed: int = 0,
    data_dir: Path | None = None,
    device: torch.device | None = None,
    weights_path: Path | None = None,
    say: Tell = silent,
) -> Evaluation:
    """Draw pictures with a model and measure them against those that it was trained on.

    The same arguments give the same numbers on the same machine.

    Args:
        source: a checkpoint's path, or a shipped model's name.
        samples: how many to draw, within SAMPLES; evenly over the classes if the model is conditional.
        features: one of FEATURES; None is the dataset's classifier where there is one, else inception.
        seed: what is drawn follows from it, and which subsets are compared.
        data_dir: where the named datasets lie or are downloaded to.
        device: where networks compute; None is the best there is.
        weights_path: Inception's weights, if they lie elsewhere.
        say: told how far it has come; what it raises ends the work.

    Raises WorkbenchError if model, pictures or features cannot be had, or if the number is out of range.
    """
    if not SAMPLES[0] <= samples <= SAMPLES[1]:
        raise WorkbenchError(
            "{samples:,} samples cannot be scored; take from {fewest:,} to {most:,}.",
            samples=samples,
            fewest=SAMPLES[0],
            most=SAMPLES[1],
        )
    device = device or choose_device()
    model = load_model(source, device=device)
    reference = make_reference(
        model.about.config, data_dir or paths.data(), device, features, weights_path, part_of(say, 0, 0.4)
    )
    return _evaluate(model, reference, samples, seed, part_of(say, 0.4, 1))


def _evaluate(model: Model, reference: Reference, samples: int, seed: int, say: Tell) -> Evaluation:
    config, spec = model.about.config, model.about.spec
    images, labels = draw_evenly(model.generator, config, spec, samples, seed, part_of(say, 0, 0.2))
    drawn = _look(images, reference, next(model.generator.parameters()).device, part_of(say, 0.2, 0.4))
    asked = labels if config.conditional else None
    values, nearest = _measure(drawn, asked, reference.features, reference.statistics, seed, part_of(say, 0.4, 0.7))
    floor = _floor(reference, samples, part_of(say, 0.7, 1))
    pictures, distances = _nearest_pairs(images, nearest, reference)
    confusion = None
    if drawn.verdicts is not None:
        pictures |= _best_and_worst(images, asked, drawn.verdicts)
        if asked is not None:
            confusion = formulas.confusion(asked, drawn.verdicts.argmax(dim=1), len(spec.classes)).tolist()
    return Evaluation(
        about=_about(model, reference, samples, seed),
        scores=values,
        floor={name: floor[name] for name in values},
        class_names=spec.classes,
        confusion=confusion,
        pictures=pictures,
        distances=distances,
    )


def quick_scores(
    generator: nn.Module,
    config: RunConfig,
    spec: ImageSpec,
    reference: Reference,
    count: int,
    seed: int,
    say: Tell = silent,
) -> dict[str, float]:
    """Two numbers to watch while a model learns: `fid`, and `accuracy` if conditional. They are those of `evaluate`.

    Args:
        generator: in eval mode; its device computes.
        count: pictures drawn.
        say: told how far it has come; what it raises ends the work.
    """
    images, labels = draw_evenly(generator, config, spec, count, seed, part_of(say, 0, 0.5))
    drawn = _look(images, reference, next(generator.parameters()).device, part_of(say, 0.5, 1))
    values = {"fid": formulas.fid(gaussian(drawn.found.features), reference.statistics)}
    if config.conditional and drawn.verdicts is not None:
        values["accuracy"] = formulas.accuracy(labels, drawn.verdicts.argmax(dim=1))
    return values


def part_of(say: Tell, first: float, last: float) -> Tell:
    """Says the progress 0..1 of a part of the work as first..last of the whole."""
    return lambda share, line: say(first + share * (last - first), line)


def draw_evenly(
    generator: nn.Module, config: RunConfig, spec: ImageSpec, count: int, seed: int, say: Tell = silent
) -> tuple[np.ndarray, Tensor]:
    """Pictures uint8 [count, H, W, C] and the classes they were asked for int64 [count], each class as often."""
    labels = torch.arange(count) % (len(spec.classes) if config.conditional else 1)
    normal = latents(count, config.latent_dim, seed)
    drawn = []
    for part, part_labels in zip(normal.split(DRAW_BATCH), labels.split(DRAW_BATCH), strict=True):
        drawn.append(draw(generator, part, part_labels))
        say(len(drawn) * DRAW_BATCH / max(count, DRAW_BATCH), Text("Drawing {count:,} pictures", {"count": count}))
    return np.concatenate(drawn), labels


def _look(images: np.ndarray, reference: Reference, device: torch.device, say: Tell = silent) -> Looked:
    line = Text("Looking at {count:,} generated pictures", {"count": len(images)})
    found = extract(images, reference.extractor, device, lambda share: say(share, line))
    if reference.judge is None:
        return Looked(found, None)
    judged = found if reference.judge is reference.extractor else extract(images, reference.judge, device)
    return Looked(found, judged.logits.softmax(dim=1))


def _measure(
    looked: Looked, asked: Tensor | None, real: Tensor, statistics: Gaussian, seed: int, say: Tell
) -> tuple[dict[str, float], Nearest]:
    """All scores of pictures, and where the training pictures are that they are nearest to.

    Args:
        asked: the classes that were asked for, int64 [N]; None if there were none.
        real: the training pictures' features, and `statistics` their Gaussian.
    """
    line = Text("Comparing {count:,} pictures with {real:,}", {"count": len(looked.found.features), "real": len(real)})
    features = looked.found.features
    say(0, line)
    values = {"fid": formulas.fid(gaussian(features), statistics)}
    say(0.1, line)
    values["kid"] = formulas.kid(features, real, seed)
    values["inception_score"] = formulas.inception_score(looked.found.logits, seed)
    say(0.3, line)
    # As many of one side as of the other, since precision and recall depend on it.
    count = min(len(features), len(real), MOST_FOR_DISTANCES)
    some, some_real = some_of(features, count, seed), some_of(real, count, seed)
    values["precision"], values["recall"] = formulas.precision_recall(some, some_real)
    say(0.6, line)
    values["density"], values["coverage"] = formulas.density_coverage(some, some_real)
    values |= _class_scores(looked.verdicts, asked)
    say(0.7, line)
    nearest = Nearest(*formulas.nearest(features[:MOST_FOR_DISTANCES], real))
    values["nearest"] = nearest.distances.median().item()
    say(1, line)
    return values, nearest


def _class_scores(verdicts: Tensor | None, asked: Tensor | None) -> dict[str, float]:
    if verdicts is None:
        return {}
    seen = verdicts.argmax(dim=1)
    values = {} if asked is None else {"accuracy": formulas.accuracy(asked, seen)}
    return values | {"class_coverage": formulas.class_coverage(seen, verdicts.shape[1])}


def _floor(reference: Reference, samples: int, say: Tell) -> dict[str, float]:
    """The scores of as many real pictures, as far as there are; kept in a file beside the reference's."""
    unseen = reference.unseen
    count = floor_samples(reference, samples)
    path = paths.references() / f"{reference.key}-{count}.json"
    with contextlib.suppress(OSError, ValueError):
        return json.loads(path.read_text())
    chosen = some_of(torch.arange(len(unseen.labels)), count, seed=0)
    found = Features(unseen.found.features[chosen], unseen.found.logits[chosen])
    verdicts = None
    if reference.judge is not None:
        verdicts = nn.functional.one_hot(unseen.seen[chosen], len(reference.training.spec.classes)).float()
    against = unseen.against
    statistics = reference.statistics if unseen.kind == "test" else gaussian(against)
    values, _ = _measure(Looked(found, verdicts), unseen.labels[chosen], against, statistics, 0, say)
    with contextlib.suppress(WorkbenchError):
        checkpoint.write_aside(path, json.dumps(values).encode())
    return values


def floor_samples(reference: Reference, samples: int) -> int:
    """How many real pictures make the floor of so many samples."""
    return min(samples, len(reference.unseen.labels))


def _about(model: Model, reference: Reference, samples: int, seed: int) -> dict[str, str | int | float | bool]:
    return {
        "model": model.about.name,
        "step": model.about.step,
        "kimg": model.about.kimg,
        "dataset": model.about.config.dataset,
        "features": reference.extractor.name,
        "samples": samples,
        "seed": seed,
        "reference": len(reference.features),
        "floor": reference.unseen.kind,
        "floor_samples": floor_samples(reference, samples),
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


def _best_and_worst(images: np.ndarray, asked: Tensor | None, verdicts: Tensor) -> dict[str, np.ndarray]:
    """EXAMPLES pictures a class that the classifier is surest and least sure of.

    Of the pictures that were asked for as this class; of an unconditional model's, those that are seen as it, and
    others as they come next where these are too few.
    """
    best, worst = [], []
    for label, sureness in enumerate(verdicts.T):
        order = sureness.argsort(descending=True, stable=True)
        if asked is not None:
            order = order[asked[order] == label]
        else:
            order = order[: max(EXAMPLES, int((verdicts.argmax(dim=1) == label).sum()))]
        best.append(order[:EXAMPLES])
        worst.append(order[-EXAMPLES:].flip(0))  # the worst first
    return {"best": images[torch.cat(best).numpy()], "worst": images[torch.cat(worst).numpy()]}
