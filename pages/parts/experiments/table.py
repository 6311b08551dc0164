"""An experiment's variants in a table, and all its runs as CSV."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from gan_core.config import settings
from gan_core.exercises import Score
from gan_core.experiments import Experiment
from gan_core.metrics.result import SCORES
from gan_core.monitor.answers import VERDICTS, spread
from gan_core.monitor.experiment_results import Result
from gan_core.store.tables import Run, State
from gan_core.text import Text, csv_for_all, no_formula
from pages.parts.edge import plain
from pages.parts.language import _
from pages.parts.live.status import FID

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

RULE = Text(
    "Scores differ from seed to seed. Better or worse is said only if the means are further apart than such seeds "
    "would be by chance in 1 of 20 such tables: Student's test, 5 % shared by all comparisons. FIDs are compared by "
    "their logarithm, class accuracies by their log odds. Few seeds find large differences only."
)

MOST_NAMED = 5


def label_of(variant: dict[str, str]) -> str:
    """What charts call a variant: its values."""
    return " · ".join(variant.values())


def show_table(experiment: Experiment, results: list[Result], score: Score) -> None:
    """Mean and standard deviation over the seeds, the best first."""
    if not results:
        st.info(_("No trial has begun yet."), icon=":material/hourglass_empty:")
        return
    rows = [_row(experiment, result) for result in results]
    titles = [_(settings()[name].title) for name in experiment.vary]
    if experiment.trials:
        titles = [_("Trial"), *titles]
        rows = [[result.number + 1, *row] for result, row in zip(results, rows, strict=True)]
    st.dataframe(
        pd.DataFrame(rows, columns=[*titles, *_columns(experiment)]),
        column_config=_columns(experiment),
        hide_index=True,
        height=min(600, 38 + 35 * len(rows)),
        alt=_("All variants, the best first"),
        placeholder="–",
    )
    if behind := sum(result.is_behind for result in results):
        st.caption(_("Trials that were stopped early, since they were behind by FID: {count}", count=behind))
    if unscored := sum(_ended_unscored(run) for result in results for run in result.runs):
        st.warning(
            _(
                "Runs that ended without a score: {count}. Training of some seconds is too short for one; choose a "
                "longer training, or a number for *Score every*.",
                count=unscored,
            )
        )
    _say_best(experiment, results, score)


def _ended_unscored(run: Run | None) -> bool:
    return run is not None and run.state == State.FINISHED and "fid" not in run.last


def _columns(experiment: Experiment) -> "dict[Any, ColumnConfig]":
    deviation = _("Standard deviation over the seeds")
    return {
        "fid": st.column_config.NumberColumn(_("FID"), format="%.3g", help=_(FID)),
        "fid ±": st.column_config.NumberColumn("±", format="%.2g", help=deviation),
        "accuracy": st.column_config.NumberColumn(_("Class accuracy"), format="percent"),
        "accuracy ±": st.column_config.NumberColumn("±", format="percent", help=deviation),
        "speed": st.column_config.NumberColumn(_("images/s"), format="%.0f"),
        "runs": st.column_config.TextColumn(_("Scored runs"), width=110 if experiment.trials else None),
        "verdict": st.column_config.TextColumn(_("Against the baseline"), help=_(RULE), width=260),
    }


def _row(experiment: Experiment, result: Result) -> list[Any]:
    side = result.side
    ended = _("{count} of {seeds}", count=len(side.fid), seeds=experiment.seeds)
    if result.is_behind:
        ended = _("stopped early")
    elif side.failed:
        ended = _("{ended}, {failed} broke off", ended=ended, failed=side.failed)
    speed = spread(side.images_per_second).mean if side.images_per_second else None
    values = map(no_formula, result.variant.values())
    scores = (*_mean_and_deviation(side.fid), *_mean_and_deviation(side.accuracy))
    return [*values, *scores, speed, ended, _verdict(experiment, result)]


def _verdict(experiment: Experiment, result: Result) -> str:
    if result.number == experiment.baseline:
        return _("baseline")
    return _(VERDICTS[result.verdict]) if result.verdict else ""


def _mean_and_deviation(values: tuple[float, ...]) -> tuple[float | None, float | None]:
    if not values:
        return None, None
    return spread(values).mean, spread(values).deviation if len(values) > 1 else None


def _say_best(experiment: Experiment, results: list[Result], score: Score) -> None:
    """In a sentence, once all have ended; and by which rule."""
    goes_on = len(results) < experiment.trials or not all(result.is_complete or result.is_behind for result in results)
    if goes_on or len(results) < 2:
        return
    best = [label_of(result.variant) for result in results if result.verdict == "better"][:MOST_NAMED]
    values = {"score": Text(SCORES[score].title), "baseline": label_of(experiment.variants[experiment.baseline])}
    if best:
        sentence = _("By {score}, better than the baseline ({baseline}): {best}", best=", ".join(best), **values)
        st.success(plain(sentence), icon=":material/check:")
    else:
        sentence = _(
            "By {score}, no variant is better than the baseline ({baseline}) beyond the noise of the seeds.", **values
        )
        st.info(plain(sentence), icon=":material/lightbulb:")
    st.caption(_(RULE))


def as_csv(experiment: Experiment, runs: list[Run | None]) -> str:
    """A line for each run that there is."""
    lines = []
    for config, run in zip(experiment.all_configs(), runs, strict=True):
        if run:
            varied = {name: getattr(config, name) for name in experiment.vary}
            speed = 1000 * run.kimg / run.seconds if run.seconds else None
            lines.append(
                {name: no_formula(str(value)) for name, value in varied.items()}
                | {"seed": config.seed, "run": run.id, "state": run.state, "kimg": run.kimg, "seconds": run.seconds}
                | {"images_per_second": speed, "fid": run.last.get("fid"), "accuracy": run.last.get("accuracy")}
            )
    return csv_for_all(pd.DataFrame(lines).to_csv(index=False))
