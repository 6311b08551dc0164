"""The Experiments page, and the way to it from the Train page."""

import json
from types import SimpleNamespace

import pytest

from gan_core.estimates.estimator import Estimate
from gan_core.experiments import make_experiment
from gan_core.store import searches
from gan_core.store.experiments import Experiments
from gan_core.store.runs import State
from pages.parts.experiments.table import as_csv
from tests.app.conftest import as_read, button_named, words_of
from tests.conftest import small_config

PAGE = "experiments.py"


@pytest.fixture
def experiments(store):
    return Experiments(store)


@pytest.fixture
def asked(experiments):
    """Two variants of two seeds each, in the queue."""
    row = experiments.make(make_experiment("cgan", small_config(), {"batch_size": ["16", "32"]}, 2))
    experiments.train_missing(row)
    return row


def finish(store, *fids):
    """The next runs in the queue end with these FIDs: first the first seeds of both variants, then the second ones."""
    for fid in fids:
        run = store.claim("me")
        store.report(run.id, "me", step=20, last_json=json.dumps({"fid": fid, "accuracy": 0.5}))
        store.end(run.id, "me", State.FINISHED)


def in_the_form(app, label):
    return next(button for button in app.sidebar.button if button.label == label)


def table(app):
    return app.dataframe[0].value


def test_runs_that_are_too_short_for_a_score_are_warned_of_before_they_are_asked_for(open_page, monkeypatch):
    app = open_page("train.py", preset="cgan")
    known = SimpleNamespace(ask=lambda config: Estimate("CPU", 1, 1, 100.0, 1))
    monkeypatch.setattr("pages.parts.train.cost.default_estimator", lambda: known)
    app.number_input(key="config.minutes").set_value(0.1)
    app.multiselect(key="vary").set_value(["batch_size"]).run()
    app.text_input(key="vary.batch_size").set_value("16, 32").run()
    assert "may end without a score" in words_of(app)
    app.number_input(key="config.minutes").set_value(2).run()
    assert "may end without a score" not in words_of(app)


def test_without_any_it_says_what_they_are_for_and_fills_the_form_of_an_example(open_page):
    app = open_page(PAGE)
    assert "One run does not tell" in words_of(app)
    button_named(app, "Begin with an example").click().run()
    assert not app.exception
    assert app.multiselect(key="vary").value == ["generator_layers"]
    assert app.text_input(key="vary.generator_layers").value == "16, 128, 256-512"
    assert in_the_form(app, "Train 9 runs")


def test_from_the_form_every_combination_is_queued_and_shown(open_page, store):
    app = open_page("train.py")
    app.multiselect(key="vary").set_value(["loss", "batch_size"]).run()
    app.multiselect(key="vary.loss").set_value(["hinge", "non-saturating"]).run()
    app.text_input(key="vary.batch_size").set_value("16, 32, 64").run()
    app.number_input(key="vary.seeds").set_value(2).run()
    in_the_form(app, "Train 12 runs").click().run()
    assert not app.exception
    assert len(store.all_runs()) == 12
    assert len(table(app)) == 6
    assert "0 of 12 runs have ended" in app.get("progress")[0].proto.text


def test_a_value_that_is_refused_is_said_beside_it(open_page):
    app = open_page("train.py")
    app.multiselect(key="vary").set_value(["batch_size"]).run()
    app.text_input(key="vary.batch_size").set_value("16, many").run()
    assert not app.exception
    assert "whole number" in app.error[0].value


@pytest.mark.parametrize("seeds", [0, -1, 21])
def test_so_many_seeds_are_refused_and_not_others_taken(open_page, seeds):
    app = open_page("train.py")
    app.multiselect(key="vary").set_value(["batch_size"]).run()
    app.text_input(key="vary.batch_size").set_value("16, 32").run()
    app.number_input(key="vary.seeds").set_value(seeds).run()
    assert f"1 to 20 seeds, not {seeds}" in as_read(app.error[0].value)


def test_where_folders_are_closed_nobody_learns_whose_homes_are_here(open_page, hosted, browser):
    hosted("public", folders=True)
    browser["key"] = "a stranger"
    app = open_page("train.py")
    app.selectbox(key="config.dataset").set_value("folder:").run()
    app.text_input(key="config.folder").set_value("~nosuchuser/x").run()
    app.multiselect(key="vary").set_value(["batch_size"]).run()
    hosted("public", folders=False)
    app.run()
    assert {as_read(error.value) for error in app.error} == {
        "Folders of this server are closed; choose one of the named datasets."
    }


