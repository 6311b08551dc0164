"""The Generate page with shipped models, own ones, uploads, links, and bad input."""

import base64
import io
import os

import numpy as np
import pytest
import torch
from PIL import Image

import gan_core
from gan_core import checkpoint, paths
from gan_core.config import ImageSpec
from gan_core.hosting import hosting
from gan_core.store.evaluations import Terms, default_evaluations
from gan_core.training.gan import Gan
from pages.parts import models
from tests.app.conftest import button_named, components, words_of
from tests.conftest import small_config

GENERATE = "generate.py"


@pytest.fixture
def own_model(store):
    """A run with a checkpoint, of two classes."""
    return make_run(store, ("cats", "dogs"))


def make_run(store, classes):
    run = store.create(small_config(), "cgan", owner="me")
    gan = Gan(run.config, ImageSpec(size=28, channels=1, classes=classes), torch.device("cpu"))
    metadata = checkpoint.Metadata(run.name, run.config, gan.spec, 5, 1.0, 80)
    path = checkpoint.save_run(run.folder, metadata, gan.model_state(), gan.resume_state())
    store.report(run.id, "me", checkpoint=path.name)
    return path


def key_of(path):
    return f"run:{path.parent.name}"


def shown(app):
    """What the grid of pictures was given."""
    return next(data for data in components(app) if "png" in data)


def pictures(app):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(shown(app)["png"]))))


def choose_model(app, key):
    return app.selectbox(key="model").set_value(key).run()


def one_picture(app):
    """The HTML of the changed picture and the one that it was, and of the strip."""
    return [html.proto.body for html in app.get("html") if "<figure" in html.proto.body]


# Choosing


def test_a_shipped_model_draws_at_once(open_page):
    app = open_page(GENERATE)
    assert not app.exception
    assert shown(app)["alt"] == "100 pictures drawn by mnist-cdcgan"
    assert pictures(app).shape == (280, 280)


def test_classes_are_chosen_by_name_and_the_seed_decides(open_page, own_model):
    app = choose_model(open_page(GENERATE), key_of(own_model))
    classes = app.multiselect(key="classes")
    assert classes.options == ["cats", "dogs"]
    classes.set_value(["dogs"]).run()
    first = pictures(app)
    assert first.shape == (28, 280)
    app.number_input(key="seed").set_value(1).run()
    assert not np.array_equal(pictures(app), first)
    app.number_input(key="seed").set_value(0).run()
    assert np.array_equal(pictures(app), first)


def test_a_model_of_other_classes_begins_with_its_own(open_page, own_model):
    app = open_page(GENERATE)
    app.multiselect(key="classes").set_value(["7"]).run()
    choose_model(app, key_of(own_model))
    assert app.multiselect(key="classes").value == ["cats", "dogs"]
    choose_model(app, "shipped:mnist-cdcgan")
    assert app.multiselect(key="classes").value == list("0123456789")


def test_no_class_is_answered_in_words(open_page):
    app = open_page(GENERATE)
    app.multiselect(key="classes").set_value([]).run()
    assert "at least one class" in words_of(app)
    assert not app.exception


def test_too_many_pictures_are_refused_in_words(open_page):
    app = open_page(GENERATE)
    app.number_input(key="count").set_value(500).run()
    assert not app.exception
    assert "5,000 pictures" in words_of(app)
    assert f"possible: {hosting().most_pictures:,.0f}." in words_of(app)


def test_an_unconditional_model_is_asked_for_a_number_alone(open_page):
    app = choose_model(open_page(GENERATE), "shipped:mnist-gan")
    assert not app.multiselect
    app.number_input(key="total").set_value(24).run()
    assert shown(app)["alt"] == "24 pictures drawn by mnist-gan"
    app.number_input(key="total").set_value(1).run()
    assert shown(app)["alt"] == "One picture drawn by mnist-gan"


def test_the_dice_draw_other_pictures(open_page):
    app = open_page(GENERATE)
    first = pictures(app)
    app.button(key="dice").click().run()
    second = pictures(app)
    assert not np.array_equal(first, second)
    button_named(app, "New pictures").click().run()
    assert not np.array_equal(pictures(app), second)


# Writing


