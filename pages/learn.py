"""Lessons: what a GAN is, and what becomes of it, each with something that runs."""

import streamlit as st

from pages.parts.class_task import show_task
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.learn.contents import contents
from pages.parts.learn.lessons import LESSONS
from pages.parts.learn.questions import show_questions
from pages.parts.links import give, one_of, take
from pages.parts.visitors import store_of_visitor

FIRST = next(iter(LESSONS))


def main() -> None:
    store = store_of_visitor()
    take("lesson", one_of(LESSONS))
    name = st.session_state.setdefault("lesson", FIRST)
    with st.sidebar:
        if chosen := contents(LESSONS, name):
            _turn_to(chosen)
    give("lesson", name, FIRST)
    show_task(store)
    lesson = LESSONS[name]
    st.title(_(lesson.title), anchor=False)
    lesson.show(store)
    if lesson.questions:
        st.subheader(_("Questions"), anchor=False)
        show_questions(name, lesson.questions)
    _neighbours(name)


def _neighbours(name: str) -> None:
    """The ways to the lesson before and after."""
    names = list(LESSONS)
    at = names.index(name)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="lesson-neighbours"):
        for number, icon in ((at - 1, ":material/arrow_back:"), (at + 1, ":material/arrow_forward:")):
            if 0 <= number < len(names):
                title = _(LESSONS[names[number]].title)
                if st.button(title, icon=icon, key=f"to-{names[number]}"):
                    _turn_to(names[number])


def _turn_to(name: str) -> None:
    st.session_state["lesson"] = name
    give("lesson", name, FIRST)
    st.rerun()


with errors_in_words():
    main()
