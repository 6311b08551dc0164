"""A visitor without a browser: says to the server what Streamlit's page says, and what no page would."""

import contextlib
import http.client
import json
import socket
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pages.parts.edge import JOINER
from pages.parts.visitors import COOKIE
from tests.e2e.asking import Answer, Cookies, ask, wish_to_run
from tests.e2e.server import PATIENCE_SECONDS, Server

ENDS = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)
BOUNDARY = uuid.uuid4().hex


class Shown:
    """What one run of a page's script, or of a fragment, has sent."""

    def __init__(self, messages: list[ForwardMsg]):
        self.messages = messages

    @property
    def widgets(self) -> list[Message]:
        """Every element that has an id, as its protobuf."""
        return [element for _kind, element in self.elements if getattr(element, "id", "")]

    @property
    def ids(self) -> set[str]:
        return {widget.id for widget in self.widgets}

    @property
    def fragments(self) -> set[str]:
        return {message.delta.fragment_id for message in self.messages if message.delta.fragment_id}

    @property
    def words(self) -> str:
        """Every text that has reached the page, as a reader sees it."""
        return self.raw.replace("\\", "").replace(JOINER, "")

    @property
    def raw(self) -> str:
        """The same as it was sent."""
        return "\n".join(text for message in self.messages for text in texts_of(message.delta))

    @property
    def elements(self) -> list[tuple[str, Message]]:
        """Every element with its kind."""
        found = [message.delta.new_element for message in self.messages if message.WhichOneof("type") == "delta"]
        return [(kind, getattr(element, kind)) for element in found if (kind := element.WhichOneof("type"))]

    def has(self, label: str) -> bool:
        return any(getattr(widget, "label", None) == label for widget in self.widgets)

    def id(self, label: str = "", key: str = "") -> str:
        """The id of the widget of that label, or of that key."""
        for widget in self.widgets:
            if (label and getattr(widget, "label", None) == label) or (key and widget.id.endswith(f"-{key}")):
                return widget.id
        raise AssertionError(
            f"no widget {label or key} among {sorted(getattr(w, 'label', w.id) for w in self.widgets)}"
        )

    def fragment_of(self, label: str) -> str:
        """The fragment in which the widget of that label stands."""
        for message in self.messages:
            element = message.delta.new_element
            kind = element.WhichOneof("type")
            if kind and getattr(getattr(element, kind), "label", None) == label:
                return message.delta.fragment_id
        raise AssertionError(f"no widget {label}")


