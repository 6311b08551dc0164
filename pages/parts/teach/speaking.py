"""How students come in, and what is said to all of them."""

import io
from html import escape
from urllib.parse import urlsplit

import streamlit as st

from gan_core.hosting import hosting
from gan_core.store.classroom import LONGEST_WORDS, Classroom
from pages.parts.class_start import address, qr_code
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.sharp_pictures import show_pixels


def say_something(room: Classroom) -> None:
    """A sentence that stands on every page of every student within seconds."""
    said = room.said()
    with st.popover(_("Say something to all"), icon=":material/campaign:"), errors_in_words():
        # A form: what is in its field is sent by the first click.
        with st.form("words", border=False):
            words = st.text_area(_("A sentence for everybody"), said, max_chars=LONGEST_WORDS, key="words-to-all")
            if st.form_submit_button(_("Say it"), type="primary") and words.strip():
                room.say(words)
                st.rerun()
        if said and st.button(_("Take it back")):
            room.say("")
            st.rerun()


def how_to_come_in() -> None:
    """The address and the code, large enough for a projector."""
    with st.popover(_("How students come in"), icon=":material/qr_code_2:"):
        url, code = _address_of_class(), hosting().class_code.get_secret_value()
        drawn = io.BytesIO()
        qr_code(f"{url}/?code={code}" if code else url).save(drawn, kind="png", border=2)
        show_pixels(drawn.getvalue(), alt=_("How students come in"))
        lines = [url, _("Code: {code}", code=code)] if code else [url]
        st.html("".join(f'<p class="for-projector">{escape(line)}</p>' for line in lines))


def _address_of_class() -> str:
    """As the teacher's browser has it, behind a proxy too; from this computer itself, its address in the network."""
    here = (st.context.url or "").partition("?")[0].rstrip("/").removesuffix("/teach")
    return address() if not here or urlsplit(here).hostname in ("localhost", "127.0.0.1") else here
