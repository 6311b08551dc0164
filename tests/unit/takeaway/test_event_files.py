"""A run as event files says what the run's store says; they are read by TensorBoard's own reader."""

import io
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

import gan_core
from gan_core.__main__ import cli
from gan_core.errors import WorkbenchError
from gan_core.networks.build import build_generator
from gan_core.sampling import draw, load_model
from gan_core.takeaway.event_files import TAGS, EventFiles
from tests.conftest import small_config

SMALL = small_config(dataset="few-digits", generator_layers=(16, 8), grid_every=10).model_dump(exclude={"minutes"})


def read(folder):
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    found.Reload()
    return found


def check_equal(found, store, run):
    """Every finite value of the store's rows is there, at its step, and no other."""
    metrics = store.read_metrics(run.id)
    for metric, tag in TAGS.items():
        values = metrics.get(metric, np.empty(0))
        finite = np.isfinite(values)
        written = found.Scalars(tag) if tag in found.Tags()["scalars"] else []
        assert [event.step for event in written] == list(metrics["step"][finite] if finite.any() else [])
        assert [event.value for event in written] == pytest.approx(list(values[finite]), rel=1e-6)


def test_a_run_that_has_ended(store, tmp_path, capsys):
    run = gan_core.train("cgan", **SMALL)
    cli(["tensorboard", str(run.id), str(tmp_path / "logs")], standalone_mode=False)
    folder = tmp_path / "logs" / run.name
    assert capsys.readouterr().out.strip() == str(folder)
    found = read(folder)
    check_equal(found, store, run)
    assert [image.step for image in found.Images("samples")] == run.grid_steps
    picture = Image.open(io.BytesIO(found.Images("samples")[-1].encoded_image_string))
    assert picture.size == Image.open(run.grid_path(run.grid_steps[-1])).size
    told = plugin_data_pb2.HParamsPluginData.FromString(
        found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    )
    values = told.session_start_info.hparams
    assert values["preset"].string_value == "cgan"
    assert values["batch_size"].number_value == 16
    assert values["generator_layers"].string_value == "16, 8"
    cli(["tensorboard", run.name, str(tmp_path / "logs")], standalone_mode=False)  # again: nothing is there twice
    check_equal(read(folder), store, run)


def test_a_run_in_training_writes_itself(store, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_WORKBENCH_TENSORBOARD", str(tmp_path / "logs"))
    run = gan_core.train("cgan", **SMALL)
    check_equal(read(tmp_path / "logs" / run.name), store, run)


def test_what_is_new_is_added_and_a_run_that_began_again_is_written_anew(store, tmp_path):
    run = store.create(small_config(), "cgan", owner="me")
    written = EventFiles(store, run, tmp_path)

    def measure(losses):
        rows = np.array([[step, step / 10, step * 0.5, loss] for step, loss in enumerate(losses, 1)])
        store.write_metrics(run.id, 0, ["step", "kimg", "seconds", "generator_loss"], rows)
        return written.bring()

    assert measure([1.0, 2.0])
    assert measure([1.0, 2.0, np.nan, 4.0])
    check_equal(read(written.folder), store, run)
    assert measure([1.0, 7.0])
    store.end(run.id, "me", "stopped")
    assert not written.bring()
    check_equal(read(written.folder), store, run)
    written.close()


def test_without_tensorboard_a_run_fails_in_one_sentence(store, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_WORKBENCH_TENSORBOARD", str(tmp_path))
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(WorkbenchError, match=r"pip install -r deploy/requirements-tensorboard\.txt"):
        gan_core.train("cgan", **SMALL)
    assert [run.state for run in store.all_runs()] == ["failed"]


def test_weights_alone_fit_the_networks_and_draw_the_same(tmp_path):
    cli(["export", "mnist-gan", "--out", str(tmp_path / "generator.pt")], standalone_mode=False)
    model = load_model("mnist-gan")
    generator = build_generator(model.metadata.config, model.metadata.spec).eval()
    generator.load_state_dict(torch.load(tmp_path / "generator.pt", weights_only=True))
    order = model.order(None, 3, seed=1)
    assert np.array_equal(draw(generator, order.latents, order.labels), model.sample(count=3, seed=1).images)