def texts_of(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for one in values:
            if isinstance(one, str):
                yield one
            elif isinstance(one, bytes):
                yield one.decode("utf-8", errors="ignore")
            elif isinstance(one, Message):
                yield from texts_of(one)


class Client:
    """One browser: its cookies, and one websocket at a time.

    Args:
        cookie: of ours, instead of the one that the server gives.
        headers: that go with every request.
    """

    def __init__(self, server: Server, cookie: str | None = None, headers: dict[str, str] | None = None):
        self.server = server
        self.headers = headers or {}
        self.cookies = Cookies()
        self.socket: ClientConnection | None = None
        self.session = ""
        self.page = ("", "")
        self.states: dict[str, WidgetState] = {}
        self.load()
        if cookie is not None:
            self.cookies[COOKIE] = cookie

    def load(self) -> None:
        """The page's own address, and what brings cookies: ours, and the one that Streamlit wants back with uploads."""
        for path in ("/", "/_stcore/health"):
            self.cookies.take(self.get(path))

    @property
    def cookie(self) -> str:
        return self.cookies.get(COOKIE, "")

    def get(
        self, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=PATIENCE_SECONDS)
        given = {"Accept": "text/html", "Cookie": self.cookies.header} | self.headers | (headers or {})
        try:
            return ask(connection, path, given, method, body, **options)
        finally:
            connection.close()

    def come_in(self, name: str, secret: str, as_teacher: bool = False) -> str:
        """Into the class, by its code or the teacher's password; returns why not, or ""."""
        answer = self.post_entry(json.dumps({"name": name, "secret": secret, "as_teacher": as_teacher}))
        self.cookies.take(answer)
        assert answer.status == 200, answer.text
        return json.loads(answer.body)["refused"]

    def post_entry(self, body: Any, **headers: str) -> Answer:
        return self.get("/live/enter", "POST", body, {"Content-Type": "application/json"} | headers)

    # The websocket

    def open(self, existing_session: str = "", origin: str | None = None) -> int:
        """Opens it; returns the status of the answer, 101 if it is open."""
        self.close()
        wanted = ["streamlit", self.cookies.get("_streamlit_xsrf", ""), existing_session]
        try:
            self.socket = connect(
                f"ws://localhost:{self.server.port}/_stcore/stream",
                additional_headers={"Cookie": self.cookies.header} | self.headers,
                origin=origin,
                subprotocols=[one or "-" for one in wanted] if existing_session else ["streamlit"],
                max_size=None,
                open_timeout=PATIENCE_SECONDS,
            )
        except InvalidStatus as refused:
            return refused.response.status_code
        return 101

    def close(self) -> None:
        if self.socket:
            self.socket.close()
        self.socket = None

    def visit(self, page: str = "", query: dict[str, Any] | None = None) -> Shown:
        """A page as a link opens it in a new tab."""
        self.close()
        self.page, self.states = (page, urlencode(query or {})), {}
        return self.rerun()

    def begin(self) -> None:
        """Has a session, and does not wait for its page."""
        self.send_rerun()
        self.session = next(self.receive()).new_session.initialize.session_id

    def press(self, button: str, **more: Any) -> Shown:
        """Presses the button of that id."""
        return self.rerun({button: True}, **more)

    def rerun(self, states: dict[str, Any] | None = None, fragment: str = "", page_hash: str = "") -> Shown:
        """Runs the page's script, or a fragment alone, with widgets set to these values by their ids."""
        self.send_rerun(states, fragment, page_hash)
        return self.shown()

    def send_rerun(self, states: dict[str, Any] | None = None, fragment: str = "", page_hash: str = "") -> None:
        now = {id_: _state(id_, value) for id_, value in (states or {}).items()}
        page, query = self.page
        message = wish_to_run(query, (self.states | now).values(), page, page_hash, fragment)
        self.states |= {id_: one for id_, one in now.items() if one.WhichOneof("value") != "trigger_value"}
        self.send(message)

    def send(self, message: BackMsg) -> None:
        if self.socket is None:
            status = self.open()
            assert status == 101, status
        self.socket.send(message.SerializeToString())

    def shown(self) -> Shown:
        """Waits for the end of a run."""
        messages: list[ForwardMsg] = []
        for message in self.receive():
            kind = message.WhichOneof("type")
            if kind == "new_session":
                messages.clear()
                self.session = message.new_session.initialize.session_id or self.session
            messages.append(message)
            if kind == "page_info_changed":
                self.page = (self.page[0], message.page_info_changed.query_string)
            if kind == "script_finished" and message.script_finished in ENDS:
                return Shown(messages)
        raise AssertionError("the server has closed the websocket")

    def receive(self) -> Iterator[ForwardMsg]:
        try:
            while True:
                yield ForwardMsg.FromString(self.socket.recv(timeout=PATIENCE_SECONDS))
        except ConnectionClosed:
            return

    def ignores(self, states: dict[str, Any], fragment: str) -> bool:
        """Whether a run of that fragment is not even begun."""
        self.send_rerun(states, fragment)
        beat = BackMsg()
        beat.app_heartbeat = True
        self.send(beat)
        for message in self.receive():
            if message.WhichOneof("type") == "new_session":
                return False
            if message.WhichOneof("type") == "heartbeat_ack":
                return True
        raise AssertionError("the server has closed the websocket")

    # Uploads

    def upload(
        self, content: bytes, in_chunks: bool = False, length: str = "", file: str = "", name: str = "f.safetensors"
    ) -> int:
        """Puts a file, which no widget has asked for; returns the status.

        Args:
            length: what it says of its size, if not the truth; of one in chunks, beside them.
            file: its id, if a widget is to be given it (`choose`).
        """
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'.encode()
        parts = [head, content, f"\r\n--{BOUNDARY}--\r\n".encode()]
        sizes = {"Transfer-Encoding": "chunked"} if in_chunks else {"Content-Length": str(sum(map(len, parts)))}
        lines = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "X-Xsrftoken": self.cookies["_streamlit_xsrf"],
            "Cookie": self.cookies.header,
            "Connection": "close",
        }
        lines |= sizes | ({"Content-Length": length} if length else {})
        asked = f"PUT /_stcore/upload_file/{self.session}/{file or uuid.uuid4()} HTTP/1.1\r\nHost: localhost\r\n"
        asked += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        # http.client would not lie about a length.
        with socket.create_connection(("localhost", self.server.port), PATIENCE_SECONDS) as connection:
            with contextlib.suppress(ConnectionError):  # refused before all was sent
                connection.sendall(f"{asked}\r\n".encode())
                for part in parts:
                    connection.sendall(b"%x\r\n%b\r\n" % (len(part), part) if in_chunks else part)
                connection.sendall(b"0\r\n\r\n" if in_chunks else b"")
            return int(connection.recv(1000).split()[1])  # a server that hangs up leaves its answer

    def choose(self, uploader: str, name: str, content: bytes) -> Shown:
        """Uploads a file of that name to the widget of that id."""
        file = str(uuid.uuid4())
        assert self.upload(content, file=file, name=name) == 204
        state = WidgetState(id=uploader)
        state.file_uploader_state_value.uploaded_file_info.add(file_id=file, name=name, size=len(content))
        self.states[uploader] = state
        return self.rerun()


def _state(id_: str, value: Any) -> WidgetState:
    """A widget's state as its type has it: True presses a button, a list of texts chooses, {...} is a component's."""
    state = WidgetState(id=id_)
    if value is True:
        state.trigger_value = True
    elif isinstance(value, str):
        state.string_value = value
    elif isinstance(value, list):
        state.string_array_value.data.extend(value)
    else:
        state.double_value = value
    return state
