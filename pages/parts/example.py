"""What pages show while there is no run: what a GAN does, and one click to train one."""

import streamlit as st

from gan_core import paths
from gan_core.presets import DEFAULT_PRESET, PRESETS
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.links import to_page
from pages.parts.lost_list import offer_if_lost
from pages.parts.rates import count_request
from pages.parts.sharp_pictures import show_pixels

EXAMPLE = "mnist-cdcgan"


def show_example(store: RunStore) -> None:
    """What a page without runs shows: what a GAN does, and one click to train one."""
    offer_if_lost(store)
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        st.title(_("Train a GAN"))
        st.markdown(
            _(
                "A **generator** learns to draw. A **discriminator** learns to tell its pictures from real ones. Each "
                "makes the other better. Press **Train**: the preset learns handwritten digits, which are part of "
                "this program. Every two seconds you see what it can draw. A minute is enough to see digits."
            )
        )
        start_button(store)
        st.caption(_("The pictures here come from a shipped model, another GAN that was trained for longer."))
    with right:
        example_picture()


def start_button(store: RunStore) -> None:
    """One click that trains the preset to start with, and shows it."""
    if st.button(_("Train on digits now"), type="primary", icon=":material/rocket_launch:", key="train-now"):
        with errors_in_words():
            count_request()
            st.session_state["run"] = link_key(store.create(PRESETS[DEFAULT_PRESET].config, DEFAULT_PRESET))
            to_page("train.py")


def example_picture() -> None:
    picture = paths.PRETRAINED / f"{EXAMPLE}.png"
    show_pixels(picture.read_bytes(), alt=_("Handwritten digits drawn by the shipped model, a row for each digit"))
