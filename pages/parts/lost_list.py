"""What a page offers when the list of runs is lost or damaged, and the runs' folders are still there."""

import streamlit as st

from gan_core import common_place, paths
from gan_core.errors import WorkbenchError
from gan_core.store import recovery
from gan_core.store.runs import RunStore
from pages.parts.edge import plain, show_error
from pages.parts.language import _
from pages.parts.links import to_page
from pages.parts.progress import progress_bar
from pages.parts.visitors import visitor

SUMMARY = "recovered"
"""The session's key for the result, until the Runs page has shown it."""


def offer_if_lost(store: RunStore) -> None:
    """Show it if there are folders of runs that are not in the list, and offer to recover them."""
    # To list what many machines have in common takes too long for every page: `runs --recover` does.
    may_look = store.by.may_everything and not common_place.is_there()
    lost = recovery.folders_without_run(store) if may_look else []
    if lost:
        text = _(
            "Runs that lie in {folder} and are not in the list: {count}. The list's file may have been lost.",
            count=len(lost),
            folder=paths.checkpoints(),
        )
        st.warning(plain(text), icon=":material/healing:")
        offer_recovery()


def offer_recovery() -> None:
    """The button that makes the list again from the folders."""
    if not visitor().may_everything:
        return
    if not st.button(_("Recover the runs from their folders"), icon=":material/healing:", key="recover"):
        return
    try:
        with progress_bar(_("Reading the runs' folders")) as show:
            st.session_state[SUMMARY] = recovery.recover(show).summary()
    except WorkbenchError as error:
        show_error(_(error.text))
    else:
        to_page("runs.py")


def show_summary() -> None:
    if summary := st.session_state.pop(SUMMARY, None):
        st.success(plain(_(summary)), icon=":material/healing:")
