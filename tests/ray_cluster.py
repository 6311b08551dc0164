"""A Ray cluster whose machines are processes of this one."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.e2e.server import free_port

MARK = "GAN_WORKBENCH_TEST_MACHINE"
"""An environment variable by which a machine's processes are told from others'."""
START_SECONDS = 180
"""In which a machine has joined, however busy this one is."""


class RayCluster:
    """A head without cores, and machines of one core each.

    Args:
        environment: what each machine knows besides.
        own_folders: each machine has the folder of runs to itself, under its own name.
    """

    def __init__(self, environment: dict[str, str], own_folders: bool = False):
        self.own_folders = own_folders
        self.folder = Path(tempfile.mkdtemp(prefix="ray-"))  # short: the path of a socket may have 107 characters
        self.gcs, self.dashboard = free_port(), free_port()
        self.token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        beside_python = str(Path(sys.executable).parent)
        path = os.pathsep.join([beside_python, os.environ["PATH"]])
        self.environment = os.environ | environment | self.token | {"PATH": path, "RAY_USAGE_STATS_ENABLED": "0"}
        self.machines: dict[str, list[psutil.Process]] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.dashboard}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token['RAY_AUTH_TOKEN']}"}

    def start(self, machines: int) -> None:
        self._ray(
            "head", "--head", f"--port={self.gcs}", f"--dashboard-port={self.dashboard}", "--num-cpus=0",
            f"--temp-dir={self.folder}", f"--ray-client-server-port={free_port()}",
        )  # fmt: skip
        for number in range(machines):
            self.add(f"machine-{number}")

    def add(self, machine: str) -> None:
        self._ray(machine, f"--address=127.0.0.1:{self.gcs}", "--num-cpus=1")

    def _ray(self, machine: str, *options: str) -> None:
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *options]
        log = self.folder / f"{machine}.log"
        environment = self.environment | {MARK: f"{self.folder.name}/{machine}"}
        if self.own_folders:
            environment["GAN_WORKBENCH_CHECKPOINTS"] += f"-{machine}"
        with log.open("wb") as output:
            ended = subprocess.run(
                [*command, "--disable-usage-stats", f"--dashboard-agent-listen-port={free_port()}"],
                env=environment,
                stdout=output,
                stderr=output,
                timeout=START_SECONDS,
            )
        assert ended.returncode == 0, log.read_text()

    def kill(self, machine: str) -> None:
        """As if its power failed: all that runs there is gone at once."""
        for process in self.processes(machine):
            process.kill()

    def processes(self, machine: str = "") -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mark = process.environ().get(MARK, "")
                if mark == f"{self.folder.name}/{machine}" or (not machine and mark.startswith(f"{self.folder.name}/")):
                    found.append(process)
        return found

    def run_on(self, machine: str) -> int | None:
        """The number of the run whose process is there."""
        for process in self.processes(machine):
            with contextlib.suppress(psutil.Error, ValueError):
                command = process.cmdline()
                return int(command[command.index("gan_core.jobs.train_job") + 1])
        return None

    def stop(self) -> None:
        for process in self.processes():
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def ray_cluster(environment: dict[str, str], own_folders: bool = False) -> Iterator[RayCluster]:
    """Of two machines."""
    cluster = RayCluster(environment, own_folders)
    try:
        cluster.start(machines=2)
        yield cluster
    finally:
        cluster.stop()
