"""Where errors that a user can mend become a sentence on the page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from gan_core.errors import WorkbenchError


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Shows a WorkbenchError where it is raised, as a box; anything else goes on as it is, into the log."""
    try:
        yield
    except WorkbenchError as error:
        st.error(str(error), icon=":material/error:")
