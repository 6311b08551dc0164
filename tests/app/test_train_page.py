"""The Train page with no data, with data, with bad input."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan_core import paths, worker
from gan_core.config import RunConfig, settings
from gan_core.presets import PRESETS
from gan_core.runs import METRICS, State
from gan_core.text import Text
from tests.app.conftest import words_of
from tests.conftest import small_config


def trained(store, steps=100, **changes):
    """A run as its owner left it, without the training."""
    run = store.create(small_config(**changes), "cgan", owner="me")
    rows = np.linspace(0, 1, steps)[:, None] * np.ones(len(METRICS))
    store.write_metrics(run.id, 0, list(METRICS), rows[:512])
    store.report(run.id, "me", step=steps, kimg=1.6, seconds=12.0, progress=0.5, images_per_second=133.0)
    return run


def train_button(app):
    return next(button for button in app.sidebar.button if button.label == "Train")


def button_named(app, label):
    return next((button for button in app.main.button if button.label == label), None)


def test_without_runs_the_page_says_what_to_do_and_shows_a_shipped_models_pictures(open_page):
    app = open_page()
    assert not app.exception
    assert "Press **Train**" in words_of(app)
    assert "data:image/png" in app.get("html")[0].proto.body


def test_every_hyperparameter_that_matters_has_its_widget_with_help(open_page):
    app = open_page()
    widgets = {w.key: w for kind in (app.selectbox, app.number_input, app.text_input, app.toggle) for w in kind}
    shown = {key.removeprefix("config.") for key in widgets if key.startswith("config.")}
    hidden = set(settings()) - shown
    assert hidden == {"image_size", "channels", "generator_layers", "discriminator_layers"}
    assert all(widgets[f"config.{name}"].help == settings()[name].description for name in shown)


@pytest.mark.parametrize("preset", PRESETS)
def test_train_queues_what_the_preset_says(open_page, store, preset):
    app = open_page()
    app.selectbox(key="preset").set_value(preset).run()
    train_button(app).click().run()
    assert not app.exception
    run = store.all_runs()[0]
    assert (store.get(run.id).config, run.preset, run.state) == (PRESETS[preset].config, preset, State.QUEUED)
    assert "number 1 in the queue" in words_of(app)


def test_what_is_changed_in_the_form_is_what_is_trained(open_page, store):
    app = open_page()
    app.selectbox(key="config.network").set_value("mlp").run()
    app.text_input(key="config.generator_layers").set_value("64, 128").run()
    app.number_input(key="config.kimg").set_value(5.0)
    app.number_input(key="config.minutes").set_value(None)
    app.toggle(key="config.conditional").set_value(False)
    app.selectbox(key="config.dataset").set_value("mnist").run()
    train_button(app).click().run()
    expected = RunConfig(
        network="mlp", generator_layers=(64, 128), kimg=5, minutes=None, conditional=False, dataset="mnist"
    )
    assert store.get(1).config == expected


def test_a_folder_of_ones_own_can_be_named(open_page, store):
    app = open_page()
    app.selectbox(key="config.dataset").set_value("folder:").run()
    assert "name a folder" in words_of(app)
    assert train_button(app).disabled
    app.text_input(key="config.folder").set_value("/my/pictures").run()
    app.selectbox(key="config.image_size").set_value(28).run()
    train_button(app).click().run()
    assert (store.get(1).config.dataset, store.get(1).config.image_size) == ("folder:/my/pictures", 28)


@pytest.mark.parametrize(
    ("kind", "name", "value", "words"),
    [
        ("text_input", "generator_layers", "256, many", "Generator's hidden layers"),
        ("text_input", "generator_layers", "", "Generator's hidden layers"),
        ("number_input", "batch_size", 100_000, "Batch size: it should be at most 4096; you gave 100000"),
        ("number_input", "batch_size", None, "Batch size"),
        ("number_input", "generator_learning_rate", 0.0, "Generator's learning rate"),
        ("number_input", "ema_decay", 1.0, "EMA decay"),
        ("number_input", "minutes", None, "Training time"),
    ],
)
def test_bad_input_is_told_in_words_and_cannot_be_trained(open_page, store, kind, name, value, words):
    """AppTest sends what it is told to, as a browser that ignores the widgets' limits would."""
    app = open_page()
    app.selectbox(key="config.network").set_value("mlp").run()
    getattr(app, kind)(key=f"config.{name}").set_value(value).run()
    assert not app.exception
    assert words in words_of(app)
    assert len(app.error) == 1
    assert train_button(app).disabled
    assert store.all_runs() == []


