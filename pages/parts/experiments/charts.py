"""An experiment as charts: curves with their spread, and the score over each varied setting."""

from collections.abc import Iterable
from itertools import accumulate
from math import ceil, floor, log10

import plotly.graph_objects as go
import streamlit as st

from gan_core.config import settings
from gan_core.exercises import Score
from gan_core.experiments import Experiment
from gan_core.metrics.result import SCORES
from gan_core.monitor.answers import spread
from gan_core.monitor.charts import CHARTS, X_AXES
from gan_core.monitor.experiment_results import Band, Result, band
from gan_core.ranges import Range
from gan_core.store.runs import RunStore
from pages.parts.edge import plain_for_plotly
from pages.parts.experiments.table import label_of
from pages.parts.language import _
from pages.parts.plot import show_chart
from pages.parts.style import of_theme

MOST_BANDS = 6
"""More of them cannot be told apart."""
OVER = ("kimg", "step", "seconds")


def show_bands(store: RunStore, experiment: Experiment, results: list[Result]) -> None:
    """A curve for each of the best variants, with a band of one standard deviation over the seeds."""
    metrics = {
        trace.metric: _(chart.title) if len(chart.traces) == 1 else f"{_(chart.title)}: {_(trace.label)}"
        for chart in CHARTS.values()
        for trace in chart.traces
    }
    with st.container(horizontal=True, vertical_alignment="bottom", key="band-choice"):
        metric = st.selectbox(
            _("Curve"), list(metrics), format_func=lambda name: metrics.get(name, ""), key="experiment.metric",
            index=list(metrics).index("fid"), persist_state="session", width=360,
        )  # fmt: skip
        over = st.selectbox(
            _("Over"), OVER, format_func=lambda name: _(X_AXES[name]) if name in OVER else "", key="experiment.over",
            persist_state="session", width=260,
        )  # fmt: skip
    found = [(result, band(store, result.runs, metric, over)) for result in results[:MOST_BANDS]]
    chart = go.Figure()
    for number, (result, curve) in enumerate(found):
        if curve is not None:
            chart.add_traces(_traces(curve, label_of(result.variant), number))
    if not chart.data:
        st.caption(_("Nothing has been measured yet."))
        return
    chart.update_xaxes(title=_(X_AXES[over]))
    chart.update_yaxes(title=metrics[metric], rangemode="tozero" if metric in SCORES else "normal")
    legend = {"title": {"text": _titles(experiment.vary)}, "orientation": "h", "y": -0.25}
    show_chart(chart, "bands", metrics[metric], height=420, legend=legend)
    text = _("A line is the mean over the seeds, its band one standard deviation on each side.")
    if len(results) > MOST_BANDS:
        text += " " + _("The best {count} variants.", count=MOST_BANDS)
    st.caption(text)


def _traces(curve: Band, label: str, number: int) -> list[go.Scatter]:
    colours = of_theme("chartCategoricalColors")
    colour = colours[number % len(colours)]
    outline = {
        "x": [*curve.x, *curve.x[::-1]],
        "y": [*(curve.mean + curve.deviation), *(curve.mean - curve.deviation)[::-1]],
    }
    name = plain_for_plotly(label)
    if len(curve.x) == 1:
        spread_of_it = {"type": "data", "array": curve.deviation}
        return [go.Scatter(x=curve.x, y=curve.mean, error_y=spread_of_it, marker_color=colour, name=name)]
    band_of_it = {"fill": "toself", "fillcolor": _faint(colour), "line_width": 0, "mode": "lines"}
    return [
        go.Scatter(**outline, **band_of_it, hoverinfo="skip", showlegend=False, legendgroup=name),
        go.Scatter(x=curve.x, y=curve.mean, mode="lines", line_color=colour, name=name, legendgroup=name),
    ]


def _faint(colour: str) -> str:
    """The colour, through which one sees others: #rrggbb with a fifth of its strength."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.2)"


def show_score_over_settings(experiment: Experiment, results: list[Result], score: Score) -> None:
    """For each varied setting: every run's score over its values, and their mean."""
    columns = st.columns(min(2, len(experiment.vary)))
    for number, name in enumerate(experiment.vary):
        with columns[number % len(columns)]:
            if one := experiment.ranges.get(name):
                _score_over_range(name, one, results, score)
            else:
                _score_over(name, _values(experiment, name), results, score)


def _values(experiment: Experiment, name: str) -> tuple[str, ...]:
    """All that are there: a search tries the settings as they are too."""
    tried = [variant[name] for variant in experiment.variants]
    return tuple(dict.fromkeys([*experiment.vary[name], *tried]))


def _score_over_range(name: str, one: Range, results: list[Result], score: Score) -> None:
    """Every trial's mean score over the setting."""
    scored = [result for result in results if result.side.scores(score) and _number(result.variant[name]) is not None]
    if not scored:
        return
    x = [_number(result.variant[name]) for result in scored]
    y = [spread(result.side.scores(score)).mean for result in scored]
    text = [plain_for_plotly(label_of(result.variant)) for result in scored]
    chart = go.Figure(go.Scatter(x=x, y=y, text=text, mode="markers", marker=_MARK | {"color": _colour()}))
    title = _(settings()[name].title)
    chart.update_xaxes(title=title, exponentformat="none")
    if one.is_log:
        chart.update_xaxes(type="log", dtick=1)
    chart.update_yaxes(title=_(SCORES[score].title), tickformat=".0%" if score == "accuracy" else None)
    best = _("{score} over {setting}, a point for each trial. Best at {value}", value=scored[0].variant[name],
             score=_(SCORES[score].title), setting=title)  # fmt: skip
    show_chart(chart, f"over-{name}", best, height=300, showlegend=False)


