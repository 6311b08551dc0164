"""Walks and many pictures at once on the Generate page, and the routes that draw them."""

import asyncio
import io
import struct
import zipfile
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.applications import Starlette
from starlette.datastructures import QueryParams

import gan_core
from gan_core import checkpoint, films
from gan_core.config import ImageSpec
from gan_core.store.people import default_people
from gan_core.training.gan import Gan
from pages.parts.generate import routes, wishes
from pages.parts.generate.stops import MOST_STOPS, Walking, read_stops
from tests import asgi
from tests.app.conftest import button_named, components, words_of
from tests.conftest import small_config

GENERATE = "generate.py"
GRID = {
    "model": "shipped:mnist-cdcgan", "classes": list("37"), "count": "5", "seed": "7", "t": "2", "raw": "false",
}  # fmt: skip
WALK = {"walk": "true", "stops": "2,7,9", "frames": "4"}


def ask(path, asked, **headers):
    app = Starlette(routes=routes.drawing_routes())
    return asgi.ask(app, f"/live/{path}", query=urlencode(asked, doseq=True), **headers)


def pieces(answer):
    """What is drawn by each, and its content."""
    assert answer.status == 200, answer.body
    found, place = [], 0
    while place < len(answer.body):
        drawn, length = struct.unpack_from("<II", answer.body, place)
        found.append((drawn, answer.body[place + 8 : place + 8 + length]))
        place += 8 + length
    return found


