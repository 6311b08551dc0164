"""What a theme cannot set, as CSS, with the theme's own colours."""

from pathlib import Path
from typing import Any

import streamlit as st

NETWORKS = ("discriminator", "generator")
"""Whose colours the theme's first two chart colours are."""


def of_theme(name: str) -> Any:
    """The theme's option of that name, in the reader's colours."""
    colours = "dark" if st.context.theme.type == "dark" else "light"
    return st.get_option(f"theme.{colours}.{name}")


def colours_of(theme: str) -> list[str]:
    """The charts' colours in the theme "light" or "dark"."""
    return list(st.get_option(f"theme.{theme}.chartCategoricalColors"))


def show_style() -> None:
    """style.css for the page, and for it and our components the colours --colour-discriminator, --colour-generator."""
    light, dark = map(colours_of, ("light", "dark"))
    # Streamlit sets color-scheme by the reader's theme; light-dark() goes by it.
    colours = zip(NETWORKS, light, dark, strict=False)
    root = "".join(f"--colour-{name}: light-dark({bright}, {dim}); " for name, bright, dim in colours)
    rules = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    st.html(f"<style>:root {{ {root}}}\n{rules}</style>")
