"""A run's curves as Plotly draws them, for a page that is not Streamlit's."""

import math
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from gan_core.monitor.charts import CHARTS, X_AXES, Chart
from gan_core.monitor.feed import Rows
from pages.parts.language import LANGUAGES, translate
from pages.parts.style import colours_of

OVER = "kimg"
HEIGHT = 280  # pixels
STILL = {"displayModeBar": False, "responsive": True}
CLEAR = "rgba(0,0,0,0)"


def library(address: str) -> Markup:
    """The tag that brings Plotly's script, by its address or, without one, the script itself."""
    if address:
        return Markup('<script src="{}" charset="utf-8"></script>').format(address)
    return Markup(f"<script>{get_plotlyjs()}</script>")  # Plotly's own text, to be run and not to be escaped


def curves(rows: Rows, language: str) -> list[dict[str, Any]]:
    """Of each chart that has something to show: its title, what draws it, and how it is read."""
    return [
        {
            "title": translate(language, chart.title),
            "note": translate(language, chart.note),
            "drawn": Markup(_drawn(chart, rows, language)),  # Plotly escapes what it is given
        }
        for chart in CHARTS.values()
        if any(_has_numbers(rows.get(trace.metric, [])) for trace in chart.traces)
    ]


def _has_numbers(values: list[float | None]) -> bool:
    return any(value is not None and math.isfinite(value) for value in values)


def _drawn(chart: Chart, rows: Rows, language: str) -> str:
    figure = go.Figure()
    for trace in chart.traces:
        points = [(x, y) for x, y in zip(rows[OVER], rows.get(trace.metric, []), strict=False) if y is not None]
        figure.add_scatter(
            x=[x for x, _y in points], y=[y for _x, y in points], mode="lines+markers" if chart.sparse else "lines",
            name=translate(language, trace.label), line={"color": colours_of("light")[trace.colour], "width": 1.5},
        )  # fmt: skip
    if chart.level is not None:
        figure.add_hline(chart.level, line={"dash": "dot", "width": 1, "color": "gray"})
    figure.update_xaxes(title=translate(language, X_AXES[OVER]))
    figure.update_yaxes(range=chart.y_range)
    figure.update_layout(
        height=HEIGHT, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, separators=LANGUAGES[language].separators,
        margin={"l": 50, "r": 10, "t": 10, "b": 40}, legend={"orientation": "h", "y": 1.15},
        showlegend=len(chart.traces) > 1, template="none",
    )  # fmt: skip
    return to_html(
        figure, full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True}
    )
