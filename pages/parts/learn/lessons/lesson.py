"""What every lesson is, and what it is made of."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import streamlit as st

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.learn.questions import Question


class Lesson(NamedTuple):
    """A lesson of ten minutes.

    Args:
        title: as the list of lessons has it.
        show: writes it into the page.
        questions: what it asks at its end.
    """

    title: Text
    show: Callable[[RunStore], None]
    questions: tuple[Question, ...] = ()


def say(*paragraphs: str) -> None:
    """Paragraphs of Markdown, already in the reader's language."""
    for paragraph in paragraphs:
        st.markdown(paragraph)


def part(title: str) -> None:
    """The heading of a lesson's part."""
    st.subheader(title, anchor=False)


def figure_of(rows: Iterable[tuple[str, ...]], heading: tuple[str, ...]) -> None:
    """A small table of words and numbers."""
    lines = [heading, tuple("---" for _column in heading), *rows]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))