def test_a_text_is_written_in_several_lines(open_page):
    app = open_page(GENERATE)
    app.text_input(key="text").set_value("2026").run()
    app.number_input(key="lines").set_value(3).run()
    assert shown(app)["alt"] == "“2026” in the handwriting of mnist-cdcgan, lines: 3"
    written = gan_core.load("mnist-cdcgan").write("2026", lines=3)
    assert np.array_equal(pictures(app), np.asarray(written.picture(zoom=1)))


def test_a_character_that_the_model_does_not_know_is_refused_in_words(open_page):
    app = open_page(GENERATE, text="20x6")
    assert not app.exception
    assert "has no class 'x'" in words_of(app)


def test_a_model_whose_classes_are_words_is_not_asked_to_write(open_page, own_model):
    app = open_page(GENERATE, model=key_of(own_model), text="cats")
    assert not app.text_input
    assert shown(app)["alt"].startswith("20 pictures")


# How


def test_truncation_is_off_at_the_sliders_end_and_draws_what_the_library_draws(open_page):
    app = open_page(GENERATE)
    assert app.slider(key="t").value == app.slider(key="t").max
    model = gan_core.load("mnist-cdcgan")
    assert np.array_equal(pictures(app), np.asarray(model.sample().picture(zoom=1)))
    app.slider(key="t").set_value(0.5).run()
    assert np.array_equal(pictures(app), np.asarray(model.sample(truncation=0.5).picture(zoom=1)))


def test_raw_weights_draw_other_pictures(open_page):
    app = open_page(GENERATE)
    averaged = pictures(app)
    app.toggle(key="raw").set_value(True).run()
    assert not np.array_equal(pictures(app), averaged)


def test_raw_weights_that_are_not_there_are_missed_in_words_and_can_be_given_up(open_page, own_model):
    weights = checkpoint.with_prefix("ema", checkpoint.without_prefix("ema", checkpoint.read_tensors(own_model)))
    checkpoint.write_tensors(own_model, weights, checkpoint.read_metadata(own_model).to_header())
    app = open_page(GENERATE, model=key_of(own_model), raw="true")
    assert not app.exception
    assert "no weights of the kind generator" in words_of(app)
    app.toggle(key="raw").set_value(False).run()
    assert shown(app)["alt"].startswith("20 pictures")


# Links


LINK = {"model": "shipped:mnist-cdcgan", "classes": ["7", "3"], "count": "4", "seed": "7", "t": "1.5", "raw": "true"}


def test_a_link_draws_the_same_pictures_in_another_session(open_page):
    app = open_page(GENERATE)
    app.multiselect(key="classes").set_value(["7", "3"])
    app.number_input(key="count").set_value(4)
    app.number_input(key="seed").set_value(7)
    app.slider(key="t").set_value(1.5)
    app.toggle(key="raw").set_value(True).run()
    assert np.array_equal(pictures(open_page(GENERATE, **LINK)), pictures(app))
    assert pictures(app).shape == (2 * 28, 4 * 28)


def test_the_offered_link_names_all_that_the_pictures_depend_on(open_page):
    app = open_page(GENERATE, **LINK, one="true", pic="6", d2="-1.5")
    app.session_state["link"] = True
    app.run()
    assert app.code[0].value == (
        "/generate?model=shipped:mnist-cdcgan&classes=7&classes=3&count=4&seed=7&t=1.5&raw=true"
        "&one=true&pic=6&view=change&strip=1&by=sefa&d2=-1.5"
    )


def test_what_is_usual_stands_in_the_link_too_for_another_version_may_have_another_usual(open_page):
    app = open_page(GENERATE, text="2026")
    app.session_state["link"] = True
    app.run()
    assert app.code[0].value == ("/generate?model=shipped:mnist-cdcgan&text=2026&lines=5&seed=0&t=3&raw=false")


def test_the_address_follows_the_model(open_page, own_model):
    app = open_page(GENERATE)
    assert app.query_params["model"] == "shipped:mnist-cdcgan"
    choose_model(app, key_of(own_model))
    assert (app.query_params["model"], app.query_params["step"]) == (key_of(own_model), "5")
    choose_model(app, "shipped:mnist-gan")
    assert app.query_params["model"] == "shipped:mnist-gan"
    assert "step" not in app.query_params


