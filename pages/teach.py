"""The teacher's page: a task, its results, the queue, the students, and the end of the class."""

import streamlit as st

from gan_core.store.classroom import Classroom
from pages.parts.entrance import current_teacher
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.ready import get_ready
from pages.parts.teach.ending import end_class
from pages.parts.teach.speaking import how_to_come_in, say_something
from pages.parts.teach.students import show_students
from pages.parts.teach.task import set_task, show_results
from pages.parts.teach.whole_queue import steer_queue
from pages.parts.visitors import store_of_visitor


def main() -> None:
    current_teacher()
    store = store_of_visitor()
    store.mark_interrupted()
    get_ready(store)
    room = Classroom(store)
    with st.container(horizontal=True, vertical_alignment="bottom", key="teach-line"):
        st.title(_("Teach"), anchor=False, width="content")
        say_something(room)
        how_to_come_in()
    task, queue, students, ending = st.tabs([_("Task"), _("Queue"), _("Students"), _("End of the class")])
    with task, errors_in_words():
        set_task(room)
        show_results(room)
    with queue, errors_in_words():
        steer_queue()
    with students, errors_in_words():
        show_students()
    with ending, errors_in_words():
        end_class()


with errors_in_words():
    main()
