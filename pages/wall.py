"""A class on one screen: everybody's newest pictures, for a projector."""

import streamlit as st

from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.links import give, one_of, take, to_page
from pages.parts.visitors import store_of_visitor
from pages.parts.wall import wall


def main() -> None:
    store = store_of_visitor()
    store.mark_interrupted()
    orders = {"name": _("Name"), "score": _("Score"), "time": _("Time")}
    take("order", one_of(orders))
    with st.container(horizontal=True, vertical_alignment="center", key="wall-line"):
        st.title(_("Class"), anchor=False, width="content")
        order = st.segmented_control(
            _("Sorted by"), list(orders), default="name", format_func=lambda name: orders.get(name, ""), required=True,
            key="order", persist_state="session", label_visibility="collapsed", width="content",
        )  # fmt: skip
    give("order", order, "name")
    if chosen := wall(store, order):
        to_page("train.py", run=chosen)


with errors_in_words():
    main()
