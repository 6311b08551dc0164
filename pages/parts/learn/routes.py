"""The routes of the Learn page."""

from pathlib import Path

from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

PROGRESS_JS = Path(__file__).with_name("progress.js")
SPOILED = Path(__file__).parent / "lessons" / "spoiled"


def learn_routes(prefix: str = "") -> list[BaseRoute]:
    """/live/progress.js and the pictures of lessons, to stand before /live/RUN.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    script = FileResponse(PROGRESS_JS, media_type="text/javascript")
    return [
        Route(f"{prefix}/live/progress.js", lambda request: script),
        Mount(f"{prefix}/live/spoiled", StaticFiles(directory=SPOILED)),
    ]
