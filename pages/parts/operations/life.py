"""How the server begins and ends: what waits goes on, and whoever has a page open is told before it is away."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator
from typing import Any

from anyio import to_thread

from gan_core import log
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.hosting_settings import without_meaning
from gan_core.jobs import app_worker
from gan_core.store.runs import default_store
from gan_core.store.searches import open_searches
from gan_core.text import Text

NOTICE_SECONDS = 2.0
"""Between a polite request to end and the end. Pages ask for news every second or two."""
AWAY = Text(
    "The server is being restarted, or cannot be reached. Runs in training are kept and go on; this page comes back by "
    "itself."
)
ending = threading.Event()
"""Set once this server has been told to end."""


@contextlib.asynccontextmanager
async def life(_app: Any) -> AsyncIterator[None]:
    """For Starlette's lifespan: from the server's start to its end."""
    if hosting().is_shared:
        log.set_up()
    _name_what_means_nothing()
    threading.Thread(target=_go_on, daemon=True).start()
    _give_notice(asyncio.get_running_loop())
    yield
    if hosting().is_shared:
        await to_thread.run_sync(_save_what_trains)


def _name_what_means_nothing() -> None:
    """A limit whose variable is misspelt is none, and nobody would notice."""
    for variable, meant in without_meaning(os.environ).items():
        log.logger.warning("%s means nothing%s", variable, f"; did you mean {meant}?" if meant else ".")


def _go_on() -> None:
    """What waits since the last server, or was saved at its end, need not wait for somebody to look."""
    with contextlib.suppress(WorkbenchError):  # a page says what is wrong
        app_worker.end_worker_of_other_settings(default_store())
        if default_store().waiting() or open_searches(default_store()):
            app_worker.ensure_worker(default_store())


def _give_notice(loop: asyncio.AbstractEventLoop) -> None:
    """At SIGTERM: first say so, and let runs be saved; then end as ever. A second one ends the server at once."""
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread can handle signals
    before = signal.getsignal(signal.SIGTERM)

    def told(number: int, _frame: object) -> None:
        signal.signal(number, before)
        ending.set()
        if hosting().is_shared:
            threading.Thread(target=_save_what_trains).start()
        loop.call_soon_threadsafe(loop.call_later, NOTICE_SECONDS, signal.raise_signal, signal.SIGTERM)

    signal.signal(signal.SIGTERM, told)


def _save_what_trains() -> None:
    """On one's own computer, a run outlives the server. Where others share it, all ends together, and goes on later."""
    with contextlib.suppress(WorkbenchError):
        app_worker.end_worker(default_store())
