"""The Train page with no data, with data, with bad input."""

import json

import pytest

from gan_core.config import make_config, settings
from gan_core.errors import WorkbenchError
from gan_core.estimates import probe
from gan_core.estimates.memory import Needed
from gan_core.jobs import app_worker
from gan_core.presets import DEFAULT_PRESET, PRESETS, preset_config
from gan_core.store.runs import State
from gan_core.text import Text
from tests.app.conftest import button_named, components, trained, words_of
from tests.conftest import small_config

DEFAULT = preset_config(DEFAULT_PRESET)


def train_button(app):
    return next(button for button in app.sidebar.button if button.label == "Train")


def test_without_runs_the_page_says_what_to_do_and_shows_a_shipped_models_pictures(open_page):
    app = open_page()
    assert not app.exception
    assert "Press **Train**" in words_of(app)
    assert "data:image/png" in words_of(app)


def test_every_hyperparameter_that_matters_has_its_widget_with_help(open_page):
    app = open_page()
    widgets = {w.key: w for kind in (app.selectbox, app.number_input, app.text_input, app.toggle) for w in kind}
    shown = {key.removeprefix("config.") for key in widgets if key.startswith("config.")}
    hidden = set(settings()) - shown
    assert hidden == {"image_size", "channels", "generator_layers", "discriminator_layers", "growth_kimg", "devices"}
    assert all(widgets[f"config.{name}"].help == settings()[name].help for name in shown)


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
    changed = {"network": "mlp", "generator_layers": (64, 128), "kimg": 5, "conditional": False, "dataset": "mnist"}
    assert store.get(1).config == make_config(DEFAULT, **changed)


def test_where_there_are_several_gpus_a_run_can_ask_for_them(open_page, store, monkeypatch):
    monkeypatch.setattr("gan_core.gpus.count", lambda: 4)
    app = open_page()
    app.number_input(key="config.devices").set_value(3).run()
    assert "cannot be split into 3 equal parts" in words_of(app)
    app.number_input(key="config.devices").set_value(4).run()
    train_button(app).click().run()
    assert store.get(1).config == make_config(DEFAULT, devices=4)
    monkeypatch.setattr("gan_core.gpus.count", lambda: 1)
    app.run()
    train_button(app).click().run()
    assert store.get(2).config == DEFAULT, "what has no widget is the preset's"


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
    ("language", "words"),
    [
        (
            "en",
            "more than half of the 6.0 GiB of free memory; choose a smaller batch size or narrower networks",
        ),
        ("es", "más de la mitad de los 6,0 GiB de memoria libre; elige un lote más pequeño"),
    ],
)
def test_why_a_speed_is_not_measured_is_said_with_both_numbers(open_page, monkeypatch, language, words):
    class Estimator:
        def ask(self, config):
            with pytest.raises(WorkbenchError) as refused:
                probe.refuse_too_large(Needed(2**30, 2**31, 2**20), free_bytes=6 * 2**30 - 1)
            return refused.value

    monkeypatch.setattr("pages.parts.train.cost.default_estimator", Estimator)
    assert words in words_of(open_page(lang=language))


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
    app.selectbox(key="config.network").set_value(DEFAULT.network).run()
    assert not train_button(app).disabled
    train_button(app).click().run()
    assert store.get(1).config == DEFAULT


@pytest.mark.parametrize("page", ["home.py", "train.py"])
def test_where_a_run_can_be_started_a_worker_is_ready_for_it(open_page, store, monkeypatch, page):
    started = []
    monkeypatch.setattr(app_worker, "ensure_worker", started.append)
    open_page(page)
    assert started == [store]


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


def test_what_a_folder_of_pictures_holds_besides_is_told_in_the_readers_language(open_page, store):
    run = trained(store)
    left_out = [
        Text("Pictures left out because they lie in folders inside of sub-folders: {count:,}.", {"count": 1234}),
        Text(
            "Files left out because their format is not read: {count:,} ({endings}).", {"count": 2, "endings": ".pdf"}
        ),
    ]
    store.report(run.id, "me", left_out_json=json.dumps([text.to_json() for text in left_out]))
    assert "\n".join(map(str, left_out)) in words_of(open_page())
    spanish = words_of(open_page(lang="es"))
    assert "1.234" in spanish
    assert "left out" not in spanish


def test_a_folder_in_nobodys_home_is_told_in_words(open_page, store):
    app = open_page()
    app.selectbox(key="config.dataset").set_value("folder:").run()
    app.text_input(key="config.folder").set_value("~no-such-user-here/pictures").run()
    train_button(app).click().run()
    assert not app.exception
    assert "The home folder in ~no-such-user-here/pictures belongs to no user" in words_of(app)
    assert "Press **Train**" in words_of(app)  # the rest of the page is still there
    assert store.all_runs() == []


