"""A picture of one's own on the Generate page: brought, searched for, explored, and in links."""

import base64
import io
import math
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from starlette.applications import Starlette

from gan_core import projection
from gan_core.hosting import hosting
from gan_core.latents import latents, to_text
from pages.parts.generate import drawing, own, routes
from pages.parts.generate.wishes import Own
from tests import asgi
from tests.app.conftest import components, words_of

GENERATE = "generate.py"
LINK = Own(to_text(latents(1, 100, seed=5)[0]), 3).to_text()
NONSENSE = [
    "<b>",
    "3.",
    ".AAAA",
    "3.AAAA",
    "99." + LINK[2:],
    "-1." + LINK[2:],
    "3." + to_text(torch.full((100,), 60.0)),
]


def a_seven():
    picture = Image.new("L", (280, 280))
    ImageDraw.Draw(picture).line([(80, 60), (200, 60), (130, 230)], fill=255, width=24, joint="curve")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def grid(app):
    return next(data for data in components(app) if "columns" in data)


def pictures(app):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(grid(app)["png"]))))


@pytest.fixture
def open_box(open_page, monkeypatch):
    """The page with its box open and something drawn on the board."""

    def open_it(**link):
        monkeypatch.setattr(own, "drawing", lambda key: base64.b64encode(a_seven()).decode())
        monkeypatch.setattr(projection, "STEPS", 30)
        app = open_page(GENERATE, **link)
        app.session_state["own-box"] = True
        return app.run()

    return open_it


def test_the_nearest_is_found_becomes_the_last_picture_and_is_explored(open_box):
    app = open_box()
    app.button(key="own-find").click().run()
    assert not app.exception and not app.error
    said = words_of(app)
    assert "the nearest that it draws:" in said and "The nearest training pictures" in said
    assert grid(app)["pictures"] == 101
    assert app.query_params["own"].startswith("7.")
    film = next(data for data in components(app) if data.get("sheet"))
    assert film["frames"] == 11  # the first, and every third of 30 steps

    app.button(key="own-change").click().run()
    assert not app.exception
    assert grid(app)["number"] == 101
    app.segmented_control(key="view").set_value("discriminator").run()
    assert not app.exception and not app.error
    assert "Your picture" in [title.value for title in app.subheader]


def test_a_walk_begins_at_ones_own_picture(open_box):
    app = open_box()
    app.button(key="own-find").click().run()
    app.button(key="own-walk").click().run()
    assert not app.exception
    assert app.query_params["stops"] == "101,1"
    player = next(data for data in components(app) if "live/walk" in data.get("path", ""))
    assert "own=7." in player["path"]


def test_it_is_taken_out_again_and_does_not_follow_to_another_model(open_box):
    app = open_box()
    app.button(key="own-find").click().run()
    app.button(key="own-out").click().run()
    assert grid(app)["pictures"] == 100 and "own" not in app.query_params
    app.button(key="own-find").click().run()
    assert grid(app)["pictures"] == 101
    app.selectbox(key="model").set_value("shipped:mnist-gan").run()
    assert not app.exception
    assert grid(app)["pictures"] == 100


def test_a_search_counts_as_many_requests_as_pictures_could_be_drawn_meanwhile(open_box, monkeypatch):
    counted = []
    monkeypatch.setattr(own, "count_request", lambda: counted.append(1))
    app = open_box()
    app.button(key="own-find").click().run()
    assert len(counted) == math.ceil(projection.cost_in_pictures() / hosting().most_pictures)


def test_a_picture_in_which_there_is_nothing_is_refused_in_words(open_box, monkeypatch):
    monkeypatch.setattr(own, "drawing", lambda key: "")
    app = open_box()
    monkeypatch.setattr(own, "drawing", lambda key: base64.b64encode(b"<svg/>").decode())
    app.run()
    assert not app.exception
    assert "not a whole picture" in words_of(app)


@pytest.mark.parametrize("sent", [None, 7, {"a": 1}, "data:image/svg+xml,x", drawing.BEGINS + "A" * drawing.LONGEST])
def test_what_a_browser_sends_instead_of_a_drawing_is_nothing(monkeypatch, sent):
    monkeypatch.setattr(drawing, "_component", lambda **asked: {"png": sent})
    assert drawing.drawing("x") == ""


# Links and routes


def test_a_link_brings_the_picture_along(open_page):
    app, without = open_page(GENERATE, own=LINK), open_page(GENERATE)
    assert grid(app)["pictures"] == 101
    assert np.array_equal(pictures(app)[:280], pictures(without))
    assert pictures(app)[280:, :28].any() and not pictures(app)[280:, 28:].any()
    app.session_state["link"] = True
    app.run()
    assert f"own={LINK.replace('=', '%3D')}" in app.code[0].value


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_in_a_link_is_left_out(open_page, nonsense):
    app = open_page(GENERATE, own=nonsense)
    assert not app.exception
    assert grid(app)["pictures"] == 100


def ask(path, **asked):
    query = {"model": "shipped:mnist-cdcgan", "classes": "3", "count": "2", "seed": "0", "t": "3"} | asked
    app = Starlette(routes=routes.drawing_routes())
    return asgi.ask(app, f"/live/{path}", query=urlencode(query))


def test_a_walk_ends_at_ones_own_picture():
    walk = {"walk": "true", "stops": "1,3", "frames": "4"}
    assert ask("walk", own=LINK, **walk).status == 200
    assert ask("walk", **walk).status == 400  # there is no third picture


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_a_route_refuses_what_is_no_picture_of_the_model(nonsense):
    assert ask("pictures.npz", own=nonsense).status == 400
