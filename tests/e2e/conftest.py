"""A real server, a real browser, real training; nothing is replaced."""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e import browser as browsers
from tests.e2e.server import PATIENCE_SECONDS, Server

expect.set_options(timeout=PATIENCE_SECONDS * 1000)

# Streamlit's page looks for its server below its own address first, and then above it. Nothing of ours can tell it.
STREAMLITS_OWN = re.compile(
    r"status of 404.*/(learn|train|runs|experiments|generate|evaluate|wall|teach)/_stcore/(health|host-config)$"
)


@pytest.fixture
def server(request, tmp_path) -> Iterator[Server]:
    """Over the same store as the test's own. A test may ask for one under a prefix, as its parameter."""
    server = Server(tmp_path, base=getattr(request, "param", ""))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lasting_server(tmp_path_factory) -> Iterator[Server]:
    """One for all tests of a module that leave nothing in its store; they override `server` by it."""
    server = Server(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browsers.find()
    if path is None and not os.environ.get("CI"):
        pytest.skip("no browser; python tests/e2e/browser.py --install")
    assert path, "no browser: in CI that is a failure, or these tests would never run"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=browsers.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> list[str]:
    """What the pages have written into the browser's console as errors. A test that causes some clears the list."""
    return []


@pytest.fixture
def visit(chromium, server, console_errors) -> Iterator[Callable[..., Page]]:
    """Opens a page of the app in a browser of its own. An error in the browser's console fails the test."""
    contexts = []

    def note(message: ConsoleMessage) -> None:
        said = f"{message.text} {message.location['url']}"
        if message.type == "error" and not STREAMLITS_OWN.search(said):
            console_errors.append(said)

    def open_it(path: str = "/train", width: int = 1400, height: int = 1000, **options: Any) -> Page:
        options = {"locale": "en-US"} | options
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        page.goto(server.url + path)
        expect(page.get_by_test_id("stMainBlockContainer")).to_be_visible()
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert console_errors == []


@pytest.fixture
def page(visit) -> Page:
    return visit()


@pytest.fixture
def lesson(visit):
    def open_it(name: str, **options) -> Page:
        page = visit(f"/learn?lesson={name}", **options)
        expect(page.get_by_role("navigation", name=re.compile("Lessons|Lecciones"))).to_be_attached()
        expect(page.locator("[data-test-script-state='notRunning']")).to_be_visible()
        expect(page.locator("[data-stale='true']")).to_have_count(0)
        return page

    return open_it
