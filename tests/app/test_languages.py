"""Every text of every page goes through translation: seen by reading the pages in a language that marks each text."""

import re

import pytest

from gan_core.checkpoint import shipped
from gan_core.runs import State
from pages.parts import language
from tests.app.conftest import PAGES, trained

MARK = "⟦"
NO_WORDS = re.compile(r"[\d\W_]*")
NAMES = {"PNG", "ZIP", "NPZ", "English / Español", "Language / Idioma", "2026", "EN", "ES"}


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
                yield text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("with_runs", [False, True])
def test_no_text_of_a_page_is_written_past_the_translation(open_page, store, marked, page, with_runs):
    if with_runs:
        trained(store)
        ended = trained(store)
        store.end(ended.id, "me", State.FINISHED)
    app = open_page(page)
    assert not app.exception
    known = {f"{run.id} · {run.preset} · {run.dataset_name}" for run in store.all_runs()} | NAMES
    known |= {path.stem for path in shipped()}
    assert sum(MARK in text for text in texts_of(app)) > 3
    past = {text for text in texts_of(app) if MARK not in text and text not in known and not NO_WORDS.fullmatch(text)}
    assert past == set()
