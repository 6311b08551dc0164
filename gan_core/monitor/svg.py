"""A chart of a run as an SVG picture, for places without a chart library. Knows nothing of torch."""

from html import escape

import numpy as np

from gan_core.monitor.charts import Chart, Trace

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 30, 34
"""Pixels around the curves, for the title and the axes."""
COLOURS = ("#6565e8", "#e5730f", "#7c8798")
"""Of the discriminator, the generator and others; each can be told from white and from black."""
OUTLIERS = 1
"""Percent of a curve's values at either end that may lie outside the picture."""


def has_curve(chart: Chart, metrics: dict[str, np.ndarray]) -> bool:
    """Whether a run has measured what the chart shows."""
    return any(np.isfinite(metrics[trace.metric]).any() for trace in chart.traces if trace.metric in metrics)


def svg(chart: Chart, metrics: dict[str, np.ndarray]) -> str:
    """The chart over kimg. Texts and axes have the colour of the text around it.

    Args:
        metrics: each column's values [rows], `kimg` among them; thinned by `charts.thin` if there are many.
    """
    low, high = chart.y_range or _range(np.concatenate([metrics.get(t.metric, np.empty(0)) for t in chart.traces]))
    last = max(float(metrics["kimg"][-1]), 1e-9)
    lines = [_line(trace, metrics, last, low, high) for trace in chart.traces if trace.metric in metrics]
    keys = "&#160;&#160; ".join(
        f'<tspan fill="{COLOURS[trace.colour]}">{escape(trace.label)}</tspan>' for trace in chart.traces
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" font-family="sans-serif" font-size="11" fill="currentColor"><title>{escape(chart.title)}</title>'
        f'<text x="{LEFT}" y="12" font-weight="bold">{escape(chart.title)}</text><text x="{LEFT}" y="25">{keys}</text>'
        f"{_axes(last, low, high)}{''.join(lines)}</svg>"
    )


def _range(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = np.percentile(finite, [OUTLIERS, 100 - OUTLIERS])
    space = 0.05 * (high - low) or max(abs(high), 1.0) * 0.05
    return float(low - space), float(high + space)


def _line(trace: Trace, metrics: dict[str, np.ndarray], last: float, low: float, high: float) -> str:
    values = metrics[trace.metric]
    there = np.isfinite(values)
    x = LEFT + (WIDTH - LEFT - RIGHT) * metrics["kimg"][there] / last
    share = np.clip((values[there] - low) / (high - low), 0, 1)
    y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{COLOURS[trace.colour]}" stroke-width="1.2"/>'


def _axes(last: float, low: float, high: float) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    return (
        f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="currentColor" opacity="0.4"/>'
        f'<g text-anchor="end"><text x="{LEFT - 4}" y="{TOP + 8}">{high:.3g}</text>'
        f'<text x="{LEFT - 4}" y="{bottom}">{low:.3g}</text>'
        f'<text x="{right}" y="{bottom + 14}">{last:,.4g}</text></g>'
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">training images (kimg)</text>'
    )
