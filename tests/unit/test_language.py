"""Two languages: every text has its translation, every translation its values."""

import string

import pytest

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.text import Text
from pages.locale.collect import ENGLISH, collect, translated
from pages.parts.language import LANGUAGES, translate

OTHERS = [language for language in LANGUAGES if language != ENGLISH]


def braces(template: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_has_a_translation(language):
    catalogue = translated(language)
    found = [message.id for message in collect() if message.id]
    assert len(found) > 200
    assert [text for text in found if text not in catalogue or not catalogue[text].string] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_of_a_text_that_is_gone(language):
    found = collect()
    assert [message.id for message in translated(language) if message.id and message.id not in found] == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_translation_has_the_values_of_its_text(language):
    wrong = [m.id for m in translated(language) if m.id and braces(m.id) != braces(m.string)]
    assert wrong == []


def test_numbers_are_written_as_the_language_writes_them():
    assert translate("en", "{count:,.1f} of {name}", count=1234.5, name="1,234.5") == "1,234.5 of 1,234.5"
    assert translate("es", "{count:,.1f} of {name}", count=1234.5, name="1,234.5") == "1.234,5 of 1,234.5"


def test_a_sentence_within_a_sentence_is_translated_too():
    inner = Text("running")
    assert translate("es", Text("{wanted}; you gave nothing", {"wanted": inner})).startswith("en marcha")


def test_a_text_without_a_translation_is_shown_in_english():
    assert translate("es", "No such text in any catalogue") == "No such text in any catalogue"


def test_what_is_stored_of_a_sentence_can_be_said_in_any_language_later():
    error = WorkbenchError("There is no run {run}; it has {count}.", run="7 {x}", count=3)
    again = Text.from_json(Text("{a}: {b}", {"a": error.text, "b": 2.5}).to_json())
    assert str(again) == "There is no run 7 {x}; it has 3.: 2.5"


def test_a_sentence_stored_by_an_older_version_is_shown_as_it_is():
    assert str(Text.from_json("Its process vanished {1}.")) == "Its process vanished {1}."
    assert str(Text.from_json("12")) == "12"


def test_where_a_servers_files_lie_is_told_nobody_who_shares_it(hosted):
    text = Text(
        "{file} is gone from {folder}", {"file": paths.checkpoints() / "a" / "b.txt", "folder": paths.checkpoints()}
    )
    assert str(paths.checkpoints()) in translate("en", text)
    hosted("public")
    assert translate("en", text) == "a/b.txt is gone from …"
