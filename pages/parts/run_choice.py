"""Which run the Train page shows, and what it shows while there is none."""

import streamlit as st

from gan_core import paths
from gan_core.presets import DEFAULT_PRESET, PRESETS
from gan_core.runs import Run, RunStore, State
from pages.parts.edge import errors_in_words, plain
from pages.parts.language import _
from pages.parts.links import give, take, whole_number
from pages.parts.pictures import show_pixels
from pages.parts.recovery import offer_if_lost

RUNS_TO_CHOOSE_FROM = 100
EXAMPLE = "mnist-cdcgan"


def choose_run(store: RunStore) -> Run | None:
    """The run that the page shows: the one chosen or linked to, else the one in training, else the newest."""
    take("run", whole_number)
    runs = store.all_runs(RUNS_TO_CHOOSE_FROM)
    wanted = st.session_state.get("run")
    chosen_before = store.get(wanted or 0)
    if wanted and not chosen_before:
        st.warning(plain(_("There is no run {run} here; it may have been deleted.", run=wanted)))
    if not runs:
        give("run", "")
        return None
    offered = {run.id: run for run in runs}
    if chosen_before:
        offered[chosen_before.id] = chosen_before
    else:
        st.session_state["run"] = next((run.id for run in runs if run.state == State.RUNNING), runs[0].id)
    chosen = st.selectbox(
        _("Run"), list(offered), format_func=lambda number: offered[number].title, key="run",
        persist_state="session",
    )  # fmt: skip
    give("run", str(chosen))
    return store.get(chosen)


def show_example(store: RunStore) -> None:
    """What a page without runs shows: what there is to gain, and how, in one click."""
    offer_if_lost(store)
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        st.title(_("Train a GAN"))
        st.markdown(
            _(
                "A **generator** learns to draw, a **discriminator** to tell its pictures from real ones, and each "
                "gets better by the other. Press **Train**: the preset learns handwritten digits, which are part of "
                "this program, and shows you every two seconds what it can draw by then. A minute is enough to see "
                "digits."
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
            st.session_state["run"] = store.create(PRESETS[DEFAULT_PRESET].config, DEFAULT_PRESET).id
            st.switch_page("train.py")


def example_picture() -> None:
    picture = paths.PRETRAINED / f"{EXAMPLE}.png"
    show_pixels(picture.read_bytes(), alt=_("Handwritten digits drawn by the shipped model, a row for each digit"))
