"""bench.gpu on a machine without a GPU: parts run, with next to nothing in them, and one that fails stays alone."""

import json

import pytest
import torch

from bench import gpu, gpu_checks, gpu_common, gpu_models
from gan_core import checkpoint, sampling
from gan_core.config import make_config
from gan_core.estimates import probe
from gan_core.presets import preset_config
from gan_core.training.gan import Gan


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch):
    monkeypatch.setattr(gpu, "choose_device", lambda: torch.device("cpu"))


def run(tmp_path, parts, minutes=1.0):
    code = gpu.main(["--minutes", str(minutes), "--out", str(tmp_path / "gpu.json"), "--parts", parts])
    return code, json.loads((tmp_path / "gpu.json").read_text())


def test_parts_find_what_they_should(tmp_path, monkeypatch):
    """The quickest of them, which together run through all that the others are made of."""
    monkeypatch.setattr(gpu_checks, "CAPTURED", ("minute", "r3gan"))
    monkeypatch.setattr(gpu_checks, "PRESET_NAMES", ("gan-keras", "pggan"))
    monkeypatch.setattr(probe, "MEASURING_SECONDS", 0.05)
    parts = "captured", "speed", "presets", "gradients", "resume", "estimate", "candidates", "launches"
    assert set(parts) <= set(gpu.PARTS)
    code, found = run(tmp_path, ",".join(parts))
    assert code == 0
    assert list(found["parts"]) == list(parts)
    for name, part in found["parts"].items():
        assert part["rows"], name
        assert not any("error" in row for row in part["rows"]), name
    assert all(row["to eager"] == row["to fed"] == 0 for row in found["parts"]["captured"]["rows"])
    assert all(row["finite"] and row["in range"] for row in found["parts"]["presets"]["rows"])
    assert all(row["difference"] == 0 for row in found["parts"]["resume"]["rows"])


def test_a_part_that_fails_fails_alone_and_what_was_found_is_kept(tmp_path, monkeypatch, capsys):
    def failing(box):
        """Fails."""
        yield {"a": 1.0, "b": float("inf")}
        raise RuntimeError("no such kernel")

    def patient(box):
        """Takes longer than it may."""
        while True:
            yield {"left": box.left()}

    monkeypatch.setattr(gpu, "PARTS", {"failing": (1, failing), "patient": (1, patient)})
    code, found = run(tmp_path, "failing,patient", 0.001)
    assert code == 1
    assert found["parts"]["failing"]["rows"] == [{"a": 1, "b": "inf"}]
    assert "no such kernel" in found["parts"]["failing"]["error"]
    assert found["parts"]["patient"]["cut"]
    assert "no such kernel" in capsys.readouterr().out


def test_a_model_that_is_too_large_to_travel_is_halved_and_still_draws(tmp_path, monkeypatch):
    config = make_config(preset_config("minute"), **gpu_common.TINY, device="cpu")
    spec = gpu_common.random_pictures(28, 1, 16).spec
    gan = Gan(config, spec, torch.device("cpu"))
    metadata = checkpoint.Metadata("it", config, spec, 1, 1.0, 4)
    path = checkpoint.save_run(tmp_path, metadata, gan.model_state(), gan.resume_state())
    whole = sum(tensor.nbytes for tensor in gan.model_state().values())
    sizes = []
    for most in (whole, whole - 1, whole // 2 + 5000, whole // 4):
        monkeypatch.setattr(gpu_models, "MOST_BYTES", most)
        gpu_models.save_small(path, tmp_path / "small.safetensors", "small")
        sizes.append((tmp_path / "small.safetensors").stat().st_size)
        model = sampling.load_model(tmp_path / "small.safetensors")
        assert (model.metadata.name, model.sample(count=1).images.shape) == ("small", (10, 28, 28, 1))
    assert sizes == sorted(sizes, reverse=True)
    assert (tmp_path / "small.png").exists()
