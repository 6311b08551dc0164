"""What the two that stand for a browser share: a visitor who says anything (protocol.py), many who do as a browser does
(plain_browser.py).
"""

import http.client
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Cookies(dict[str, str]):
    """A browser's cookies by their names."""

    @property
    def header(self) -> str:
        """What it sends."""
        return "; ".join(f"{name}={value}" for name, value in self.items())

    def take(self, answer: Answer) -> None:
        """Keep what the answer sets."""
        for line in answer.headers.get_all("Set-Cookie") or ():
            self.update({name: one.value for name, one in SimpleCookie(line).items()})


def ask(
    connection: http.client.HTTPConnection,
    path: str,
    headers: dict[str, str],
    method: str = "GET",
    body: Any = None,
    **options: Any,
) -> Answer:
    """Args are those of `HTTPConnection.request`."""
    connection.request(method, path, body, headers, **options)
    said = connection.getresponse()
    return Answer(said.status, said.headers, said.read())


def wish_to_run(
    query: str, widgets: Iterable[WidgetState], page: str = "", script: str = "", fragment: str = ""
) -> BackMsg:
    """What Streamlit's page sends to have a script run, or a fragment of it alone.

    Args:
        script: the hash of the page's script; "" for the one that the page's name means.
    """
    message = BackMsg()
    wish = message.rerun_script
    wish.query_string, wish.page_name, wish.page_script_hash, wish.fragment_id = query, page, script, fragment
    wish.widget_states.widgets.extend(widgets)
    return message