def test_after_one_is_deleted_the_newest_other_is_shown(open_page, experiments, asked):
    newer = experiments.make(make_experiment("cgan", small_config(), {"beta1": ["0", "0.5"]}, 1))
    app = open_page(PAGE, experiment=str(newer.id))
    button_named(app, "Delete the experiment").click().run()
    assert not app.exception and not app.error
    assert app.selectbox(key="experiment").value == str(asked.id)


def test_the_best_comes_first_and_is_called_better_only_where_the_spread_allows_it(open_page, store, asked):
    finish(store, 9.0, 1.0, 9.1, 1.1)
    app = open_page(PAGE)
    assert not app.exception
    assert table(app)["Batch size"].tolist() == ["32", "16"]
    assert table(app)["verdict"].tolist() == ["better", "baseline"]
    assert table(app)["fid"].tolist() == pytest.approx([1.05, 9.05])
    assert "By FID, better than the baseline (16): 32" in as_read(app.success[0].value)


def test_a_folders_name_is_no_markup_in_charts(open_page, store, experiments, tmp_path):
    places = [tmp_path / name for name in ("<b>cats</b>", "<a href='https://a.example'>dogs</a>")]
    for place in places:
        place.mkdir(parents=True)
    folders = [f"folder:{place}" for place in places]
    row = experiments.make(make_experiment("cgan", small_config(), {"dataset": folders, "beta1": ["0", "0.5"]}, 1))
    experiments.train_missing(row)
    finish(store, 1.0, 2.0, 3.0, 4.0)
    app = open_page(PAGE)
    assert not app.exception
    charts = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert any("cats" in chart for chart in charts)
    assert not any("<b>" in chart or "<a " in chart or "\\u003cb" in chart for chart in charts)


def test_a_table_with_accents_opens_in_excel(experiments, tmp_path):
    (tmp_path / "años").mkdir()
    datasets = [f"folder:{tmp_path / 'años'}", "digits"]
    row = experiments.make(make_experiment("cgan", small_config(), {"dataset": datasets}, 1))
    experiments.train_missing(row)
    assert as_csv(row.experiment, experiments.runs(row)).startswith("\ufeffdataset,seed")


def test_within_the_noise_nothing_is_called_better(open_page, store, asked):
    finish(store, 9.0, 1.0, 1.5, 8.0)
    app = open_page(PAGE)
    assert "By FID, no variant is better" in words_of(app)
    assert "no difference beyond the noise" in table(app)["verdict"].tolist()


def test_runs_too_short_for_a_score_are_counted_with_what_to_do(open_page, store, asked):
    for _ in range(3):
        store.end(store.claim("me").id, "me", State.FINISHED)
    finish(store, 9.0)
    assert "Runs that ended without a score: 3." in open_page(PAGE).warning[0].value


def test_all_stop_and_go_on_by_one_click(open_page, store, asked):
    app = open_page(PAGE)
    button_named(app, "Stop all").click().run()
    assert {run.state for run in store.all_runs()} == {State.STOPPED}
    button_named(app, "Resume 4").click().run()
    assert {run.state for run in store.all_runs()} == {State.QUEUED}


def test_what_is_missing_is_trained_by_one_click(open_page, store, asked):
    store.ask_to_stop(1)
    store.delete(1)
    app = open_page(PAGE)
    button_named(app, "Train 1 missing").click().run()
    assert not app.exception
    assert len(store.all_runs()) == 4


def test_a_link_opens_the_experiment_that_it_names_and_the_way_to_compare(open_page, experiments, asked):
    newer = experiments.make(make_experiment("cgan", small_config(), {"beta1": ["0", "0.5"]}, 1))
    app = open_page(PAGE, experiment=str(asked.id), score="accuracy")
    assert app.selectbox(key="experiment").value == str(asked.id)
    assert "Batch size" in table(app).columns
    assert open_page(PAGE).selectbox(key="experiment").value == str(newer.id)


def test_a_link_to_none_says_so_and_shows_the_newest(open_page, asked):
    app = open_page(PAGE, experiment="999")
    assert "There is no experiment 999" in app.error[0].value
    assert app.selectbox(key="experiment").value == str(asked.id)


def test_it_is_deleted_with_its_runs_if_that_is_wanted(open_page, store, asked):
    finish(store, 1.0, 2.0, 3.0, 4.0)
    app = open_page(PAGE)
    next(box for box in app.checkbox if box.label == "Its runs too").check().run()
    button_named(app, "Delete the experiment").click().run()
    assert not app.exception
    assert store.all_runs() == []
    assert "One run does not tell" in words_of(app)


