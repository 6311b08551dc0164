"""Runs on a Ray cluster: given once, found again, stopped, and going on where a machine is lost."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import requests
from ray.job_submission import JobStatus

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.jobs import cluster as ray
from gan_core.jobs.cluster import Cluster
from gan_core.jobs.engines import NotStartedError
from gan_core.jobs.processes import LOST, NOT_STARTED
from gan_core.jobs.worker import Worker
from gan_core.store.runs import default_store
from gan_core.store.tables import State
from tests.conftest import small_config
from tests.postgres import postgres
from tests.ray_cluster import ray_cluster

PATIENCE_SECONDS = 240
ENDLESS = {"kimg": 1e7}


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@contextlib.contextmanager
def worker_of(machines):
    """A worker as its user starts it; one that ends leaves at work what is elsewhere."""
    command = [sys.executable, "-m", "gan_core", "worker", "--ray", machines.address]
    process = subprocess.Popen(command, env=os.environ | machines.token)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def test_runs_go_on_elsewhere_when_their_machine_is_lost_and_when_their_worker_is_another(monkeypatch, tmp_path):
    with postgres() as url:
        places = {"DATABASE": url, "CHECKPOINTS": str(tmp_path / "shared"), "DATA": str(tmp_path / "data")}
        environment = {f"GAN_WORKBENCH_{name}": place for name, place in places.items()}
        for name, place in environment.items():
            monkeypatch.setenv(name, place)
        with ray_cluster(environment) as machines:
            _through_losses(default_store(), machines, url)


def _through_losses(store, machines, url):
    first, second = (store.create(small_config(**ENDLESS), "cgan") for _ in range(2))
    waiting = store.create(small_config(), "cgan")

    def now(run):
        return store.get(run.id)

    with worker_of(machines):
        wait_for(lambda: now(first).step and now(second).step, "two runs in training")
        assert {machines.run_on("machine-0"), machines.run_on("machine-1")} == {first.id, second.id}
        assert now(waiting).state == State.QUEUED, "there is room for two"
        assert requests.get(f"{machines.address}/api/jobs/", timeout=10).status_code == 401, "it wants the token"
        shown = requests.get(f"{machines.address}/api/jobs/", headers=machines.headers, timeout=10).text
        assert "gan_core.jobs.train_job" in shown
        assert url.partition("host=")[2] not in shown, "the database's address is nobody's business there"
        machines.kill("machine-0")
        wait_for(lambda: now(first).restarts + now(second).restarts == 1, "the lost run to be missed")
        lost, other = (first, second) if now(first).restarts else (second, first)
        store.ask_to_stop(other.id)
        wait_for(lambda: now(other).state == State.STOPPED, "the other one's end")
        wait_for(lambda: now(lost).sessions == 2, "the lost run on the other machine")
        assert now(waiting).state == State.QUEUED, "the lost one's turn had come before"
    with worker_of(machines):
        store.ask_to_stop(lost.id)
        wait_for(lambda: now(lost).state == State.STOPPED, "its end")
        assert now(lost).sessions == 2, "the worker's end was not the run's"
        assert now(lost).restarts == 0, "it has saved itself"
        wait_for(lambda: now(waiting).state == State.FINISHED, "the run that waited")


# Without a cluster


class Told:
    """In place of Ray's client: what it was told, and what it answers."""

    def __init__(self, address):
        self.jobs, self.ended, self.answers = {}, [], True

    def submit_job(self, submission_id, **options):
        if submission_id in self.jobs:
            raise RuntimeError("exists already")
        self.jobs[submission_id] = self.job(submission_id, JobStatus.PENDING)
        if not self.answers:
            raise RuntimeError("no answer")

    @staticmethod
    def job(number, status, code=None):
        return SimpleNamespace(submission_id=number, status=status, driver_exit_code=code)

    def list_jobs(self):
        return list(self.jobs.values())

    def get_job_info(self, number):
        if number not in self.jobs:
            raise RuntimeError("no such job")

    def get_job_logs(self, number):
        return "what it said\n"

    def stop_job(self, number):
        self.ended.append(number)

    def delete_job(self, number):
        del self.jobs[number]


@pytest.fixture
def told(monkeypatch):
    """A cluster of one machine with two cores and no GPU, whose client is Told. Returns both."""
    machine = SimpleNamespace(state="ALIVE", resources_total={"CPU": 2.0})
    gone = SimpleNamespace(state="DEAD", resources_total={"CPU": 64.0})
    monkeypatch.setattr(ray, "list_nodes", lambda *_, **__: [machine, gone])
    monkeypatch.setattr(ray, "_Client", Told)
    monkeypatch.setattr(ray, "ASK_SECONDS", 0.01)
    made = Cluster("http://head:8265/")
    yield made, made._client
    made.close()


