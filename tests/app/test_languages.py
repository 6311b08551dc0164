"""Every text of every page goes through translation: seen by reading the pages in a language that marks each text."""

import re

import pytest

from gan_core import paths
from gan_core.presets import PRESETS
from gan_core.store.runs import State
from pages.parts import language
from tests.app.conftest import PAGES, as_read, components, trained

MARK = "⟦"
NO_WORDS = re.compile(r"[\d\W_]*")
NAMES = {"PNG", "ZIP", "NPZ", "HTML", "ONNX", "2026", *map(str.upper, language.LANGUAGES)} | {
    " / ".join(known.name for known in language.LANGUAGES.values())
}
FOR_SCRIPTS = {"colour", "dash", "kind", "language", "metric", "path", "png", "state"}
FOR_SCRIPTS |= {
    "address",
    "curved",
    "exercise",
    "exercises",
    "first",
    "group",
    "in_the_dark",
    "key",
    "metrics",
    "name",
    "pieces",
    "place",
    "questions",
    "scripts",
    "settings",
    "shown",
    "situation",
    "symbol",
    "usual",
    "value",
}
"""What our components are given that no reader sees."""


class Marked:
    """A catalogue whose translation of every text is the text, marked."""

    def gettext(self, text):
        return MARK + text


@pytest.fixture
def marked(monkeypatch):
    monkeypatch.setattr(language, "_catalogue", lambda wanted: Marked())


def texts_of(app):
    """Labels, helps, placeholders and contents, as the browser gets them."""
    for element in app:
        proto = element.proto if hasattr(element, "proto") else None
        for field in ("label", "help", "placeholder", "body", "tooltip"):
            text = getattr(proto, field, "")
            if isinstance(text, str) and text and element.type not in ("html", "code"):
                yield as_read(text)
    for component in components(app):
        yield from shown_of(component)


def shown_of(data):
    """Every text in what a component is given, but for what only its script reads."""
    if isinstance(data, str) and data:
        yield data
    elif isinstance(data, dict):
        for name in data.keys() - FOR_SCRIPTS:
            yield from shown_of(data[name])
    elif isinstance(data, list):
        for value in data:
            yield from shown_of(value)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("with_runs", [False, True])
def test_no_text_of_a_page_is_written_past_the_translation(open_page, store, marked, page, with_runs):
    if with_runs:
        trained(store)
        ended = trained(store)
        store.end(ended.id, "me", State.FINISHED)
    app = open_page(page, runs="1,2")
    assert not app.exception
    known = NAMES | set(PRESETS) | {name for run in store.all_runs() for name in (run.label, run.title)}
    known |= {path.stem for path in paths.shipped_models()}
    assert sum(MARK in text for text in texts_of(app)) > 3
    shown = {text for text in texts_of(app) if not text.startswith("$$")}  # a formula has no words
    past = {text for text in shown if MARK not in text and text not in known and not NO_WORDS.fullmatch(text)}
    assert past == set()
