"""How a GAN learns, to be tried out."""

import streamlit as st

from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.learn.playground.show import playground


def main() -> None:
    st.title(_("Learn how a GAN works"), anchor=False)
    st.markdown(_("A GAN that learns points in the plane, here in your browser: play with it."))
    playground()


with errors_in_words():
    main()
