"""What a run's curves mean, in one sentence. Knows nothing of torch.

The thresholds were found on 45 seconds each of five presets on digits and MNIST, and on 26 other runs, most with bad
settings on purpose (learning rates far too large, too small or too unequal). Their curves were compared with the
pictures drawn.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from gan_core.store.tables import ACTIVE
from gan_core.text import Text

Metrics = dict[str, np.ndarray]
Kind = Literal[
    "starting",
    "diverged",
    "collapsed",
    "discriminator winning",
    "little diversity",
    "generator winning",
    "undecided",
    "critic",
    "healthy",
]

FEWEST_ROWS = 8
"""Two seconds: single batches vary too much. Also the shortest time that is averaged."""
RECENT_SHARE = 10
"""The last tenth of a run is what it does now."""
DIVERGED_DISCRIMINATOR_LOSS = 10
"""The same output for every picture gives a discriminator loss of 1.4 (hinge: 2, least-squares: 0.25), so above 10 it
has diverged. Healthy runs stayed below 2.7 in every row, diverged ones had hundreds."""
DIVERGED_GENERATOR_LOSS = 1_000
"""Of either sign. Hopeless generators had up to 254 against a discriminator that was merely sure, diverged ones 4e8."""
COLLAPSED_DIVERSITY = 0.05
"""Collapsed generators had a diversity of 0 to 0.01, untrained ones have at least 0.08."""
LITTLE_DIVERSITY = 0.35
"""Untrained generators have a diversity of 0.08 to 0.31, and those that never drew more than grey blobs stayed at 0.13;
where shapes are visible, it was 0.54 and more."""
SURE_ACCURACY = 0.95
"""On both kinds of picture: three of a batch of 64 mistaken. Runs whose pictures got better stayed below 0.92 (with
least-squares loss between 0.80 and 0.96), those that never drew more than noise between 0.94 and 1."""
FOOLED_ACCURACY = 0.1
"""One generated picture in ten is recognised. Discriminators that learn too slowly recognise none."""
UNDECIDED_GAP = 0.05
"""Between mean D(x) and D(G(z)): 0.02 for the DCGANs with the best pictures, 0.06 to 0.1 for the conditional ones."""


class Diagnosis(NamedTuple):
    """What the curves mean: the kind, a sentence for people, and the rule behind it with what was measured."""

    kind: Kind
    sentence: Text
    rule: Text


class Means(NamedTuple):
    """Means of the recent rows, which span so many seconds; NaN for what was not measured, or was no number."""

    seconds: float
    discriminator_loss: float
    generator_loss: float
    real_accuracy: float
    fake_accuracy: float
    real_output: float
    fake_output: float
    distance: float
    diversity: float


def diagnose(metrics: Metrics, state: str) -> Diagnosis:
    """The diagnosis of a run's last tenth; the worst that applies.

    It uses only the metrics. It misses, for example, a generator with one picture for each class.

    Args:
        metrics: metrics by name (training/measurements.py), float64 [rows]; NaN where a part of the run lacks a column.
        state: the run's state, one of tables.State.
    """
    rows = len(metrics.get("step", ()))
    if rows < FEWEST_ROWS:
        return _starting(rows, state)
    first = -max(FEWEST_ROWS, rows // RECENT_SHARE)
    unknown = np.full(rows, np.nan)
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, which the rules handle
        recent = {name: float(metrics.get(name, unknown)[first:].mean()) for name in Means._fields}
    span = float(metrics["seconds"][-1] - metrics["seconds"][first])
    means = Means(**recent | {"seconds": span})
    return next(diagnosis for rule in RULES if (diagnosis := rule(means)))


def _starting(rows: int, state: str) -> Diagnosis:
    sentence = (
        Text("The run has only begun; its curves are too short for a diagnosis.")
        if state in ACTIVE
        else Text("The run ended too early for a diagnosis.")
    )
    rule = Text("A diagnosis needs {needed} measurements; so far: {rows}.", {"needed": FEWEST_ROWS, "rows": rows})
    return Diagnosis("starting", sentence, rule)


def _diverged(means: Means) -> Diagnosis | None:
    losses = (means.discriminator_loss, means.generator_loss)
    # A critic's output has no fixed unit. Only critics have a distance.
    limit = DIVERGED_DISCRIMINATOR_LOSS if math.isnan(means.distance) else DIVERGED_GENERATOR_LOSS
    too_large = losses[0] > limit or abs(losses[1]) > DIVERGED_GENERATOR_LOSS
    if all(map(math.isfinite, losses)) and not too_large:
        return None
    return Diagnosis(
        "diverged",
        Text(
            "Training has diverged: the losses are so large that the networks no longer learn. Smaller learning rates "
            "usually help."
        ),
        Text(
            "Mean losses of the last {seconds:.0f} seconds of training: discriminator {discriminator:.3g}, generator "
            "{generator:.3g}. Rule: training has diverged if the discriminator's is above {discriminator_limit}, the "
            "generator's is beyond ±{generator_limit:,}, or a loss is not a number.",
            {
                "seconds": means.seconds,
                "discriminator": means.discriminator_loss,
                "generator": means.generator_loss,
                "discriminator_limit": limit,
                "generator_limit": DIVERGED_GENERATOR_LOSS,
            },
        ),
    )


def _collapsed(means: Means) -> Diagnosis | None:
    if not means.diversity < COLLAPSED_DIVERSITY:
        return None
    return Diagnosis(
        "collapsed",
        Text(
            "The generator has collapsed: it draws nearly the same picture from every latent. It rarely recovers. "
            "Start a new run with smaller learning rates, or with another architecture or loss."
        ),
        _diversity_rule(means, COLLAPSED_DIVERSITY),
    )


def _discriminator_winning(means: Means) -> Diagnosis | None:
    if not min(means.real_accuracy, means.fake_accuracy) > SURE_ACCURACY:
        return None
    return Diagnosis(
        "discriminator winning",
        Text(
            "The discriminator is winning: it recognises nearly every generated picture, so the generator learns "
            "little. A smaller learning rate for the discriminator may help."
        ),
        Text(
            "In the last {seconds:.0f} seconds of training, it classified {real:.1%} of the real and {fake:.1%} of "
            "the generated pictures correctly. Rule: it is winning if both are above {limit:.0%}.",
            _accuracies(means) | {"limit": SURE_ACCURACY},
        ),
    )


def _little_diversity(means: Means) -> Diagnosis | None:
    if not means.diversity < LITTLE_DIVERSITY:
        return None
    return Diagnosis(
        "little diversity",
        Text(
            "The generated pictures differ much less from each other than real ones do. This is normal at the start "
            "of a run. If it lasts, the generator learns too slowly or is about to collapse."
        ),
        _diversity_rule(means, LITTLE_DIVERSITY),
    )


def _generator_winning(means: Means) -> Diagnosis | None:
    if not means.fake_accuracy < FOOLED_ACCURACY:
        return None
    return Diagnosis(
        "generator winning",
        Text(
            "The generator is winning: the discriminator takes nearly every generated picture for real, good or not, "
            "so the generator learns little. If this lasts, a larger learning rate for the discriminator may help."
        ),
        Text(
            "In the last {seconds:.0f} seconds of training, the discriminator recognised {fake:.1%} of the generated "
            "and {real:.1%} of the real pictures. Rule: the generator is winning if less than {limit:.0%} of the "
            "generated ones are recognised.",
            _accuracies(means) | {"limit": FOOLED_ACCURACY},
        ),
    )


def _critic(means: Means) -> Diagnosis | None:
    if math.isnan(means.distance):
        return None
    return Diagnosis(
        "critic",
        Text(
            "The critic measures how far generated pictures are from real ones. As long as this distance falls, they "
            "get better. Its loss does not have to come near zero."
        ),
        Text(
            "In the last {seconds:.0f} seconds of training, the critic's estimate of the distance was {distance:.3g}. "
            "No sign of trouble.",
            {"seconds": means.seconds, "distance": means.distance},
        ),
    )


def _undecided(means: Means) -> Diagnosis | None:
    if not abs(means.real_output - means.fake_output) < UNDECIDED_GAP:
        return None
    return Diagnosis(
        "undecided",
        Text(
            "The discriminator can hardly tell generated pictures from real ones. If they look good, that is the "
            "goal. If not, it is too weak to teach the generator more."
        ),
        Text(
            "In the last {seconds:.0f} seconds of training, its mean output was {real:.2f} for real and {fake:.2f} "
            "for generated pictures. Rule: it is undecided if they differ by less than {limit}.",
            _outputs(means) | {"limit": UNDECIDED_GAP},
        ),
    )


def _healthy(means: Means) -> Diagnosis:
    return Diagnosis(
        "healthy",
        Text("Both networks are learning: the discriminator still finds differences, and the generator keeps up."),
        Text(
            "In the last {seconds:.0f} seconds of training, the mean discriminator output was {real:.2f} for real and "
            "{fake:.2f} for generated pictures. No sign of trouble: neither network diverged, collapsed or "
            "got far ahead.",
            _outputs(means),
        ),
    )


RULES: tuple[Callable[[Means], Diagnosis | None], ...] = (
    _diverged,
    _collapsed,
    _discriminator_winning,
    _little_diversity,
    _generator_winning,
    _critic,
    _undecided,
    _healthy,
)
"""The worst first. Little diversity comes before a winning generator: a young discriminator is fooled for a while."""


def _diversity_rule(means: Means, limit: float) -> Text:
    return Text(
        "In the last {seconds:.0f} seconds of training, the generated pictures of a batch differed from each other "
        "{diversity:.2f} times as much as the real ones. The limit of this rule is {limit}.",
        {"seconds": means.seconds, "diversity": means.diversity, "limit": limit},
    )


def _accuracies(means: Means) -> dict[str, float]:
    return {"seconds": means.seconds, "real": means.real_accuracy, "fake": means.fake_accuracy}


def _outputs(means: Means) -> dict[str, float]:
    return {"seconds": means.seconds, "real": means.real_output, "fake": means.fake_output}
