"""Errors that a user can mend, shown where they are raised."""

from collections.abc import Iterator
from contextlib import contextmanager

from gan_core.errors import StoreDamagedError, WorkbenchError
from pages.parts.edge import show_error
from pages.parts.language import _
from pages.parts.lost_list import offer_recovery


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Shows a WorkbenchError where it is raised, as a box. Anything else goes on: Streamlit logs it."""
    try:
        yield
    except StoreDamagedError as error:
        show_error(_(error.text))
        offer_recovery()
    except WorkbenchError as error:
        show_error(_(error.text))
