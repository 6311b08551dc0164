"""Every text of the pages in the reader's language: `_("Runs")`, `_("{count} pictures", count=9)`, `_(text)`.

The library writes English templates (gan_core.text); the catalogues beside the pages hold their translations. A text
without one is shown in English, and a test fails. One more language is its code in LANGUAGES and its catalogue.
"""

import gettext
import io
import string
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol

from gan_core import paths
from gan_core.hosting import hosting
from gan_core.text import Text
from pages.parts.links import give, one_of, take

CATALOGUES = Path(__file__).parent.parent / "locale"


class Language(NamedTuple):
    """A language's own name, and its marks in numbers: before decimals, and between thousands."""

    name: str
    decimal: str
    thousands: str

    @property
    def separators(self) -> str:
        """The marks as Plotly takes them."""
        return self.decimal + self.thousands


def of_unicode(code: str) -> Language:
    """The language of that code, by Unicode's tables (CLDR)."""
    name = Locale(code).get_language_name() or code
    return Language(name.capitalize(), get_decimal_symbol(code), get_group_symbol(code))


LANGUAGES = {code: of_unicode(code) for code in ("en", "es")}
"""The first is what the texts are written in."""


def choose_language() -> None:
    """The switch in the page's header. Begins with the browser's language; a choice is kept in the link."""
    take("lang", one_of(LANGUAGES))
    label = " / ".join(translate(code, Text("Language")) for code in LANGUAGES)
    names = " / ".join(known.name for known in LANGUAGES.values())
    chosen = st.segmented_control(
        label, list(LANGUAGES), default=_of_browser(), format_func=str.upper, required=True, key="lang",
        persist_state="session", label_visibility="collapsed", help=names,
    )  # fmt: skip
    give("lang", chosen, _of_browser())
    # Streamlit's page declares that it is English, and a screen reader would read any other language as English.
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
        values, text = text.values, text.template
    if not text:
        return ""
    # It may come from an address, which can hold anything.
    language = language if language in LANGUAGES else next(iter(LANGUAGES))
    template = _catalogue(language).gettext(text)
    return _Speaker(language).vformat(template, (), values) if values else template


class _Speaker(string.Formatter):
    """str.format, but numbers are written as the language does, and texts within texts are translated too."""

    def __init__(self, language: str):
        self.language = language

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        text = translate(self.language, value) if isinstance(value, Text) else value
        return super().convert_field(text, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        written = super().format_field(value, format_spec)
        if not isinstance(value, int | float):
            return _without_folders(written) if hosting().is_shared else written
        known = LANGUAGES[self.language]
        return written.translate(str.maketrans({",": known.thousands, ".": known.decimal}))


def _without_folders(text: str) -> str:
    """The text without where this server's files lie, which strangers need not know."""
    folders = (paths.checkpoints(), paths.data(), paths.PROJECT, Path.home())
    for folder in sorted({str(one.absolute()) for one in folders} - {"/"}, key=len, reverse=True):
        text = text.replace(f"{folder}/", "").replace(folder, "…")
    return text


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
