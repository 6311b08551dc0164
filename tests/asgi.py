"""Asks an ASGI app as a server would, without one. Starlette's own test client would need a package more."""

import asyncio
from typing import NamedTuple

from starlette.datastructures import Headers


class Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes


def ask(
    app, path, host="localhost:8501", kind="http", said: list | None = None, method="GET", scheme="http",
    client: str = "", body: bytes = b"", query: str = "", **headers: str,
) -> Answer:  # fmt: skip
    """What the app answers to a request, or to a websocket's handshake: 101 if it is accepted.

    Args:
        client: its address.
        body: what is sent along.
        query: what stands behind the path's question mark.
        said: gets its messages, even if the app raises an exception after them.
    """
    headers = {"host": host} | headers if host else headers
    scope = {
        "type": kind,
        "method": method,
        "scheme": scheme,
        "client": (client, 1) if client else None,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    status_text = [{"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": body}]
    said = [] if said is None else said

    async def receive():
        return status_text.pop() if status_text else await asyncio.Event().wait()

    async def send(message):
        said.append(message)

    asyncio.run(app(scope, receive, send))
    first = said[0]
    status = 101 if first["type"] == "websocket.accept" else first.get("status", 403)
    body = b"".join(message.get("body", b"") for message in said[1:])
    return Answer(status, Headers(raw=list(first.get("headers", []))), body)
