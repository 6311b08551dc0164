"""Our own parts of a page that are drawn by the browser: a folder each, with NAME.css and NAME.js."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer


def component(folder: Path, html: str) -> ComponentRenderer:
    """The component of that folder, named as it; call it with `data`, the JSON that its script is given.

    Args:
        html: what its script finds on the page at first.
    """
    name = folder.name
    return st.components.v2.component(
        name,
        html=html,
        css=(folder / f"{name}.css").read_text(encoding="utf-8"),
        js=(folder / f"{name}.js").read_text(encoding="utf-8"),
        # The page's styles and Plotly's stand in the document's head, where a shadow root would not see them.
        isolate_styles=False,
    )
