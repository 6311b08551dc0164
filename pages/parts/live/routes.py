"""The routes by which a page watches a run: small answers once a second, without a run of the page's script.

A tick through a Streamlit fragment costs 50 ms of the server's time, one through these some milliseconds; and thirty
viewers may watch at once.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from gan_core import files
from gan_core.config import changeable
from gan_core.errors import WorkbenchError
from gan_core.jobs import app_worker
from gan_core.monitor.feed import epochs, news
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from pages.parts.language import translate
from pages.parts.links import LONGEST_KEY, whole_number
from pages.parts.live.status import status
from pages.parts.operations.life import AWAY, ending
from pages.parts.visitors import store_of

POLL_JS = Path(__file__).with_name("poll.js")
A_YEAR = "private, max-age=31536000, immutable"


def routes(prefix: str = "") -> list[Route]:
    """/live/poll.js, /live/RUN, and the pictures: /live/RUN/newest and /live/RUN/grid/STEP.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [
        Route(f"{prefix}/live/poll.js", lambda request: FileResponse(POLL_JS, media_type="text/javascript")),
        Route(f"{prefix}/live/{{run}}", _news),
        Route(f"{prefix}/live/{{run}}/newest", _newest_grid),
        Route(f"{prefix}/live/{{run}}/grid/{{step}}", _grid),
    ]


def _run(request: Request) -> Run | None:
    """The run that the address names, if whoever asks may watch it."""
    return store_of(request).watched(request.path_params["run"][:LONGEST_KEY])


def _number(request: Request, name: str) -> int:
    """A query parameter that is a whole number from 0 on; 0 if it is anything else."""
    return whole_number(request.query_params.get(name, "")) or 0


def _news(request: Request) -> Response:
    """What is new of a run. Plain functions like this one are run in a thread: the database may make them wait."""
    language = request.query_params.get("lang", "")
    if ending.is_set():
        return JSONResponse({"error": translate(language, AWAY)}, status_code=503)
    try:
        store = store_of(request)
        store.mark_interrupted()
        run = _run(request)
        if run is None:
            # A page that watched a run while it was deleted did nothing wrong: no error in the browser's console.
            return Response(status_code=204 if _number(request, "sessions") else 404)
        if run.active:  # a page of a run that has ended keeps no worker alive
            with contextlib.suppress(WorkbenchError):  # the run's page shows why the worker cannot start
                app_worker.ensure_worker(store)
        same = _number(request, "sessions") == run.sessions
        rows, grids, newest_grid = (_number(request, name) * same for name in ("rows", "grids", "newest_grid"))
        seen = news(store, run, rows, grids, newest_grid)
        return JSONResponse(
            {
                "active": run.active,
                "sessions": run.sessions,
                "fresh": seen.fresh,
                "total": seen.total,
                "rows": seen.rows,
                "marks": _marks(store, run, language),
                "grids": seen.grids,
                "fresh_grids": seen.fresh_grids,
                "newest": run.picture_version,
                "status": status(store, run, seen.diagnosis, seen.scores, language),
            }
        )
    except WorkbenchError as error:
        return JSONResponse({"error": translate(language, error.text)}, status_code=503)


def _marks(store: RunStore, run: Run, language: str) -> list[dict[str, Any]]:
    """What was changed of the run while it learned, and where on each axis."""
    declared = changeable()
    return [
        {
            "step": change.step,
            "kimg": change.kimg,
            "seconds": change.seconds,
            "epoch": epochs(run, change.kimg) if run.dataset_images and change.kimg is not None else None,
            "text": f"{translate(language, declared[change.name].title)} {change.before:g} → {change.value:g}",
        }
        for change in store.changes(run.id)
        if change.step is not None
    ]


def _newest_grid(request: Request) -> Response:
    return _picture(request, lambda run: run.live_grid, "no-cache")


def _grid(request: Request) -> Response:
    step = whole_number(request.path_params["step"]) or 0

    def path_of(run: Run) -> Path:
        path = run.grid_path(step)
        if step in run.grid_steps:  # nobody makes the server ask for what there never was
            files.fetch(path)
        return path

    # After a resume, the same step draws the same picture.
    return _picture(request, path_of, A_YEAR)


def _picture(request: Request, path_of: Callable[[Run], Path], cache: str) -> Response:
    try:
        run = _run(request)
        if run is None:
            return Response(status_code=404)
        path = path_of(run)
        content = path.read_bytes()
    except (OSError, WorkbenchError):  # not there, or the store is away: the page asks again for what it misses
        return Response(status_code=404)
    return Response(content, media_type=f"image/{path.suffix[1:]}", headers={"Cache-Control": cache})
