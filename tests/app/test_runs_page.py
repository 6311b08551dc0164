"""The table of all runs, and several side by side."""

import pytest

from gan_core.store.runs import State
from tests.app.conftest import button_named, components, trained, words_of


def shown(app):
    return app.dataframe[0].value["id"].tolist()


def tables(app):
    return [table.value for table in app.table]


def test_without_runs_the_page_offers_to_train_one(open_page, store):
    app = open_page("runs.py")
    assert not app.exception
    assert button_named(app, "Train on digits now")


def test_all_runs_are_listed_the_newest_first_with_their_last_scores(open_page, store):
    trained(store)
    run = trained(store)
    store.report(run.id, "me", last_json='{"generator_loss": 0.75}')
    app = open_page("runs.py")
    assert not app.exception
    assert shown(app) == [2, 1]
    assert app.dataframe[0].value["generator_loss"].tolist()[0] == 0.75


def test_the_table_is_filtered_by_state_preset_and_words(open_page, store):
    run = trained(store)
    trained(store, dataset="mnist")
    store.end(run.id, "me", State.FINISHED)
    app = open_page("runs.py")
    app.multiselect(key="state").set_value(["finished"]).run()
    assert shown(app) == [1]
    app.multiselect(key="state").set_value([]).run()
    app.text_input(key="find").set_value("MNIST").run()
    assert shown(app) == [2]
    app.text_input(key="find").set_value("nothing like it").run()
    assert not app.exception
    assert shown(app) == []


def test_a_link_shows_the_same_runs_side_by_side_and_only_what_differs(open_page, store):
    for batch_size in (16, 32, 64):
        trained(store, batch_size=batch_size)
    app = open_page("runs.py", runs="1,3")
    assert not app.exception
    compared = [[run["id"] for run in data["runs"]] for data in components(app)]
    assert compared == [["3", "1"], ["3", "1"]]
    assert tables(app)[0].to_dict() == {"3 · cgan": {"Batch size": "64"}, "1 · cgan": {"Batch size": "16"}}


def test_runs_with_the_same_settings_say_so(open_page, store):
    trained(store)
    trained(store)
    assert "the same settings" in words_of(open_page("runs.py", runs="1,2"))


@pytest.mark.parametrize("runs", ["", "x", "99", "1,1", ",".join(map(str, range(50)))])
def test_a_link_that_makes_no_sense_is_harmless(open_page, store, runs):
    trained(store)
    assert not open_page("runs.py", runs=runs, state="x", preset_is="<script>").exception
