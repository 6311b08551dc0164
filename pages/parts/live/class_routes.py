"""The routes of a class: the wall, what its teacher says, and all that it made as one file."""

import contextlib
import json
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from gan_core.errors import WorkbenchError
from gan_core.jobs import app_worker
from gan_core.store import class_export
from gan_core.store.classroom import Classroom
from gan_core.store.runs import RunStore, default_store
from pages.parts.live.enter import enter
from pages.parts.live.status import duration
from pages.parts.operations.life import ending
from pages.parts.visitors import store_of

FRESH_SECONDS = 0.5
"""How old an answer may be. All who ask within this get the same one."""


def class_routes(prefix: str = "") -> list[Route]:
    """/live/wall, /live/notice, /live/enter and /live/class.zip, to stand before /live/RUN.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [
        Route(f"{prefix}/live/wall", lambda request: _to_class(request, _wall)),
        Route(f"{prefix}/live/notice", lambda request: _to_class(request, _notice)),
        Route(f"{prefix}/live/enter", enter, methods=["POST"]),
        Route(f"{prefix}/live/class.zip", _zip),
    ]


def _to_class(request: Request, answer: Callable[[str, int], str]) -> Response:
    """An answer that is the same for all who are in the class; nobody else gets one."""
    try:
        if not store_of(request).by.watches_all:
            # Who has left, or whose class has ended, did nothing wrong: no error in the browser's console.
            return Response(status_code=204)
        address = str(default_store().engine.url)
        return Response(answer(address, int(time.monotonic() / FRESH_SECONDS)), media_type="application/json")
    except WorkbenchError:  # the store is away: the page asks again
        return Response(status_code=503)


@lru_cache(maxsize=1)
def _wall(_store: str, _moment: int) -> str:
    store = default_store()
    store.mark_interrupted()
    with contextlib.suppress(WorkbenchError):  # a page on which runs are made shows why the worker cannot start
        app_worker.ensure_worker(store)
    return json.dumps(wall(store))


@lru_cache(maxsize=1)
def _notice(_store: str, _moment: int) -> str:
    return json.dumps(notice(default_store()))


def wall(store: RunStore) -> list[dict[str, Any]]:
    """What the wall shows, as JSON has it."""
    return [tile._asdict() | {"trained": duration(tile.seconds)} for tile in Classroom(store).tiles()]


def notice(store: RunStore) -> dict[str, Any]:
    """What everybody in the class is to know at once: what the teacher says, whether the queue waits, which task."""
    room = Classroom(store)
    task = room.task()
    return {
        "said": room.said(),
        "paused": store.is_paused,
        "task": task.id if task else 0,
        "ending": ending.is_set(),
    }


def _zip(request: Request) -> Response:
    """For the teacher alone."""
    file = class_export.place()
    try:
        if not (store_of(request).by.may_everything and file.exists()):
            return Response(status_code=404)
        made = time.strftime("%Y-%m-%d-%H%M", time.localtime(file.stat().st_mtime))
    except WorkbenchError:
        return Response(status_code=503)
    except FileNotFoundError:  # deleted just now
        return Response(status_code=404)
    return FileResponse(file, media_type="application/zip", filename=f"class-{made}.zip")
