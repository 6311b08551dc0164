"""Which messages of a browser's timers are passed on."""

from pages.parts.timers import Asked
from tests.e2e.asking import wish_to_run


def message(page: str, of_timer: bool = False) -> bytes:
    found = wish_to_run("", (), "", page, "fragment" if of_timer else "")
    found.rerun_script.is_auto_rerun = of_timer
    return found.SerializeToString()


def wanted(*messages: tuple[str, bool]) -> list[bool]:
    """Of the timers' messages, whether each was passed on; the browser was given the page `train` at first."""
    asked = Asked()
    asked.page = "train"
    passed = [(of_timer, asked.is_wanted(message(page, of_timer))) for page, of_timer in messages]
    return [is_wanted for of_timer, is_wanted in passed if of_timer]


def test_once_a_link_was_followed_only_the_new_pages_timers_count():
    assert wanted(("train", True), ("home", False), ("train", True), ("home", True)) == [True, False, True]


def test_whoever_comes_back_has_the_timers_back():
    assert wanted(("home", False), ("train", False), ("home", True), ("train", True)) == [False, True]


def test_a_page_that_the_server_has_switched_to_has_its_timers():
    assert wanted(("train", False), ("generate", True)) == [True]
    assert wanted(("home", False), ("home", False), ("train", True)) == [True]


def test_what_is_no_message_is_left_to_streamlit():
    assert Asked().is_wanted(b"\xff\xff\xff")
    assert Asked().is_wanted(b"")
