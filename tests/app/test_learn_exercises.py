"""An exercise from prediction to answer, with runs that are put into the store."""

import pytest

from gan_core.exercises import EXERCISES, SEEDS
from gan_core.store.runs import State
from gan_core.store.runs_by_settings import runs_with
from tests.app.conftest import button_named, components, words_of

NAME = "more-neurons"
EXERCISE = EXERCISES[NAME]


def finish(store, config, fid, accuracy=0.5, seconds=10.0):
    """A run as it stands in the store once it has ended and was scored."""
    run = store.create(config, EXERCISE.preset, owner="me")
    store.write_metrics(run.id, 0, ["step", "kimg", "seconds", "fid"], [[1, config.kimg, seconds, fid]])
    last = f'{{"fid": {fid}, "accuracy": {accuracy}}}'
    store.report(run.id, "me", step=1, kimg=config.kimg, seconds=seconds, progress=1.0, last_json=last)
    store.end(run.id, "me", State.FINISHED)
    return store.get(run.id)


def finish_all(store, was=(4.6, 4.7, 4.8), now=(3.0, 3.1, 3.2)):
    for seed, before, after in zip(SEEDS, was, now, strict=True):
        finish(store, EXERCISE.baseline(seed), before)
        finish(store, EXERCISE.variant(EXERCISE.suggestion, seed), after)


@pytest.fixture
def open_exercise(open_page):
    def open_it(**link):
        app = open_page("learn.py", lesson="exercises", exercise=NAME, **link)
        assert not app.exception
        return app

    return open_it


def prediction(app):
    return next(radio for radio in app.radio if radio.label == "What do you expect of the change?")


def test_the_prediction_is_asked_for_before_anything_is_trained_or_told(open_exercise, store):
    finish_all(store)
    app = open_exercise()
    assert prediction(app).value is None and "helped" not in words_of(app)


def test_one_click_queues_what_is_missing_of_both(open_exercise, store):
    finish(store, EXERCISE.baseline(0), 4.7)
    app = open_exercise()
    assert button_named(app, "Train 5 runs").disabled
    prediction(app).set_value("better").run()
    button_named(app, "Train 5 runs").click().run()
    assert not app.exception and not app.error
    wanted = [EXERCISE.baseline(seed) for seed in SEEDS] + [EXERCISE.variant(EXERCISE.suggestion, s) for s in SEEDS]
    assert all(runs_with(store, wanted)) and len(store.all_runs()) == 6
    assert button_named(app, "Train 5 runs") is None


@pytest.mark.parametrize(("expected", "said"), [("better", "So it came out"), ("same", "It came out: better")])
def test_the_answer_fits_the_figures_and_is_compared_with_the_prediction(open_exercise, store, expected, said):
    finish_all(store)
    app = open_exercise(expected=expected)
    words = words_of(app)
    assert "The change helped: FID 4.7 to 3.1" in words and said in words and "4.7 ± 0.1" in words
    noted = next(data for data in components(app) if data.get("exercise") == NAME)
    assert (noted["expected"], noted["found"]) == (expected, "better")


def test_what_is_within_the_noise_is_not_called_better(open_exercise, store):
    finish_all(store, now=(4.0, 4.6, 5.4))
    assert "Within the noise of 3 seeds: FID 4.7 and 4.67" in words_of(open_exercise(expected="better"))


def test_another_variant_is_another_question(open_exercise, store):
    finish_all(store)
    app = open_exercise(expected="better")
    next(text for text in app.main.text_input if "hidden layers" in text.label).set_value("64").run()
    assert prediction(app).value is None and button_named(app, "Train 3 runs")
    assert app.query_params["generator_layers"] == "64" and "expected" not in app.query_params


def test_a_link_opens_the_variant(open_exercise):
    app = open_exercise(generator_layers="64, 64", expected="worse")
    assert next(text for text in app.main.text_input if "hidden layers" in text.label).value == "64, 64"
    assert prediction(app).value == "worse"


@pytest.mark.parametrize("nonsense", ["<b>", "0", "9" * 30_000, "-1, 2"])
def test_nonsense_in_a_link_is_said_to_be_so(open_exercise, nonsense):
    app = open_exercise(generator_layers=nonsense)
    assert app.error or prediction(app)


def test_the_baseline_itself_is_no_variant(open_exercise):
    assert "change something" in words_of(open_exercise(generator_layers="16"))


def test_the_form_has_the_settings_with_what_is_to_be_changed_lit(open_exercise, store):
    app = open_exercise()
    button_named(app, "Open it in the form").click().run()
    app.switch_page("train.py").run()  # where the browser is by now
    assert not app.exception
    next(button for button in app.sidebar.button if button.label == "Train").click().run()
    assert runs_with(store, [EXERCISE.variant(EXERCISE.suggestion)])[0], "such a run counts"
    assert app.session_state["lit fields"] == EXERCISE.free
    app.sidebar.selectbox(key="preset").set_value("minute").run()
    assert "lit fields" not in app.session_state


def test_values_that_were_tried_on_the_train_page_are_taken_over_by_one_click(open_exercise, store):
    assert button_named(open_exercise(), "Take the values of your newest run: 32, 32") is None
    store.create(EXERCISE.variant({"generator_layers": (32, 32)}, 2), EXERCISE.preset)
    store.create(EXERCISE.baseline(), EXERCISE.preset)
    app = open_exercise()
    button_named(app, "Take the values of your newest run: 32, 32").click().run()
    assert not app.exception
    assert next(text for text in app.main.text_input if "hidden layers" in text.label).value == "32, 32"
    assert button_named(app, "Take the values of your newest run: 32, 32") is None
