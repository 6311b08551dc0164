"""What a page says while its server is away."""

import json

import streamlit as st

from pages.parts.language import language, translate
from pages.parts.operations.life import AWAY


def prepare_for_absence() -> None:
    """Streamlit's own box speaks of a terminal, in English; style.css puts this sentence in its place."""
    st.html(f"<style>:root {{ --away: {json.dumps(translate(language(), AWAY), ensure_ascii=False)}; }}</style>")
