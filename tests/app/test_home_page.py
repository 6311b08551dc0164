"""The first page: what it offers without data and with."""

import pytest
import streamlit as st

from gan_core import paths
from gan_core.store.runs import State
from tests.app.conftest import button_named, trained, words_of


def test_one_click_trains_and_shows_it(open_page, store):
    app = open_page("home.py")
    assert not app.exception
    button_named(app, "Train on digits now").click().run()
    assert not app.exception
    assert store.all_runs()[0].state == State.QUEUED
    assert "number 1 in the queue" in words_of(app)


def test_the_pages_icon_is_a_file_that_is_always_there(open_page, monkeypatch):
    """What Streamlit keeps in memory for a session is gone for a moment when its script is begun again."""
    icons = []
    monkeypatch.setattr(st, "set_page_config", lambda **options: icons.append(options["page_icon"]))
    open_page("home.py")
    assert icons[0].startswith("/app/static/")
    assert (paths.PROJECT / "pages" / "static" / icons[0].removeprefix("/app/static/")).exists()


def test_the_latest_runs_are_shown_with_the_way_to_them(open_page, store):
    assert "Latest runs" not in words_of(open_page("home.py"))
    trained(store)
    app = open_page("home.py")
    assert "Latest runs" in words_of(app)
    assert any("run=1" in link.proto.query_string for link in app.get("page_link"))


@pytest.mark.parametrize("live, shown", [("live.webp", "live/1/newest?v="), ("live.png", "live/1/grid/20?v=")])
def test_a_run_is_shown_by_its_newest_picture_or_else_by_the_last_one_kept(open_page, store, live, shown):
    run = trained(store)
    run.grid_folder.mkdir(parents=True)
    for kept in ("000000010.png", "000000020.png"):
        (run.grid_folder / kept).write_bytes(b"then")
    (run.folder / live).write_bytes(b"now")
    app = open_page("home.py")
    assert not app.exception
    cards = [html.proto.body for html in app.get("html") if "What run 1 draws" in html.proto.body]
    assert len(cards) == 1 and f'src="{shown}' in cards[0]


def test_a_run_that_has_drawn_nothing_yet_is_shown_without_a_picture(open_page, store):
    trained(store)
    assert "What run 1 draws" not in words_of(open_page("home.py"))
