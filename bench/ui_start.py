"""Parts of bench.ui: how soon a run starts, and what it costs a run in training that a process waits for the next one.

start     from the click on Train to the first curve and the first pictures; until the estimate; between two queued runs
waiting   images/s of a run while another process waits, as a share of those without one
"""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from gan_core.jobs.job import new_owner
from gan_core.jobs.warm import Warm
from gan_core.presets import DEFAULT_PRESET, preset_config
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from tests.e2e.server import Server

REPEATS = 5
OPEN_SECONDS = 30
STRETCH_SECONDS = 15
ROUNDS = 6
SMALL = ("gan-pytorch", "cgan", "dcgan-small", "cdcgan-small", "gan-keras-small")
"""Presets of which nothing is known yet."""
QUEUED_MINUTES = 0.05

# A curve has two points at least.
CURVE = (
    "() => [...document.querySelectorAll('.live-chart .js-line')].some((line) => line.getAttribute('d')?.includes('L'))"
)
PICTURE = "() => [...document.querySelectorAll('.time-machine img')].some((img) => img.complete && img.naturalWidth)"


def store_of(server: Server) -> RunStore:
    return RunStore(f"sqlite:///{server.folder / 'checkpoints' / 'runs.db'}")


def start(server: Server, browser: Browser) -> Iterator[tuple[str, str]]:
    store = store_of(server)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    first = _until_estimate(server, page, DEFAULT_PRESET)
    yield "estimate after opening the page, the server just started", f"{first:.2f} s"
    page.goto(server.url)
    page.wait_for_timeout(OPEN_SECONDS * 1000)
    later = [_until_estimate(server, page, preset) for preset in SMALL]
    yield f"   the app open for {OPEN_SECONDS} s, other small presets", _all(later)
    curves, pictures = [], []
    for _ in range(REPEATS):
        page.goto(f"{server.url}/train?preset={DEFAULT_PRESET}")
        button = page.locator("[data-testid=stSidebar]").get_by_role("button", name=re.compile("Train$"))
        expect(button).to_be_enabled()
        page.wait_for_timeout(3000)  # until nothing is measured and drawn any more
        clicked = time.perf_counter()
        button.click()
        # One look at both, since each wait of its own would add to the other.
        seen: dict[str, float] = {}
        while len(seen) < 2:
            for name, there in (("curve", CURVE), ("picture", PICTURE)):
                if name not in seen and page.evaluate(there):
                    seen[name] = time.perf_counter() - clicked
            page.wait_for_timeout(20)
        curves.append(seen["curve"])
        pictures.append(seen["picture"])
        _end_all(store)
    page.close()
    yield f"from the click on Train to the first curve (median, all of {REPEATS})", _all(curves)
    yield "   to the first pictures", _all(pictures)
    yield "from a run's end to the first step of the next in the queue", _all(list(_gaps(store)))


def _until_estimate(server: Server, page: Page, preset: str) -> float:
    began = time.perf_counter()
    page.goto(f"{server.url}/train?preset={preset}")
    page.locator(".st-key-estimate").get_by_text("images/s").wait_for()
    return time.perf_counter() - began


def _all(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({', '.join(f'{value:.2f}' for value in sorted(seconds))})"


def _end_all(store: RunStore) -> None:
    for run in store.all_runs():
        if run.active:
            store.ask_to_stop(run.id)
            _wait_for(store, run, lambda run: not run.active)
            store.delete(run.id)


def _gaps(store: RunStore) -> Iterator[float]:
    config = preset_config(DEFAULT_PRESET).model_copy(update={"minutes": QUEUED_MINUTES})
    runs = [store.create(config, DEFAULT_PRESET) for _ in range(REPEATS + 1)]
    for before, after in pairwise(runs):
        _wait_for(store, after, lambda run: run.step > 0)
        ended = _now(store, before.id).ended_at
        assert ended is not None
        yield time.time() - ended


def _now(store: RunStore, number: int) -> Run:
    run = store.get(number)
    assert run is not None
    return run


def _wait_for(store: RunStore, run: Run, condition: Callable[[Run], bool]) -> None:
    _wait(lambda: condition(_now(store, run.id)))


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def waiting(server: Server, _browser: Browser) -> Iterator[tuple[str, str]]:
    """Stretches with and without one in turn. Both processes are started here, so no worker keeps another one."""
    store, log = store_of(server), Path(server.folder) / "waiting.log"
    config = preset_config(DEFAULT_PRESET).model_copy(update={"minutes": 60.0})
    run = store.create(config, DEFAULT_PRESET, owner=new_owner())
    run.folder.mkdir(parents=True)
    warm = Warm(log)
    warm.keep()
    _wait(lambda: warm.is_ready)
    process = warm.start(run.id, run.owner, log)
    assert process is not None
    _wait_for(store, run, lambda run: run.kimg > 5)
    shares, importing = [], []
    for _ in range(ROUNDS):
        warm.end()
        without = _rate(store, run)
        warm.keep()
        importing.append(_rate(store, run) / without)
        _wait(lambda: warm.is_ready)
        shares.append(_rate(store, run) / without)
    store.ask_to_stop(run.id)
    process.wait()
    warm.end()
    yield f"images/s with a process that waits : without (median, all of {ROUNDS})", _shares(shares)
    yield f"   in the {STRETCH_SECONDS} s in which it imports", _shares(importing)


def _shares(shares: list[float]) -> str:
    return f"{statistics.median(shares):.2f} ({', '.join(f'{share:.2f}' for share in sorted(shares))})"


def _rate(store: RunStore, run: Run) -> float:
    before = _now(store, run.id)
    time.sleep(STRETCH_SECONDS)
    after = _now(store, run.id)
    return (after.kimg - before.kimg) / (after.seconds - before.seconds)
