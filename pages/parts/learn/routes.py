"""The routes of the Learn page."""

from pathlib import Path

from starlette.responses import FileResponse
from starlette.routing import Route

PROGRESS_JS = Path(__file__).with_name("progress.js")


def learn_routes(prefix: str = "") -> list[Route]:
    """/live/progress.js, to stand before /live/RUN.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [
        Route(f"{prefix}/live/progress.js", lambda request: FileResponse(PROGRESS_JS, media_type="text/javascript"))
    ]
