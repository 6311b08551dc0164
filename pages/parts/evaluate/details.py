"""One model in detail: which classes it confuses, its best and worst pictures, what it may have memorised."""

from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from gan_core import pictures
from gan_core.metrics.result import SCORES, Evaluation
from gan_core.monitor.charts import DISCRIMINATOR, GENERATOR
from gan_core.store.runs import RunStore
from pages.parts.edge import plain_for_plotly
from pages.parts.language import _
from pages.parts.plot import show_chart
from pages.parts.sharp_pictures import figure
from pages.parts.style import of_theme

MOST_NUMBERS = 12
"""Classes up to which the confusion matrix has a number in each field."""
FULL_COLOUR = 1.7
"""The share at which a field would have its full colour. More than 1, since numbers on full colour are hard to read."""
PLACES = {"asked": "%{y}", "seen": "%{x}", "count": "%{text}", "share": "%{z:.1%}"}
"""Where Plotly puts a field's values."""


def show_details(store: RunStore, result: Evaluation, run_name: str) -> None:
    """All there is to see of one evaluation.

    Args:
        run_name: of the run that the model comes from, or "".
    """
    if result.confusion:
        left, right = st.columns([2, 3], gap="large")
        with left:
            _confusion(result)
        with right:
            _best_and_worst(result)
    else:
        _best_and_worst(result)
    _nearest(result)
    if run_name:
        _over_time(store, run_name)


def _confusion(result: Evaluation) -> None:
    st.subheader(_("Confusion matrix"), anchor=False)
    counts = np.array(result.confusion)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    strongest = of_theme("chartCategoricalColors")[DISCRIMINATOR]
    names = [plain_for_plotly(name) for name in result.class_names]
    heatmap = go.Heatmap(
        z=shares,
        x=names,
        y=names,
        zmin=0,
        zmax=FULL_COLOUR,
        text=result.confusion,
        textfont_color=of_theme("textColor"),
        colorscale=[[0, of_theme("secondaryBackgroundColor")], [1, strongest]],
        texttemplate="%{text}" if len(counts) <= MOST_NUMBERS else None,
        hovertemplate=_("asked for {asked}, seen as {seen}: {count} ({share})", **PLACES) + "<extra></extra>",
        showscale=False,
        xgap=1,
        ygap=1,
    )
    chart = go.Figure(heatmap)
    chart.update_xaxes(title=_("seen by the classifier"), type="category", side="bottom")
    chart.update_yaxes(title=_("asked for"), type="category", autorange="reversed")
    show_chart(chart, "confusion", _("Confusion matrix"), height=460, dragmode=False)
    st.caption(_("If a model draws what it is asked for, all its pictures are on the diagonal."))


def _best_and_worst(result: Evaluation) -> None:
    shown = [
        ("best", _("Most convincing"), _("The pictures that the classifier is surest of.")),
        ("worst", _("Least convincing"), _("The pictures in which the classifier sees the class least.")),
    ]
    there = [(name, title, note) for name, title, note in shown if len(result.pictures.get(name, ()))]
    if not there:
        return
    st.subheader(_("Best and worst pictures of each class"), anchor=False)
    for column, (name, title, note) in zip(st.columns(2), there, strict=False):
        with column:
            st.markdown(f"**{title}**")
            st.html(_rows(result, name, title))
            st.caption(note)


def _rows(result: Evaluation, name: str, title: str) -> str:
    """A line a class: its name, and its pictures in one strip."""
    images = result.pictures[name]
    each = len(images) // len(result.class_names)
    lines = []
    for number, class_name in enumerate(result.class_names):
        strip = images[number * each : (number + 1) * each]
        if len(strip):
            png = pictures.png(pictures.grid(strip, len(strip)))
            lines.append(f"<span>{escape(class_name)}</span>{figure(png, f'{title}: {class_name}', '100%', '')}")
    style = "display:grid;grid-template-columns:fit-content(6rem) 1fr;gap:0.3rem 0.6rem;align-items:center"
    return f'<div style="{style};font-size:0.85rem;overflow-wrap:anywhere">{"".join(lines)}</div>'


def _nearest(result: Evaluation) -> None:
    generated, nearest = (result.pictures.get(name, np.empty(0)) for name in ("generated", "nearest"))
    if not len(generated):
        return
    st.subheader(_("Nearest training pictures"), anchor=False)
    text = _(
        "Above: what the model drew. Below: the most similar training picture, and the distance between their "
        "features. These are the closest pairs of all."
    )
    if {"nearest"} <= result.scores.keys() & result.baseline.keys():
        text += " " + _(
            "Half of its pictures are closer than {model:.2f} to a training picture; of real pictures that it never "
            "saw, half are closer than {baseline:.2f}. It has memorised only if the first number is much smaller.",
            model=result.scores["nearest"],
            baseline=result.baseline["nearest"],
        )
    st.caption(text)
    pairs = []
    for drawn, real, distance in zip(generated, nearest, result.distances, strict=True):
        png = pictures.png(pictures.grid(np.stack([drawn, real]), 1))
        caption = _("{distance:.2f}", distance=distance)
        pairs.append(figure(png, _("Distance {distance:.2f}", distance=distance), "100%", caption))
    columns = "repeat(auto-fill,minmax(4rem,1fr))"
    st.html(f'<div style="display:grid;grid-template-columns:{columns};gap:0.75rem">{"".join(pairs)}</div>')


def _over_time(store: RunStore, run_name: str) -> None:
    """The scores that were taken during training, if there are any."""
    metrics = store.read_metrics(store.find(run_name).id)
    there = [name for name in ("fid", "accuracy") if name in metrics and np.isfinite(metrics[name]).any()]
    if not there:
        return
    st.subheader(_("During training"), anchor=False)
    for column, name in zip(st.columns(2), there, strict=False):
        known = np.isfinite(metrics[name])
        title = _(SCORES[name].title)
        line = go.Scatter(
            x=metrics["kimg"][known],
            y=metrics[name][known],
            mode="lines+markers",
            line_color=of_theme("chartCategoricalColors")[GENERATOR],
        )
        chart = go.Figure(line)
        chart.update_xaxes(title=_("kimg"))
        chart.update_yaxes(title=title, tickformat=".0%" if "%" in SCORES[name].format else None, rangemode="tozero")
        with column:
            show_chart(chart, f"over-time-{name}", title, height=300)
    st.caption(_("Each score uses only a few pictures. It shows the trend, but it is not comparable with the table."))
