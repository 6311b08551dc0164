"""`streamlit run app.py` over a place of its own, for tests, screenshots and measurements."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from gan_core import paths

if TYPE_CHECKING:
    import pytest

PATIENCE_SECONDS = 60


class Server:
    """A server, its workers and its training processes.

    Args:
        base: what comes before every path, as behind a reverse proxy, such as "gan/tool".
    """

    def __init__(self, folder: Path, base: str = ""):
        self.folder = folder
        self.port = free_port()
        self.base = base
        self.url = f"http://localhost:{self.port}{base and '/'}{base}"
        self.environment = os.environ | {
            "GAN_WORKBENCH_CHECKPOINTS": str(folder / "checkpoints"),
            "GAN_WORKBENCH_DATA": str(folder / "data"),
        }
        self.command, self.start_folder = [sys.executable, "-m", "streamlit", "run", "app.py"], paths.PROJECT
        self.process: subprocess.Popen | None = None

    def share_its_place(self, monkeypatch: "pytest.MonkeyPatch") -> None:
        """From now on this process reads and writes where the server does."""
        for name in ("GAN_WORKBENCH_CHECKPOINTS", "GAN_WORKBENCH_DATA"):
            monkeypatch.setenv(name, self.environment[name])

    def start(self) -> None:
        options = ["--server.headless=true", f"--server.port={self.port}", f"--server.baseUrlPath={self.base}"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command + options, cwd=self.start_folder, env=self.environment, stdout=log, stderr=log
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

    def cpu_seconds(self) -> float:
        """What the server itself has used since its start."""
        used = psutil.Process(self.process.pid).cpu_times()
        return used.user + used.system

    def kill(self) -> None:
        """As `kill -9`: no last word, no cleaning up."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """It and all that it started."""
        for process in self.processes():
            process.kill()
        psutil.wait_procs(self.processes(), timeout=10)

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

    def workers(self) -> list[psutil.Process]:
        """The app's worker, unless it is dead; a second one for a moment, before it sees that it is not needed."""
        return [process for process in self.processes() if "--of-app" in _command(process)]

    def trainers(self) -> list[psutil.Process]:
        """Those that train a run, known by the log into which they write."""
        return [process for process in self.processes() if _writes(process, "log.txt")]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _writes(process: psutil.Process, name: str) -> bool:
    try:
        return any(Path(file.path).name == name for file in process.open_files())
    except psutil.Error:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
