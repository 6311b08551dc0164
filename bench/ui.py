"""What watching costs: `python -m bench.ui [PART ...]` prints a table of the parts (all of them take 20 minutes).

start     how soon a run starts, and waiting, what that costs others (ui_start.py)
tick      bytes and server CPU of one viewer of a run with 100,000 rows, while it learns and once it has ended
paint     time to the first paint, warm
generate  from the click to 64 new pictures
training  images/s of a run with a watching page, as a share of those without
viewers   30 viewers for ten minutes: the slowest tick, errors, memory of the server
"""

import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.ui_start import start, store_of, waiting
from gan_core import files, paths
from gan_core.monitor.charts import CHARTED
from gan_core.presets import DEFAULT_PRESET, preset_config
from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from tests.e2e import browser as browsers
from tests.e2e.plain_browser import PlainBrowser, PlainPage, Watch
from tests.e2e.server import Server

METRICS = ("step", "kimg", "seconds", *CHARTED)
ROWS = 100_000
WATCH_SECONDS = 30
REPEATS = 10
TRAIN_SECONDS = 15
ROUNDS = 6
VIEWERS = 30
VIEWERS_MINUTES = 10
TICK_SECONDS = 1.0


class Pretender:
    """A run whose rows, heartbeat and pictures come as from a training process, without that one's appetite for cores.

    What is measured with it is the server; the part `training` trains for real.
    """

    def __init__(self, store: RunStore, rows: int):
        self.store, self.ended = store, threading.Event()
        self.run = store.create(preset_config(DEFAULT_PRESET), DEFAULT_PRESET, owner="bench")
        random = np.random.default_rng(0)
        self.table = np.abs(random.normal(size=(rows, len(METRICS))))
        for column, name in enumerate(METRICS):
            if name in ("step", "kimg", "seconds", "epoch"):
                self.table[:, column] = np.arange(rows) * (0.25 if name == "seconds" else 10)
        for first in range(0, rows, CHUNK_ROWS):
            store.write_metrics(self.run.id, first, list(METRICS), self.table[first : first + CHUNK_ROWS])
        store.report(self.run.id, "bench", sessions=1)
        self.thread = threading.Thread(target=self._learn, daemon=True)
        self.thread.start()

    def _learn(self) -> None:
        picture = next(paths.PRETRAINED.glob("*.png"))
        from PIL import Image, ImageChops

        grid = Image.open(picture).convert("L").resize((280, 280))
        self.run.live_grid.parent.mkdir(parents=True, exist_ok=True)
        while not self.ended.wait(TICK_SECONDS):
            self.table = np.concatenate([self.table, self.table[-4:] + 1])
            first = (len(self.table) - 1) // CHUNK_ROWS * CHUNK_ROWS
            self.store.write_metrics(self.run.id, first, list(METRICS), self.table[first:])
            self.store.heartbeat(self.run.id, "bench")
            self.store.report(self.run.id, "bench", step=len(self.table), kimg=1.0, seconds=1.0, progress=0.5)
            if int(time.time()) % 2:
                ImageChops.offset(grid, len(self.table)).save(self.run.live_grid, quality=90)
                files.put(self.run.live_grid)

    def end(self) -> None:
        self.ended.set()
        self.thread.join()
        self.store.end(self.run.id, "bench", State.FINISHED)


# What a browser receives


class Received:
    """Bytes that reach a page, websocket frames and all, as its own network panel counts them."""

    def __init__(self, page: Page):
        self.bytes = 0.0
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda event: self._add(event["encodedDataLength"]))
        network.on("Network.webSocketFrameReceived", lambda event: self._add(len(event["response"]["payloadData"])))

    def _add(self, count: float) -> None:
        self.bytes += count


def _process(server: Server) -> psutil.Process:
    assert server.process is not None  # it was started
    return psutil.Process(server.process.pid)


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def tick(server: Server, browser: Browser) -> Iterator[tuple[str, str]]:
    alone = cpu_a_tick(server, time.sleep)
    yield "server CPU a second without any viewer", f"{alone:.1f} ms"
    pretender = Pretender(store_of(server), ROWS)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{server.url}/train?run={pretender.run.id}")
    expect(page.locator(".live-chart .js-line").first).to_be_visible()
    page.wait_for_timeout(5000)
    yield from watched("learning", server, page, alone)
    pretender.end()
    expect(page.locator(".live-status .badge")).to_have_text("finished")
    page.wait_for_timeout(3000)
    yield from watched("ended", server, page, alone)
    page.close()


def watched(what: str, server: Server, page: Page, alone: float) -> Iterator[tuple[str, str]]:
    received = Received(page)
    cpu = cpu_a_tick(server, lambda seconds: page.wait_for_timeout(seconds * 1000))
    bytes_a_tick = received.bytes / WATCH_SECONDS * TICK_SECONDS
    yield f"run of {ROWS:,} rows, {what}: received a tick", f"{bytes_a_tick / 1000:.1f} kB"
    yield f"run of {ROWS:,} rows, {what}: server CPU a tick, for this viewer", f"{cpu - alone:.1f} ms"


def cpu_a_tick(server: Server, wait: Callable[[float], object]) -> float:
    """Milliseconds of the server's CPU a tick, over WATCH_SECONDS."""
    process = _process(server)
    before = cpu_seconds(process)
    wait(WATCH_SECONDS)
    return (cpu_seconds(process) - before) / WATCH_SECONDS * TICK_SECONDS * 1000


