"""What whoever runs the server asks it: /health, and /metrics in the form that Prometheus reads."""

import hmac
import ipaddress
import shutil
import time
from functools import lru_cache
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.jobs import app_worker
from gan_core.limits import bytes_of
from gan_core.store.figures import figures
from gan_core.store.runs import default_store

FRESH_SECONDS = 1
"""How old an answer may be: whoever asks more often gets the same one."""
DISK_SECONDS = 60
"""The same of the bytes of all runs, for which every file is looked at."""
LEAST_FREE_BYTES = 2**28
"""Room for a checkpoint of the largest preset, with what exact resume takes."""
FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip", "via")
"""Headers of requests that a proxy has passed on: from this computer, but of somebody elsewhere."""

REGISTRY = CollectorRegistry()
ERRORS = Counter("gan_workbench_errors", "Unexpected errors since the server's start", registry=REGISTRY)
SESSIONS = Gauge("gan_workbench_sessions", "Open pages", registry=REGISTRY)
PEOPLE = Gauge("gan_workbench_people", "Known people", registry=REGISTRY)
WAITING = Gauge("gan_workbench_runs_waiting", "Runs in the queue", registry=REGISTRY)
TRAINING = Gauge("gan_workbench_runs_training", "Runs in training", registry=REGISTRY)
EVALUATIONS = Gauge("gan_workbench_evaluations", "Evaluations that wait or are in work", registry=REGISTRY)
SPEED = Gauge("gan_workbench_images_per_second", "Real images a second of all runs in training", registry=REGISTRY)
FREE = Gauge("gan_workbench_disk_free_bytes", "Free on the disk of the runs", registry=REGISTRY)
USED = Gauge("gan_workbench_runs_bytes", "All files of runs, evaluations and uploads", registry=REGISTRY)


def operations_routes(prefix: str = "") -> list[Route]:
    """/health for everybody, /metrics for this computer and who has the token.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [Route(f"{prefix}/health", _health), Route(f"{prefix}/metrics", _metrics)]


class Sessions:
    """Counts the pages that are open: each holds a websocket."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        with SESSIONS.track_inprogress():
            await self.app(scope, receive, send)


def note_error(_error: BaseException) -> bool:
    """Count what failed in a page's script. False: Streamlit logs and shows it as ever."""
    ERRORS.inc()
    return False


def _health(_request: Request) -> Response:
    found = _checked(str(paths.database_url()), int(time.monotonic() / FRESH_SECONDS))
    return JSONResponse(found, status_code=200 if found["ok"] else 503, headers={"Cache-Control": "no-store"})


@lru_cache(maxsize=1)
def _checked(_store: str, _moment: int) -> dict[str, Any]:
    """Whether all is well, and what is not. Where nothing waits, no worker is needed."""
    free = _free_bytes()
    checked: dict[str, Any] = {"database": False, "room": free >= LEAST_FREE_BYTES, "free_bytes": free}
    try:
        store = default_store()
        since = figures(store).waiting_since
        waited = max(0.0, time.time() - since) if since else None
        lives = store.any_worker_lives()
        checked |= {"database": True, "worker_lives": lives, "oldest_waiting_seconds": waited}
        checked["worker"] = lives or waited is None or waited < app_worker.START_SECONDS
    except WorkbenchError:
        pass
    return {"ok": checked["database"] and checked["room"] and checked["worker"], **checked}


def _free_bytes() -> int:
    place = paths.checkpoints()
    while not place.exists() and place != place.parent:  # before the first run
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0


def _metrics(request: Request) -> Response:
    if not (_is_of_this_computer(request) or _has_token(request)):
        return PlainTextResponse("Forbidden", status_code=403)
    _measure(str(paths.database_url()), int(time.monotonic() / FRESH_SECONDS))
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


@lru_cache(maxsize=1)
def _measure(_store: str, _moment: int) -> None:
    """Bring the figures up to date. Those of a store that is away become NaN: nothing is known of them."""
    FREE.set(_free_bytes())
    USED.set(_used_bytes(int(time.monotonic() / DISK_SECONDS)))
    try:
        seen = figures(default_store())
    except WorkbenchError:
        for gauge in (WAITING, TRAINING, EVALUATIONS, SPEED, PEOPLE):
            gauge.set(float("nan"))
        return
    WAITING.set(seen.waiting)
    TRAINING.set(seen.training)
    EVALUATIONS.set(seen.evaluations)
    SPEED.set(seen.images_per_second)
    PEOPLE.set(seen.people)


@lru_cache(maxsize=1)
def _used_bytes(_moment: int) -> int:
    return bytes_of([paths.checkpoints()])


def _is_of_this_computer(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _has_token(request: Request) -> bool:
    token = hosting().metrics_token.get_secret_value()
    return bool(token) and hmac.compare_digest(
        request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()
    )