def test_an_address_that_changes_in_the_same_session_is_followed(open_page):
    app = open_page(GENERATE, model="shipped:mnist-cdcgan")
    app.query_params["model"] = "shipped:mnist-gan"
    app.run()
    assert app.selectbox(key="model").value == "shipped:mnist-gan"


def test_choices_survive_a_change_of_pages(open_page, own_model):
    app = choose_model(open_page(GENERATE), key_of(own_model))
    app.number_input(key="seed").set_value(7).run()
    before = pictures(app)
    app.switch_page("home.py").run()
    app.switch_page(GENERATE).run()
    assert app.selectbox(key="model").value == key_of(own_model)
    assert np.array_equal(pictures(app), before)


def test_a_link_to_a_run_that_has_learnt_on_says_so(open_page, own_model):
    assert "differ from those" not in words_of(open_page(GENERATE, model=key_of(own_model), step="5"))
    app = open_page(GENERATE, model=key_of(own_model), step="3")
    assert "made at step 3 of this run, whose newest checkpoint is of step 5" in words_of(app)
    choose_model(app, "shipped:mnist-gan")
    assert "differ from those" not in words_of(app)


def keep_best(newest, step, fid):
    metadata = checkpoint.read_metadata(newest)._replace(step=step, scores={"fid": fid})
    return checkpoint.save_best(newest.parent, metadata, checkpoint.read_tensors(newest))


def test_a_runs_best_checkpoint_is_offered_before_its_newest_with_its_fid(open_page, own_model):
    keep_best(own_model, step=4, fid=0.614)
    app = open_page(GENERATE)
    offered = app.selectbox(key="model").options
    best = offered.index("run 1 · cgan · best, FID 0.61")
    assert offered[best + 1].startswith("run 1 · cgan · digits · ")
    assert "best" not in offered[best + 1]
    choose_model(app, f"best:{own_model.parent.name}")
    assert not app.exception
    assert dict(app.query_params) | {"model": f"best:{own_model.parent.name}", "step": "4"} == dict(app.query_params)


def test_drawing_with_a_run_from_its_own_page_takes_its_best_checkpoint(open_page, own_model):
    keep_best(own_model, step=4, fid=0.614)
    app = open_page("train.py", run="1")
    button_named(app, "Draw with it").click().run()
    assert not app.exception
    assert app.selectbox(key="model").value == f"best:{own_model.parent.name}"


def test_a_link_to_a_runs_best_checkpoint_opens_it_and_tells_when_there_is_a_better_one(open_page, own_model):
    keep_best(own_model, step=4, fid=0.614)
    link = {"model": f"best:{own_model.parent.name}", "step": "4"}
    app = open_page(GENERATE, **link)
    assert app.selectbox(key="model").value == link["model"]
    assert "The link was made" not in words_of(app)
    keep_best(own_model, step=5, fid=0.5)
    assert "made at step 4 of this run, whose best checkpoint is of step 5 now" in words_of(open_page(GENERATE, **link))


def test_a_damaged_best_checkpoint_is_not_offered(open_page, own_model):
    keep_best(own_model, step=4, fid=0.614).write_bytes(b"")
    app = open_page(GENERATE)
    assert not app.exception
    assert [label for label in app.selectbox(key="model").options if "best" in label] == []


def test_a_link_to_a_run_that_is_not_among_the_newest_finds_it(open_page, own_model, store, monkeypatch):
    monkeypatch.setattr("pages.parts.models.OWN_OFFERED", 1)
    make_run(store, ("a", "b"))
    app = open_page(GENERATE, model=key_of(own_model))
    assert app.multiselect(key="classes").options == ["cats", "dogs"]
    app.number_input(key="seed").set_value(1).run()
    assert app.selectbox(key="model").value == key_of(own_model)


