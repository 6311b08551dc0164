"""A digit is drawn in the browser, the nearest is found, and a walk begins there, on a phone's screen."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import PHONE, is_quiet, no_error_on


@pytest.fixture
def server(lasting_server):
    return lasting_server


def draw_a_seven(page: Page) -> None:
    board = page.locator(".drawing canvas")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    places = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in ((0.3, 0.2), (0.7, 0.2), (0.45, 0.8))
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def test_a_drawn_digit_is_found_and_walked_from(visit):
    page = visit("/generate", **PHONE)
    is_quiet(page)
    page.get_by_text("A picture of your own").click()
    expect(page.get_by_text("Draw here")).to_be_visible()
    draw_a_seven(page)
    expect(page.get_by_text("as the model is given it")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Bring a picture")).to_be_visible()
    draw_a_seven(page)
    page.get_by_role("button", name=re.compile("Find the nearest")).click()
    expect(page.get_by_text("The nearest training pictures")).to_be_visible(timeout=60_000)
    film = page.locator(".walk-player").first
    expect(film.get_by_label("Place in the film")).to_have_attribute("aria-valuetext", "Frame 1 of 51")
    is_quiet(page)
    page.get_by_role("button", name=re.compile("Walk from it")).click()
    expect(page).to_have_url(re.compile("stops=101%2C1"))
    expect(page.locator(".picture-grid .stop")).to_have_text(["1", "2"])
    expect(page.get_by_label("Place on the walk")).to_have_attribute("aria-valuetext", "Frame 1 of 61")
    no_error_on(page)
