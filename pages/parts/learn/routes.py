"""The routes of the Learn page."""

from collections.abc import Callable
from pathlib import Path

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.store import progress
from gan_core.store.runs import RunStore
from pages.parts.learn.playground.routes import playground_routes
from pages.parts.rates import refuse_too_many_requests
from pages.parts.visitors import store_of

PROGRESS_JS = Path(__file__).with_name("progress.js")
SPOILED = Path(__file__).parent / "lessons" / "spoiled"


def learn_routes(prefix: str = "") -> list[BaseRoute]:
    """/live/progress.js, /live/progress, the playground's, and the pictures of lessons, to stand before /live/RUN.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [
        Route(f"{prefix}/live/progress.js", _progress_js),
        Route(f"{prefix}/live/progress", _progress, methods=["GET", "PUT", "DELETE"]),
        *playground_routes(prefix),
        Mount(f"{prefix}/live/spoiled", StaticFiles(directory=SPOILED)),
    ]


def _progress_js(_request: Request) -> Response:
    return FileResponse(PROGRESS_JS, media_type="text/javascript")  # anew each time: an answer is sent once


async def _progress(request: Request) -> Response:
    """What a person of a class has answered: all of it, with what a browser adds, or forgotten.

    A cookie says who asks. Other sites' requests do not bring it along, and are refused besides.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return Response(status_code=403)
    content = await _short_body(request) if request.method == "PUT" else b""
    if content is None:
        return Response(status_code=413)
    return await to_thread.run_sync(_answer, request, content)


async def _short_body(request: Request) -> bytes | None:
    """What was sent; None if it is longer than answers can be."""
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > progress.MOST_BYTES:
            return None
    return content


def _answer(request: Request, content: bytes) -> Response:
    try:
        store = store_of(request)
        if not progress.keeps_progress(store.by):
            return Response(status_code=204)
        if request.method != "GET":
            address = request.client.host if request.client else ""
            refuse_too_many_requests(f"person {store.by.person}", address)
        return JSONResponse({"person": store.by.person, "answers": DONE[request.method](store, content)})
    except StoreUnavailableError:
        return Response(status_code=503)
    except WorkbenchError:
        return Response(status_code=400)


def _forget(store: RunStore, _content: bytes) -> progress.Answers:
    progress.forget_progress(store)
    return {}


DONE: dict[str, Callable[[RunStore, bytes], progress.Answers]] = {
    "GET": lambda store, _content: progress.progress_of(store),
    "HEAD": lambda store, _content: progress.progress_of(store),
    "PUT": lambda store, content: progress.add_progress(store, progress.read_answers(content)),
    "DELETE": _forget,
}
"""By the request's method."""
