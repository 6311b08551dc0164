"""The playground as a part of the lessons: a GAN on points in the plane."""

import streamlit as st

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson
from pages.parts.learn.playground.show import playground


def show(store: RunStore) -> None:
    """The playground, over the whole width."""
    st.markdown(_("A GAN that learns points in the plane, here in your browser: play with it."))
    playground()


LESSON = Lesson(Text("Playground"), show)
