"""The playground's scripts, at an address that changes with them: a browser may keep them for ever."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "playground"
A_YEAR = "public, max-age=31536000, immutable"


def playground_routes(prefix: str = "") -> list[Route]:
    """/playground/VERSION/NAME.js

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [Route(f"{prefix}/playground/{{version}}/{{name}}", _script)]


def address() -> str:
    """Where the scripts are, from the app's own address."""
    return f"playground/{_version()}"


@cache
def scripts() -> dict[str, str]:
    """What the browser gets, by file name: without the lines that are only for whoever reads the source."""
    return {path.name: served(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.js"))}


def served(source: str) -> str:
    """The script without indentation and without lines of comment."""
    lines = map(str.strip, source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


@cache
def _version() -> str:
    return hashlib.sha256("".join(scripts().values()).encode()).hexdigest()[:12]


def _script(request: Request) -> Response:
    script = scripts().get(request.path_params["name"])
    if script is None:
        return Response(status_code=404)
    return Response(script, media_type="text/javascript", headers={"Cache-Control": A_YEAR})
