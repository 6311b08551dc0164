"""What a link holds: a page's choices in the address, so that it opens the same view in another browser.

Streamlit's own `bind="query-params"` writes a choice by its label, which differs from language to language. These write
the option itself, and are for widgets whose labels are translated; sliders and switches are bound by Streamlit.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

import streamlit as st

from pages.parts.timers import end_timers

LONGEST = 20_000
"""Characters of a choice in a link: room for every run that the Runs page lists."""
LONGEST_KEY = 120
"""Characters of a run's name, and so of what stands for it in a link."""


def take(name: str, read: Callable[[str], Any]) -> None:
    """Before the widget of that key: a value in the address becomes its value, if the session has none yet, or if the
    reader has just come to this page, by a link. While one stays on a page the address may be older than the widget.

    Args:
        read: makes a value of the text, or None of text that means none.
    """
    if name not in st.query_params or (name in st.session_state and not st.session_state.get("has just come")):
        return
    value = read(given(name))
    if value is not None:
        st.session_state[name] = value


def to_page(script: str, **query: str) -> NoReturn:
    """Show another page.

    Args:
        query: what its address is to hold. Without it the page stays empty if this address holds a slider's value.
    """
    end_timers()
    st.switch_page(script, query_params=query or None)


def note_page(name: str) -> None:
    """For `take`, before the page of that name is run."""
    st.session_state["has just come"] = st.session_state.get("page") != name
    st.session_state["page"] = name


def given(name: str) -> str:
    """What stands in the address, or "". Longer than any choice of ours counts as nothing: it is not even split."""
    text = st.query_params.get(name, "")
    return text if len(text) <= LONGEST else ""


def give(name: str, value: str, usual: str = "") -> None:
    """After the widget: its value stands in the address, unless it is the usual one."""
    if value == usual:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def run_key(text: str) -> str | None:
    """Reads what may stand for a run: its number or its name."""
    return text if len(text) <= LONGEST_KEY and re.fullmatch(r"[A-Za-z0-9-]+", text) else None


def one_of(options: Any) -> Callable[[str], str | None]:
    """Reads one of these options, nothing else."""
    return lambda text: text if text in options else None


def some_of(
    options: Any, most: int | None = None, old_names: Mapping[str, str] = MappingProxyType({})
) -> Callable[[str], list[str] | None]:
    """Reads up to `most` options with commas between them; those that are none, or come twice, are left out.

    Args:
        old_names: what options are called in older links, and now.
    """

    def read(text: str) -> list[str]:
        parts = dict.fromkeys(old_names.get(part, part) for part in text.split(","))
        return [part for part in parts if part in options][:most]

    return read


def whole_number(text: str) -> int | None:
    """Reads a whole number from 0 on, of up to 11 digits; nothing else, so that no link asks for an absurd one."""
    return int(text) if text.isdecimal() and len(text) < 12 else None
