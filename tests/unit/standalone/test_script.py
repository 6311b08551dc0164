"""The script that stands alone: it learns exactly what the library learns, and is a short, well formatted text."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torchvision import datasets

from gan_core import paths
from gan_core.config import make_config
from gan_core.datasets.loading import load_dataset
from gan_core.errors import WorkbenchError
from gan_core.presets import PRESETS
from gan_core.standalone.script import script
from gan_core.training.gan import Gan
from gan_core.training.loop import train, training_step
from tests.unit.datasets.test_loading import idx_bytes

TUTORIALS = ("gan-keras", "gan-pytorch")
PRESETS_IN_ONE_SCRIPT = [name for name, preset in PRESETS.items() if preset.config.network != "progressive"]
SMALL = {
    "latent_dim": 8, "generator_width": 8, "discriminator_width": 8, "generator_layers": (32, 48),
    "discriminator_layers": (48, 32), "batch_size": 16,
}  # fmt: skip
OTHERS = {
    "minimax": ("dcgan-small", {"loss": "minimax"}),
    "hinge, projection and an auxiliary classifier": (
        "minute", {"loss": "hinge", "discriminator_conditioning": "projection", "classify_fakes": True},
    ),
    "least squares, smoothed labels, weights that decay": (
        "cgan", {"loss": "least-squares", "label_smoothing": 0.1, "optimizer": "adamw", "dropout": 0.2},
    ),
    "relativistic, DiffAugment, noise": (
        "cdcgan", {
            "loss": "relativistic", "augmentation": "colour, translation, cutout", "instance_noise": 0.1,
            "learning_rate_decay": 0.5, "generator_activation": "gelu", "discriminator_activation": "silu",
        },
    ),
    "conditional batch normalisation, mirrored": (
        "cdcgan", {"generator_conditioning": "batch normalisation", "mirror": True, "optimizer": "sgd"},
    ),
    "drift, R1 and R2, other activations in R3GAN's blocks": (
        "r3gan", {"loss": "wasserstein", "drift": 0.01, "penalty_every": 1, "discriminator_activation": "elu"},
    ),
    "dropout in R3GAN's blocks": ("r3gan", {"dropout": 0.3, "conditional": False, "gradient_penalty": 10}),
    "spectral normalisation of fully connected layers": (
        "cgan", {"discriminator_normalisation": "spectral", "generator_normalisation": "none"},
    ),
}  # fmt: skip


class Unhurried:
    """A session without end, clock or changes."""

    seconds = staticmethod(float)
    asked_to_stop = staticmethod(bool)
    changes = staticmethod(lambda gan: {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With data/MNIST as it is on disk: the digits that are part of the program are the first 500 of each class."""
    folder = tmp_path_factory.mktemp("script")
    raw = folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    with np.load(paths.PACKAGE_DATA / "digits.npz") as stored:
        turns = np.argsort(np.tile(np.arange(500), 10), kind="stable")  # the classes take turns, as in MNIST
        images, labels = stored["images"][turns], stored["labels"][turns]
    for part in ("train", "t10k"):
        more = images[:100]  # beyond the first 500 of its class
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(np.concatenate([images, more])))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.concatenate([labels, labels[:100]])))
    return folder


def small(preset, steps, **changes):
    config = make_config(PRESETS[preset].config, **SMALL | changes)
    return budget(config, steps)


def budget(config, steps):
    kimg = steps * config.n_critic * config.batch_size / 1000
    return make_config(config, kimg=kimg, device="cpu", precision="float32")


def losses_of_library(config):
    dataset = load_dataset(config, Path())
    gan = Gan(config, dataset.spec, torch.device("cpu"))
    return losses(train, gan, dataset.batches(config.batch_size, config.seed, 0, config.mirror), Unhurried)


def losses_of_script(text):
    names = {"__name__": "script"}
    exec(compile(text, "script.py", "exec"), names)
    device = torch.device("cpu")
    return losses(names["train"], names["Gan"](device), names["load_pictures"](device).batches())


def losses(train, gan, batches, session=None):
    found = []

    def record(step):
        found.append((step.discriminator_loss.item(), step.generator_loss.item()))

    train(gan, batches, *([session, record, training_step] if session else [record]))
    return found


def check_same_losses(config, folder, monkeypatch, count):
    monkeypatch.chdir(folder)
    text = script(config, "test")
    assert "gan_core" not in text
    found = losses_of_script(text)
    assert len(found) == count
    assert found == losses_of_library(config)


@pytest.mark.parametrize("preset", TUTORIALS)
def test_a_tutorial_s_script_has_the_library_s_losses_for_200_steps(preset, folder, monkeypatch):
    check_same_losses(small(preset, 200), folder, monkeypatch, 200)


@pytest.mark.parametrize("preset", [name for name in PRESETS_IN_ONE_SCRIPT if name not in TUTORIALS])
def test_the_script_of_any_preset_has_the_library_s_losses(preset, folder, monkeypatch):
    check_same_losses(small(preset, 4), folder, monkeypatch, 4)


@pytest.mark.parametrize("name", OTHERS)
def test_so_has_one_of_other_settings(name, folder, monkeypatch):
    preset, changes = OTHERS[name]
    check_same_losses(small(preset, 4, **changes), folder, monkeypatch, 4)


def test_colour_pictures_are_read_as_the_library_reads_them(monkeypatch):
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 32, 32, 3), generator=random, dtype=torch.uint8)
    stored = SimpleNamespace(data=images.numpy(), targets=(torch.arange(40) % 10).tolist())
    monkeypatch.setattr(datasets, "CIFAR10", lambda folder, *wanted, **options: stored)
    check_same_losses(small("cdcgan", 4, dataset="cifar10"), paths.PROJECT, monkeypatch, 4)


@pytest.mark.parametrize("preset", PRESETS_IN_ONE_SCRIPT)
@pytest.mark.parametrize("minutes", [None, 1])
def test_a_script_is_well_formatted_and_uses_all_that_it_has(preset, minutes, tmp_path):
    config = make_config(PRESETS[preset].config, minutes=minutes, kimg=None if minutes else 10)
    file = tmp_path / "script.py"
    file.write_text(script(config, preset), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    formatted = subprocess.run([*ruff, "format", "--diff", "--line-length=120", file], capture_output=True, text=True)
    assert not formatted.stdout
    checked = subprocess.run([*ruff, "check", "--isolated", "--select=F,I", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    if preset in TUTORIALS:
        assert len(file.read_text().splitlines()) <= 250


def test_it_runs_alone_prints_losses_and_leaves_pictures_and_weights(folder):
    file = folder / "alone.py"
    file.write_text(script(small("gan-pytorch", 50), "alone"), encoding="utf-8")
    # -I: neither this project nor the folder it runs in can be imported.
    ended = subprocess.run([sys.executable, "-I", file], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "step 50, 0.8 kimg: discriminator 0." in ended.stdout
    assert (folder / "samples.png").stat().st_size > 1000
    assert torch.load(folder / "generator.pt", weights_only=True)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"network": "progressive"}, "take the notebook"),
        ({"dataset": "folder:pictures"}, "take the notebook"),
        ({"dataset": "few-digits", "batch_size": 64}, "64 does not fit into 20"),
    ],
)
def test_what_a_short_script_cannot_do_is_said(config, said):
    with pytest.raises(WorkbenchError, match=said):
        script(make_config(**config), "test")
