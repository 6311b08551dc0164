"""Runs on a Ray cluster. Order and fairness stay in our queue; Ray finds a machine for the run whose turn it is.

Ray is given no more runs than have room: it does not reorder what waits, and fails it after a while. What a machine of
the cluster needs to know (where the list of runs, the files and the data are) stands in the environment in which `ray
start` ran there: nothing secret travels through Ray, whose dashboard shows everything. The program itself travels with
each run, so all machines have the same version.
"""

import contextlib
import math
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from ray.exceptions import RayError
from ray.job_submission import JobDetails, JobStatus, JobSubmissionClient
from ray.util.state import list_nodes
from ray.util.state.exception import RayStateApiException

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.hosting_settings import variables_of_jobs
from gan_core.jobs.engines import NotStartedError
from gan_core.jobs.processes import LOST, NOT_STARTED, Process
from gan_core.jobs.torchrun import command_of
from gan_core.jobs.worker import STOP_SECONDS
from gan_core.store.run_queue import ON_CLUSTER
from gan_core.store.tables import EvaluationRow, Run
from gan_core.text import shortened

REQUEST_SECONDS = (2, 4)
"""To connect, and to answer: a worker that waits for longer would not show that it lives."""
ASK_SECONDS = 1.0
"""Between two looks at the states of all jobs."""
MACHINES_SECONDS = 5.0
"""Between two looks at the cluster's machines."""
SILENT_SECONDS = 20.0
"""A cluster that has not answered for so long is given no runs."""
PENDING_SECONDS = 30.0
"""For this long Ray may look for a place. Then somebody else has taken it, and the run waits in our queue again."""
MOST_LOG_BYTES = 1_000_000
"""Of what a run that failed has written, the end."""
FAULTS = (RuntimeError, requests.RequestException, ConnectionError, RayStateApiException, RayError)
"""What Ray's client raises if the cluster does not answer, or refuses."""


class _Client(JobSubmissionClient):
    """Ray's client waits without an end for a cluster that is silent."""

    def _do_request(self, method: str, endpoint: str, **options: Any) -> requests.Response:
        answer: requests.Response = super()._do_request(method, endpoint, **{"timeout": REQUEST_SECONDS} | options)
        return answer


