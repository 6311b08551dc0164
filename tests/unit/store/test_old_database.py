"""A database that was written before metrics, charts and results got their present names."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gan_core import paths
from gan_core.monitor.diagnosis import diagnose
from gan_core.store.evaluations import default_evaluations, result_of
from gan_core.store.runs import default_store
from gan_core.store.tables import State

OLD = Path(__file__).parents[1] / "old" / "runs.db"


@pytest.fixture
def old_store(own_place):
    """One run of 40 steps, finished and evaluated."""
    paths.checkpoints().mkdir(parents=True)
    shutil.copy(OLD, paths.checkpoints() / "runs.db")
    return default_store()


def test_its_run_has_all_curves_under_their_present_names(old_store):
    run = old_store.get(1)
    assert (run.state, run.step, run.preset) == (State.FINISHED, 40, "cgan")
    metrics = old_store.read_metrics(1)
    for name in ("real_output", "fake_output", "diversity", "real_accuracy", "discriminator_loss"):
        assert np.isfinite(metrics[name]).all()
    assert run.last["diversity"] == metrics["diversity"][-1]
    assert diagnose(metrics, run.state)


def test_its_run_goes_on_with_rows_under_the_present_names(old_store):
    old_store.write_metrics(1, 512, ["step", "diversity"], np.array([[41.0, 0.5]]))
    metrics = old_store.read_metrics(1)
    assert np.isfinite(metrics["diversity"]).all()
    assert len(metrics["diversity"]) == len(metrics["step"])
    assert "spread" not in metrics


def test_its_evaluation_has_its_baseline_and_protocol(old_store):
    result = result_of(default_evaluations().get(1))
    assert result.protocol["samples"] == 100
    assert (result.protocol["baseline"], result.protocol["baseline_samples"]) == ("halves", 100)
    assert result.baseline["fid"] < result.scores["fid"]
