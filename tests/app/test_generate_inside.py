"""Inside the two networks, on the Generate page: feature maps, and what the discriminator looks at."""

import re

import numpy as np
import pytest

import gan_core
from gan_core.errors import WorkbenchError
from gan_core.store.runs import default_store
from pages.parts import models
from tests.app.conftest import words_of
from tests.conftest import small_config

GENERATE = "generate.py"
ONE = {"one": "true", "pic": "23"}


def figures(app):
    """The captions of all pictures that are shown sharp."""
    return re.findall(r"<figcaption[^>]*>([^<]*)<", "".join(html.proto.body for html in app.get("html")))


def test_the_generators_layers_are_shown_from_the_latent_to_the_picture(open_page):
    app = open_page(GENERATE, **ONE, view="generator")
    assert not app.exception and not app.error
    assert figures(app) == [
        "Latent: 100 random numbers",
        "Layer 1: ReLU, 64 maps of 7 × 7",
        "Layer 2: ReLU, 32 maps of 14 × 14",
        "Layer 3: tanh, the picture",
    ]
    assert app.query_params["view"] == "generator"


def test_a_fully_connected_generators_layers_are_numbers(open_page):
    app = open_page(GENERATE, **ONE, view="generator", model="shipped:mnist-gan")
    assert figures(app)[1] == "Layer 1: LeakyReLU, 128 numbers"


def test_the_discriminator_gives_each_picture_a_score(open_page):
    app = open_page(GENERATE, **ONE, view="discriminator")
    assert not app.exception and not app.error
    scores = figures(app)
    assert len(scores) == 10
    for score in scores:
        logit, output = map(float, re.fullmatch(r"(-?[\d.]+) · D\(x\)\xa0=\xa0([\d.]+)", score).groups())
        assert output == pytest.approx(1 / (1 + np.exp(-logit)), abs=0.011)
    assert "Real pictures" in words_of(app)


def test_a_picture_that_was_changed_is_looked_into_as_it_is_now(open_page):
    as_drawn, changed = (open_page(GENERATE, **ONE, view="discriminator", d1=moved) for moved in ("0", "3"))
    assert figures(as_drawn)[0] != figures(changed)[0]
    assert figures(as_drawn)[1:] == figures(changed)[1:]


def test_a_model_without_a_discriminator_says_so(open_page):
    app = open_page(GENERATE, **ONE, view="discriminator", model="shipped:cifar10-sngan")
    assert not app.exception
    assert "cifar10-sngan holds no discriminator" in words_of(app)


def test_a_nonsensical_view_is_the_usual_one(open_page):
    app = open_page(GENERATE, **ONE, view="<b>")
    assert not app.exception
    assert "as it was drawn" in words_of(app)


def test_where_folders_are_closed_their_pictures_are_not_shown(hosted):
    hosted("public")
    model = gan_core.load("mnist-gan")
    config = small_config().model_copy(update={"dataset": "folder:/etc"})
    of_folder = type(model)(model.metadata._replace(config=config), model.generator)
    with pytest.raises(WorkbenchError, match="Folders of this server are closed"):
        models.real_pictures(default_store(), "upload:x", of_folder)
