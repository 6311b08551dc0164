import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.parts.messages import A_SECOND, AT_ONCE, MOST_IN_A_ROW, Messages


def said(**what) -> bytes:
    message = BackMsg()
    for name, value in what.items():
        if value is True:
            setattr(message, name, True)
        else:
            getattr(message, name).SetInParent()
    return message.SerializeToString()


def passed_on(*contents: bytes) -> list[bytes]:
    """What the app is told of these messages of a websocket."""
    sent = [{"type": "websocket.receive", "bytes": content} for content in contents]
    heard = []

    async def app(scope, receive, send):
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(message["bytes"])

    async def receive():
        return sent.pop(0) if sent else {"type": "websocket.disconnect"}

    scope = {"type": "websocket", "headers": []}

    async def send(message):
        heard.append(message["type"])

    asyncio.run(Messages(app)(scope, receive, send))
    return heard


PAGES, NO_PAGE = said(rerun_script={}), said(clear_cache=True)


@pytest.mark.parametrize("mode", ["class", "public"])
def test_what_no_page_says_is_left_out_where_many_share_the_server(hosted, mode):
    hosted(mode)
    nothing, unreadable = b"", b"\xff\xff"
    heard = passed_on(NO_PAGE, PAGES, said(load_git_info=True), said(app_heartbeat=True), nothing, unreadable)
    assert heard == [PAGES, said(app_heartbeat=True), unreadable]


def test_the_owner_of_the_machine_may_say_anything(hosted):
    hosted("personal")
    assert passed_on(NO_PAGE, PAGES) == [NO_PAGE, PAGES]


def test_messages_beyond_a_few_at_once_wait_their_turn():
    messages = Messages(None)
    waits = [messages.seconds_to_wait("one", 100.0) for _ in range(AT_ONCE + 2 * A_SECOND)]
    assert waits[:AT_ONCE] == [0] * AT_ONCE
    assert waits[-1] == pytest.approx(2)
    assert messages.seconds_to_wait("another", 100.0) == 0
    assert messages.seconds_to_wait("one", 100.0 + 2 + AT_ONCE / A_SECOND) == 0


def test_a_connection_whose_messages_come_too_fast_for_long_is_closed(hosted, monkeypatch):
    hosted("public")
    monkeypatch.setattr(Messages, "seconds_to_wait", lambda *arguments: 1e-9)
    heard = passed_on(*[PAGES] * 1000)
    assert heard == [PAGES] * MOST_IN_A_ROW + ["websocket.close"]


def test_only_those_that_must_still_wait_are_remembered():
    messages = Messages(None)
    for number in range(5000):
        messages.seconds_to_wait(str(number), float(number))
    assert len(messages._due) < 1010
