"""Our own parts of a page that are drawn by the browser: a folder each, with NAME.css and NAME.js."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

LOADING = Path(__file__).parent / "live" / "loading.js"


def component(folder: Path, html: str, watches: bool = False) -> ComponentRenderer:
    """The component of that folder, named as it; call it with `data`, the JSON that its script is given.

    Args:
        html: what its script finds on the page at first.
        watches: whether its script uses live/loading.js, which then stands before it.
    """
    name = folder.name
    parts = [LOADING, folder / f"{name}.js"] if watches else [folder / f"{name}.js"]
    return st.components.v2.component(
        name,
        html=html,
        css=(folder / f"{name}.css").read_text(encoding="utf-8"),
        js="".join(part.read_text(encoding="utf-8") for part in parts),
        # The page's styles and Plotly's stand in the document's head, where a shadow root would not see them.
        isolate_styles=False,
    )
