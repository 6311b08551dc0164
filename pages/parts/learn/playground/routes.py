"""What a playground asks the server for: its scripts, and the same in PyTorch. All else is done in the browser."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pages.parts.learn.playground.in_pytorch import lines_for, notebook_bytes, read_choices
from pages.parts.links import whole_number

FOLDER = Path(__file__).parent
A_YEAR = "public, max-age=31536000, immutable"


def playground_routes(prefix: str = "") -> list[Route]:
    """/playground/VERSION/NAME.js, /playground/lines and /playground/notebook.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [
        Route(f"{prefix}/playground/lines", _lines),
        Route(f"{prefix}/playground/notebook", _notebook),
        Route(f"{prefix}/playground/{{version}}/{{name}}", _script),
    ]


def address() -> str:
    """Where the scripts are, from the app's own address. It changes with them: a browser may keep them for ever."""
    return f"playground/{_version()}"


@cache
def scripts() -> dict[str, bytes]:
    """The scripts as they travel, by file name."""
    return {path.name: gzip.compress(path.read_bytes(), mtime=0) for path in sorted(FOLDER.glob("*.js"))}


@cache
def _version() -> str:
    return hashlib.sha256(b"".join(scripts().values())).hexdigest()[:12]


def _script(request: Request) -> Response:
    script = scripts().get(request.path_params["name"])
    if script is None:
        return Response(status_code=404)
    return Response(script, media_type="text/javascript", headers={"Cache-Control": A_YEAR, "Content-Encoding": "gzip"})


def _lines(request: Request) -> Response:
    return JSONResponse([lines._asdict() for lines in lines_for(read_choices(request.query_params))])


def _notebook(request: Request) -> Response:
    asked = request.query_params
    steps = whole_number(asked.get("steps", "")) or 1
    body = notebook_bytes(read_choices(asked), steps, asked.get("lang", ""))
    name = {"Content-Disposition": 'attachment; filename="gan-on-points.ipynb"'}
    return Response(body, media_type="application/x-ipynb+json", headers=name)
