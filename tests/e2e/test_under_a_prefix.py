"""The road behind nginx as deploy/nginx.conf has it: https, and all addresses begin with what the server was told."""

import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from gan_core import paths
from pages.parts.visitors import COOKIE
from tests.e2e.steps import badge, curves, go_to, no_error_on, press, press_train, wait_until
from tests.proxies import DEPLOY, nginx

pytestmark = pytest.mark.parametrize("server", ["gan"], indirect=True)


@pytest.fixture
def behind_nginx(server, tmp_path):
    """The server, whose address is nginx's from here on."""
    with nginx(tmp_path, server.port) as address:
        server.url = address
        yield server


def test_train_watch_compare_upload_and_draw_behind_nginx(behind_nginx, visit):
    server = behind_nginx
    page = visit("/train", ignore_https_errors=True)
    asked, missing = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("response", lambda answer: answer.status >= 400 and missing.append(answer.url))
    press_train(page, minutes=0.1)
    picture = page.get_by_alt_text("Pictures that run")
    wait_until(page, lambda: picture.evaluate("image => image.naturalWidth") > 100, "what the run draws")
    expect(badge(page, "finished")).to_be_visible()
    assert curves(page).count() > 2

    go_to(page, "Runs")
    page.goto(f"{server.url}/runs?runs=1")
    expect(curves(page).first).to_be_visible()
    wait_until(page, lambda: picture.evaluate("image => image.naturalWidth") > 100, "what the run drew")

    page.get_by_role("link", name="Home").first.click()
    drawn = page.get_by_alt_text("What run 1 draws")
    wait_until(page, lambda: drawn.evaluate("image => image.naturalWidth") > 100, "the run's card")
    page.get_by_role("link", name=re.compile("^1 · minute")).click()
    expect(badge(page, "finished")).to_be_visible()

    go_to(page, "Generate")
    expect(page.get_by_alt_text("pictures drawn by")).to_be_visible()
    press(page, "Link")
    link = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
    assert link.startswith(f"{server.url}/generate?")
    page.keyboard.press("Escape")

    page.get_by_test_id("stSidebar").get_by_text("Upload a checkpoint").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(paths.PRETRAINED / "mnist-gan.safetensors")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("mnist-gan · uploaded")
    no_error_on(page)

    here = urlsplit(server.url).netloc
    assert {url for url in asked if not re.match(f"(https|wss)://{here}/gan/|blob:|data:", url)} == set()
    assert {urlsplit(url).scheme for url in asked} >= {"https", "wss"}
    assert not [url for url in missing if re.search("/(live|assets)/", url)]


@pytest.mark.usefixtures("in_class")
def test_a_student_comes_into_a_class_behind_nginx(behind_nginx, visit):
    page = visit("/train?code=code", ignore_https_errors=True)
    (before,) = [cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE]
    page.get_by_label("Your name").first.fill("Ana")
    press(page, "Come in")
    expect(page.get_by_role("button", name="Ana")).to_be_visible()
    assert page.url == f"{behind_nginx.url}/train"
    (after,) = [cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE]
    assert (after["path"], after["secure"], after["httpOnly"], after["sameSite"]) == ("/gan", True, True, "Lax")
    assert after["value"] != before["value"]


def test_the_containers_health_check_finds_the_server_well(server):
    settings = {"STREAMLIT_SERVER_PORT": str(server.port), "STREAMLIT_SERVER_BASE_URL_PATH": server.base}
    check = [sys.executable, DEPLOY / "healthcheck.py"]
    assert subprocess.run(check, env=server.environment | settings, check=False).returncode == 0
