"""One more language is one entry in LANGUAGES and one catalogue: French, here, of three texts."""

import json

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df

from gan_core.store.evaluations import default_evaluations
from pages.parts import language
from pages.parts.language import LANGUAGES, of_unicode, translate
from tests.app.conftest import components, trained
from tests.app.test_evaluate_page import EVALUATE, a_result, finish, key_of, make_run

NARROW = "\u202f"
"""The narrow no-break space that French has between thousands."""


@pytest.fixture
def french(monkeypatch, tmp_path):
    catalogue = Catalog(locale="fr")
    for text, said in {"Language": "Langue", "Losses": "Pertes", "{count} pictures": "{count} images"}.items():
        catalogue.add(text, said)
    with (tmp_path / "fr.po").open("wb") as file:
        write_po(file, catalogue)
    language._catalogue.cache_clear()
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    monkeypatch.setitem(LANGUAGES, "fr", of_unicode("fr"))
    yield
    language._catalogue.cache_clear()


def test_numbers_in_its_texts_are_written_as_it_writes_them(french):
    assert translate("fr", "{count:,.1f} of {name}", count=12345.5, name="1,234.5") == f"12{NARROW}345,5 of 1,234.5"
    assert translate("fr", "{count} pictures", count=3) == "3 images"


def test_it_can_be_chosen_by_its_name(french, open_page):
    switch = open_page(lang="fr").button_group(key="lang")
    assert switch.value == "fr"
    assert switch.proto.label.split(" / ")[-1] == "Langue"
    assert switch.help.split(" / ") == ["English", "Español", "Français"]
    assert [option.content for option in switch.proto.options] == ["EN", "ES", "FR"]


def test_charts_speak_it_and_write_its_numbers(french, open_page, store):
    trained(store)
    charts = next(data for data in components(open_page(run="1", lang="fr")) if "charts" in data)
    assert charts["charts"][0]["title"] == "Pertes"
    assert charts["separators"] == f",{NARROW}"


def test_the_table_of_scores_and_the_confusion_matrix_write_its_numbers(french, open_page, store):
    run = make_run(store)
    finish(default_evaluations(), run, a_result(fid=12.5))
    app = open_page(EVALUATE, evaluated=key_of(run), lang="fr")
    assert not app.exception
    shown = convert_arrow_bytes_to_pandas_df(app.dataframe[0].proto.arrow_data.styler.display_values)
    assert shown["fid"].tolist() == ["12,5000", "0,5000"]
    assert json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]["separators"] == f",{NARROW}"
