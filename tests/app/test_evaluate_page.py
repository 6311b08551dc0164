"""The Evaluate page: choosing, asking, waiting, cancelling, and what it shows of results."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.metrics.result import EXAMPLES, Evaluation
from gan_core.store.evaluations import Terms, default_evaluations
from gan_core.store.runs import RunStore, State
from pages.parts import language
from pages.parts.evaluate import details, table
from tests.app.conftest import button_named, words_of
from tests.app.test_languages import MARK, NAMES, NO_WORDS, Marked, texts_of
from tests.conftest import METRICS, small_config

EVALUATE = "evaluate.py"
CLASSES = ("cats", "dogs")


@pytest.fixture
def evaluations(store):
    return default_evaluations()


def make_run(store, content=b"weights"):
    """A run with a file where its checkpoint would be: none of these tests draws."""
    run = store.create(small_config(), "cgan", owner="me")
    run.folder.mkdir(parents=True)
    (run.folder / "model-000000020.safetensors").write_bytes(content + str(run.id).encode())
    store.report(run.id, "me", checkpoint="model-000000020.safetensors", kimg=1.6, step=20)
    return store.get(run.id)


def key_of(run):
    return f"run:{run.name}"


def a_result(fid=12.5, conditional=True, **protocol):
    pictures = {name: np.zeros((len(CLASSES) * EXAMPLES, 8, 8, 1), np.uint8) for name in ("best", "worst")}
    pictures |= {name: np.zeros((3, 8, 8, 1), np.uint8) for name in ("generated", "nearest")}
    protocol = {
        "model": "m", "step": 20, "kimg": 1.6, "dataset": "digits", "features": "classifier", "samples": 1000,
        "seed": 0, "reference": 5000, "baseline": "halves", "baseline_samples": 2500, "comparable": False,
    } | protocol  # fmt: skip
    scores = {"fid": fid, "recall": 0.25, "nearest": 3.0} | ({"accuracy": 0.85} if conditional else {})
    baseline = {"fid": 0.5, "recall": 0.75, "nearest": 2.0} | ({"accuracy": 0.99} if conditional else {})
    matrix = [[9, 1], [2, 8]] if conditional else None
    return Evaluation(protocol, scores, baseline, CLASSES, matrix, pictures, [0.5, 1.0, 1.5])


def finish(evaluations, run, result, terms=None):
    evaluations.ask(key_of(run), run.checkpoint_path, terms or Terms())
    row = evaluations.claim("me")
    evaluations.report(row.id, "me", result_json=result.to_json())
    evaluations.end(row.id, "me", State.FINISHED)
    np.savez(row.pictures_path, **result.pictures)
    return row


def scores_of(app):
    return app.dataframe[0].value


def evaluate_button(app):
    return next(button for button in app.sidebar.button if button.label == "Evaluate")


# Choosing and asking


@pytest.mark.parametrize(("most", "offered"), [(999, ["999"]), (1000, ["1,000"]), (7000, ["1,000", "5,000"])])
def test_a_visitor_is_offered_no_more_pictures_than_may_be_drawn(open_page, hosted, browser, most, offered):
    hosted("public", most_samples=most)
    browser["key"] = "a stranger"
    assert open_page(EVALUATE).selectbox(key="samples").options == offered


def test_without_a_choice_the_page_says_what_it_is_for_and_offers_a_shipped_model(open_page, store, evaluations):
    app = open_page(EVALUATE)
    assert not app.exception
    assert "how diverse are they?" in words_of(app)
    assert evaluate_button(app).disabled
    button_named(app, "Evaluate the shipped model mnist-cdcgan").click().run()
    assert not app.exception
    assert [(row.model, row.samples) for row in evaluations.active()] == [("shipped:mnist-cdcgan", Terms().samples)]
    assert app.multiselect(key="evaluated").value == ["shipped:mnist-cdcgan"]
    assert button_named(app, "Cancel")


def test_shipped_own_best_and_uploaded_models_are_offered(open_page, store, tmp_path):
    run = make_run(store)
    (run.folder / "best-000000010.safetensors").write_bytes(b"best")
    uploads = tmp_path / "checkpoints" / "uploads"
    uploads.mkdir(parents=True)
    (uploads / "12345678-mine.safetensors").write_bytes(b"uploaded")
    labels = open_page(EVALUATE).multiselect(key="evaluated").options
    for words in ("mnist-cdcgan · shipped", "run 1 · cgan · digits", "digits · best", "mine · uploaded"):
        assert any(words in label for label in labels), words


def test_what_is_chosen_is_queued_on_the_chosen_terms(open_page, store, evaluations):
    runs = [make_run(store) for _ in range(2)]
    app = open_page(EVALUATE)
    app.multiselect(key="evaluated").set_value([key_of(run) for run in runs])
    app.selectbox(key="features").set_value("inception")
    app.selectbox(key="samples").set_value(5000)
    app.number_input(key="evaluation_seed").set_value(3).run()
    evaluate_button(app).click().run()
    assert not app.exception
    asked = [(row.model, Terms(row.features, row.samples, row.seed)) for row in evaluations.active()]
    assert asked == [(key_of(run), Terms("inception", 5000, 3)) for run in runs]
    assert all(row.data_dir == runs[0].data_dir for row in evaluations.active())


def test_a_link_holds_models_and_terms(open_page, store):
    run = make_run(store)
    link = {"evaluated": f"{key_of(run)},run:gone", "features": "inception", "samples": "1000", "evaluation_seed": "7"}
    app = open_page(EVALUATE, **link)
    assert not app.exception
    assert app.multiselect(key="evaluated").value == [key_of(run)]
    assert (app.selectbox(key="features").value, app.selectbox(key="samples").value) == ("inception", 1000)
    assert app.number_input(key="evaluation_seed").value == 7


@pytest.mark.parametrize("name", ["evaluated", "features", "samples", "evaluation_seed", "look"])
def test_a_link_of_nonsense_is_no_error(open_page, store, name):
    app = open_page(EVALUATE, **{name: "✗,run:,inf"})
    assert not app.exception


def test_a_link_to_more_models_than_are_evaluated_at_once_takes_the_first_and_each_once(open_page, store):
    keys = [key_of(make_run(store)) for _ in range(10)]
    app = open_page(EVALUATE, evaluated=",".join([keys[0], *keys]))
    assert not app.exception
    assert app.multiselect(key="evaluated").value == keys[:8]


def test_a_link_of_any_length_asks_the_store_for_a_few_runs_alone(open_page, store, monkeypatch):
    asked = []
    find = RunStore.find
    monkeypatch.setattr(RunStore, "find", lambda self, text: asked.append(text) or find(self, text))
    for models in (100, 100_000):
        assert not open_page(EVALUATE, evaluated=",".join(f"run:{number}-x" for number in range(models))).exception
    assert len(asked) <= 8


def test_a_visitor_finds_what_was_evaluated_last(open_page, store, evaluations):
    run = make_run(store)
    finish(evaluations, run, a_result(), Terms("classifier", 1000, 5))
    app = open_page(EVALUATE)
    assert app.multiselect(key="evaluated").value == [key_of(run)]
    assert scores_of(app)["fid"].tolist() == [12.5, 0.5]


def test_a_model_that_cannot_be_asked_about_is_told_in_words_and_the_others_are_asked(
    open_page, store, evaluations, monkeypatch
):
    gone, good = make_run(store), make_run(store)
    app = open_page(EVALUATE, evaluated=f"{key_of(gone)},{key_of(good)}")
    gone.checkpoint_path.unlink()
    evaluate_button(app).click().run()
    assert not app.exception
    assert "choose the model again" in words_of(app)
    assert [row.model for row in evaluations.active()] == [key_of(good)]


def test_a_run_is_sent_here_by_its_own_page(open_page, store):
    run = make_run(store)
    app = open_page("train.py", run=str(run.id))
    button_named(app, "Evaluate it").click().run()
    assert not app.exception
    assert app.multiselect(key="evaluated").value == [key_of(run)]
    assert app.query_params["evaluated"] == key_of(run)


# Waiting


def test_one_in_work_shows_its_progress_and_is_cancelled(open_page, store, evaluations):
    run = make_run(store)
    evaluations.ask(key_of(run), run.checkpoint_path, Terms())
    row = evaluations.claim("me")
    evaluations.report(row.id, "me", progress=0.25, message="Half-way there")
    app = open_page(EVALUATE, evaluated=key_of(run))
    assert not app.exception
    bar = app.get("progress")[0].proto
    assert bar.value == 25
    assert r"Half\-way there" in bar.text
    button_named(app, "Cancel").click().run()
    assert evaluations.get(row.id).request == "cancel"
    assert button_named(app, "Cancel").disabled
    evaluations.end(row.id, "me", State.STOPPED)
    app.run()
    assert not app.exception
    assert "cancelled" in words_of(app)


def test_a_failed_evaluation_says_why(open_page, store, evaluations):
    run = make_run(store)
    evaluations.ask(key_of(run), run.checkpoint_path, Terms())
    row = evaluations.claim("me")
    evaluations.end(row.id, "me", State.FAILED, WorkbenchError("{dataset} is far away.", dataset="digits").text)
    app = open_page(EVALUATE, evaluated=key_of(run))
    assert not app.exception
    assert "digits is far away." in words_of(app)


# Results


@pytest.fixture
def two(store, evaluations):
    """Runs of which the second has the better FID."""
    runs = [make_run(store) for _ in range(2)]
    for run, fid in zip(runs, (12.5, 7.25), strict=True):
        finish(evaluations, run, a_result(fid))
    return runs


@pytest.mark.parametrize("lang", ["en", "es"])
def test_scores_of_models_and_one_floor_stand_in_a_table(open_page, two, lang):
    app = open_page(EVALUATE, evaluated=",".join(map(key_of, two)), lang=lang)
    assert not app.exception
    assert scores_of(app)["fid"].tolist() == [12.5, 7.25, 0.5]
    assert list(scores_of(app).columns) == ["model", "kimg", "fid", "recall", "accuracy", "nearest"]
    assert len(app.get("plotly_chart")) == 1


def test_the_best_of_each_score_is_marked_and_nothing_is_where_there_is_none(two):
    results = [a_result(12.5), a_result(7.25), a_result(99.0, dataset="mnist")]
    frame = pd.DataFrame({"model": "", "kimg": 1.0, "fid": [12.5, 7.25, 99.0, 0.5], "nearest": [1.0, 2.0, 3.0, 4.0]})
    marks = table._marks(frame, results)
    assert [mark == table.BEST for mark in marks["fid"]] == [False, True, False, False]
    assert table.BEST not in marks["nearest"].tolist()


def test_the_page_says_what_was_compared_and_when_papers_count_otherwise(open_page, store, evaluations, two):
    assert "Not comparable with numbers in papers" in words_of(open_page(EVALUATE, evaluated=key_of(two[0])))
    terms = Terms("inception", 50_000, 0)
    finish(evaluations, two[0], a_result(features="inception", samples=50_000, comparable=True), terms)
    app = open_page(EVALUATE, evaluated=key_of(two[0]), features="inception", samples="50000")
    assert "Calculated as in papers." in words_of(app)
    assert "Not comparable" not in words_of(app)


def test_the_csv_has_a_line_for_each_model_and_its_floor():
    lines = pd.read_csv(io.StringIO(table.scores_as_csv({"one": a_result(), "two": a_result(7.25)})))
    assert lines["fid"].tolist() == [12.5, 0.5, 7.25, 0.5]
    assert lines["of"].tolist() == ["model", "baseline"] * 2
    assert lines["samples"].tolist() == [1000] * 4


def test_each_class_has_its_best_and_worst_pictures_and_each_pair_its_distance(open_page, two):
    app = open_page(EVALUATE, evaluated=key_of(two[0]))
    html = "".join(element.proto.body for element in app.get("html"))
    for alt in ("Most convincing: cats", "Least convincing: dogs", "Distance 1.50"):
        assert f'alt="{alt}"' in html


def test_one_of_several_models_is_looked_at_closely(open_page, two):
    app = open_page(EVALUATE, evaluated=",".join(map(key_of, two)), look=key_of(two[1]))
    assert any(header.value.startswith("run 2") for header in app.header)


@pytest.fixture
def unconditional(store, evaluations):
    """A run of an unconditional model that has been evaluated."""
    run = make_run(store)
    finish(evaluations, run, a_result(conditional=False))
    return run


def test_an_unconditional_model_has_no_confusion_matrix(open_page, unconditional):
    app = open_page(EVALUATE, evaluated=key_of(unconditional))
    assert not app.exception
    assert len(app.get("plotly_chart")) == 0
    assert "Nearest training pictures" in words_of(app)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_numbers_in_the_confusion_matrix_can_be_read(open_page, two, monkeypatch, colours):
    """On the field of the largest share that there is."""
    monkeypatch.setattr(details, "of_theme", lambda name: st.get_option(f"theme.{colours}.{name}"))
    app = open_page(EVALUATE, evaluated=key_of(two[0]))
    matrix = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]
    (_, none), (_, full) = matrix["colorscale"]
    field = [low + (high - low) / matrix["zmax"] for low, high in zip(rgb(none), rgb(full), strict=True)]
    assert contrast(rgb(matrix["textfont"]["color"]), field) >= 4.5


def rgb(colour):
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def contrast(one, other):
    """As WCAG 2.2 defines it, of colours in sRGB."""
    linear = [[c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour] for colour in (one, other)]
    dark, bright = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in linear)
    return (bright + 0.05) / (dark + 0.05)


def test_scores_that_a_run_took_while_it_learned_are_charted(open_page, store, unconditional):
    rows = np.full((10, len(METRICS)), np.nan)
    rows[::3] = 1.0
    store.write_metrics(unconditional.id, 0, list(METRICS), rows)
    app = open_page(EVALUATE, evaluated=key_of(unconditional))
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2
    assert "During training" in words_of(app)


def test_a_result_without_its_pictures_still_shows_its_scores(open_page, store, evaluations):
    run = make_run(store)
    finish(evaluations, run, a_result()).pictures_path.unlink()
    app = open_page(EVALUATE, evaluated=key_of(run))
    assert not app.exception
    assert scores_of(app)["fid"].tolist() == [12.5, 0.5]


def test_a_result_is_forgotten(open_page, store, evaluations):
    run = make_run(store)
    row = finish(evaluations, run, a_result())
    app = open_page(EVALUATE, evaluated=key_of(run))
    button_named(app, "Forget this result").click().run()
    assert not app.exception
    assert evaluations.get(row.id) is None
    assert "not been evaluated" in words_of(app)


def test_no_text_is_written_past_the_translation(open_page, store, two, evaluations, monkeypatch):
    evaluations.ask(key_of(two[0]), two[0].checkpoint_path, Terms(seed=9))
    monkeypatch.setattr(language, "_catalogue", lambda wanted: Marked())
    app = open_page(EVALUATE, evaluated=",".join(map(key_of, two)))
    assert not app.exception
    past = {text for text in texts_of(app) if MARK not in text and text not in NAMES and not NO_WORDS.fullmatch(text)}
    assert past == set()
