"""A run's charts, drawn in place: zoom, hidden curves and hover stay as the reader has them while the run learns.

st.plotly_chart forgets the zoom at every change of its data, with `key` and `uirevision` too. These fetch what is new
through pages.parts.live, and smooth, scale and label it in the browser, at once.
"""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from gan_core.monitor.charts import CHARTS, OLD_NAMES, SMOOTHING, X_AXES, Chart
from gan_core.store.rights import link_key
from gan_core.store.tables import Run
from pages.parts.component import LOADING, component
from pages.parts.language import LANGUAGES, _, language
from pages.parts.links import give, one_of, some_of, take

DASHES = {
    "solid": "Solid: {curve}.",
    "dot": "Dotted: {curve}.",
    "dash": "Dashed: {curve}.",
    "longdash": "Long dashes: {curve}.",
}
"""How a chart's curves are told apart where the colour shows the run, as Plotly calls it and in words: up to four."""

_component = component(Path(__file__).parent, '<div class="live-charts"></div>', LOADING)

X_SHORT = {"kimg": "kimg", "step": "steps", "epoch": "epochs", "seconds": "seconds"}
"""Short names of X_AXES, for buttons."""


class View(NamedTuple):
    """How the reader wants the charts."""

    x: str
    smoothing: float
    log: bool
    charts: list[str]


def choose_view() -> View:
    """The charts' settings, as widgets for a horizontal container; all are in the link."""
    take("x", one_of(X_AXES))
    take("charts", some_of(CHARTS, old_names=OLD_NAMES))
    x = st.segmented_control(
        _("X axis"), list(X_AXES), format_func=lambda name: _(X_SHORT[name]), default="kimg", key="x", required=True,
        persist_state="session",
        help=_(
            "What the horizontal axis shows. Use training images (kimg) to compare runs with different batch sizes."
        ),
    )  # fmt: skip
    smoothing = st.slider(
        _("Smoothing"), 0.0, 0.99, SMOOTHING, 0.01, key="smooth", persist_state="session", bind="query-params",
        width=120,
        help=_("An exponential moving average, as in TensorBoard. The measured values stay behind it, faint."),
    )  # fmt: skip
    log = st.toggle(
        _("Log axis"), key="log", persist_state="session", bind="query-params",
        help=_("Losses, gradients and speed on a logarithmic axis."),
    )  # fmt: skip
    with st.popover(_("Charts"), icon=":material/tune:"):
        shown = st.multiselect(
            _("Charts to show"), list(CHARTS), format_func=lambda name: _(CHARTS[name].title),
            default=list(CHARTS), key="charts", persist_state="session",
        )  # fmt: skip
    give("x", x, "kimg")
    give("charts", ",".join(shown), ",".join(CHARTS))
    return View(x, smoothing, log, shown)


def live_charts(
    runs: list[Run], view: View, key: str, behind: Run | None = None, scored: bool = False, labels: tuple[str, ...] = ()
) -> None:
    """The charts of one run, or of several over each other. They follow a run that learns by themselves. The
    page's script runs again once a run was deleted.

    Args:
        behind: another run, whose curves stand faint behind those of the one.
        scored: whether scores are on their way, so that their charts have their place from the start.
        labels: what the runs are called; their numbers and presets if none are given.
    """
    charts = [
        {
            "title": _(chart.title),
            "note": _(chart.note) if len(runs) == 1 else _dashes(chart),
            "traces": [
                trace._asdict() | {"label": _(trace.label), "dash": dash}
                for dash, trace in zip(DASHES, chart.traces, strict=False)
            ],
            "range": chart.y_range,
            "level": chart.level,
            "log": view.log and chart.y_range is None,
            "sparse": chart.sparse,
            "coming": chart.sparse and scored,
            "hidden_at_first": chart.of_some or (chart.sparse and not scored),
        }
        for name, chart in CHARTS.items()
        if name in view.charts
    ]
    _component(
        data={
            "runs": [
                {"id": link_key(run), "shown": run.id, "label": label}
                for run, label in zip(runs, labels or [run.label for run in runs], strict=True)
            ],
            "behind": [{"id": link_key(behind), "shown": behind.id, "label": behind.label}] if behind else [],
            "charts": charts,
            "x": {"metric": view.x, "title": _(X_AXES[view.x])},
            "smoothing": view.smoothing,
            "language": language(),
            "separators": LANGUAGES[language()].separators,
            "words": {
                "html": _("Download as HTML"),
                "larger": _("Make this chart large"),
                "smaller": _("Make it small again (Esc)"),
                "empty": _("Nothing measured yet."),
            },
        },
        key=key,
        height="content",
        on_gone_change=lambda: None,
    )


def _dashes(chart: Chart) -> str:
    """If there are several runs, the colour shows the run; the dashes distinguish its curves."""
    if len(chart.traces) == 1:
        return _(chart.note)
    named = zip(DASHES.values(), chart.traces, strict=False)
    return " ".join(_(template, curve=_(trace.label)) for template, trace in named)
