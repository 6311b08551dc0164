"""The road behind a reverse proxy, where all addresses begin with what the server was told."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.steps import badge, curves, go_to, no_error_on, press, press_train, wait_until


@pytest.mark.parametrize("server", ["gan/tool"], indirect=True)
def test_train_watch_compare_and_draw_under_a_prefix(visit, server):
    page = visit("/train")
    asked, missing = [], []
    page.on("request", lambda request: asked.append(request.url))
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
    no_error_on(page)

    ours = [url for url in asked if re.search("/(live|assets)/", url)]
    assert ours and all(urlsplit(url).path.startswith("/gan/tool/") for url in ours)
    assert not [url for url in missing if re.search("/(live|assets)/", url)]
