"""The end of a class: all stops, all is saved in one file, all is deleted."""

import streamlit as st

from gan_core.store import class_export
from gan_core.store.classroom import Classroom
from pages.parts.class_task import clock
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.progress import progress_bar
from pages.parts.visitors import store_of_visitor

STOPPING = "stopping all"


def end_class(room: Classroom) -> None:
    """Three steps; each can be taken alone."""
    with st.container(horizontal=True):
        active = room.active()
        if st.button(_("1. Stop all runs"), icon=":material/stop:", disabled=not active):
            room.stop_all()
            st.session_state[STOPPING] = True
            st.rerun()
        _save(room)
        if st.button(_("3. Delete all"), icon=":material/delete_forever:", disabled=bool(active)):
            st.dialog(_("End the class?"))(_ask_to_delete)()
    if active:
        st.fragment(_wait_for_the_last, run_every=1 if st.session_state.get(STOPPING) else None)(room)
    else:
        st.session_state.pop(STOPPING, None)
    st.caption(
        _(
            "The ZIP has a table of scores and a folder for each student: models, the newest picture, settings and "
            "metrics of each run. Then everything can be deleted, and the students' names with it."
        )
    )


def _wait_for_the_last(room: Classroom) -> None:
    if not (active := room.active()):
        st.rerun()
    st.info(_("In the queue or in work: {count}", count=active))


def _save(room: Classroom) -> None:
    made = st.button(_("2. Make a ZIP of all"), icon=":material/folder_zip:")
    if made:
        with errors_in_words(), progress_bar(_("Saving …")) as show:
            class_export.export_class(room.store, show)
    file = class_export.place()
    if file.exists():
        about = file.stat()
        label = _("Download ({size:,.1f} MB, of {time})", size=about.st_size / 1e6, time=clock(about.st_mtime))
        st.link_button(label, "live/class.zip", icon=":material/download:", type="primary" if made else "secondary")


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
