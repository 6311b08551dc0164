"""Keeps Python's garbage collector away from what never becomes garbage."""

import gc

import streamlit as st


@st.cache_resource(show_spinner=False)
def set_aside(what: str) -> None:
    """Once for the whole server and each `what`, when modules of that name have been loaded.

    Streamlit collects all garbage after every run of a page and every tick of a fragment. That was 70 % of the time of
    a server with one viewer, nearly all of it spent on scanning loaded modules.
    """
    gc.collect()
    gc.freeze()
