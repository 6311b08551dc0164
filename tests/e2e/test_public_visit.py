"""A demo for strangers: nobody enters anything, too much is refused in words, and a link shows one run alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from gan_core.store.runs import default_store
from tests.e2e.steps import badge, curves, no_error_on, press_train, wait_until

SIX_SECONDS = 0.1
LIMIT = "A run may train for 2 min here, not 60."
TITLE = re.compile("^1 · minute")


def choose_minutes(page: Page, minutes: float) -> None:
    field = page.get_by_label("Training time (minutes)", exact=True)
    field.fill(str(minutes))
    field.press("Enter")


def picture_of(page: Page) -> Locator:
    return page.get_by_alt_text("Pictures that run")


def is_not_on(page: Page, name: str, path: str) -> None:
    """Neither the run's title, nor what stands for it in links."""
    expect(page.get_by_role("link", name="Train").first).to_be_visible()
    expect(page.locator("[data-test-script-state='notRunning']")).to_be_visible()
    expect(page.get_by_text(TITLE)).to_have_count(0)
    assert name not in page.content(), path


@pytest.fixture
def for_strangers(hosted) -> None:
    hosted("public")


@pytest.mark.usefixtures("for_strangers")
def test_a_stranger_trains_within_the_limits_and_a_link_shows_that_run_and_no_more(visit, server):
    page = visit("/train")
    choose_minutes(page, 60)
    expect(page.get_by_test_id("stSidebar").get_by_text(LIMIT)).to_be_visible()
    assert default_store().all_runs() == []
    press_train(page, SIX_SECONDS)
    wait_until(page, lambda: picture_of(page).evaluate("image => image.naturalWidth") > 100, "what the run draws")
    expect(badge(page, "finished")).to_be_visible()
    expect(curves(page).first).to_be_visible()
    expect(page.get_by_text(re.compile("Kept for about 4[78] h .* more, then deleted"))).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    no_error_on(page)
    (run,) = default_store().all_runs()
    assert re.search(f"[?&]run={run.name}(&|$)", page.url)
    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_role("link", name=TITLE)).to_be_visible()

    other = visit(f"/train?run={run.name}")
    expect(badge(other, "finished")).to_be_visible()
    expect(curves(other).first).to_be_visible()
    wait_until(other, lambda: picture_of(other).evaluate("image => image.naturalWidth") > 100, "what the run drew")
    expect(other.get_by_role("button", name="Duplicate")).to_be_visible()
    for mine in ("Delete", "Extend", "Resume", "Stop"):
        expect(other.get_by_role("button", name=mine)).to_have_count(0)
    for path in ("/", "/runs", "/generate", "/evaluate", "/train", "/train?run=1"):
        other.goto(server.url + path)
        is_not_on(other, run.name, path)
    for path in ("/live/1", f"/live/{run.name[:-1]}"):
        assert other.context.request.get(server.url + path).status == 404
    assert other.context.request.get(f"{server.url}/live/{run.name}").status == 200
