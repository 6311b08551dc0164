"""A bar for work whose share is known."""

import contextlib
import time
from collections.abc import Callable, Iterator

import streamlit as st

SHOWN_AFTER = 0.5
"""Seconds. What is done by then needs no bar, which would only flicker."""


@contextlib.contextmanager
def progress_bar(text: str) -> Iterator[Callable[[float], None]]:
    """Takes the share done, in 0..1, and shows it under the text if the work takes long; gone when it is done."""
    place = st.empty()
    began = time.monotonic()

    def show(share: float) -> None:
        if time.monotonic() - began > SHOWN_AFTER:
            place.progress(share, text)

    try:
        yield show
    finally:
        place.empty()