def test_a_finished_run_is_neither_stopped_nor_resumed(open_page, store):
    run = trained(store)
    store.end(run.id, "me", State.FINISHED)
    app = open_page()
    assert button_named(app, "Resume") is None
    assert button_named(app, "Stop") is None


def test_an_ended_run_can_be_extended_to_a_larger_budget_only(open_page, store):
    run = trained(store)
    store.report(run.id, "me", kimg=0.32)
    store.end(run.id, "me", State.FINISHED)
    app = open_page()
    app.number_input(key="extend-kimg-1").set_value(0.2).run()
    app.button(key="extend-1").click().run()
    assert "give it a larger total" in words_of(app)
    app.number_input(key="extend-kimg-1").set_value(5.0).run()
    app.button(key="extend-1").click().run()
    assert (store.get(1).state, store.get(1).config.kimg) == (State.QUEUED, 5.0)


def test_a_run_is_deleted_only_after_it_was_asked(open_page, store):
    run = trained(store)
    assert button_named(open_page(), "Delete") is None
    store.end(run.id, "me", State.FINISHED)
    app = open_page()
    button_named(app, "Delete").click().run()
    assert not app.exception
    assert "are deleted for good" in words_of(app)  # the answer is given in a browser test: AppTest closes the dialog
    assert store.get(1)


def test_settings_of_a_run_can_be_changed_while_it_learns(open_page, store):
    trained(store)
    app = open_page()
    app.number_input(key="change-1-generator_learning_rate").set_value(0.0005)
    app.number_input(key="change-1-n_critic").set_value(2)
    app.button(key="change-1").click().run()
    assert not app.exception
    changed = {change.name: change.value for change in store.changes(1)}
    assert changed == {"generator_learning_rate": 0.0005, "n_critic": 2}


def test_a_change_that_makes_no_sense_is_refused_in_words(open_page, store):
    trained(store)
    app = open_page()
    app.number_input(key="change-1-n_critic").set_value(0).run()
    app.button(key="change-1").click().run()
    assert "it should be at least 1; you gave 0" in words_of(app)
    assert store.changes(1) == []


def test_a_duplicate_begins_with_the_runs_settings(open_page, store):
    run = trained(store, batch_size=48, dataset="folder:/my/pictures")
    app = open_page()
    button_named(app, "Duplicate").click().run()
    assert app.number_input(key="config.batch_size").value == 48
    train_button(app).click().run()
    again = store.get(2)
    changed = {name for name, value in again.config if value != getattr(run.config, name)}
    assert changed == {"generator_width", "discriminator_width"}  # of no effect in a fully connected network
    assert again.preset == run.preset


def test_a_link_opens_the_same_run_and_the_same_view(open_page, store):
    trained(store)
    trained(store)
    app = open_page(run="1", x="seconds", smooth="0.9", log="true", charts="losses,speed", lang="es")
    assert app.selectbox(key="run").value == "1"
    charts = next(data for data in components(app) if "charts" in data)
    assert [run["id"] for run in charts["runs"]] == ["1"]
    assert (charts["x"]["metric"], charts["smoothing"]) == ("seconds", 0.9)
    assert [chart["title"] for chart in charts["charts"]] == ["Pérdidas", "Velocidad"]
    assert charts["charts"][0]["log"]


def test_a_link_may_name_a_run_in_full_where_others_have_its_number(open_page, store):
    first, second = trained(store), trained(store)
    app = open_page(run=first.name, compare=second.name)
    assert (app.selectbox(key="run").value, app.selectbox(key="compare").value) == ("1", "2")


def test_the_link_says_what_is_shown(open_page, store):
    trained(store)
    app = open_page()
    app.slider(key="smooth").set_value(0.3).run()
    assert app.query_params["run"] == "1"
    assert "lang" not in app.query_params


@pytest.mark.parametrize(
    "link",
    [
        {"run": "99"},
        {"run": "-1"},
        {"run": "9" * 40},
        {"run": "<script>"},
        {"compare": "99"},
        {"compare": "1"},
        {"compare": "9" * 40},
        {"compare": "<script>"},
        {"x": "nonsense", "charts": "nonsense", "smooth": "nan", "log": "perhaps", "preset": "none", "lang": "xx"},
    ],
)
def test_a_link_that_makes_no_sense_opens_the_page_all_the_same(open_page, store, link):
    trained(store)
    app = open_page(**link)
    assert not app.exception
    assert app.selectbox(key="run").value == "1"


def test_a_link_to_a_deleted_run_says_so(open_page, store):
    trained(store)
    assert "There is no run 99 here" in words_of(open_page(run="99"))


