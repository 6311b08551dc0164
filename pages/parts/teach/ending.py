"""The end of a class: all stops, all is saved in one file, all is deleted."""

import contextlib

import streamlit as st

from gan_core.store import class_export
from gan_core.store.classroom import Classroom
from pages.parts.class_task import clock
from pages.parts.edge import show_error
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.teach import REFRESH_SECONDS
from pages.parts.visitors import store_of_visitor

DELETING = "asked to delete the class"


def end_class() -> None:
    """Three steps; each can be taken alone. What they show is kept up to date: runs end, and two teachers may look."""
    st.fragment(_steps, run_every=REFRESH_SECONDS)()
    if st.session_state.pop(DELETING, False):
        # Not in the fragment, which would close it when it runs again.
        st.dialog(_("End the class?"))(_ask_to_delete)()
    st.caption(
        _(
            "The ZIP has tables of scores and tasks, and a folder for each student: models, the newest picture, "
            "settings and metrics of each run. Then everything can be deleted, and the students' names with it."
        )
    )


def _steps() -> None:
    with errors_in_words():
        room, making = Classroom(store_of_visitor()), class_export.making  # who may have left since the page was made
        active = room.active()
        with st.container(horizontal=True):
            if st.button(_("1. Stop all runs"), icon=":material/stop:", disabled=not active):
                room.stop_all()
                st.rerun()
            if st.button(_("2. Make a ZIP of all"), icon=":material/folder_zip:", disabled=making.is_on):
                making.begin(room.store)
                st.rerun()
            _offer_download()
            busy = bool(active) or making.is_on
            if st.button(_("3. Delete all"), icon=":material/delete_forever:", disabled=busy):
                st.session_state[DELETING] = True
                st.rerun()
        if active:
            st.info(_("In the queue or in work: {count}", count=active))
        if making.is_on:
            st.progress(making.share, _("Saving …"))
        elif making.error:
            show_error(_(making.error.text))


def _offer_download() -> None:
    file = class_export.place()
    with contextlib.suppress(FileNotFoundError):  # there is none
        about = file.stat()
        label = _("Download ({size:,.1f} MB, of {time})", size=about.st_size / 1e6, time=clock(about.st_mtime))
        st.link_button(label, "live/class.zip", icon=":material/download:")


def _ask_to_delete() -> None:
    room = Classroom(store_of_visitor())  # who may have left since the page was made
    st.write(_("Runs, models, pictures, evaluations, uploads, tasks and the students' names are deleted for good."))
    if not class_export.place().exists():
        st.warning(_("No ZIP of the class has been made."))
    else:
        st.warning(_("The ZIP on this server is deleted too: download it first. Runs made after it are not in it."))
    with st.container(horizontal=True), errors_in_words():
        if st.button(_("Delete all for good"), type="primary", icon=":material/delete_forever:"):
            room.delete_all()
            st.rerun()
        if st.button(_("Keep all")):
            st.rerun()
