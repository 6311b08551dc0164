"""What a user does and sees, in the words of the tests."""

import re
import time

from playwright.sync_api import Locator, Page, expect

import gan_core
from gan_core.store.runs import Run, default_store
from tests.conftest import small_config

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1400, "height": 1000}


def badge(page: Page, state: str) -> Locator:
    return page.locator(".live-status .badge").filter(has_text=state)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(f"{name}$")).click()


def go_to(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()
    page.wait_for_url(re.compile(f"/{name.lower()}"))


def is_quiet(page: Page) -> None:
    """Nothing is being drawn anew: Streamlit shows faintly what it has not yet replaced."""
    expect(page.locator("[data-test-script-state='notRunning']")).to_be_visible()
    expect(page.locator("[data-stale='true']")).to_have_count(0)


def open_list(widget: Locator) -> None:
    """Clicked again if it closed at once: a page that a busy machine is still drawing moves beneath it."""
    page = widget.page
    for _ in range(5):
        widget.scroll_into_view_if_needed()
        page.wait_for_timeout(500)  # or the scrolling itself would close the list
        widget.click()
        page.wait_for_timeout(500)
        if page.get_by_role("listbox").is_visible():
            break


def press_train(page: Page, minutes: float) -> None:
    field = page.get_by_label("Training time (minutes)", exact=True)
    field.fill(str(minutes))
    field.press("Enter")
    press(page, "Train")


def start_training(page: Page) -> None:
    """A run that no test waits for the end of."""
    press_train(page, minutes=60)
    expect(badge(page, "running")).to_be_visible()
    expect(curves(page).first).to_be_visible()


def train(**changes) -> Run:
    """A short training, for real, into the server's store."""
    return gan_core.train("cgan", **dict(small_config(conditional=True, **changes)))


def curves(page: Page) -> Locator:
    return page.locator(".live-chart .scatterlayer .js-line")


def numbers(page: Page) -> str:
    return page.locator(".live-status .numbers").inner_text()


def trained_steps(run: int = 1) -> int:
    """As the store counts them: the page rounds its thousands of images, and shows the same number for many steps."""
    return default_store().get(run).step


def grid(page: Page) -> str:
    return page.get_by_alt_text("Pictures that run").get_attribute("src")


def wait_until(page: Page, condition, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        page.wait_for_timeout(200)


def no_error_on(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def fits(page: Page, path: str) -> None:
    """Nothing on it is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth <= main.clientWidth"), path


def x_range(chart) -> list[float]:
    return chart.evaluate("chart => chart.layout.xaxis.range.slice()")


def zoom(page: Page, chart) -> list[float]:
    box = chart.locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.7, steps=5)
    page.mouse.up()
    return x_range(chart)
