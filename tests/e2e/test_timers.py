"""What timers of a page ask for while another one is asked for: the messages of a slow browser, sent as it would."""

import time

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.e2e.asking import wish_to_run
from tests.e2e.plain_browser import PlainBrowser, PlainPage

QUIET_SECONDS = 3
"""Without a message for so long, nothing more is going on."""


class SlowBrowserPage(PlainPage):
    """A page whose browser has not yet been told where it is, when its timers ask again."""

    def __init__(self, url: str):
        super().__init__(PlainBrowser(url))
        self.shown = ""
        self.browser.load()

    def tick(self, page: str) -> None:
        for fragment in list(self._repeats) or ["gone"]:
            message = wish_to_run("", (), "", page, fragment)
            message.rerun_script.is_auto_rerun = True
            self._send(message)

    def settle(self) -> str:
        """The name of the page that is shown in the end."""
        while True:
            try:
                message = self._receive(QUIET_SECONDS)
            except TimeoutError:
                return next(name for name, page in self._pages.items() if page == self.shown)
            self._draw(message)
            if message.WhichOneof("type") == "new_session":
                self.shown = message.new_session.page_script_hash


@pytest.fixture
def page(server):
    found = SlowBrowserPage(server.url)
    yield found
    found.close()


def test_a_click_on_a_link_is_not_lost_to_a_timer_of_the_page_that_is_left(page):
    page.open("train")
    here = page._script
    assert page._repeats, "the estimate's"
    page._send(wish_to_run("", (), "", page._pages["runs"]))
    page.tick(here)
    assert page.settle() == "runs"
    page._send(wish_to_run("", (), "", here))
    assert page.settle() == "train"


def test_a_page_that_is_switched_to_is_not_emptied_by_a_timer_of_the_one_before(page):
    page.open("learn", {"lesson": "what-a-gan-is"})
    here = page._script
    assert page._repeats, "of how long the exercise will train"
    button = page.widget("button", "form-discriminator-steps")
    page._send(wish_to_run("", (WidgetState(id=button.id, trigger_value=True),), "", here))
    for _ in range(50):
        page.tick(here)
        time.sleep(0.02)
    assert page.settle() == "train"
    assert page.widget("button", "Train")