def begun(cluster, store, owner="ray@head:8265/here-1-abc"):
    run = store.create(small_config(), "cgan", owner=owner)
    return cluster.start("gan_core.jobs.train_job", run, owner, run.folder / "log.txt")


def ended_code(process):
    wait_for(lambda: process.poll() is not None, "its end")
    return process.poll()


def test_machines_that_are_gone_have_no_room_and_gpus_count_where_there_are_any(told, monkeypatch):
    cluster, _ = told
    assert (cluster.slots, cluster.name) == (2, "ray@head:8265")
    cluster._machines = [{"CPU": 64.0, "GPU": 4.0}, {"CPU": 64.0}]
    assert cluster.slots == 4, "one each"
    cluster.gpus = 0.5
    assert cluster.slots == 8
    cluster.most = 3
    assert cluster.slots == 3


def test_a_run_on_several_devices_asks_for_as_many_and_fails_where_no_machine_has_them(told, store):
    cluster, _ = told
    cluster._machines = [{"CPU": 64.0, "GPU": 2.0}]
    assert cluster._needs(2) == {"CPU": 2, "GPU": 2}
    runs = [store.create(small_config(batch_size=12, devices=count), "cgan") for count in (3, 2)]
    Worker(store, cluster, cluster.name).supervise()
    assert [store.get(run.id).state for run in runs] == [State.FAILED, State.RUNNING]
    assert "choose fewer" in str(store.get(runs[0].id).status_text)


def test_a_job_whose_answer_was_lost_is_not_given_twice(told, store):
    cluster, client = told
    client.answers = False
    process = begun(cluster, store)
    client.jobs = {number: client.job(number, JobStatus.SUCCEEDED, 0) for number in client.jobs}
    assert ended_code(process) == 0
    assert not client.jobs, "what has ended is taken out of Ray's list"


def test_where_ray_refuses_the_run_waits_again(told, store, monkeypatch):
    cluster, client = told
    run = store.create(small_config(), "cgan")

    def refuse(**options):
        raise ConnectionError("refused")

    monkeypatch.setattr(client, "submit_job", refuse)
    Worker(store, cluster, cluster.name).supervise()
    assert store.get(run.id).state == State.QUEUED
    with pytest.raises(NotStartedError):
        begun(cluster, store)


def test_a_job_without_a_place_is_taken_back_and_none_is_put_behind_it(told, store, monkeypatch):
    cluster, client = told
    monkeypatch.setattr(ray, "PENDING_SECONDS", 0)
    process = begun(cluster, store)
    assert ended_code(process) == NOT_STARTED
    assert client.ended == [process.number]
    assert cluster.free_slots(0) == 1
    client.jobs[process.number] = client.job(process.number, JobStatus.STOPPED)
    wait_for(lambda: cluster.free_slots(0) == 2, "Ray to let go of it")


@pytest.mark.parametrize(("status", "code", "expected"), [("FAILED", 7, 7), ("FAILED", None, LOST)])
def test_a_machine_that_is_lost_is_no_exit_code(told, store, status, code, expected):
    cluster, client = told
    process = begun(cluster, store)
    process.log.parent.mkdir(parents=True)
    client.jobs[process.number] = client.job(process.number, JobStatus(status), code)
    assert ended_code(process) == expected
    assert process.log.read_text() == "what it said\n"


def test_a_head_that_was_started_anew_has_lost_its_jobs(told, store):
    cluster, client = told
    process = begun(cluster, store)
    client.jobs.clear()
    assert ended_code(process) == LOST


def test_a_cluster_that_is_silent_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(ray, "REQUEST_SECONDS", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(WorkbenchError, match="could not be asked"):
            Cluster(address)
        with pytest.raises(requests.Timeout):
            ray._Client(address).list_jobs()


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(WorkbenchError) as refused:
        Cluster("http://me:secret@127.0.0.1:1")
    assert "127.0.0.1:1" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_run_of_a_cluster_goes_on_by_itself_three_times(store):
    run = store.create(small_config(), "cgan", owner="ray@head:8265/one")
    for _ in range(3):
        store.interrupt(run.id, store.get(run.id).owner, ray_lost())
        assert store.get(run.id).state == State.QUEUED
        store.claim("ray@head:8265/next")
    store.interrupt(run.id, "ray@head:8265/next", ray_lost())
    assert store.get(run.id).state == State.INTERRUPTED


def ray_lost():
    from gan_core.jobs.worker import _how_it_ended

    return _how_it_ended(LOST)


def test_what_a_cluster_can_train_counts_when_turns_are_foreseen(store):
    assert hosting().slots == 1
    config = small_config().model_copy(update={"minutes": 1.0, "kimg": None})
    runs = [store.create(config, "cgan") for _ in range(3)]
    assert store.turn(runs[1]).seconds > 0
    store.register_worker("ray@head:8265", "me", slots=3)
    assert [store.turn(run).seconds for run in runs] == [0, 0, 0]