def show_best_so_far(results: list[Result], score: Score) -> None:
    """Of a search: every trial's mean score, and the best of them until then."""
    scored = sorted((result for result in results if result.side.scores(score)), key=lambda result: result.number)
    if len(scored) < 2:
        return
    x = [result.number + 1 for result in scored]
    y = [spread(result.side.scores(score)).mean for result in scored]
    best = list(accumulate(y, min if score == "fid" else max))
    text = [plain_for_plotly(label_of(result.variant)) for result in scored]
    chart = go.Figure(
        [
            go.Scatter(x=x, y=y, text=text, mode="markers", marker=_MARK | {"color": _colour()}, name=_("a trial")),
            go.Scatter(x=x, y=best, mode="lines", line={"shape": "hv", "color": _colour(0)}, name=_("best so far")),
        ]
    )
    chart.update_xaxes(title=_("Trial"), dtick=1 if len(x) <= 20 else None)
    chart.update_yaxes(title=_(SCORES[score].title), tickformat=".0%" if score == "accuracy" else None)
    alt = _("{score} of each trial; the best so far is {best:.3g}", score=_(SCORES[score].title), best=best[-1])
    show_chart(chart, "best-so-far", alt, height=300, legend={"orientation": "h", "y": -0.3})


_MARK = {"size": 9, "opacity": 0.7}


def _colour(number: int = 1) -> str:
    return of_theme("chartCategoricalColors")[number]


def _number(value: str) -> float | None:
    """None for what some settings have besides numbers: none."""
    try:
        return float(value)
    except ValueError:
        return None


def _score_over(name: str, values: tuple[str, ...], results: list[Result], score: Score) -> None:
    of_value = {
        plain_for_plotly(value): [
            one for result in results if result.variant[name] == value for one in result.side.scores(score)
        ]
        for value in values
    }
    scored = {value: scores for value, scores in of_value.items() if scores}
    if not scored:
        return
    colour = _colour()
    points = [(value, one) for value, scores in scored.items() for one in scores]
    chart = go.Figure(
        [
            go.Scatter(x=[value for value, _one in points], y=[one for _value, one in points], mode="markers",
                       marker={"color": colour, "size": 8, "opacity": 0.5}, name=_("a run")),
            go.Scatter(x=list(scored), y=[spread(scores).mean for scores in scored.values()], mode="lines+markers",
                       line={"color": colour}, marker={"symbol": "line-ew-open", "size": 22}, name=_("mean")),
        ]
    )  # fmt: skip
    title = _(settings()[name].title)
    chart.update_xaxes(title=title, type="category")
    chart.update_yaxes(title=_(SCORES[score].title), tickformat=".0%" if score == "accuracy" else None)
    means = ", ".join(f"{value}: {spread(scores).mean:.3g}" for value, scores in scored.items())
    alt = _("{score} over {setting}. Means: {means}", score=_(SCORES[score].title), setting=title, means=means)
    show_chart(chart, f"over-{name}", alt, height=300, showlegend=False)


def show_parallel(experiment: Experiment, results: list[Result], score: Score) -> None:
    """Where several settings vary: a line through each variant's values to its score."""
    scored = [result for result in results if result.side.scores(score)]
    if len(experiment.vary) < 2 or not scored:
        return
    scores = [spread(result.side.scores(score)).mean for result in scored]
    axes = [_axis(experiment, name, scored) for name in experiment.vary]
    axes.append({"label": _(SCORES[score].title), "values": scores})
    colours = of_theme("chartCategoricalColors")
    line = {"color": scores, "colorscale": [[0, colours[1]], [1, colours[0]]], "showscale": False}
    text = of_theme("textColor")
    chart = go.Figure(go.Parcoords(dimensions=axes, line=line, labelfont_color=text, tickfont_color=text))
    alt = _("A line through the values of each variant to its score; the table has the same figures.")
    show_chart(chart, "parallel", alt, height=360, margin={"l": 80, "r": 60, "t": 50, "b": 20})
    st.caption(_("Drag along an axis to see only the variants with these values."))


def _axis(experiment: Experiment, name: str, scored: list[Result]) -> dict[str, object]:
    numbers = [_number(result.variant[name]) for result in scored]
    if (one := experiment.ranges.get(name)) and None not in numbers:
        shown = [log10(number) if one.is_log else number for number in numbers if number is not None]
        return {"label": _(settings()[name].title), "values": shown} | (_log_ticks(shown) if one.is_log else {})
    values = _values(experiment, name)
    places = [values.index(result.variant[name]) for result in scored]
    texts = [plain_for_plotly(value) for value in values]
    return {
        "label": _(settings()[name].title), "values": places, "tickvals": list(range(len(values))), "ticktext": texts,
        "range": [0, max(1, len(values) - 1)],
    }  # fmt: skip


def _log_ticks(places: list[float]) -> dict[str, object]:
    """At the powers of ten, as far as there are two of them."""
    powers = range(floor(min(places)), ceil(max(places)) + 1)
    return {"tickvals": list(powers), "ticktext": [f"{10.0**power:g}" for power in powers],
            "range": [powers[0], powers[-1]]}  # fmt: skip


def _titles(names: Iterable[str]) -> str:
    return " · ".join(_(settings()[name].title) for name in names)