def test_a_link_to_a_model_that_is_not_here_says_so_and_draws_with_a_shipped_one(open_page):
    app = open_page(GENERATE, model="run:00007-cdcgan-mnist-beef")
    assert not app.exception
    assert "asks for the model run:00007-cdcgan-mnist-beef, which is not here" in words_of(app)
    assert shown(app)["alt"] == "100 pictures drawn by mnist-cdcgan"
    app.number_input(key="seed").set_value(1).run()
    assert "which is not here" in words_of(app)
    choose_model(app, "shipped:mnist-gan")
    assert "which is not here" not in words_of(app)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"count": "99999999", "seed": "-1", "t": "nan", "classes": "<script>"},
        {"count": "inf", "seed": "1e999", "t": "-inf", "raw": "perhaps", "classes": ["x", "y"]},
        {"seed": "NaN", "count": "0x10", "t": "", "lines": "-3", "total": "inf", "pic": "inf"},
        {"model": "run:" + "9" * 5000, "step": "9" * 5000},
        {"model": "upload:../../etc/passwd", "step": "-1"},
        {"model": "", "step": "", "count": "", "seed": "", "one": "", "strip": ""},
        {"one": "true", "pic": "1e99", "d1": "inf", "d2": "99", "d3": "nan", "strip": "-4"},
        {"one": "true", "pic": ["2", "nan"], "d1": "<b>", "strip": "77", "lang": "<i>"},
    ],
)
def test_nonsense_in_a_link_becomes_what_is_usual(open_page, nonsense):
    app = open_page(GENERATE, **nonsense)
    assert not app.exception
    assert not app.error
    assert np.array_equal(pictures(app), pictures(open_page(GENERATE)))


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "9" * 5000, "\0", "[x](http://evil.example)"])
def test_any_text_in_a_link_is_written_or_refused_in_words(open_page, text):
    app = open_page(GENERATE, text=text)
    assert not app.exception
    assert app.error or "in the handwriting" in shown(app)["alt"]


# One picture


def test_one_picture_is_shown_as_it_was_and_along_a_direction(open_page):
    app = open_page(GENERATE, one="true", pic="23")
    assert not app.exception
    assert shown(app)["number"] == 23
    assert "Picture 23 as it was drawn" in words_of(app)
    assert "Picture 23 along direction 1, from −3 to 3" in words_of(app)


def test_sliders_change_the_picture_and_the_strip_follows_the_one_moved(open_page):
    app = open_page(GENERATE, one="true", pic="23")
    start = one_picture(app)
    app.slider(key="d3").set_value(2.0).run()
    moved = one_picture(app)
    assert moved[0] != start[0]
    assert "Picture 23 along direction 3" in moved[1]
    app.pills(key="strip").set_value(2).run()
    assert "Picture 23 along direction 2" in one_picture(app)[1]
    app.pills(key="strip").set_value(1).run()
    button_named(app, "Back to the start").click().run()
    assert one_picture(app) == start


def test_without_a_move_the_picture_is_the_one_of_the_grid(open_page):
    app = open_page(GENERATE, one="true", pic="23")
    sources = [part.partition('"')[0] for part in one_picture(app)[0].split("base64,")[1:]]
    changed, before = (np.asarray(Image.open(io.BytesIO(base64.b64decode(source)))).astype(int) for source in sources)
    assert np.abs(changed - before).max() <= 1
    # Matrix products of another size may round the last bit differently: one grey level at most.
    assert np.abs(before - pictures(app)[2 * 28 : 3 * 28, 2 * 28 : 3 * 28]).max() <= 1


def test_a_changed_picture_is_the_same_by_its_link(open_page):
    app = open_page(GENERATE)
    app.toggle(key="one").set_value(True).run()
    app.number_input(key="pic").set_value(23).run()
    app.slider(key="d2").set_value(-1.5).run()
    linked = open_page(GENERATE, one="true", pic="23", d2="-1.5", strip="2")
    assert one_picture(linked) == one_picture(app)


def test_a_number_beyond_the_pictures_becomes_the_first(open_page):
    app = open_page(GENERATE, one="true", pic="90")
    app.multiselect(key="classes").set_value(["7"]).run()
    assert not app.exception
    assert shown(app)["number"] == 1


