"""Which messages of a browser's timers are passed on."""

import asyncio

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.parts.timers import Asked, Timers
from tests.e2e.asking import wish_to_run


def message(page: str, of_timer: bool = False) -> bytes:
    found = wish_to_run("", (), "", page, "fragment" if of_timer else "")
    found.rerun_script.is_auto_rerun = of_timer
    return found.SerializeToString()


def runs(page: str) -> bytes:
    """What the server says when it runs a page."""
    found = ForwardMsg()
    found.navigation.page_script_hash = page
    return found.SerializeToString()


def wanted(*messages: tuple[str, str]) -> list[bool]:
    """Of the timers' messages, whether each was passed on; the browser was given the page `train` at first.

    Args:
        messages: who speaks, and of which page: "timer" and "used" (also a link to it) are the browser's, "runs" is the
            server's.
    """
    asked = Asked()
    asked.note(runs("train"))
    passed = []
    for who, page in messages:
        if who == "runs":
            asked.note(runs(page))
        elif who == "timer":
            passed.append(asked.is_wanted(message(page, of_timer=True)))
        else:
            assert asked.is_wanted(message(page))
    return passed


def test_once_a_link_was_followed_only_the_new_pages_timers_count():
    left = ("timer", "train"), ("used", "home"), ("timer", "train"), ("timer", "home")
    assert wanted(*left) == [True, False, True]


def test_the_page_that_is_left_may_be_run_once_more():
    assert wanted(("used", "home"), ("runs", "train"), ("timer", "train"), ("timer", "home")) == [False, True]


def test_a_link_that_is_clicked_twice_is_followed():
    assert wanted(("used", "home"), ("used", "home"), ("timer", "train"), ("timer", "home")) == [False, True]


def test_whoever_comes_back_has_the_timers_back():
    assert wanted(("used", "home"), ("used", "train"), ("timer", "home"), ("timer", "train")) == [False, True]


def test_a_page_that_the_server_has_switched_to_has_its_timers():
    assert wanted(("used", "train"), ("runs", "generate"), ("timer", "generate")) == [True]
    linked = ("used", "home"), ("runs", "home"), ("used", "home"), ("runs", "train"), ("timer", "train")
    assert wanted(*linked) == [True]


def test_so_has_a_page_to_which_the_first_click_on_such_a_page_leads():
    there = ("used", "train"), ("runs", "experiments"), ("used", "experiments"), ("runs", "train")
    assert wanted(*there, ("timer", "train")) == [True]


def test_a_page_to_which_a_linked_page_leads_by_itself_has_its_timers():
    assert wanted(("used", "home"), ("runs", "home"), ("runs", "train"), ("timer", "train")) == [True]


def test_a_button_that_is_clicked_twice_leads_to_a_page_with_timers():
    clicked = ("used", "train"), ("runs", "generate"), ("used", "train"), ("runs", "train"), ("runs", "generate")
    assert wanted(*clicked, ("timer", "generate")) == [True]


def test_what_is_no_message_is_left_to_streamlit():
    assert Asked().is_wanted(b"\xff\xff\xff")
    assert Asked().is_wanted(b"")


def test_a_page_that_the_first_click_leads_to_has_its_timers():
    """A browser that asks for a page by its name is told of the script around all pages, and then which page it is."""
    heard: list[bytes] = []
    begun = ForwardMsg()
    begun.new_session.page_script_hash = "front"
    given = [[begun.SerializeToString(), runs("experiments")], [runs("experiments"), runs("train")], []]
    said = [message(""), message("experiments"), message("train", of_timer=True)]
    to_come = iter(said)

    async def app(_scope, receive, send):
        while (received := await receive())["type"] == "websocket.receive":
            heard.append(received["bytes"])
            for content in given[len(heard) - 1]:
                await send({"type": "websocket.send", "bytes": content})

    async def receive():
        content = next(to_come, None)
        return {"type": "websocket.receive", "bytes": content} if content else {"type": "websocket.disconnect"}

    async def send(_message):
        pass

    asyncio.run(Timers(app)({"type": "websocket"}, receive, send))
    assert heard == said
