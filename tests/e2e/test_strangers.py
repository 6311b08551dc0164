"""What strangers can reach and cause: by names that they chose, by hosts that they call themselves, by size."""

import http.client
from urllib.parse import quote, urlsplit

import psutil
import pytest
import torch
from playwright.sync_api import Page, expect

from gan_core import checkpoint, paths
from gan_core.config import ImageSpec
from gan_core.store.evaluations import default_evaluations
from gan_core.store.runs import State
from gan_core.training.gan import Gan
from pages.parts.edge import JOINER
from tests.app.conftest import trained
from tests.app.test_evaluate_page import a_result, finish
from tests.e2e.steps import no_error_on, press, wait_until

STRANGE = "![x](http:&#47;&#47;127.0.0.1:9&#47;x.png) www.a.example **b** <b> a@b.example :smile: -> 1"
LINKED = f'<a href="http://a.example">{STRANGE}</a>\n![y](http://127.0.0.1:9/y.png) [z](http://a.example)'


@pytest.fixture
def strange_runs(store):
    """Two runs on a folder with such a name, of such a preset, with a model of such classes, evaluated."""
    evaluations = default_evaluations()
    runs = []
    for batch_size in (16, 32):
        run = trained(store, dataset=f"folder:/{STRANGE} {batch_size}", batch_size=batch_size)
        run = store.get(run.id)
        with store.session() as session:
            session.merge(run).preset = LINKED
        gan = Gan(run.config, ImageSpec(size=28, channels=1, classes=(STRANGE, LINKED)), torch.device("cpu"))
        metadata = checkpoint.Metadata(LINKED, run.config, gan.spec, 5, 1.0, 80)
        path = checkpoint.save_run(run.folder, metadata, gan.model_state(), gan.resume_state())
        store.report(run.id, "me", checkpoint=path.name, device=LINKED)
        store.end(run.id, "me", State.FINISHED)
        run = store.get(run.id)
        finish(evaluations, run, a_result(model=LINKED)._replace(class_names=(STRANGE, LINKED)))
        runs.append(run)
    return runs


def test_on_no_page_a_strangers_name_becomes_a_link_or_fetches_anything(visit, server, strange_runs):
    page = visit("/")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    keys = [f"run:{run.name}" for run in strange_runs]
    curve = page.locator(".live-chart .js-line").first

    def open_it(path: str, *says: str) -> None:
        page.goto(server.url + path)
        wait_until(page, lambda: all(text in words(page) for text in says), str(says))

    open_it("/", STRANGE, in_one_line(LINKED))
    nothing_came_of_it(page)

    open_it("/train?run=1", in_one_line(LINKED))
    expect(curve).to_be_visible()
    press(page, "Download")
    nothing_came_of_it(page)

    open_it("/runs?runs=1,2", f"folder:/{STRANGE}", "<a href=")
    expect(curve).to_be_visible()
    expect(page.locator(".live-chart .legendtext").first).to_contain_text("<a href=")
    nothing_came_of_it(page)

    open_it(f"/generate?model={quote(keys[0])}", in_one_line(LINKED))
    expect(page.locator(".picture-grid img")).to_be_visible()
    nothing_came_of_it(page)
    open_it(f"/generate?model={quote(LINKED)}", "which is not here")
    nothing_came_of_it(page)

    open_it(f"/evaluate?evaluated={quote(','.join(keys))}", "Show details of", STRANGE)
    expect(page.get_by_test_id("stPlotlyChart").locator("g.ytick text").first).to_contain_text("![x]")
    nothing_came_of_it(page)
    no_error_on(page)

    foreign = {url for url in asked if urlsplit(url).scheme in ("http", "https") and not url.startswith(server.url)}
    assert foreign == set()


def in_one_line(text: str) -> str:
    return text.replace("\n", " ")


def words(page: Page) -> str:
    """What stands on the page as it is; what keeps it from being more shows nothing."""
    return page.evaluate("document.body.innerText").replace(JOINER, "")


def nothing_came_of_it(page: Page) -> None:
    page.wait_for_timeout(500)  # for what is fetched once the words stand there
    links = page.evaluate("[...document.links].map((a) => a.href).filter((at) => !at.startsWith(location.origin))")
    assert links == []
    assert page.locator("svg a, img[alt=x], img[alt=y]").count() == 0


# Hosts

ROUTES = ("/", "/train", "/live/1", "/live/poll.js", "/assets/plotly.min.js", "/_stcore/health", "/app/static/icon.png")
HANDSHAKE = {"Upgrade": "websocket", "Connection": "Upgrade"}
HANDSHAKE |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": f"{'A' * 22}=="}


def answer(server, path: str, host: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=30)
    connection.request("GET", path, headers={"Host": f"{host}:{server.port}"} | headers)
    said = connection.getresponse()
    body = said.read().decode(errors="replace")
    connection.close()
    return said.status, body


def test_the_server_listens_on_this_computer_and_answers_to_no_strange_host(server, store):
    trained(store)
    mine = [c.laddr.ip for c in psutil.Process(server.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert set(mine) <= {"127.0.0.1", "::1"} and mine
    for path in ROUTES:
        assert answer(server, path, "localhost")[0] == 200, path
        status, said = answer(server, path, "evil.example")
        assert status == 403 and "GAN_WORKBENCH_HOSTS" in said, path
    for host, status in (("localhost", 101), ("evil.example", 403)):
        own_page = {"Origin": f"http://{host}:{server.port}"}
        assert answer(server, "/_stcore/stream", host, **HANDSHAKE, **own_page)[0] == status
    for number in ("99999999999999999999", "9" * 5000):
        assert answer(server, f"/live/{number}", "localhost")[0] == 404
    assert "Traceback" not in (server.folder / "server.log").read_text()


# Sizes


def test_a_model_that_is_larger_than_any_message_can_be_uploaded(visit):
    page = visit("/generate")
    model = paths.PRETRAINED / "mnist-gan.safetensors"
    assert model.stat().st_size > 4_000_000
    page.get_by_test_id("stSidebar").get_by_text("Upload a checkpoint").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(model)
    expect(page.get_by_role("combobox", name="Model")).to_have_value("mnist-gan · uploaded")
    no_error_on(page)