def paint(server: Server, browser: Browser) -> Iterator[tuple[str, str]]:
    context = browser.new_context()
    for path in ("/", "/train", "/generate"):
        firsts, contents = [], []
        for _ in range(REPEATS):
            page = context.new_page()
            start = time.perf_counter()
            page.goto(server.url + path)
            page.locator("h1, .how, .live-status, img").first.wait_for()
            contents.append(time.perf_counter() - start)
            paint = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            firsts.append(page.wait_for_function(paint).json_value() / 1000)
            page.close()
        yield f"first paint of {path}, warm (median, worst of {REPEATS})", _spread(firsts)
        yield f"first content of {path}, warm", _spread(contents)
    context.close()


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s, {max(seconds):.2f} s"


def generate(server: Server, browser: Browser) -> Iterator[tuple[str, str]]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{server.url}/generate?model=shipped:mnist-gan&total=64")
    drawn = "img[alt*='drawn by']"
    picture = page.locator(drawn).first
    expect(picture).to_be_visible()
    taken = []
    for _ in range(REPEATS):
        before = picture.get_attribute("src")
        start = time.perf_counter()
        page.get_by_role("button", name="New pictures").click()
        page.wait_for_function(f"before => document.querySelector(`{drawn}`).src !== before", arg=before)
        taken.append(time.perf_counter() - start)
        page.wait_for_timeout(500)
    page.close()
    yield f"64 pictures after the click (median, worst of {REPEATS})", _spread(taken)


def training(server: Server, browser: Browser) -> Iterator[tuple[str, str]]:
    """Watched and unwatched stretches of one run in turn, so that a noisy machine disturbs both alike."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    store = store_of(server)
    run = store.create(preset_config(DEFAULT_PRESET).model_copy(update={"minutes": 60.0}), DEFAULT_PRESET)
    address = f"{server.url}/train?run={run.id}"
    page.goto(address)
    expect(page.locator(".live-chart .js-line").first).to_be_visible(timeout=60_000)
    shares = []
    for _ in range(ROUNDS):
        page.goto("about:blank")
        time.sleep(5)
        without = _rate(store, run)
        page.goto(address)
        expect(page.locator(".live-chart .js-line").first).to_be_visible()
        time.sleep(5)
        shares.append(_rate(store, run) / without)
    page.close()
    store.ask_to_stop(run.id)
    yield (
        f"images/s watched : unwatched (median, all of {ROUNDS})",
        (f"{statistics.median(shares):.2f}, {', '.join(f'{share:.2f}' for share in shares)}"),
    )


def _rate(store: RunStore, run: Run) -> float:
    before = store.find(str(run.id))
    time.sleep(TRAIN_SECONDS)
    after = store.find(str(run.id))
    return (after.kimg - before.kimg) / (after.seconds - before.seconds)


def viewers(server: Server, _browser: Browser) -> Iterator[tuple[str, str]]:
    """Each holds a Streamlit session open and asks once a second, as the page's own script does."""
    pretender = Pretender(store_of(server), ROWS)
    process = _process(server)
    taken: list[float] = []
    errors: list[str] = []
    memory: list[float] = []
    ended = threading.Event()
    seen = (server, pretender.run, ended, taken, errors)
    threads = [threading.Thread(target=_view, args=seen) for _ in range(VIEWERS)]
    before = cpu_seconds(process)
    for thread in threads:
        thread.start()
    for _ in range(VIEWERS_MINUTES * 2):
        time.sleep(30)
        memory.append(process.memory_info().rss / 2**20)
    ended.set()
    for thread in threads:
        thread.join()
    pretender.end()
    yield f"{VIEWERS} viewers, {VIEWERS_MINUTES} min: a tick (median, worst)", _spread(taken)
    yield "   ticks, errors", f"{len(taken):,}, {len(errors)} {errors[:1]}"
    yield (
        "   server's memory after 30 s, half the time, at the end",
        (f"{memory[0]:.0f}, {memory[len(memory) // 2]:.0f}, {memory[-1]:.0f} MiB"),
    )
    yield "   server CPU", f"{(cpu_seconds(process) - before) / (VIEWERS_MINUTES * 60):.2f} cores"


def _view(server: Server, run: Run, ended: threading.Event, taken: list[float], errors: list[str]) -> None:
    try:
        browser = PlainBrowser(server.url)
        page, watched = PlainPage(browser), Watch(browser, str(run.id))
        page.open("train", {"run": str(run.id)})
        while not ended.is_set():
            start = time.perf_counter()
            status = watched.tick()
            taken.append(time.perf_counter() - start)
            if status != HTTPStatus.OK:
                errors.append(f"answered with {status}")
            page.wait(start + TICK_SECONDS - time.perf_counter(), until=ended.is_set)
        page.close()
    except Exception as error:
        errors.append(repr(error))


PARTS: dict[str, Callable[[Server, Browser], Iterator[tuple[str, str]]]] = {
    part.__name__: part for part in (start, waiting, tick, paint, generate, training, viewers)
}


def main() -> None:
    expect.set_options(timeout=60_000)
    wanted = sys.argv[1:] or list(PARTS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find(), args=browsers.ARGUMENTS)
        server = Server(Path(folder))
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = server.environment["GAN_WORKBENCH_CHECKPOINTS"]
        server.start()
        with urllib.request.urlopen(server.url):
            pass
        try:
            for name in wanted:
                for what, value in PARTS[name](server, browser):
                    print(f"{what:72} {value}", flush=True)
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
