"""How students come in, and what is said to all of them."""

import io
from urllib.parse import urlsplit

import streamlit as st

from gan_core.hosting import hosting
from gan_core.store.classroom import LONGEST_WORDS, Classroom
from pages.parts.class_start import address, qr_code
from pages.parts.edge import plain
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.sharp_pictures import show_pixels


def say_something(room: Classroom) -> None:
    """A sentence that stands on every page of every student within seconds."""
    said = room.said()
    with st.popover(_("Say something to all"), icon=":material/campaign:"), errors_in_words():
        words = st.text_area(_("What all are to read"), said, max_chars=LONGEST_WORDS, key="words-to-all")
        with st.container(horizontal=True):
            if st.button(_("Say it"), type="primary", disabled=not words.strip()):
                room.say(words)
                st.rerun()
            if st.button(_("Take it back"), disabled=not said):
                room.say("")
                st.rerun()


def how_to_come_in() -> None:
    """The address and the code, large enough for a projector."""
    with st.popover(_("How students come in"), icon=":material/qr_code_2:"):
        url, code = _address_of_class(), hosting().class_code.get_secret_value()
        drawn = io.BytesIO()
        qr_code(f"{url}/?code={code}" if code else url).save(drawn, kind="png", border=2)
        show_pixels(drawn.getvalue(), alt=_("How students come in"))
        st.markdown(f"## {plain(url)}")
        if code:
            st.markdown(_("Code: {code}", code=plain(code)))


def _address_of_class() -> str:
    """As the teacher's browser has it, behind a proxy too; from this computer itself, its address in the network."""
    here = (st.context.url or "").partition("?")[0].rstrip("/").removesuffix("/teach")
    return address() if not here or urlsplit(here).hostname in ("localhost", "127.0.0.1") else here
