"""Lessons: what a GAN is, and what becomes of it, each with something that runs."""

import streamlit as st

from gan_core.text import Text
from pages.parts.class_task import show_task
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.learn import exercises
from pages.parts.learn.contents import contents
from pages.parts.learn.lessons import LESSONS
from pages.parts.learn.lessons.glossary import show_new_words
from pages.parts.learn.lessons.lesson import Lesson
from pages.parts.learn.questions import show_questions
from pages.parts.links import give, one_of, take
from pages.parts.visitors import store_of_visitor

FIRST = next(iter(LESSONS))
PARTS = LESSONS | {exercises.NAME: Lesson(Text("Exercises"), exercises.show_list)}


def main() -> None:
    store = store_of_visitor()
    take("lesson", one_of(PARTS))
    name = st.session_state.setdefault("lesson", FIRST)
    with st.sidebar:
        if chosen := contents(PARTS, name, store.by):
            _turn_to(chosen)
    give("lesson", name, FIRST)
    show_task(store)
    lesson = PARTS[name]
    st.title(_(lesson.title), anchor=False)
    show_new_words(name)
    lesson.show(store)
    if lesson.questions:
        st.subheader(_("Questions"), anchor=False)
        show_questions(name, lesson.questions)
    for exercise in exercises.of_lesson(name):
        st.header(_("Exercise"), anchor=False)
        exercises.show_exercise(store, exercise)
    _neighbours(name)


def _neighbours(name: str) -> None:
    """The ways to the lesson before and after."""
    names = list(PARTS)
    at = names.index(name)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="lesson-neighbours"):
        for number, icon in ((at - 1, ":material/arrow_back:"), (at + 1, ":material/arrow_forward:")):
            if 0 <= number < len(names):
                title = _(PARTS[names[number]].title)
                if st.button(title, icon=icon, key=f"to-{names[number]}"):
                    _turn_to(names[number])


def _turn_to(name: str) -> None:
    st.session_state["lesson"] = name
    give("lesson", name, FIRST)
    exercises.forget_address()
    st.rerun()


with errors_in_words():
    main()
