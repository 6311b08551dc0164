"""Where what others wrote reaches the page: errors that a user can mend, and names from files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from gan_core.errors import StoreDamagedError, WorkbenchError
from pages.parts.language import _


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Shows a WorkbenchError where it is raised, as a box. Anything else goes on: Streamlit logs it."""
    try:
        yield
    except StoreDamagedError as error:
        from pages.parts.recovery import offer_recovery  # it needs this module, too

        show_error(_(error.text))
        offer_recovery()
    except WorkbenchError as error:
        show_error(_(error.text))


def show_error(text: str) -> None:
    """A box with a sentence about what is wrong."""
    st.error(plain(text), icon=":material/error:")


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is: a model's or a folder's name may come from a stranger."""
    return re.sub(r"([\\`*_{}\[\]()#+\-!$~:<>|&])", r"\\\1", text)
