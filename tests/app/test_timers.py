"""Which messages of a browser's timers are passed on."""

import asyncio

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.parts.timers import Asked, Timers
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


def test_a_page_that_the_first_click_leads_to_has_its_timers():
    """A browser that asks for a page by its name is told first of the script around all pages, then which page it is."""
    heard: list[bytes] = []
    given = [ForwardMsg(), ForwardMsg()]
    given[0].new_session.page_script_hash = "front"
    given[1].navigation.page_script_hash = "experiments"
    said = [message(""), message("experiments"), message("train", of_timer=True)]
    to_come = iter(said)

    async def app(scope, receive, send):
        heard.append((await receive())["bytes"])
        for one in given:
            await send({"type": "websocket.send", "bytes": one.SerializeToString()})
        while (received := await receive())["type"] == "websocket.receive":
            heard.append(received["bytes"])

    async def receive():
        content = next(to_come, None)
        return {"type": "websocket.receive", "bytes": content} if content else {"type": "websocket.disconnect"}

    async def send(_message):
        pass

    asyncio.run(Timers(app)({"type": "websocket"}, receive, send))
    assert heard == said
