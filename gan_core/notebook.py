"""What a notebook shows of a run: charts and pictures, alive while it trains. Knows nothing of torch.

IPython is not needed: where it runs, it is there.
"""

import base64
import contextlib
import sys
import time
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from gan_core.errors import WorkbenchError
from gan_core.text import Text

if TYPE_CHECKING:
    import numpy as np

    from gan_core.store.runs import RunStore
    from gan_core.store.tables import Run

CHARTS_SHOWN = ("losses", "outputs", "scores")
PICTURE_SECONDS = 2.0
"""Between two pictures of a run that learns; it draws them as often."""


def is_here() -> bool:
    """Whether this process is a notebook's kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def live(store: "RunStore", run: "Run") -> Callable[[dict[str, Any]], None]:
    """Shows the run below the notebook's cell; what is returned takes its progress, and shows it anew.

    Elsewhere nothing is shown.
    """
    if not is_here():
        return lambda progress: None
    from IPython.display import HTML, display

    shown = display(HTML(html(run, {})), display_id=True)
    metrics: dict[str, np.ndarray] = {}
    next_picture = 0.0

    def show(progress: dict[str, Any]) -> None:
        nonlocal metrics, next_picture
        ended = progress.get("progress", 0.0) >= 1
        if time.monotonic() < next_picture and not ended:
            return
        next_picture = time.monotonic() + PICTURE_SECONDS
        metrics = store.extend_metrics(run.id, metrics)
        shown.update(HTML(html(store.get(run.id) or run, metrics, _line(progress))))

    return show


def _line(progress: dict[str, Any]) -> str:
    if "message" in progress:
        return str(Text.from_json(progress["message"])) if progress["message"] else ""
    if "kimg" not in progress:
        return str(progress.get("device", ""))
    left = f", {progress['seconds_left']:.0f} s left" if progress["seconds_left"] is not None else ""
    return f"{progress['images_per_second']:,.0f} images/s{left}"


def html(run: "Run", metrics: "dict[str, np.ndarray]", line: str = "") -> str:
    """A run as HTML that needs nothing else: how it stands, its charts and its newest pictures.

    Args:
        metrics: as RunStore.read_metrics gives them.
        line: what else is to be said.
    """
    from gan_core.monitor.charts import CHARTS, thin
    from gan_core.monitor.svg import has_curve, svg

    parts = []
    if metrics:
        few = thin(metrics)
        parts = [svg(CHARTS[name], few) for name in CHARTS_SHOWN if has_curve(CHARTS[name], few)]
    if picture := _picture(run):
        content = base64.b64encode(picture).decode()
        parts.append(f'<img alt="drawn by now" height="300" src="data:image/webp;base64,{content}"/>')
    told = [run.state, f"{run.kimg:,.1f} kimg", line, str(run.status_text or "")]
    return (
        f"<p><b>{escape(run.title)}</b>: {escape(', '.join(filter(None, told)))}</p>"
        f'<div style="display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start">{"".join(parts)}</div>'
    )


def png(run: "Run") -> bytes | None:
    """A run's newest pictures as a PNG file; None before the first."""
    import io

    from PIL import Image

    from gan_core import pictures

    content = _picture(run)
    return pictures.png(Image.open(io.BytesIO(content))) if content else None


def _picture(run: "Run") -> bytes:
    from gan_core import files

    with contextlib.suppress(OSError, WorkbenchError):
        files.fetch(run.live_grid)
        return run.live_grid.read_bytes()
    return b""
