"""Every text of the pages in the reader's language: `_("Runs")`, `_("{count} pictures", count=9)`, `_(run.told)`.

The library writes English templates (gan_core.text); the catalogues beside the pages hold their translations. A text
without one is shown in English, and a test fails.
"""

import gettext
import io
import string
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from gan_core.text import Text
from pages.parts.links import give, one_of, take

LANGUAGES = {"en": "English", "es": "Español"}
"""The first is what the texts are written in."""
CATALOGUES = Path(__file__).parent.parent / "locale"
_SWAPPED = str.maketrans(",.", ".,")


def choose_language() -> None:
    """The switch in the page's header. Begins with the browser's language; a choice is kept in the link."""
    take("lang", one_of(LANGUAGES))
    chosen = st.segmented_control(
        "Language / Idioma", list(LANGUAGES), default=_of_browser(), format_func=str.upper, required=True, key="lang",
        persist_state="session", label_visibility="collapsed", help=" / ".join(LANGUAGES.values()),
    )  # fmt: skip
    give("lang", chosen, _of_browser())
    # Streamlit's page says that it is English, and a screen reader would read Spanish so.
    st.html(f"<script>document.documentElement.lang = '{language()}'</script>", unsafe_allow_javascript=True)


def language() -> str:
    """The reader's language, a key of LANGUAGES."""
    chosen = st.session_state.get("lang")
    return chosen if chosen in LANGUAGES else _of_browser()


def _of_browser() -> str:
    spoken = (st.context.locale or "").partition("-")[0].lower()
    return spoken if spoken in LANGUAGES else next(iter(LANGUAGES))


def _(text: str | Text, /, **values: Any) -> str:
    """The text in the reader's language, its {braces} filled."""
    return translate(language(), text, **values)


def translate(language: str, text: str | Text, /, **values: Any) -> str:
    """The text in that language. Numbers in it are written as that language writes them."""
    if isinstance(text, Text):
        text, values = text.template, text.values
    if not text:
        return ""
    # It may stand in an address, which holds anything.
    language = language if language in LANGUAGES else next(iter(LANGUAGES))
    template = _catalogue(language).gettext(text)
    return _Speaker(language).vformat(template, (), values) if values else template


class _Speaker(string.Formatter):
    """str.format, but numbers are written as the language does, and texts within texts are translated too."""

    def __init__(self, language: str):
        self.language = language

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        said = translate(self.language, value) if isinstance(value, Text) else value
        return super().convert_field(said, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        written = super().format_field(value, format_spec)
        return written.translate(_SWAPPED) if self.language == "es" and isinstance(value, int | float) else written


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """The language's catalogue, read from its text, so that there is no compiled copy to keep up to date."""
    path = CATALOGUES / f"{language}.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