def test_a_bad_value_that_is_no_longer_shown_stands_in_nobodys_way(open_page, store):
    app = open_page()
    app.selectbox(key="config.network").set_value("mlp").run()
    app.text_input(key="config.generator_layers").set_value("256, many").run()
    app.selectbox(key="config.network").set_value("dcgan").run()
    assert not train_button(app).disabled
    train_button(app).click().run()
    assert store.get(1).config == RunConfig()


def test_whoever_watches_any_run_gets_the_queue_going(open_page, store, monkeypatch):
    started = []
    trained(store)
    monkeypatch.setattr(worker, "ensure_worker", started.append)
    open_page().run()
    assert started == []
    store.create(small_config(), "cgan")
    monkeypatch.setattr(worker, "ensure_worker", started.append)
    AppTest.from_file(str(paths.PROJECT / "pages" / "front.py"), default_timeout=60).run()
    assert started


def test_a_running_run_shows_its_progress_and_can_be_stopped(open_page, store):
    run = trained(store)
    app = open_page()
    assert not app.exception
    assert "running" in words_of(app)
    assert "133 images/s" not in words_of(app)  # time left is not known yet
    button_named(app, "Stop").click().run()
    assert store.get(run.id).request == "stop"
    assert "stopping" in words_of(app)


def test_an_ended_run_can_be_resumed(open_page, store):
    run = trained(store)
    store.end(run.id, "me", State.INTERRUPTED, Text("Its process vanished."))
    app = open_page()
    assert "Its process vanished." in words_of(app)
    button_named(app, "Resume").click().run()
    assert store.get(run.id).state == State.QUEUED


def test_a_failed_run_says_why(open_page, store):
    run = trained(store)
    store.end(run.id, "me", State.FAILED, Text("By step 7 the losses were no longer numbers."))
    assert "no longer numbers" in words_of(open_page())


def test_a_finished_run_needs_no_button(open_page, store):
    run = trained(store)
    store.end(run.id, "me", State.FINISHED)
    app = open_page()
    assert button_named(app, "Resume") is None
    assert button_named(app, "Stop") is None


def test_another_run_can_be_chosen(open_page, store):
    first, second = trained(store), trained(store)
    store.end(first.id, "me", State.FAILED, Text("the first"))
    store.end(second.id, "me", State.FAILED, Text("the second"))
    app = open_page()
    assert "the second" in words_of(app)
    app.selectbox(key="run").set_value(first.id).run()
    assert "the first" in words_of(app)


def test_a_chosen_run_stays_chosen_however_many_come_after_it(open_page, store):
    first = trained(store)
    store.end(first.id, "me", State.FAILED, Text("the first"))
    app = open_page()
    for _ in range(120):
        store.create(small_config(), "cgan")
    app.run()
    assert "the first" in words_of(app)
    assert len(app.selectbox(key="run").options) == 101


def test_a_run_in_training_is_found_again_without_being_asked_for(open_page, store):
    running = trained(store)
    newer = trained(store)
    store.end(newer.id, "me", State.FINISHED)
    assert open_page().selectbox(key="run").value == running.id


def test_values_survive_a_visit_to_another_page(open_page):
    app = open_page()
    app.number_input(key="config.batch_size").set_value(32).run()
    app.switch_page("generate.py").run()
    app.switch_page("train.py").run()
    assert app.number_input(key="config.batch_size").value == 32
