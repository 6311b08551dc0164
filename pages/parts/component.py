"""Our own parts of a page that are drawn by the browser: a folder each, with NAME.css and NAME.js."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

LOADING = Path(__file__).parent / "live" / "loading.js"
"""For those that watch: what is asked of the server is tried again."""
ELEMENTS = Path(__file__).parent / "learn" / "elements.js"
"""For those that write text into elements."""


def component(folder: Path, html: str, *shared: Path) -> ComponentRenderer:
    """The component of that folder, named as it; call it with `data`, the JSON that its script is given.

    Args:
        html: what its script finds on the page at first.
        shared: scripts that several use, such as LOADING; they stand before its own.
    """
    name = folder.name
    return st.components.v2.component(
        name,
        html=html,
        css=(folder / f"{name}.css").read_text(encoding="utf-8"),
        js="".join(script.read_text(encoding="utf-8") for script in (*shared, folder / f"{name}.js")),
        # The page's styles and Plotly's stand in the document's head, where a shadow root would not see them.
        isolate_styles=False,
    )
