"""Directions by SeFa and PCA, their names, and what truncation costs, on the Generate page."""

import pytest

from gan_core import beside, checkpoint, paths, truncation
from gan_core.errors import WorkbenchError
from gan_core.store.people import default_people
from gan_core.store.rights import Visitor
from gan_core.store.runs import default_store
from pages.parts import models
from tests.app.conftest import button_named, words_of
from tests.conftest import small_config

GENERATE = "generate.py"
ONE = {"one": "true", "pic": "23"}
SHIPPED = paths.PRETRAINED / "mnist-cdcgan.safetensors"


def strip(app):
    return [html.proto.body for html in app.get("html") if "<figure" in html.proto.body][1]


def test_principal_components_are_other_directions_and_stand_in_the_link(open_page):
    app = open_page(GENERATE, **ONE)
    by_layer = strip(app)
    app.segmented_control(key="by").set_value("pca").run()
    assert not app.exception
    assert strip(app) != by_layer
    assert app.query_params["by"] == "pca"
    assert strip(open_page(GENERATE, **ONE, by="pca")) == strip(app)


def test_another_kind_begins_at_the_picture_as_it_was_drawn(open_page):
    app = open_page(GENERATE, **ONE, d2="1.5")
    app.segmented_control(key="by").set_value("pca").run()
    assert app.slider(key="d2").value == 0


def test_a_name_is_kept_with_the_model_and_shown_as_it_is(open_page):
    app = open_page(GENERATE, **ONE)
    field = next(field for field in app.text_input if field.key and field.key.endswith("sefa-2"))
    field.set_value("  **slant** :smile:  ")
    button_named(app, "Keep the names").click().run()
    assert not app.exception
    assert beside.names_of(SHIPPED) == {"sefa-2": "**slant** :smile:"}
    beside.give_names(SHIPPED, {"sefa-3": "somebody else's"})  # while this page shows an empty field
    button_named(app, "Keep the names").click().run()
    assert beside.names_of(SHIPPED) == {"sefa-2": "**slant** :smile:", "sefa-3": "somebody else's"}
    later = open_page(GENERATE, **ONE, strip="2")
    assert r"\*\*slant\*\*" in later.slider(key="d2").label
    assert "Picture 23 along **slant** :smile:, from −3 to 3" in strip(later)
    assert open_page(GENERATE, **ONE, by="pca").slider(key="d2").label == "Direction 2"


def test_only_who_may_change_a_model_may_name_its_directions(hosted, own_place):
    hosted("class", class_code="code")
    people, store = default_people(), default_store()
    ana, ben = (people.enter_class(key, "code", name) for key, name in (("a", "Ana"), ("b", "Ben")))
    run = store.acting_for(ana).create(small_config(), "cgan")
    upload = paths.uploads(ana.person) / "12345678-mine.safetensors"
    checkpoint.write_aside(upload, b"")
    keys = [f"run:{run.name}", "upload:" + f"{ana.person}/12345678-mine", "shipped:mnist-gan"]
    allowed = {who.name: [models.may_change(key, store.acting_for(who)) for key in keys] for who in (ana, ben)}
    assert allowed == {"Ana": [True, True, False], "Ben": [False, False, False]}
    teacher = Visitor(may_everything=True, watches_all=True)
    assert [models.may_change(key, store.acting_for(teacher)) for key in (keys[0], keys[2])] == [True, True]
    with pytest.raises(WorkbenchError, match="belongs to somebody else"):
        models.refuse_change(keys[0], store.acting_for(ben))


def test_what_truncation_costs_is_measured_once(open_page, monkeypatch):
    monkeypatch.setattr(truncation, "PICTURES", 30)
    app = open_page(GENERATE)
    assert "Precision is the share" not in words_of(app)
    app.session_state["truncation-cost"] = True
    app.run()
    app.button(key="measure-truncation").click().run()
    assert not app.exception and not app.error
    assert "Precision is the share" in words_of(app)
    assert beside.truncation_cost(SHIPPED, "ema").pictures == 30
    app = open_page(GENERATE)
    app.session_state["truncation-cost"] = True
    app.run()
    assert "Precision is the share" in words_of(app)
    assert button_named(app, "Measure") is None


def test_without_real_pictures_it_cannot_be_measured(open_page):
    app = open_page(GENERATE, model="shipped:cifar10-sngan", count="1")
    app.session_state["truncation-cost"] = True
    app.run()
    app.button(key="measure-truncation").click().run()
    assert "pictures of cifar10 are not on this machine yet" in words_of(app)