def test_a_range_in_the_form_makes_it_a_search(open_page, store, experiments):
    app = open_page("train.py")
    app.multiselect(key="vary").set_value(["generator_learning_rate", "loss"]).run()
    assert "vary.trials" not in [field.key for field in app.number_input]
    app.text_input(key="vary.generator_learning_rate").set_value("1e-4..1e-2").run()
    app.multiselect(key="vary.loss").set_value(["hinge", "non-saturating"]).run()
    app.number_input(key="vary.trials").set_value(4).run()
    in_the_form(app, "Search, 12 runs").click().run()
    assert not app.exception
    (row,) = experiments.all()
    assert (row.trials, row.seeds, row.is_open) == (4, 3, True)
    assert "0 of 12 runs have ended" in app.get("progress")[0].proto.text
    assert "Generator's learning rate 0.0001..0.01" in words_of(app)


def test_a_search_without_a_trial_yet_shows_no_empty_table(open_page, store, experiments):
    experiments.make(make_experiment("cgan", small_config(), {"batch_size": ["16..64"]}, 1, trials=4))
    app = open_page(PAGE)
    assert not app.dataframe
    assert "No trial has begun yet." in app.info[0].value


def test_a_range_that_is_refused_is_said_beside_it(open_page):
    app = open_page("train.py")
    app.multiselect(key="vary").set_value(["batch_size"]).run()
    app.text_input(key="vary.batch_size").set_value("64..16").run()
    assert not app.exception
    assert "a range begins with its smaller number, as in 16..64" in as_read(app.error[0].value)


@pytest.fixture
def search(experiments, store):
    """A search of four trials of two seeds each: three have scores, the last one is behind."""
    vary = {"generator_learning_rate": ["1e-4..1e-1"], "loss": ["hinge", "non-saturating"]}
    row = experiments.make(make_experiment("cgan", small_config(generator_learning_rate=0.001), vary, 2, 4))
    experiments.train_missing(row)
    row = experiments.find(row.name)
    for rate in ("0.001", "0.02", "0.0004", "0.09"):
        searches.add_trial(store, row, {"generator_learning_rate": rate, "loss": "non-saturating"})
    experiments.make_runs(row, experiments.never_made(row), lambda config: None)
    finish(store, 5.0, 5.1, 9.0, 9.1, 1.0, 1.1)
    searches.mark_behind(store, row, 3)
    searches.stop_behind(store, row.tried[3], experiments.runs(row)[6:])
    return row


def test_a_searchs_trials_are_sorted_by_score_with_what_was_stopped_early(open_page, search):
    app = open_page(PAGE)
    assert not app.exception
    assert table(app)["Trial"].tolist() == [3, 1, 2, 4]
    assert table(app)["runs"].tolist() == ["2 of 2"] * 3 + ["stopped early"]
    assert "Trials that were stopped early, since they were behind by FID: 1" in as_read(words_of(app))
    assert table(app)["verdict"].tolist() == ["better", "baseline", "worse", ""]
    assert "By FID, better than the baseline (0.001 · non-saturating): 0.0004" in as_read(app.success[0].value)
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    best_so_far = next(chart for chart in charts if len(chart["data"]) == 2 and chart["data"][1]["mode"] == "lines")
    assert best_so_far["data"][1]["y"] == pytest.approx([5.05, 5.05, 1.05])
    assert any(chart["layout"]["xaxis"].get("type") == "log" for chart in charts if "xaxis" in chart["layout"])


def test_a_search_stops_and_goes_on_by_one_click(open_page, store, experiments):
    row = experiments.make(make_experiment("cgan", small_config(), {"beta1": ["0..0.9"]}, 1, 4))
    experiments.train_missing(row)
    app = open_page(PAGE)
    button_named(app, "Stop all").click().run()
    assert not experiments.find(row.name).is_open
    button_named(app, "Go on searching").click().run()
    assert not app.exception
    assert experiments.find(row.name).is_open


def test_a_run_that_is_behind_says_so_on_its_own_page(open_page, search):
    app = open_page("train.py", run="7")
    assert not app.exception
    assert "Stopped early: behind by FID." in words_of(app)


def test_the_best_are_opened_side_by_side_on_the_runs_page_and_a_run_links_back(open_page, store, asked):
    finish(store, 9.0, 1.0, 9.1, 1.1)
    app = open_page(PAGE)
    button_named(app, "Open the best on the Runs page").click().run()
    assert not app.exception
    assert app.session_state["runs"] == ["2", "1"]
    app = open_page("train.py", run="1")
    assert not app.exception
    link = next(link.proto for link in app.get("page_link") if link.proto.label == "Part of experiment 1")
    assert link.query_string == "experiment=1"
