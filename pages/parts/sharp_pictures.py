"""Pictures of few pixels, shown large and sharp."""

import base64
from html import escape

import streamlit as st


def show_pixels(picture: bytes | str, alt: str, width: str = "100%", caption: str = "") -> None:
    """A picture as wide as `width` (CSS), each of its pixels a sharp square. st.image would blur it.

    Args:
        picture: a PNG, or the address of a picture.
        alt: what it shows, for people who cannot see it.
        caption: a line below it.
    """
    st.html(figure(picture, alt, width, caption))


def show_side_by_side(pictures: list[tuple[bytes, str, str]]) -> None:
    """PNGs, each with its alt text and caption, in one row that is as wide as it may be, on a phone too."""
    figures = "".join(figure(png, alt, f"{100 / len(pictures)}%", caption) for png, alt, caption in pictures)
    st.html(f'<div style="display:flex;gap:0.75rem">{figures}</div>')


def figure(picture: bytes | str, alt: str, width: str, caption: str) -> str:
    """What show_pixels shows, as HTML, to stand inside other HTML."""
    source = picture if isinstance(picture, str) else f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    below = f'<figcaption style="font-size:0.85rem;opacity:0.75">{escape(caption)}</figcaption>' if caption else ""
    return (
        f'<figure style="margin:0;width:{width};max-width:100%">'
        f'<img src="{escape(source, quote=True)}" alt="{escape(alt, quote=True)}" '
        f'style="width:100%;display:block;image-rendering:pixelated;border-radius:0.5rem">{below}</figure>'
    )
