"""What runs say of two settings: which is better, by measure, and at what price.

**The rule.** Scores of one setting differ from seed to seed. A difference between two settings counts if it is larger
than what such seeds would show by chance in 1 of 20 comparisons: Student's test of two means with pooled variance
(Student 1908), two-sided, 5 %. For three seeds against three, the means must be apart by more than 2.78 times
sqrt(s² (1/3 + 1/3)), where s² is the mean of both variances. Who asks it of k settings at once has k chances to be
fooled, so each may be one of 20 k only (Bonferroni). Scores are compared where their noise is about equally
large for good and for bad ones: FID as its logarithm, a class accuracy as its log odds. All else is "within the noise".

Three seeds find large differences only. That a difference is within the noise does not say that there is none.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple

from gan_core.exercises import Score
from gan_core.store.runs_by_settings import has_score
from gan_core.store.tables import Run, State
from gan_core.text import Text

Verdict = Literal["better", "worse", "same"]
VERDICTS: dict[Verdict, Text] = {
    "better": Text("better"),
    "worse": Text("worse"),
    "same": Text("no difference beyond the noise"),
}
CHANCE = 0.05
"""Of a difference that is none, in each question that is asked."""
PICTURES = 2_000
"""Of a score (jobs/scoring.py). Half a picture keeps the odds of none and of all finite."""


class Side(NamedTuple):
    """One of two settings: the finished runs' figures, one a seed, in the seeds' order.

    Args:
        fid, accuracy: at the runs' ends; no accuracies of a model that draws no classes.
        images_per_second: of training.
        parameters: of generator and discriminator together; None if it is not known.
        failed: runs that broke off, such as by NaN.
    """

    fid: tuple[float, ...]
    accuracy: tuple[float, ...] = ()
    images_per_second: tuple[float, ...] = ()
    parameters: int | None = None
    failed: int = 0

    def scores(self, name: Score) -> tuple[float, ...]:
        return self.fid if name == "fid" else self.accuracy


class Spread(NamedTuple):
    """Mean and standard deviation (of a sample) of a score over the seeds."""

    mean: float
    deviation: float


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError if there is no value."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0)


def side_of(runs: Sequence[Run | None], parameters: int | None = None) -> Side:
    """The runs' figures, as far as they have ended."""
    scored = [run for run in runs if run and has_score(run)]
    lasts = [run.last for run in scored]
    return Side(
        tuple(last["fid"] for last in lasts),
        tuple(last["accuracy"] for last in lasts if "accuracy" in last),
        tuple(1000 * run.kimg / run.seconds for run in scored if run.seconds),
        parameters,
        sum(run is not None and run.state == State.FAILED for run in runs),
    )


def judge(before: Side, after: Side, score: Score, comparisons: int = 1) -> Verdict:
    """Whether the second setting is better, worse, or neither by the rule above. Who breaks off more often is worse.

    Args:
        comparisons: how many settings are compared with the first.
    """
    if before.failed != after.failed:
        return "worse" if after.failed > before.failed else "better"
    was, now = ([_even(value, score) for value in side.scores(score)] for side in (before, after))
    if not _differ(was, now, CHANCE / comparisons):
        return "same"
    return "better" if statistics.fmean(now) > statistics.fmean(was) else "worse"


def _even(value: float, score: Score) -> float:
    """The score on a scale where larger is better, and where its noise does not depend on its size."""
    if score == "fid":
        return -math.log(max(value, 1e-9))
    half = 0.5 / PICTURES
    return math.log((value + half) / (1 - value + half))


def _differ(was: Sequence[float], now: Sequence[float], chance: float) -> bool:
    """Student's test. With too few values nothing can be said."""
    if min(len(was), len(now)) < 2:
        return False
    degrees = len(was) + len(now) - 2
    squares = sum((value - statistics.fmean(side)) ** 2 for side in (was, now) for value in side)
    noise = math.sqrt(squares / degrees * (1 / len(was) + 1 / len(now)))
    difference = abs(statistics.fmean(now) - statistics.fmean(was))
    return difference > 0 and (noise == 0 or chance_of(difference / noise, degrees) < chance)


def chance_of(t: float, degrees: int) -> float:
    """How likely Student's t is at least as far from 0 as this, on either side (Abramowitz & Stegun 26.7.3, 26.7.4).

    Args:
        degrees: of freedom, from 1 on.
    """
    angle = math.atan(t / math.sqrt(degrees))
    is_odd = degrees % 2
    term = math.cos(angle) if is_odd else 1.0
    terms = 0.0
    for k in range(1 + is_odd, degrees, 2):
        terms += term
        term *= math.cos(angle) ** 2 * k / (k + 1)
    within = math.sin(angle) * terms
    return 1 - (2 / math.pi * (angle + within) if is_odd else within)


def answer(before: Side, after: Side, score: Score, same_speed: bool = False) -> Text:
    """A sentence that fits the figures, with what it costs.

    Args:
        same_speed: whether both settings are known to be equally fast (estimator.question_of); if runs differ
            nonetheless, something else ran beside them.
    """
    found, price = judge(before, after, score), _price(before, after, same_speed)
    if before.failed != after.failed:
        values = {"before": before.failed, "after": after.failed, "price": price}
        return Text("Runs that broke off: {before} before the change, {after} after it{price}.", values)
    if not before.scores(score) or not after.scores(score):
        return Text("All runs broke off: nothing can be compared.")
    means = {"before": spread(before.scores(score)).mean, "after": spread(after.scores(score)).mean, "price": price}
    return Text(SENTENCES[score, found].template, means | {"seeds": min(len(before.fid), len(after.fid))})


SENTENCES: dict[tuple[Score, Verdict], Text] = {
    ("fid", "better"): Text("The change helped: FID {before:.3g} to {after:.3g}{price}."),
    ("fid", "worse"): Text("The change did harm: FID {before:.3g} to {after:.3g}{price}."),
    ("fid", "same"): Text("Within the noise of {seeds} seeds: FID {before:.3g} and {after:.3g}{price}."),
    ("accuracy", "better"): Text("The change helped: class accuracy {before:.1%} to {after:.1%}{price}."),
    ("accuracy", "worse"): Text("The change did harm: class accuracy {before:.1%} to {after:.1%}{price}."),
    ("accuracy", "same"): Text(
        "Within the noise of {seeds} seeds: class accuracy {before:.1%} and {after:.1%}{price}."
    ),
}


def _price(before: Side, after: Side, same_speed: bool) -> Text:
    """In speed and parameters, as far as it is another one."""
    speed = None if same_speed else _times_the_speed(before, after)
    size = _times_the_parameters(before, after)
    if speed and size:
        values = {"speed": speed, "size": size}
        return Text(", at {speed:.2g} times the speed and with {size:.2g} times the parameters", values)
    if speed:
        return Text(", at {speed:.2g} times the speed", {"speed": speed})
    if size:
        return Text(", with {size:.2g} times the parameters", {"size": size})
    return Text(", at about the same speed")


def _times_the_speed(before: Side, after: Side) -> float | None:
    """None for what other programs may have done: unless every run of one side was faster than every run of the other,
    and by a tenth.
    """
    was, now = before.images_per_second, after.images_per_second
    if not was or not now or (min(was) <= max(now) and min(now) <= max(was)):
        return None
    ratio = statistics.median(now) / statistics.median(was)
    return ratio if abs(math.log(ratio)) > math.log(1.1) else None


def _times_the_parameters(before: Side, after: Side) -> float | None:
    if not before.parameters or not after.parameters or before.parameters == after.parameters:
        return None
    return after.parameters / before.parameters
