"""What a browser does for a page of the app, without one: its cookie, its requests, Streamlit's messages.

For many visitors at once, where as many real browsers would be the load that is measured.
"""

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.e2e.asking import Answer, Cookies, ask, wish_to_run
from tests.e2e.server import PATIENCE_SECONDS

LOOK_SECONDS = 0.1
MOST_ROWS = 2500
"""As in poll.js."""
FILES = re.compile(r'(?:src|href)="\./(static/[^"]+)"')


class PlainBrowser:
    """A browser's cookies and requests. Safe to use from several threads: each has a connection of its own, kept open.

    Every method raises ConnectionError while the server is away.
    """

    def __init__(self, url: str):
        self.url = urlsplit(url)
        self.cookies = Cookies()
        self._own = threading.local()

    def load(self) -> None:
        """The empty page into which Streamlit draws, with what it asks for at once."""
        page = self.get("", accept="text/html")
        for file in (*FILES.findall(page.body.decode()), "live/poll.js", "assets/plotly.min.js"):
            self.get(file)

    def get(self, path: str, accept: str = "*/*", entry: dict[str, Any] | None = None) -> Answer:
        """The answer to a request; the path is one below the app's address.

        Args:
            entry: what is sent to come into the class.
        """
        headers = {"Accept": accept, "Accept-Language": "en-US", "Cookie": self.cookies.header}
        try:
            try:
                return self._ask(path, headers, entry)
            except (OSError, http.client.HTTPException):  # closed since it was idle: browsers ask once more too
                self._own.connection.close()
                return self._ask(path, headers, entry)
        except (OSError, http.client.HTTPException) as error:
            self._own.connection.close()
            raise ConnectionError(f"{path}: {error!r}") from error

    def _ask(self, path: str, headers: dict[str, str], entry: dict[str, Any] | None) -> Answer:
        if not hasattr(self._own, "connection"):
            port = self.url.port
            self._own.connection = http.client.HTTPConnection(self.url.hostname or "", port, timeout=PATIENCE_SECONDS)
        method, body = ("POST", json.dumps(entry)) if entry else ("GET", None)
        headers |= {"Content-Type": "application/json"} if entry else {}
        answer = ask(self._own.connection, f"{self.url.path}/{path}", headers, method, body)
        self.cookies.take(answer)
        return answer


