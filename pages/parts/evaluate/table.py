"""The scores of several models, with the baseline: on the page, and as CSV."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from gan_core.datasets.table import dataset_name
from gan_core.metrics.result import SCORES, Evaluation
from gan_core.text import no_formula
from pages.parts.edge import as_csv
from pages.parts.language import LANGUAGES, _, language
from pages.parts.live.status import KIMG
from pages.parts.style import of_theme

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

UNRANKED = "nearest"
"""A score without a best value: noise is farthest from all training pictures. It is compared with the baseline."""
NAME_WIDTH = 190
"""Pixels; on a phone as much again is left for the scores."""
ARROWS = {"lower": "↓", "higher": "↑"}
BEST = "font-weight: 700"
SEVEN_TENTHS = "b3"
"""As the last two digits of a colour: as faint as can still be read."""
PROTOCOL = ("model", "step", "kimg", "dataset", "features", "samples", "seed")


def show_table(results: dict[str, Evaluation]) -> None:
    """A row a model, a column a score, a row for the baseline of each dataset; the best of each dataset marked.

    Args:
        results: by the models' labels.
    """
    names = _names(results)
    baselines = {_alike(result): result for result in results.values()}
    rows = [
        [no_formula(label), result.protocol["kimg"], *_values(result.scores, names)]
        for label, result in results.items()
    ]
    rows += [
        [
            _("Real-data baseline · {dataset}", dataset=dataset_name(str(result.protocol["dataset"]))),
            None,
            *_values(result.baseline, names),
        ]
        for result in baselines.values()
    ]
    frame = pd.DataFrame(rows, columns=["model", "kimg", *names])
    formats = {"kimg": "{:.0f}"} | {name: SCORES[name].format for name in names}
    known = LANGUAGES[language()]
    style = frame.style.format(formats, na_rep="–", decimal=known.decimal, thousands=known.thousands)
    st.dataframe(
        style.apply(_marks, axis=None, results=list(results.values())),
        column_config=_columns(names),
        hide_index=True,
        height=38 + 35 * len(rows),
        placeholder="–",
        alt=_("Scores of the models"),
    )


def _columns(names: list[str]) -> "dict[Any, ColumnConfig]":
    columns: dict[Any, ColumnConfig] = {
        "model": st.column_config.TextColumn(_("Model"), pinned=True, width=NAME_WIDTH),
        "kimg": st.column_config.NumberColumn(_("kimg"), help=_(KIMG)),
    }
    for name in names:
        score = SCORES[name]
        better = _("Lower is better.") if score.better == "lower" else _("Higher is better.")
        arrow = "" if name == UNRANKED else f" {ARROWS[score.better]}"
        columns[name] = st.column_config.NumberColumn(
            _(score.title) + arrow,
            help=_(score.meaning) if name == UNRANKED else f"{_(score.meaning)} {better}",
        )
    return columns


def _names(results: dict[str, Evaluation]) -> list[str]:
    """The scores that any of them has, in the order of SCORES."""
    return [name for name in SCORES if any(name in result.scores for result in results.values())]


def _values(scores: dict[str, float], names: list[str]) -> list[float | None]:
    return [scores.get(name) for name in names]


def _alike(result: Evaluation) -> tuple[object, object]:
    """Only models of the same dataset and features can be ranked, and have the same baseline."""
    return result.protocol["dataset"], result.protocol["features"]


def _marks(frame: pd.DataFrame, results: list[Evaluation]) -> pd.DataFrame:
    """CSS for every cell."""
    marks = pd.DataFrame("", index=frame.index, columns=frame.columns)
    marks.iloc[len(results) :, 1:] = f"color: {of_theme('textColor')}{SEVEN_TENTHS}"
    groups: dict[tuple[object, object], list[int]] = {}
    for number, result in enumerate(results):
        groups.setdefault(_alike(result), []).append(number)
    for name in frame.columns[2:]:
        for group in groups.values():
            values = frame.loc[group, name].astype(float).dropna()
            if name != UNRANKED and len(values) > 1 and values.nunique() > 1:
                best = values.min() if SCORES[name].better == "lower" else values.max()
                marks.loc[values.index[values == best], name] = BEST
    return marks


def scores_as_csv(results: dict[str, Evaluation]) -> str:
    """A line for each model and for its baseline, with the protocol."""
    lines = []
    for label, result in results.items():
        protocol = {name: result.protocol.get(name) for name in PROTOCOL}
        protocol["dataset"] = dataset_name(str(result.protocol["dataset"]))
        for of, scores in (("model", result.scores), ("baseline", result.baseline)):
            lines.append({"label": label, "of": of, **protocol, **{name: scores.get(name) for name in SCORES}})
    return as_csv(pd.DataFrame(lines))


def download_table(results: dict[str, Evaluation]) -> None:
    st.download_button(
        _("Scores as CSV"), lambda: scores_as_csv(results), "evaluation.csv", "text/csv", icon=":material/table:",
        on_click="ignore",
    )  # fmt: skip