def test_another_run_can_be_chosen(open_page, store):
    first, second = trained(store), trained(store)
    store.end(first.id, "me", State.FAILED, Text("the first"))
    store.end(second.id, "me", State.FAILED, Text("the second"))
    app = open_page()
    assert "the second" in words_of(app)
    app.selectbox(key="run").set_value(str(first.id)).run()
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
    assert open_page().selectbox(key="run").value == str(running.id)


def test_values_survive_a_visit_to_another_page(open_page):
    app = open_page()
    app.number_input(key="config.batch_size").set_value(32).run()
    app.switch_page("generate.py").run()
    app.switch_page("train.py").run()
    assert app.number_input(key="config.batch_size").value == 32


def test_a_hundred_thousand_hidden_layers_are_refused_in_a_short_sentence(open_page):
    app = open_page(preset="cgan")
    app.text_input(key="config.generator_layers").set_value("256, " * 100_000).run()
    assert not app.exception
    assert "at most 8 entries" in app.error[0].value
    assert len(app.error[0].value) < 400


def test_a_link_that_names_charts_as_they_were_called_before_shows_them(store, open_page):
    trained(store)
    app = open_page(run="1", charts="verdicts,spread,speed")
    assert app.session_state["charts"] == ["outputs", "diversity", "speed"]


def behind(app):
    return next(data["behind"] for data in components(app) if "behind" in data)


def test_the_run_before_is_compared_with_by_one_click_and_what_differs_is_said(open_page, store):
    trained(store, batch_size=32)
    trained(store)
    app = open_page(run="2")
    assert behind(app) == []
    button_named(app, "with run 1").click().run()
    assert behind(app) == [{"id": "1", "shown": 1, "label": "1 · cgan"}]
    assert app.query_params["compare"] == "1"
    assert "From run 1 to run 2: Batch size 32 → 16" in words_of(app)
    app.selectbox(key="compare").set_value(None).run()
    assert behind(app) == []
    assert "compare" not in app.query_params


def test_of_many_differences_a_few_are_named_and_the_others_counted(open_page, store):
    trained(store, batch_size=32, n_critic=2, seed=5, ema_decay=0.5, latent_dim=9)
    trained(store)
    said = words_of(open_page(run="2", compare="1"))
    assert said.count(" → ") == 3
    assert "2 more" in said


def test_the_run_before_that_learnt_the_same_pictures_is_offered_first(open_page, store):
    trained(store)
    trained(store, dataset="mnist")
    store.create(small_config(), "cgan")  # has no curves yet
    trained(store)
    app = open_page(run="4")
    assert button_named(app, "with run 1")
    assert app.selectbox(key="compare").options == ["2 · cgan", "1 · cgan"]


def test_no_run_is_compared_with_itself_or_with_nothing(open_page, store):
    trained(store)
    assert "compare" not in [box.key for box in open_page(run="1").selectbox]
    trained(store)
    app = open_page(run="2", compare="1")
    app.selectbox(key="run").set_value("1").run()
    assert not app.exception
    assert behind(app) == []


def test_a_compared_run_that_is_deleted_meanwhile_is_told_of_and_left_out(open_page, store):
    compared = trained(store)
    trained(store)
    app = open_page(run="2", compare="1")
    store.end(compared.id, "me", State.FINISHED)
    store.delete(compared.id)
    app.run()
    assert not app.exception
    assert "Run 1 was deleted." in words_of(app)
    assert behind(app) == []


def test_charts_of_scores_have_their_place_while_scores_are_on_their_way(open_page, store):
    run = trained(store, score_every=1.0)
    coming = {chart["title"] for data in components(open_page()) for chart in data.get("charts", []) if chart["coming"]}
    assert coming == {"FID", "Class accuracy"}
    store.end(run.id, "me", State.FINISHED)
    assert not any(chart["coming"] for data in components(open_page()) for chart in data.get("charts", []))


def test_a_link_from_another_page_opens_its_run_whatever_was_open_here_before(open_page, store):
    first, second = trained(store), trained(store)
    app = open_page(run=str(second.id))
    assert app.session_state["run"] == str(second.id)
    app.switch_page("runs.py").run()
    app.query_params["run"] = str(first.id)
    app.switch_page("train.py").run()
    assert app.session_state["run"] == str(first.id)
    app.query_params["run"] = str(second.id)  # older than what the reader has chosen meanwhile
    app.run()
    assert app.session_state["run"] == str(first.id)


@pytest.mark.parametrize(("network", "reason"), [("mlp", ""), ("progressive", "take the notebook")])
def test_a_run_is_offered_as_notebook_and_as_script_where_there_is_one(open_page, store, network, reason):
    trained(store, network=network)
    offered = {button.proto.label: button.proto for button in open_page().get("download_button")}
    assert not offered["Notebook"].disabled
    assert offered["Script"].disabled == bool(reason)
    assert reason in offered["Script"].help
