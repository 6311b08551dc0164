"""The Generate page with shipped models, own ones, uploads, and bad input."""

import pytest
import torch

from gan_core import checkpoint, paths
from gan_core.config import ImageSpec
from gan_core.training import Gan
from tests.app.conftest import words_of
from tests.conftest import small_config


@pytest.fixture
def own_model(store):
    """A run with a checkpoint, of two classes."""
    run = store.create(small_config(), "cgan", owner="me")
    gan = Gan(run.config, ImageSpec(size=28, channels=1, classes=("cats", "dogs")), torch.device("cpu"))
    about = checkpoint.About(run.name, run.config, gan.spec, 5, 1.0)
    path = checkpoint.save_run(run.folder, about, gan.model_state(), gan.resume_state())
    store.report(run.id, "me", checkpoint=path.name)
    return path


def page_picture(app):
    return app.get("html")[0].proto.body


def test_a_shipped_model_draws_at_once(open_page):
    app = open_page("generate.py")
    assert not app.exception
    assert "100 pictures drawn by" in page_picture(app)
    assert "image-rendering:pixelated" in page_picture(app)


def test_classes_are_chosen_by_name_and_the_seed_decides(open_page, own_model):
    app = open_page("generate.py")
    app.selectbox(key="model").set_value("run:1").run()
    classes = app.multiselect[0]
    assert classes.options == ["cats", "dogs"]
    classes.set_value(["dogs"]).run()
    first = page_picture(app)
    assert "10 pictures drawn by" in first
    app.number_input(key="seed").set_value(1).run()
    assert page_picture(app) != first
    app.number_input(key="seed").set_value(0).run()
    assert page_picture(app) == first


def test_no_class_is_answered_in_words(open_page):
    app = open_page("generate.py")
    app.multiselect[0].set_value([]).run()
    assert "at least one class" in words_of(app)
    assert not app.exception


def test_too_many_pictures_are_refused_in_words(open_page):
    app = open_page("generate.py")
    app.number_input(key="count-10").set_value(500).run()
    assert not app.exception
    assert "fewer" in words_of(app)


def test_an_upload_is_checked_and_then_offered(open_page, own_model):
    app = open_page("generate.py")
    app.file_uploader(key="upload").set_value(("pets.safetensors", own_model.read_bytes(), "")).run()
    assert not app.exception
    assert app.multiselect[0].options == ["cats", "dogs"]
    assert any("pets" in option and "uploaded" in option for option in app.selectbox(key="model").options)


def test_a_bad_upload_is_refused_in_words_and_not_kept(open_page):
    app = open_page("generate.py")
    app.file_uploader(key="upload").set_value(("virus.safetensors", b"\x80\x05cos\nsystem\n", "")).run()
    assert not app.exception
    assert "not a whole safetensors file" in words_of(app)
    assert not list((paths.checkpoints() / "uploads").glob("*"))
    assert "drawn by" in page_picture(app)


def test_a_run_that_goes_on_learning_stays_chosen(open_page, own_model, store):
    app = open_page("generate.py")
    app.selectbox(key="model").set_value("run:1").run()
    newer = own_model.rename(own_model.with_name("model-000000009.safetensors"))
    store.report(1, "me", checkpoint=newer.name)
    app.number_input(key="seed").set_value(3).run()
    assert app.selectbox(key="model").value == "run:1"
    assert app.multiselect[0].options == ["cats", "dogs"]


def test_a_model_whose_file_is_gone_is_one_sentence(open_page, own_model):
    app = open_page("generate.py")
    own_model.unlink()
    app.selectbox(key="model").set_value("run:1").run()
    assert not app.exception
    assert "gone" in words_of(app)


def test_a_strangers_name_is_shown_as_text(open_page, own_model):
    evil = '"><form action="https://evil.example">![](https://evil.example/seen.png)'
    weights = checkpoint.read_tensors(own_model)
    about = checkpoint.read_about(own_model)._replace(name=evil)
    checkpoint.write_tensors(own_model, weights, about.to_metadata())
    app = open_page("generate.py")
    app.selectbox(key="model").set_value("run:1").run()
    assert "<form" not in page_picture(app)
    assert not any("![](" in caption.value for caption in app.caption)
    assert evil in words_of(app)


def test_a_checkpoint_that_was_damaged_since_is_one_sentence(open_page, own_model):
    app = open_page("generate.py")
    own_model.write_bytes(b"gone")
    app.selectbox(key="model").set_value("run:1").run()
    assert not app.exception
    assert "not a whole safetensors file" in words_of(app)
