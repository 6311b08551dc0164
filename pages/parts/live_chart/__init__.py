"""A Plotly chart that is updated in place: zoom, hidden traces and hover stay as the reader has them.

st.plotly_chart forgets the zoom at every change of its data, with `key` and `uirevision` too.
"""

from pathlib import Path
from typing import Any

import streamlit as st

_component = st.components.v2.component(
    "live_chart",
    html='<div class="live-chart" role="figure"></div>',
    css=".live-chart { width: 100%; height: 300px; }",
    js=Path(__file__).with_name("live_chart.js").read_text(encoding="utf-8"),
    # Plotly puts its own styles into the document's head, where a shadow root would not see them.
    isolate_styles=False,
)


def live_chart(figure: dict[str, Any], key: str) -> None:
    """Show a figure from gan_core.charts. Under one key the chart stays the same one, whatever its data."""
    _component(data=figure, key=key, height="content")
