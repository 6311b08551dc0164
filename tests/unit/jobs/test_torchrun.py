"""Runs on several devices, in real processes: how they begin, stop, are killed and go on."""

import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from gan_core import checkpoint, paths
from gan_core.errors import WorkbenchError
from gan_core.jobs import job, torchrun, train_job, worker
from gan_core.store.tables import State
from tests.conftest import small_config
from tests.unit.jobs.test_worker import ENDLESS, process_of, state_of, wait_for, working  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no torchrun worth its name")


def ranks_of(process):
    """torchrun's children: what trains."""
    return psutil.Process(process.pid).children()


def alive(processes):
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_run_goes_on_with_two_devices_survives_a_killed_rank_and_goes_back_to_one(store, working):  # noqa: F811
    run = train_job.train_run(store, store.create(small_config(kimg=0.32), "cgan", owner=job.new_owner()))
    assert run.state == State.FINISHED

    store.resume(run.id, small_config(devices=2, **ENDLESS))
    wait_for(lambda: store.get(run.id).step > 40, "steps of both")
    assert store.get(run.id).device.startswith("2 × CPU")
    ranks = ranks_of(process_of(working))
    assert len(ranks) == 2
    ranks[1].kill()
    wait_for(lambda: state_of(store, run) == State.INTERRUPTED, "interrupted")
    assert not alive(ranks)

    store.resume(run.id)
    wait_for(lambda: store.get(run.id).sessions == 3, "the resumed run")  # its newest row is the checkpoint's at first
    wait_for(lambda: store.read_metrics(run.id)["step"][-1] > run.step, "its steps")
    os.kill(process_of(working).pid, signal.SIGTERM)
    wait_for(lambda: state_of(store, run) == State.STOPPED, "stopped")
    stopped = store.get(run.id)
    found = checkpoint.read_metadata(stopped.checkpoint_path)
    assert (found.step, found.images, found.config.devices) == (stopped.step, 16 * stopped.step, 2)
    wait_for(lambda: not working.in_work, "the end of all processes")

    last = small_config(kimg=stopped.kimg + 0.32)
    ended = train_job.train_run(store, store.resume(run.id, last, owner=job.new_owner()))
    assert (ended.state, ended.step) == (State.FINISHED, stopped.step + 20)
    metrics = store.read_metrics(run.id)
    assert (np.diff(metrics["step"]) > 0).all()
    assert np.isfinite(metrics["discriminator_gradient"]).all()


def test_in_the_foreground_a_run_is_waited_for_and_changes_reach_both(store):
    run = store.create(small_config(devices=2), "cgan")
    store.ask_to_change(run.id, n_critic=2)
    store.end(run.id, "", State.STOPPED)
    told = []
    ended = train_job.train_run(store, store.resume(run.id, owner=job.new_owner()), told.append)
    assert (ended.state, ended.step, ended.kimg) == (State.FINISHED, 10, 0.32)
    assert {"device"} in [set(one) for one in told]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_in_the_foreground_processes_that_die_are_an_error(store, monkeypatch):
    monkeypatch.setattr(torchrun, "command_of", lambda *job: [sys.executable, "-c", "raise SystemExit(3)"])
    run = store.create(small_config(devices=2, batch_size=16), "cgan", owner=job.new_owner())
    with pytest.raises(WorkbenchError, match="Its process ended with code 3"):
        train_job.train_run(store, run)
    assert state_of(store, run) == State.INTERRUPTED


def test_a_rank_does_not_outlive_its_launcher():
    child = "from gan_core.jobs.processes import die_with_parent; import time; die_with_parent(); print(flush=True); "
    child += "time.sleep(600)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], start_new_session=True)"
    launcher = subprocess.Popen([sys.executable, "-c", parent], cwd=paths.PROJECT, stdout=subprocess.PIPE)
    launcher.stdout.readline()
    ranks = ranks_of(launcher)
    launcher.kill()
    launcher.communicate()
    wait_for(lambda: not alive(ranks), "its end")


def test_only_a_run_on_several_devices_is_started_by_torchrun(store):
    alone, together = (store.create(small_config(devices=devices), "cgan") for devices in (1, 2))
    assert torchrun.command_of(worker.Worker.module, alone, "me")[1:] == [
        "-m", "gan_core.jobs.train_job", str(alone.id), "me",
    ]  # fmt: skip
    assert torchrun.command_of(worker.Worker.module, together, "me")[1:] == [
        "-m", "gan_core.jobs.torchrun", "2", str(together.id), "me",
    ]  # fmt: skip