class Cluster:
    """Has a Ray cluster train.

    Args:
        address: of its dashboard, http://HOST:8265. With RAY_AUTH_MODE=token, Ray's client sends RAY_AUTH_TOKEN.
        most: runs in training at the same time; None for as many as have room.
        cpus: cores of a run.
        gpus: GPUs of a run, or a share of one; None for one each if the cluster has any.

    Raises WorkbenchError if the cluster cannot be asked.
    """

    is_here = False

    def __init__(self, address: str, most: int | None = None, cpus: float = 1, gpus: float | None = None):
        self.address, self.most, self.cpus, self.gpus = address.rstrip("/"), most, cpus, gpus
        self._machines: list[dict[str, float]] = []
        self._jobs: dict[str, JobDetails] = {}
        self._jobs_at = self._machines_at = -math.inf
        self._withdrawn: set[str] = set()
        try:
            self._client = _Client(self.address)
            self._look_at_machines()
        except (*FAULTS, ValueError) as error:
            raise WorkbenchError(
                "The Ray cluster at {address} could not be asked ({error}); give its dashboard's address, such as "
                "http://head:8265, and RAY_AUTH_MODE and RAY_AUTH_TOKEN if it wants a token.",
                address=self.name.removeprefix(ON_CLUSTER),
                error=_first_line(error).replace(self.address, ""),
            ) from error
        self._closed = threading.Event()
        # In a thread of its own: a worker that waits for an answer would not show that its runs live.
        threading.Thread(target=self._keep_looking, daemon=True).start()

    @property
    def name(self) -> str:
        """The name of the one worker that may use it for the same list of runs."""
        return f"{ON_CLUSTER}{self.address.rpartition('//')[2].rpartition('@')[2]}"

    # Room

    @property
    def slots(self) -> int:
        """For so many runs there is room on the machines that are there; 0 while the cluster does not answer."""
        if time.monotonic() - self._machines_at > SILENT_SECONDS:
            return 0
        room = sum(self._room(machine) for machine in self._machines)
        return room if self.most is None else min(room, self.most)

    def free_slots(self, taken: int) -> int:
        return self.slots - taken - self._still_pending()

    def withdraw(self, number: str) -> None:
        """Take back a job that has found no place. Ray may be slow to let go of it; till then none is put behind it."""
        self._withdrawn.add(number)
        self.stop(number)

    def _still_pending(self) -> int:
        jobs, _ = self.jobs()
        ended = {number for number in self._withdrawn if number not in jobs or jobs[number].status.is_terminal()}
        for number in ended:
            self.forget(number)
        self._withdrawn -= ended
        return len(self._withdrawn)

    def _keep_looking(self) -> None:
        while not self._closed.wait(ASK_SECONDS):
            with self._said_if_silent():
                began = time.monotonic()
                self._jobs = {job.submission_id: job for job in self._client.list_jobs() if job.submission_id}
                self._jobs_at = began
                if began - self._machines_at >= MACHINES_SECONDS:
                    self._look_at_machines()

    def _look_at_machines(self) -> None:
        began = time.monotonic()
        found = list_nodes(self.address, detail=True, limit=10_000, timeout=REQUEST_SECONDS[1])
        self._machines = [machine.resources_total for machine in found if machine.state == "ALIVE"]
        self._machines_at = began

    def _needs(self, devices: int = 1) -> dict[str, float]:
        """What a run takes of its machine, by Ray's names."""
        has_any = any(machine.get("GPU") for machine in self._machines)
        gpus = self.gpus if self.gpus is not None else float(has_any)
        return {"CPU": devices * self.cpus} | ({"GPU": devices * gpus} if gpus else {})

    def _room(self, machine: dict[str, float], devices: int = 1) -> int:
        """How many runs a machine with these resources takes. A run is on one machine."""
        return int(min(machine.get(name, 0) / needed for name, needed in self._needs(devices).items()))

    # Jobs

    def start(self, module: str, job: Run | EvaluationRow, owner: str, log: Path) -> Process:
        number = _number(job.id, owner)
        devices = job.config.devices if isinstance(job, Run) else 1
        if not any(self._room(machine, devices) for machine in self._machines):
            raise WorkbenchError(
                "No machine of the cluster has what a run on {devices} devices takes; choose fewer.", devices=devices
            )
        try:
            self._submit(number, command_of(module, job, owner), self._needs(devices))
        except FAULTS as error:
            if not self._has(number):  # else Ray knows it, and only the answer was lost
                self._machines_at = -math.inf
                raise NotStartedError(_first_line(error)) from error
        return RayJob(self, number, log)

    def _submit(self, number: str, command: list[str], needs: dict[str, float]) -> None:
        # `exec`, so that Ray's signals reach Python, and nothing is left behind by a machine's Ray that was killed.
        # The first word is this machine's Python.
        self._client.submit_job(
            entrypoint="exec " + shlex.join(["python", *command[1:]]),
            submission_id=number,
            entrypoint_num_cpus=needs["CPU"],
            entrypoint_num_gpus=needs.get("GPU"),
            runtime_env={"py_modules": [str(paths.PROJECT / "gan_core")], "env_vars": _environment()},
        )

    def _has(self, number: str) -> bool:
        with contextlib.suppress(*FAULTS):
            self._client.get_job_info(number)
            return True
        return False

    def find(self, job: Run | EvaluationRow, owner: str) -> Process | None:
        number = _number(job.id, owner)
        return RayJob(self, number, job.folder / "log.txt") if number in self.jobs()[0] else None

    def jobs(self) -> tuple[dict[str, JobDetails], float]:
        """All jobs that Ray knows, as it said a moment ago, and since when that holds, by the monotonic clock."""
        return self._jobs, self._jobs_at

    def stop(self, number: str) -> None:
        """SIGTERM, and SIGKILL after STOP_SECONDS, by Ray. If it does not answer, the run finds it has ended."""
        with self._said_if_silent():
            self._client.stop_job(number)

    def keep_log(self, number: str, log: Path) -> None:
        """Write into its log what a job that failed has said."""
        with contextlib.suppress(*FAULTS, OSError):
            written = self._client.get_job_logs(number).encode()[-MOST_LOG_BYTES:]
            with log.open("ab") as file:
                file.write(written)

    def forget(self, number: str) -> None:
        """Take a job that has ended out of Ray's list."""
        with contextlib.suppress(*FAULTS):
            self._client.delete_job(number)

    @contextlib.contextmanager
    def _said_if_silent(self) -> Iterator[None]:
        """A cluster that does not answer is asked again later; runs that it has go on, and show by themselves that they
        live."""
        try:
            yield
        except FAULTS as error:
            print(f"{self.name}: {_first_line(error)}", file=sys.stderr)

    def get_ready(self, somebody_looks: bool, in_work: bool) -> None: ...

    def close(self) -> None:
        self._closed.set()


class RayJob:
    """A run's process somewhere in the cluster."""

    def __init__(self, cluster: Cluster, number: str, log: Path):
        self.cluster, self.number, self.log = cluster, number, log
        self.submitted_at = time.monotonic()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, LOST or NOT_STARTED; None while it waits for a place, or lives, or Ray does not answer."""
        if self.returncode is None:
            jobs, as_of = self.cluster.jobs()
            if as_of > self.submitted_at:
                self.returncode = self._code(jobs.get(self.number))
        return self.returncode

    def _code(self, job: JobDetails | None) -> int | None:
        if job is None:  # Ray's head was started anew, and has forgotten it
            return LOST
        if job.status == JobStatus.PENDING:
            if time.monotonic() - self.submitted_at < PENDING_SECONDS:
                return None
            self.cluster.withdraw(self.number)
            return NOT_STARTED
        if not job.status.is_terminal():
            return None
        if job.status == JobStatus.FAILED:
            self.cluster.keep_log(self.number, self.log)
        self.cluster.forget(self.number)
        if job.status == JobStatus.STOPPED:
            return -signal.SIGTERM
        return LOST if job.driver_exit_code is None else job.driver_exit_code

    def terminate(self) -> None:
        self.cluster.stop(self.number)

    def kill(self) -> None:
        self.cluster.stop(self.number)

    def wait(self) -> int:
        """Not for one elsewhere: Ray ends it within seconds, and it may write nothing once its run has ended."""
        return -signal.SIGKILL


def _number(job_id: int, owner: str) -> str:
    """By which Ray knows a run's session. It refuses the same one a second time."""
    return f"run-{job_id}-{owner.rpartition('-')[2]}"


def _first_line(error: Exception) -> str:
    """Ray's errors hold the whole traceback of its server."""
    return shortened(str(error).partition("\n")[0])


def _environment() -> dict[str, str]:
    """How the app is hosted. On a machine of the cluster a run shares its cores with nothing of ours."""
    ours = {name: os.environ[name] for name in variables_of_jobs() if name in os.environ}
    return ours | {"GAN_WORKBENCH_SLOTS": "1", "RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS)}
