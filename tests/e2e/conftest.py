"""A real server, a real browser, real training; nothing is replaced."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gan_core import paths
from tests.e2e import browser as browsers

PATIENCE_SECONDS = 60
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


class Server:
    """`streamlit run app.py` over a place of its own for runs."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = os.environ | {
            "GAN_WORKBENCH_CHECKPOINTS": str(folder / "checkpoints"),
            "GAN_WORKBENCH_DATA": str(folder / "data"),
        }
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        options = ["--server.headless=true", f"--server.port={self.port}"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command + options, cwd=paths.PROJECT, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "server.log").read_text()
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """As `kill -9`: no last word, no cleaning up."""
        self.process.kill()
        self.process.wait()

    def processes(self) -> list[psutil.Process]:
        """Workers and training processes that this server's runs belong to."""
        mine = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("GAN_WORKBENCH_CHECKPOINTS") == str(self.folder / "checkpoints"):
                    mine.append(process)
            except psutil.Error:
                continue
        return mine

    def training_process(self) -> psutil.Process:
        return next(p for p in self.processes() if "gan_core.worker" in p.cmdline())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    for process in server.processes():
        process.kill()
    psutil.wait_procs(server.processes(), timeout=10)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browsers.find()
    if path is None and not os.environ.get("CI"):
        pytest.skip("no browser; python tests/e2e/browser.py --install")
    assert path, "no browser: in CI that is a failure, or these tests would never run"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=browsers.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, server) -> Iterator[Page]:
    """The app in a fresh browser session. Errors in the page's own scripts fail the test."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.url)
    yield page
    context.close()
    assert errors == []
