"""/live/report/RUN: a run's report as a page, and as a file."""

from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.text import Text
from pages.parts.language import LANGUAGES, translate
from pages.parts.links import LONGEST_KEY
from pages.parts.rates import count_request_of
from pages.parts.visitors import store_of

HEADERS = {
    "Cache-Control": "no-store",
    # The page holds what people have named. It is escaped; and nothing that got in all the same could reach anybody.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
        "frame-ancestors 'self'"
    ),
}


def report_routes(prefix: str = "") -> list[Route]:
    """To stand before /live/RUN.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [Route(f"{prefix}/live/report/{{run}}", _report)]


def _report(request: Request) -> Response:
    from pages.parts.report.page import report  # with Plotly, which takes a second

    asked = request.query_params.get("lang", "")
    language = asked if asked in LANGUAGES else next(iter(LANGUAGES))
    try:
        store = store_of(request)
        count_request_of(request, store.by)
        run = store.watched(request.path_params["run"][:LONGEST_KEY])
        if run is None:
            return PlainTextResponse(translate(language, Text("There is no such run.")), status_code=404)
        if "file" not in request.query_params:
            here = PurePosixPath(request.url.path).name
            page = report(store, run, language, "../../assets/plotly.min.js", f"{here}?lang={language}&file")
            return HTMLResponse(page, headers=HEADERS)
        name = f"run-{run.id}-{paths.file_name(run.preset)}.html"
        attached = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HTMLResponse(report(store, run, language), headers=HEADERS | attached)
    except WorkbenchError as error:
        return PlainTextResponse(translate(language, error.text), status_code=400)
