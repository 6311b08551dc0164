"""The first page: what this is, how a GAN learns, and the three ways on."""

import streamlit as st

from gan_core.store.runs import RunStore
from pages.parts.class_task import show_task
from pages.parts.error_box import errors_in_words
from pages.parts.example import example_picture, start_button
from pages.parts.home.sections import how_it_learns, recent_runs, shipped_models
from pages.parts.language import _
from pages.parts.links import to_page
from pages.parts.lost_list import offer_if_lost
from pages.parts.ready import get_ready
from pages.parts.visitors import store_of_visitor

RECENT_RUNS = 4


def main() -> None:
    store = store_of_visitor()
    store.mark_interrupted()
    get_ready(store)
    show_task(store)
    words, picture = st.columns([3, 2], gap="large", vertical_alignment="center")
    with words:
        _welcome(store)
    with picture:
        example_picture()
    st.header(_("How a GAN learns"), anchor=False)
    how_it_learns()
    runs = store.all_runs(RECENT_RUNS)
    if not runs:
        offer_if_lost(store)
    else:
        st.header(_("Latest runs"), anchor=False)
        recent_runs(store, runs)
    st.header(_("Models to draw with"), anchor=False)
    shipped_models()


def _welcome(store: RunStore) -> None:
    st.title(_("Watch a GAN learn to draw"), anchor=False)
    st.markdown(
        _(
            "Choose a generative adversarial network (GAN) and its settings, and see its pictures take shape while it "
            "trains on this machine. A minute is enough to see digits."
        )
    )
    with st.container(horizontal=True):
        start_button(store)
        if st.button(_("Learn how it works"), icon=":material/menu_book:"):
            to_page("learn.py")
        if st.button(_("Draw with a trained model"), icon=":material/draw:"):
            to_page("generate.py")


with errors_in_words():
    main()
