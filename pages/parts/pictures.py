"""Pictures of few pixels, shown large and sharp."""

import base64
from html import escape

import streamlit as st


def show_pixels(png: bytes, alt: str, width: str = "100%") -> None:
    """A PNG as wide as `width` (CSS), each of its pixels a sharp square. st.image would blur it."""
    encoded = base64.b64encode(png).decode()
    st.html(
        f'<img src="data:image/png;base64,{encoded}" alt="{escape(alt, quote=True)}" '
        f'style="width:{width};max-width:100%;image-rendering:pixelated;border-radius:0.5rem">'
    )
