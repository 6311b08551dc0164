"""The first page: what it offers without data and with."""

from gan_core.runs import State
from tests.app.conftest import button_named, trained, words_of


def test_one_click_trains_and_shows_it(open_page, store):
    app = open_page("home.py")
    assert not app.exception
    button_named(app, "Train on digits now").click().run()
    assert not app.exception
    assert store.all_runs()[0].state == State.QUEUED
    assert "number 1 in the queue" in words_of(app)


def test_the_latest_runs_are_shown_with_the_way_to_them(open_page, store):
    assert "Latest runs" not in words_of(open_page("home.py"))
    trained(store)
    app = open_page("home.py")
    assert "Latest runs" in words_of(app)
    assert any("run=1" in link.proto.query_string for link in app.get("page_link"))
