"""A run that a page has shown may be deleted meanwhile, here or by somebody else."""

import streamlit as st

from gan_core.store.rights import link_key
from gan_core.store.tables import Run
from pages.parts.edge import plain
from pages.parts.language import _

SHOWN = "runs-shown"
"""The session's key for the numbers of the runs that it has shown, by what stands for them in links."""


def note_shown(run: Run) -> None:
    """For `say_that_it_is_gone`, later."""
    st.session_state.setdefault(SHOWN, {})[link_key(run)] = run.id


def say_that_it_is_gone(key: str) -> None:
    """Of a run that the session has chosen, by what stands for it in links: it is not there, or not any more."""
    if number := st.session_state.get(SHOWN, {}).get(key):
        st.info(_("Run {run} was deleted.", run=number), icon=":material/delete:")
    else:
        st.warning(plain(_("There is no run {run} here; it may have been deleted.", run=key)))
