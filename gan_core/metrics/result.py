"""How good a model is. This file defines what is measured; it needs no torch.

`formulas.py` computes each score from features, `features.py` makes features of pictures, `reference.py` keeps those of
the real ones, `scorecard.py` puts a checkpoint through all of them.
"""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from gan_core.datasets.table import dataset_name
from gan_core.text import Text

if TYPE_CHECKING:
    import numpy as np

FEATURES = ("classifier", "inception")
"""The networks in whose features pictures can be compared: the dataset's classifier, and that of the papers."""
SAMPLES = (100, 100_000)
"""The fewest and the most pictures that an evaluation draws."""
COMPARABLE_SAMPLES = 50_000
"""Papers use so many pictures, Inception's features and the training pictures."""


class Score(NamedTuple):
    """What a score is called, means, and which way is better."""

    title: str
    meaning: str
    better: str  # "lower" or "higher"
    format: str = "{:.3f}"


SCORES = {
    "fid": Score(
        "FID",
        "Fréchet distance between the features of generated and real pictures, each set modelled as a Gaussian "
        "(Heusel 2017, eq. 6). 0 means no difference.",
        "lower",
        "{:.4f}",  # with a classifier's features a good model and the baseline differ in the third decimal
    ),
    "kid": Score(
        "KID",
        "Squared distance between the means of both sets in a cubic kernel (Bińkowski 2018), times 1,000. Unlike FID, "
        "it is not biased by the number of pictures. It can be a little below 0.",
        "lower",
    ),
    "inception_score": Score(
        "Inception Score",
        "How sure the classifying network is of each picture, and how evenly the pictures spread over all classes "
        "(Salimans 2016). At most the number of classes. Real pictures are not used.",
        "higher",
    ),
    "precision": Score(
        "Precision",
        "Share of generated pictures that lie among the real ones: quality (Kynkäänniemi 2019).",
        "higher",
    ),
    "recall": Score(
        "Recall",
        "Share of real pictures that lie among the generated ones: diversity (Kynkäänniemi 2019).",
        "higher",
    ),
    "density": Score(
        "Density",
        "Like precision, but it counts how many real neighbourhoods a picture lies in, so one outlier matters little "
        "(Naeem 2020). It can be above 1.",
        "higher",
    ),
    "coverage": Score(
        "Coverage",
        "Share of real pictures that have a generated one in their neighbourhood: diversity (Naeem 2020).",
        "higher",
    ),
    "accuracy": Score(
        "Class accuracy",
        "How often a classifier sees the class that was asked for.",
        "higher",
        "{:.2%}",
    ),
    "class_coverage": Score(
        "Classes drawn",
        "Share of the classes that are drawn. A class counts if it gets at least a fifth of an even share of the "
        "pictures.",
        "higher",
        "{:.0%}",
    ),
    "nearest": Score(
        "Distance to training pictures",
        "Median distance, in features, from a generated picture to the nearest training picture. A model whose "
        "distance is far below the real-data baseline has memorised.",
        "higher",
    ),
}
"""Every score, in the order of tables. Not every model has all: an unconditional one has no accuracy."""


class Evaluation(NamedTuple):
    """What was measured of one checkpoint.

    Args:
        protocol: what was evaluated, and how: model, step, kimg, dataset, features, samples, seed; `reference`, how
            many training pictures the samples were compared with; `baseline`, "test" or "halves", of `baseline_samples`
            pictures; `comparable`, whether papers count so. `notes` puts it in words.
        scores: by the names of SCORES.
        baseline: the real-data baseline: the same of real pictures that the model never saw, which a perfect model
            would reach.
        confusion: int [classes, classes], asked for (rows) and seen (columns); None without classes or classifier.
        class_names: the classes' names, in the labels' order.
        pictures: uint8 [N, H, W, C] each; `best` and `worst`, EXAMPLES a class in the order of the classes by the
            classifier's sureness of the class; `generated` and `nearest`: pictures and, at the same place, the
            training picture with the nearest features, the nearest pairs first.
        distances: of those pairs.
    """

    protocol: dict[str, str | int | float | bool]
    scores: dict[str, float]
    baseline: dict[str, float]
    class_names: tuple[str, ...]
    confusion: list[list[int]] | None
    pictures: "dict[str, np.ndarray]"
    distances: list[float]

    def to_json(self) -> str:
        """All but the pictures."""
        return json.dumps(self._replace(pictures={})._asdict())

    @classmethod
    def from_json(cls, text: str) -> "Evaluation":
        values = json.loads(text)
        if "about" in values:  # as results were written before
            values["protocol"] = protocol = values.pop("about")
            protocol["baseline"], protocol["baseline_samples"] = protocol.pop("floor"), protocol.pop("floor_samples")
            values["baseline"] = values.pop("floor")
        return cls(**{**values, "class_names": tuple(values["class_names"])})


def notes(protocol: dict[str, Any]) -> list[Text]:
    """An evaluation's protocol in three sentences: what was compared, the baseline, and whether papers count so."""
    halves = protocol["baseline"] == "halves"
    protocol = protocol | {
        "dataset": dataset_name(protocol["dataset"]),
        "features": Text("the dataset's classifier") if protocol["features"] == "classifier" else "Inception",
    }
    return [
        Text(
            "{samples:,} pictures drawn by {model} at {kimg:,.0f} kimg with seed {seed}, compared with the "
            "{reference:,} training pictures of {dataset}, in the features of {features}.",
            protocol,
        ),
        Text(
            "Real-data baseline: a random half of the training pictures, {baseline_samples:,} of them, compared with "
            "the other half.",
            protocol,
        )
        if halves
        else Text(
            "Real-data baseline: {baseline_samples:,} test pictures, compared with the same training pictures.",
            protocol,
        ),
        Text("Calculated as in papers.")
        if protocol["comparable"]
        else Text(
            "Not comparable with numbers in papers, which use {samples:,} pictures and the features of Inception.",
            {"samples": COMPARABLE_SAMPLES},
        ),
    ]


EXAMPLES = 10
"""Best and worst pictures a class, and nearest pairs in all are twice as many."""
