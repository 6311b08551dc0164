"""Names that a stranger chose are shown as they are. What Streamlit's Markdown makes of them is tested in a browser."""

import io
import re
import string

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.store.runs import State
from gan_core.text import no_formula
from pages.parts.edge import JOINER, as_csv, file_or_reason, plain, plain_for_plotly
from tests.app.conftest import as_read, trained
from tests.conftest import METRICS

EVIL = "![x](http:&#47;&#47;127.0.0.1&#47;x.png) www.example.com **b** <b>"


@pytest.mark.parametrize(
    "text", [EVIL, string.punctuation, "1. a", "C:\\data", "a@b.example", ":smile: -> --", "ñ · 数字"]
)
def test_a_plain_text_reads_as_it_was(text):
    assert as_read(plain(text)) == text


def test_no_punctuation_is_left_that_markdown_could_read():
    assert re.sub(r"\\[!-/:-@\[-`{-~]", "", plain(string.printable)) == string.ascii_letters.join([string.digits, ""])


# mdast-util-gfm-autolink-literal and Streamlit's own frontend look for these once backslashes are gone.
FOUND = [
    r"(https?://|www(?=\.))([-.\w]+)",
    r"([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)",
    r":[\w+-]+:",
    r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)",
]


@pytest.mark.parametrize(
    "text",
    [
        *("www.example.com", "WWW.example.com", "see http://a.example", "HTTPS://a.example", "a.b+c@d-e.example"),
        *(
            "mailto:a@b.example",
            ":smile:",
            "a:streamlit:b",
            ":material_home:",
            ":+1:",
            "->",
            "a <-> b",
            "a -- b",
            "a ~= b",
        ),
    ],
)
def test_nothing_is_left_that_becomes_a_link_or_an_icon_later(text):
    assert any(re.search(pattern, text, re.IGNORECASE) for pattern in FOUND)
    read = re.sub(r"\\(.)", r"\1", plain(text))
    assert not any(re.search(pattern, read, re.IGNORECASE) for pattern in FOUND)
    assert read.replace(JOINER, "") == text
    assert ":material/" not in plain(":material/home:")


@pytest.mark.parametrize("text", ["a\nb", "a\r\n\r\n  b", " a\tb ", "a\x00b", "a\u202eb", "a\u2028b", "a\x1b\x85b"])
def test_a_text_has_one_line_and_one_direction(text):
    assert plain(text) == "a b"


def test_plotly_is_given_no_tags():
    assert plain_for_plotly('<a href="x">a</a>\n&b') == '&lt;a href="x"&gt;a&lt;/a&gt; &amp;b'


# Spreadsheets


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_text_that_begins_like_a_formula_is_none(begins):
    assert no_formula(f"{begins}1+1") == f"'{begins}1+1"
    assert no_formula(f"a{begins}") == f"a{begins}"


def test_a_formula_behind_a_semicolon_is_none_either():
    assert no_formula("a;=1+1;b") == "a;'=1+1;b"
    assert no_formula("a; b-c = 1") == "a; b-c = 1"


def test_in_a_csv_texts_are_no_formulas_and_numbers_stay_numbers():
    table = pd.DataFrame({"name": ["=1+1", "cats", None], "=loss": [-1.5, np.nan, 2], "step": [-1, 2, 3]})
    text = as_csv(table)
    assert text.splitlines()[:2] == ["name,'=loss,step", "'=1+1,-1.5,-1"]
    read = pd.read_csv(io.StringIO(text))
    assert read["'=loss"].tolist()[::2] == [-1.5, 2.0]
    assert read["step"].tolist() == [-1, 2, 3]
    assert as_csv(pd.DataFrame()) == pd.DataFrame().to_csv(index=False)


# The pages


@pytest.fixture
def evil(store):
    """A run whose dataset and preset are called by a stranger."""
    run = store.create(
        trained(store).config.model_copy(update={"dataset": f"folder:/tmp/{EVIL}"}), f"={EVIL}", owner="me"
    )
    store.write_metrics(run.id, 0, list(METRICS), np.ones((2, len(METRICS))))
    store.end(run.id, "me", State.FINISHED)
    return run


def test_the_first_page_shows_a_runs_name_as_it_is(open_page, evil):
    links = [link.proto.label for link in open_page("home.py").get("page_link")]
    assert evil.title not in links
    assert evil.title in map(as_read, links)


def test_settings_that_differ_are_shown_as_they_are(open_page, evil):
    app = open_page("runs.py", runs="1,2")
    assert not app.exception
    cells = app.table[0].value
    shown = [*cells.columns, *cells.to_numpy().flatten()]
    assert f"folder:/tmp/{EVIL}" in map(as_read, shown) and evil.label in map(as_read, shown)
    assert not any("![" in text or "www." in text for text in shown)


def test_a_table_that_may_be_saved_as_csv_has_no_formulas(open_page, evil):
    assert f"'={EVIL}" in open_page("runs.py").dataframe[0].value["preset"].tolist()


def test_a_download_is_named_without_a_strangers_signs(open_page, evil, monkeypatch):
    names = []
    monkeypatch.setattr(st, "download_button", lambda label, data, name, *_more, **_options: names.append(name))
    assert not open_page("train.py", run="2").exception
    assert len(names) == 5
    assert all(re.fullmatch(r"run-2-[\w.-]+", name) for name in names)


def test_a_download_that_has_gone_says_so_in_its_file(tmp_path):
    def fails():
        raise WorkbenchError("There are no sample grids yet; wait until the run has drawn some.")

    assert file_or_reason(lambda: b"all is well")() == b"all is well"
    assert "reload the page" in file_or_reason((tmp_path / "gone").read_bytes)()
    assert "no sample grids" in file_or_reason(fails)()