def test_a_model_with_few_random_numbers_has_fewer_directions(open_page, store):
    run = store.create(small_config(latent_dim=2), "cgan", owner="me")
    gan = Gan(run.config, ImageSpec(size=28, channels=1, classes=("a",)), torch.device("cpu"))
    metadata = checkpoint.Metadata(run.name, run.config, gan.spec, 5, 1.0, 80)
    path = checkpoint.save_run(run.folder, metadata, gan.model_state(), gan.resume_state())
    store.report(run.id, "me", checkpoint=path.name)
    app = open_page(GENERATE, model=key_of(path), one="true", strip="5")
    assert not app.exception
    assert [slider.key for slider in app.main.slider] == ["d1", "d2"]


# Uploads, downloads, and files that are not what they were


def test_an_upload_is_checked_and_then_offered(open_page, own_model):
    app = open_page(GENERATE)
    app.file_uploader(key="upload").set_value(("pets.safetensors", own_model.read_bytes(), "")).run()
    assert not app.exception
    assert app.multiselect(key="classes").options == ["cats", "dogs"]
    assert any("pets" in option and "uploaded" in option for option in app.selectbox(key="model").options)
    linked = open_page(GENERATE, model=app.query_params["model"])
    assert np.array_equal(pictures(linked), pictures(app))


def test_an_upload_that_gives_way_takes_the_evaluations_that_wait_for_it_along(own_model, monkeypatch):
    """They hold a copy of it: strangers could fill the disk."""
    monkeypatch.setenv("GAN_WORKBENCH_MOST_UPLOADS_OF_ONE", "1")
    hosting.cache_clear()
    evaluations = default_evaluations()
    content = own_model.read_bytes()
    first = models._store_upload("first.safetensors", content)
    asked = evaluations.ask(models._upload_key(first), first, Terms())
    os.utime(first, (1e9, 1e9))
    second = models._store_upload("second.safetensors", content)
    assert (first.exists(), second.exists()) == (False, True)
    assert (evaluations.get(asked.id), asked.checkpoint_path.exists()) == (None, False)


def test_a_bad_upload_is_refused_in_words_and_not_kept(open_page):
    app = open_page(GENERATE)
    app.file_uploader(key="upload").set_value(("virus.safetensors", b"\x80\x05cos\nsystem\n", "")).run()
    assert not app.exception
    assert "not a whole safetensors file" in words_of(app)
    assert not list((paths.checkpoints() / "uploads").glob("*"))
    assert "drawn by" in shown(app)["alt"]


def test_pictures_and_model_can_be_downloaded(open_page):
    app = open_page(GENERATE)
    assert [button.proto.label for button in app.get("download_button")] == [
        "PNG", "ZIP", "NPZ", "Model", "Notebook", "Script",
    ]  # fmt: skip


def test_a_run_that_goes_on_learning_stays_chosen(open_page, own_model, store):
    app = choose_model(open_page(GENERATE), key_of(own_model))
    newer = own_model.rename(own_model.with_name("model-000000009.safetensors"))
    store.report(1, "me", checkpoint=newer.name)
    app.number_input(key="seed").set_value(3).run()
    assert app.selectbox(key="model").value == key_of(own_model)
    assert app.multiselect(key="classes").options == ["cats", "dogs"]


def test_a_model_whose_file_is_gone_is_one_sentence(open_page, own_model):
    app = open_page(GENERATE)
    own_model.unlink()
    choose_model(app, key_of(own_model))
    assert not app.exception
    assert "replaced or deleted" in words_of(app)


def test_a_link_to_a_damaged_model_can_be_left_for_another(open_page, own_model):
    own_model.write_bytes(b"gone")
    app = open_page(GENERATE, model=key_of(own_model))
    assert not app.exception
    assert "not a whole safetensors file" in words_of(app)
    choose_model(app, "shipped:mnist-gan")
    assert shown(app)["alt"] == "100 pictures drawn by mnist-gan"


def test_a_strangers_name_is_shown_as_text(open_page, own_model):
    evil = '"><form action="https://evil.example">![](https://evil.example/seen.png)'
    weights = checkpoint.read_tensors(own_model)
    metadata = checkpoint.read_metadata(own_model)._replace(name=evil)
    checkpoint.write_tensors(own_model, weights, metadata.to_header())
    app = open_page(GENERATE, model=key_of(own_model), one="true")
    assert not any("<form" in html.proto.body for html in app.get("html"))
    assert not any("![](" in caption.value for caption in app.caption)
    assert evil in words_of(app)