class PlainPage:
    """A page of the app in that browser. Its methods raise ConnectionError as the browser's.

    `elements` are those that stand on it, `query` is what its address holds.
    """

    def __init__(self, browser: PlainBrowser):
        self.browser = browser
        self.elements: list[Any] = []
        self.blocks: list[Any] = []
        self.query: dict[str, str] = {}
        self._socket: ClientConnection | None = None
        self._script = ""
        self._pages: dict[str, str] = {}
        self._drawn: dict[tuple[int, ...], tuple[int, Any]] = {}
        self._runs = 0
        self._repeats: dict[str, tuple[float, float]] = {}

    def open(self, name: str = "", query: dict[str, str] | None = None) -> None:
        """By its address. Returns once it is drawn, as `run` does."""
        self.close()
        self.query, self._script = query or {}, ""
        url, headers = self.browser.url, {"Cookie": self.browser.cookies.header}
        try:
            self._socket = connect(
                f"ws://{url.netloc}{url.path}/_stcore/stream", additional_headers=headers, max_size=None,
                origin=f"http://{url.netloc}", subprotocols=["streamlit", "none"], open_timeout=PATIENCE_SECONDS,
            )  # fmt: skip
        except (OSError, WebSocketException) as error:
            raise ConnectionError(repr(error)) from error
        self.run(page_name=name)

    def close(self) -> None:
        if self._socket:
            self._socket.close()

    def go_to(self, name: str) -> None:
        """By a link in its head."""
        self._script, self.query = self._pages[name], {}
        self.run()

    def run(self, *changed: WidgetState, fragment: str = "", page_name: str = "") -> None:
        """Run its script with these widgets changed, or a fragment of it alone, and draw what comes of it."""
        message = wish_to_run(urlencode(self.query), changed, page_name, self._script, fragment)
        message.rerun_script.is_auto_rerun = bool(fragment)
        about = message.rerun_script.context_info
        about.locale, about.timezone = "en-US", "UTC"
        self._send(message)
        while not self._draw(self._receive(PATIENCE_SECONDS)):
            pass

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Stay on the page, whose fragments may want to run every so often."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end and not until():
            due = [fragment for fragment, (_every, at) in self._repeats.items() if at <= now]
            for fragment in due:
                if fragment in self._repeats:  # the one before may have run the whole page
                    self._repeats[fragment] = (self._repeats[fragment][0], now + self._repeats[fragment][0])
                    self.run(fragment=fragment)
            try:
                self._draw(self._receive(LOOK_SECONDS))
            except TimeoutError:
                continue

    # What stands on it

    def of_kind(self, kind: str) -> Iterator[Any]:
        return (getattr(one, kind) for one in self.elements if one.WhichOneof("type") == kind)

    def widget(self, kind: str, key: str, form: str = "") -> Any:
        """The widget of this key or label. Raises LookupError if there is none."""
        for one in self.of_kind(kind):
            if (one.id.endswith(f"-{key}") or one.label == key) and one.form_id == form:
                return one
        raise LookupError(f"no {kind} {key} among {[(one.id, one.label) for one in self.of_kind(kind)]}")

    def press(self, key: str, form: str = "", *entered: WidgetState) -> None:
        """Press a button, if it is one of a form with what was entered there."""
        self.run(*entered, WidgetState(id=self.widget("button", key, form).id, trigger_value=True))

    def part(self, holds: str) -> dict[str, Any]:
        """What one of our own parts was given to show: the one that holds such a value. Raises LookupError."""
        for one in self.of_kind("bidi_component"):
            if holds in (data := json.loads(one.json)):
                return data
        raise LookupError(f"no part holds {holds}")

    def errors(self) -> list[str]:
        """What it shows as an error."""
        alerts = [one.body for one in self.of_kind("alert") if one.format == one.ERROR]
        return alerts + [f"{one.type}: {one.message}" for one in self.of_kind("exception")]

    # Streamlit's messages

    def _send(self, message: BackMsg) -> None:
        assert self._socket  # it is open
        try:
            self._socket.send(message.SerializeToString())
        except (OSError, WebSocketException) as error:
            raise ConnectionError(repr(error)) from error

    def _receive(self, seconds: float) -> ForwardMsg:
        """Raises TimeoutError if none comes within these seconds."""
        assert self._socket  # it is open
        try:
            received = self._socket.recv(timeout=seconds)
        except WebSocketException as error:
            raise ConnectionError(repr(error)) from error
        assert isinstance(received, bytes)
        return ForwardMsg.FromString(received)

    def _draw(self, message: ForwardMsg) -> bool:
        """Take a message in; True if it is the end of a run of the script."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begin(message)
        elif kind == "delta":
            drawn = message.delta.new_element if message.delta.HasField("new_element") else message.delta.add_block
            self._drawn[tuple(message.metadata.delta_path)] = (self._runs, drawn)
        elif kind == "navigation":
            self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            self._script = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = {name: ",".join(v) for name, v in parse_qs(message.page_info_changed.query_string).items()}
        elif kind == "auto_rerun":
            every = message.auto_rerun.interval
            self._repeats[message.auto_rerun.fragment_id] = (every, time.monotonic() + every)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._repeats.pop(fragment, None)
        elif kind == "script_finished":
            return self._finish(message)
        return False

    def _begin(self, message: ForwardMsg) -> None:
        self._runs += 1
        if not message.metadata.run.fragment_ids:
            self._repeats.clear()

    def _finish(self, message: ForwardMsg) -> bool:
        """What the whole script has not drawn again is gone."""
        how = message.script_finished
        if how == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return False
        if how != ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            self._drawn = {place: one for place, one in self._drawn.items() if one[0] == self._runs}
        drawn = [one for _run, one in self._drawn.values()]
        self.elements = [one for one in drawn if one.DESCRIPTOR.name == "Element"]
        self.blocks = [one for one in drawn if one.DESCRIPTOR.name == "Block"]
        return True


class Watch:
    """What poll.js and the pictures beside it ask of a run, a tick at a time."""

    def __init__(self, browser: PlainBrowser, run: str):
        self.browser, self.run = browser, run
        self.news: dict[str, Any] = {}
        self.rows = self.grids = self.newest_grid = self.picture = 0

    def tick(self) -> int:
        """Ask for what is new; returns the answer's status."""
        asked = {"lang": "en", "sessions": self.news.get("sessions", 0), "rows": self.news.get("total", 0)}
        asked |= {"grids": self.grids, "newest_grid": self.newest_grid}
        answer = self.browser.get(f"live/{self.run}?{urlencode(asked)}")
        if answer.status == http.HTTPStatus.OK:
            self._take(json.loads(answer.body))
        return answer.status

    def _take(self, news: dict[str, Any]) -> None:
        if news["fresh"] or news["sessions"] != self.news.get("sessions"):
            self.rows = 0
        self.rows += len(news["rows"].get("step", ()))
        self.grids = len(news["grids"]) + (0 if news["fresh_grids"] else self.grids)
        if news["grids"]:
            self.newest_grid = news["grids"][-1][0]
        if self.rows > MOST_ROWS:
            news["total"] = 0
        self.news = news

    def new_picture(self) -> str:
        """Where the run's newest picture lies, if it is another one since the last call."""
        newest = self.news.get("newest", 0)
        if newest in (0, self.picture):
            return ""
        self.picture = newest
        return f"live/{self.run}/newest?v={newest}"