def frames_of(answer):
    """Of a walk's sheets, [N, H, W]."""
    sheets = [np.asarray(Image.open(io.BytesIO(content))) for _drawn, content in pieces(answer) if content]
    return np.concatenate([np.split(sheet, sheet.shape[1] // 28, axis=1) for sheet in sheets])


def player(app):
    """What the player was given."""
    return next((data for data in components(app) if "perSecond" in data), None)


def grid(app):
    return next(data for data in components(app) if "stops" in data)


def pick(app, number):
    """As a click on that picture does."""
    app.session_state["stops"] = [*app.session_state["stops"], number]
    return app.run()


# The page


def test_a_walk_begins_with_pictures_that_can_be_played(open_page):
    app = open_page(GENERATE)
    app.toggle(key="walk").set_value(True).run()
    assert not app.exception
    assert grid(app)["stops"] == [1, 11, 21, 31]
    assert (player(app)["frames"], player(app)["perSecond"]) == (181, 30)
    assert player(app)["words"]["alt"] == "Film from picture to picture: 1, 11, 21, 31"


def test_what_is_chosen_of_a_walk_is_in_the_offered_link_and_opens_the_same(open_page):
    app = open_page(GENERATE, **GRID, walk="true")
    app.segmented_control(key="way").set_value("straight").run()
    app.toggle(key="loop").set_value(True).run()
    app.toggle(key="even").set_value(True).run()
    app.number_input(key="frames").set_value(12).run()
    pick(app, 9)
    app.session_state["link"] = True
    app.run()
    offered = QueryParams(app.code[0].value.partition("?")[2])
    expected = GRID | {"stops": "1,6,9", "through": "pictures", "way": "straight", "loop": "true", "even": "true"}
    assert {name: offered[name] for name in expected if name != "classes"} | {"classes": list("37")} == expected
    linked = open_page(GENERATE, **{name: offered.getlist(name) for name in offered})
    assert player(linked) == player(app)
    assert player(app)["frames"] == 3 * 12


def test_the_address_follows_the_walk_and_forgets_it(open_page):
    app = open_page(GENERATE, walk="true", stops="3,12", way="straight")
    assert (app.query_params["stops"], app.query_params["way"]) == ("3,12", "straight")
    app.toggle(key="walk").set_value(False).run()
    assert not {"stops", "way"} & set(app.query_params)
    app.toggle(key="walk").set_value(True).run()
    assert grid(app)["stops"] == [3, 12]


def test_a_walk_through_classes_keeps_one_picture(open_page):
    app = open_page(GENERATE, **GRID, walk="true", stops="4,8", through="classes")
    assert player(app)["words"]["alt"] == "Film of picture 4 through the classes 3, 7"
    assert grid(app)["stops"] == [4]
    assert "way" not in [control.key for control in app.segmented_control]


def test_an_unconditional_model_is_not_asked_for_classes(open_page):
    app = open_page(GENERATE, model="shipped:mnist-gan", walk="true", through="classes")
    assert not app.exception
    assert player(app)["words"]["alt"].startswith("Film from picture to picture")


def test_a_walk_and_a_single_picture_make_room_for_each_other(open_page):
    app = open_page(GENERATE, one="true")
    app.toggle(key="walk").set_value(True).run()
    assert app.toggle(key="one").value is False and player(app)
    app.toggle(key="one").set_value(True).run()
    assert app.toggle(key="walk").value is False and not player(app)


def test_without_two_stops_the_page_says_what_to_do(open_page):
    app = open_page(GENERATE, walk="true", stops="5")
    assert "Click at least two pictures" in words_of(app) and not player(app)
    app = open_page(GENERATE, walk="true", through="classes", classes=["3"])
    assert "Choose at least two classes" in words_of(app) and not player(app)
    app = open_page(GENERATE, walk="true")
    button_named(app, "Clear").click().run()
    assert "Click at least two pictures" in words_of(app)


def test_a_walk_of_too_many_pictures_is_refused_in_words(open_page, hosted):
    hosted("personal", most_pictures=100)
    app = open_page(GENERATE, walk="true")
    assert "That would be 181 pictures; possible: 100." in words_of(app)
    app.number_input(key="frames").set_value(33).run()
    assert player(app)["frames"] == 100


@pytest.mark.parametrize(
    "nonsense",
    [
        {"stops": "0,-1,1e9,x,999999999999,", "frames": "inf", "way": "<b>", "through": "walls"},
        {"stops": "9" * 5000, "frames": "-3", "loop": "perhaps", "even": ""},
        {"stops": "1," * 3000, "way": ["a", "b"], "frames": "NaN"},
    ],
)
def test_nonsense_in_a_link_of_a_walk_becomes_what_is_usual(open_page, nonsense):
    app = open_page(GENERATE, walk="true", **nonsense)
    assert not app.exception and not app.error
    assert app.number_input(key="frames").value == 60


def test_an_address_is_read_as_it_was_written():
    walking = Walking([3, 1, 2], "classes", "straight", closed=True, evenly=True, of_leg=7)
    assert Walking.read(walking.address()) == walking
    assert read_stops(",".join(map(str, range(1, 50)))) == list(range(1, MOST_STOPS + 1))


def test_where_mp4_cannot_be_made_the_page_says_what_is_missing(open_page, monkeypatch):
    def offered(app):
        return {file["label"]: file["can_be_made"] for data in components(app) for file in data.get("files", ())}

    assert offered(open_page(GENERATE, walk="true"))["MP4"]
    monkeypatch.setattr(films, "can_mp4", lambda: False)
    app = open_page(GENERATE, walk="true")
    assert offered(app) == {
        "ZIP": True,
        "NPZ": True,
        "MP4": False,
        "GIF": True,
        "WEBP": True,
        "HTML": True,
        "ONNX": True,
    }
    assert "deploy/requirements-video.txt" in words_of(app)
    assert ask("walk.mp4", GRID | WALK).status == 404


def test_ten_thousand_pictures_are_offered_as_a_file_of_the_same_classes(open_page):
    app = open_page(GENERATE, **GRID)
    assert app.number_input(key="many-count-2").value == 5_000
    assert "10,000 pictures, drawn while they are downloaded" in words_of(app)
    path = next(file["path"] for data in components(app) for file in data.get("files", ()))
    asked = QueryParams(path.partition("?")[2])
    assert (asked["count"], asked.getlist("classes"), asked["seed"]) == ("5000", ["3", "7"], "7")


# The routes


def test_the_route_draws_the_walk_through_the_grids_pictures():
    model = gan_core.load("mnist-cdcgan")
    pictures = model.sample(["3", "7"], 5, seed=7, truncation=2.0).images.squeeze(3).astype(int)
    answer = ask("walk", GRID | WALK)
    assert (answer.headers["x-pictures"], answer.headers["content-encoding"]) == ("9", "identity")
    frames = frames_of(answer).astype(int)
    assert frames.shape == (9, 28, 28)
    assert np.abs(frames[[0, 4, 8]] - pictures[[1, 6, 8]]).max() <= 1


def test_even_steps_are_measured_first():
    answer = ask("walk", GRID | WALK | {"even": "true", "loop": "true"})
    assert answer.headers["x-pictures"] == "25"
    assert [(drawn, bool(content)) for drawn, content in pieces(answer)] == [(13, False), (25, True)]


def test_many_pictures_come_as_the_files_that_the_library_makes():
    drawn = gan_core.load("mnist-cdcgan").sample(["3", "7"], 60, seed=7, truncation=2.0)
    for form in ("zip", "npz"):
        parts = pieces(ask(f"pictures.{form}", GRID | {"count": "60"}))
        assert [drawn for drawn, _content in parts] == [100, 120, 120]
        content = b"".join(content for _drawn, content in parts)
        if form == "npz":
            with np.load(io.BytesIO(content)) as read:
                assert np.array_equal(read["images"], drawn.images)
                assert np.array_equal(read["labels"], drawn.labels)
        else:
            with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(io.BytesIO(drawn.zip())) as own:
                assert [(e.filename, e.CRC) for e in read.infolist()] == [(e.filename, e.CRC) for e in own.infolist()]


def test_once_the_reader_is_gone_nothing_more_is_drawn():
    """As a server tells it: the connection was closed."""
    sent, gone = [], asyncio.Event()
    asked = {"model": "shipped:mnist-gan", "total": "10000", "seed": "0", "t": "3"}

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if len(sent) == 4:
            gone.set()

    scope = {
        "type": "http", "method": "GET", "path": "/live/pictures.npz", "headers": [],
        "query_string": urlencode(asked).encode(),
    }  # fmt: skip
    asyncio.run(Starlette(routes=routes.drawing_routes())(scope, receive, send))
    assert len(sent) < 20  # of 103


def test_a_runs_best_checkpoint_is_drawn_with_as_on_the_page(store):
    run = store.create(small_config(), "cgan", owner="me")
    spec = ImageSpec(size=28, channels=1, classes=("cats", "dogs"))
    gan = Gan(run.config, spec, torch.device("cpu"))
    metadata = checkpoint.Metadata(run.name, run.config, spec, 5, 1.0, 80, scores={"fid": 1.0})
    checkpoint.save_best(run.folder, metadata, gan.model_state())
    asked = {"classes": ["dogs"], "count": "3", "seed": "0", "t": "3"}
    assert pieces(ask("pictures.zip", asked | {"model": f"best:{run.name}"}))
    assert ask("pictures.zip", asked | {"model": f"run:{run.name}"}).status == 400, "it has no other"


def test_a_text_is_drawn_as_a_file_too():
    asked = {"model": "shipped:mnist-cdcgan", "text": "42", "lines": "3", "seed": "0", "t": "3", "raw": "true"}
    content = b"".join(content for _drawn, content in pieces(ask("pictures.zip", asked)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist()[:3] == ["4-1.png", "2-2.png", "4-3.png"]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"model": "shipped:../../etc/passwd"}, {"model": "upload:../x"}, {"model": "run:7"}, {"model": ""},
        {"count": "inf"}, {"count": "0"}, {"count": "99999999"}, {"seed": "-1"}, {"t": "nan"}, {"t": "x"},
        {"classes": ["cat"]}, {"classes": []}, {"classes": ["x" * 30_000]}, {"text": "9" * 300, "lines": "2"},
        {"stops": ""}, {"stops": "1"}, {"stops": "1,11"}, {"stops": "0,0"}, {"through": "classes", "classes": ["3"]},
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(nonsense):
    answer = ask("walk", GRID | WALK | nonsense | {"lang": "es"})
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert b'{"error":"' in answer.body


@pytest.mark.parametrize("path", ["pictures.exe", "pictures.", "walk.png", "walk.zip"])
def test_no_other_form_is_made(path):
    assert ask(path, GRID | WALK).status == 404


def test_pages_of_other_sites_cannot_keep_the_machine_busy():
    assert ask("pictures.zip", GRID, sec_fetch_site="cross-site").status == 403
    assert ask("pictures.zip", GRID, sec_fetch_site="same-site").status == 403
    assert ask("pictures.zip", GRID, sec_fetch_site="same-origin").status == 200


@pytest.fixture
def stranger(monkeypatch, hosted):
    """Somebody on a public server, whose requests bring a key."""
    hosted("public", most_pictures=20)
    monkeypatch.setattr("pages.parts.visitors._read", lambda cookie: cookie)
    default_people().stranger("k")
    return {"cookie": "gan_workbench_visitor=k"}


def test_a_visitors_limit_holds_for_walks_and_files(stranger):
    assert b"possible: 20" in ask("pictures.zip", GRID | {"count": "11"}, **stranger).body
    assert ask("pictures.zip", GRID | {"count": "10"}, **stranger).status == 200
    assert b"That would be 21 pictures" in ask("walk", GRID | WALK | {"frames": "10"}, **stranger).body
    assert ask("walk.gif", GRID | WALK, **stranger).status == 200


def test_nobody_draws_without_having_come_in(stranger, hosted):
    assert ask("walk", GRID | WALK).status == 403
    hosted("class")
    assert ask("walk", GRID | WALK, **stranger).status == 403


def test_too_many_requests_are_refused(stranger, hosted):
    hosted("public", most_requests=2)
    answers = [ask("walk", GRID | WALK, **stranger) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 400]
    assert b"a lot in a minute" in answers[2].body


def test_who_may_everything_may_have_ten_thousand(hosted):
    from gan_core.store.rights import OWNER, Visitor

    assert wishes.most_at_once(OWNER) == 10_000
    hosted("class")
    assert (wishes.most_at_once(OWNER), wishes.most_at_once(Visitor(person=3))) == (10_000, 500)
