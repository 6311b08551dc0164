"""Charts that stand still, as the page's theme and language have them."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts.language import LANGUAGES, language
from pages.parts.style import of_theme

NO_TOOLS = {"displayModeBar": False}


def show_chart(chart: go.Figure, key: str, alt: str, **layout: Any) -> None:
    """Streamlit's own chart.

    Args:
        alt: what it shows, in words, for who does not see it.
        layout: for Plotly's `update_layout`.
    """
    text = of_theme("textColor")  # Streamlit's own grey cannot be read on a light ground
    for update in (chart.update_xaxes, chart.update_yaxes):
        update(tickfont_color=text, title_font_color=text)
    usual = {"margin": {"l": 10, "r": 10, "t": 10, "b": 10}, "separators": LANGUAGES[language()].separators}
    chart.update_layout(usual | layout)
    st.plotly_chart(chart, config=NO_TOOLS, key=key, alt=alt)
