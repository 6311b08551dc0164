"""A stand-in for the Hugging Face Hub, on this machine: for bringing files there and fetching them."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0" * 40


class Hub(ThreadingHTTPServer):
    """Holds `repositories`: of each, the content of its files by name."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.tokens: set[str] = set()
        """What whoever brought something has shown."""
        self.made: list[dict] = []
        """What was asked for when repositories were made."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """To one request."""

    protocol_version = "HTTP/1.1"
    server: Hub

    def do_POST(self):
        content = self._content()
        place = self.path.removeprefix("/api/")
        self.server.tokens.add(self.headers.get("Authorization", ""))
        if not self.headers.get("Authorization"):
            self._json({"error": "who are you?"}, 401)
        elif place == "repos/create":
            self._make(json.loads(content))
        elif place == "validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif "/preupload/" in place:
            files = json.loads(content)["files"]
            self._json({"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]})
        elif "/commit/" in place:
            self._commit("/".join(place.split("/")[1:3]), content)
        else:
            self._json({"error": place}, 404)

    def do_GET(self):
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[0] == "api":
            self._json({"id": "/".join(parts[2:4]), "sha": COMMIT, "siblings": [], "private": False})
            return
        files = self.server.repositories.get("/".join(parts[:2]))
        name = "/".join(parts[4:])
        if files is None or name not in files:
            reason = "RepoNotFound" if files is None else "EntryNotFound"
            self._send(b"", 404, {"X-Error-Code": reason, "X-Repo-Commit": COMMIT})
            return
        digest = hashlib.sha256(files[name]).hexdigest()
        self._send(files[name], 200, {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT})

    do_HEAD = do_GET  # noqa: N815 (http.server's own word)

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while length := int(self.rfile.readline(), 16):
            content += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _make(self, asked: dict):
        self.server.made.append(asked)
        name = f"{asked.get('organization') or 'ana'}/{asked['name']}"
        self.server.repositories.setdefault(name, {})
        self._json({"url": f"{self.server.url}/{name}", "name": name})

    def _commit(self, name: str, content: bytes):
        for line in map(json.loads, content.splitlines()):
            if line["key"] == "file":
                file = line["value"]
                self.server.repositories[name][file["path"]] = base64.b64decode(file["content"])
        self._json({"success": True, "commitUrl": f"{self.server.url}/{name}/commit/{COMMIT}", "commitOid": COMMIT})

    def _json(self, answer: dict, status: int = 200):
        self._send(json.dumps(answer).encode(), status, {"Content-Type": "application/json"})

    def _send(self, content: bytes, status: int, headers: dict[str, str]):
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *args):
        pass


@contextmanager
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
