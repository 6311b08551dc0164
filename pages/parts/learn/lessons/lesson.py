"""What every lesson is, and what it is made of."""

from collections.abc import Callable, Iterable
from html import escape
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


class Picture(NamedTuple):
    """A picture in a table: its address, and what it shows."""

    address: str
    alt: str


def figure_of(rows: Iterable[tuple[str | Picture, ...]], heading: tuple[str, ...]) -> None:
    """A small table of words, numbers and pictures. On a phone it is scrolled, by keyboard too."""
    head = "".join(f"<th>{escape(title)}</th>" for title in heading)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    label = escape(", ".join(filter(None, heading)), quote=True)
    st.html(
        f'<div class="figures" role="region" tabindex="0" aria-label="{label}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(content: str | Picture) -> str:
    if isinstance(content, Picture):
        return f'<td><img src="{escape(content.address, quote=True)}" alt="{escape(content.alt, quote=True)}"></td>'
    return f"<td>{escape(content)}</td>"
