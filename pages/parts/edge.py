"""Where text of unknown origin reaches the page: errors that a user can repair, and names from files."""

import re
from collections.abc import Callable
from html import escape

import pandas as pd
import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.text import Text, csv_for_all, no_formula
from pages.parts.language import language, translate
from pages.parts.rates import request_of_visitor


def show_error(text: str) -> None:
    """A box with a sentence about what is wrong."""
    st.error(plain(text), icon=":material/error:")


JOINER = "\u2060"
"""An invisible character that allows no line break."""
_FOUND_LATER = re.compile(
    r"www(?=\.)|https?:(?=//)|@(?=[\w-]+\.)"  # addresses
    r"|:(?=[\w+-]+:)"  # :smile:, :streamlit:, :material_home:
    r"|(?<!\S)[<>~-](?=(?:->|[>=-])(?!\S))",  # arrows, dashes, comparisons
    re.IGNORECASE,
)
"""Where Streamlit finds links, icons and arrows in what is left once Markdown has been read, backslashes or none."""
_NO_TEXT = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
"""Line breaks, control characters, invisible characters, and those that change the writing direction."""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is, in one line: a model's or a folder's name may come from anyone.

    Every text that is not ours goes through this where Streamlit takes Markdown: in boxes and captions, in labels of
    buttons, links, pills and bars, in the cells of st.table. The options of lists and the cells of st.dataframe are
    shown as they are anyway.
    """
    one_line = _NO_TEXT.sub(" ", text).strip()
    return _PUNCTUATION.sub(r"\\\1", _FOUND_LATER.sub(rf"\g<0>{JOINER}", one_line))


def plain_for_plotly(text: str) -> str:
    """The same for Plotly, which takes <b>, <a href> and the like in axes and legends for HTML."""
    return escape(_NO_TEXT.sub(" ", text), quote=False)


def file_or_reason(make: Callable[[], bytes | str]) -> Callable[[], bytes | str]:
    """What a download button gives, made at the click. If it is gone by then, or if this visitor has had too many, the
    file holds a sentence about it: the page cannot show one any more.
    """
    spoken, count = language(), request_of_visitor()  # at the click there is no page to ask

    def made() -> bytes | str:
        try:
            count()
            return make()
        except WorkbenchError as error:
            return translate(spoken, error.text)
        except OSError:
            return translate(spoken, Text("This file no longer exists; reload the page."))

    return made


def as_csv(rows: pd.DataFrame) -> str:
    """A CSV whose texts are no formulas. Numbers stay numbers."""
    texts = rows.select_dtypes(exclude="number")
    tame = texts.map(lambda cell: no_formula(cell) if isinstance(cell, str) else cell)
    return csv_for_all(rows.assign(**tame).rename(columns=no_formula).to_csv(index=False))
