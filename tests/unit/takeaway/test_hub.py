"""A model goes to the Hugging Face Hub with its card, and comes back; the Hub is a stand-in on this machine."""

import io
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

import gan_core
from gan_core import checkpoint, paths
from gan_core.errors import WorkbenchError
from gan_core.metrics.result import Evaluation
from gan_core.takeaway import hub as ours
from gan_core.takeaway import model_card
from tests import hub
from tests.conftest import small_config
from tests.unit.datasets.test_folders import plain, put

SCORED = Evaluation(
    protocol={
        "model": "mnist-gan", "step": 9, "kimg": 2000.0, "dataset": "mnist", "features": "classifier", "samples": 100,
        "seed": 0, "reference": 60_000, "baseline": "test", "baseline_samples": 100, "comparable": False,
    },
    scores={"fid": 0.0604, "precision": 0.7},
    baseline={"fid": 0.0031, "precision": 0.99},
    class_names=(), confusion=None, pictures={}, distances=[],
)  # fmt: skip


@pytest.fixture
def there(monkeypatch, tmp_path):
    """The Hub, and somebody who is logged in."""
    from huggingface_hub import constants

    with hub.hub() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", "hf_ana")
        yield server


def front_matter(card):
    _, head, body = card.split("---\n", 2)
    return yaml.safe_load(head), body


def test_what_was_pushed_is_loaded_and_draws_the_same(there):
    address = ours.push("mnist-gan", "hf://ana/digits", SCORED, private=True)
    assert address == f"{there.url}/ana/digits"
    assert there.tokens == {"Bearer hf_ana"}
    (made,) = there.made
    assert made.get("private") or made["visibility"] == "private"  # as releases of the client say it
    files = there.repositories["ana/digits"]
    assert {"README.md", "model.safetensors", "samples.png"} <= set(files)
    assert 'gan_core.load("hf://ana/digits")' in files["README.md"].decode()
    drawn = gan_core.load("hf://ana/digits").sample(count=4, seed=3).images
    assert np.array_equal(drawn, gan_core.load("mnist-gan").sample(count=4, seed=3).images)


def test_the_command_line_speaks_to_the_endpoint_of_the_environment(there, tmp_path):
    """In a process of its own, in which nothing is replaced: HF_ENDPOINT says where the Hub is."""
    there.repositories["ana/digits"] = {"model.safetensors": checkpoint.find("mnist-gan").read_bytes()}
    environment = paths.child_environment() | {
        "HF_ENDPOINT": there.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1",
    }  # fmt: skip
    words = ["sample", "hf://ana/digits", "--per-class", "1", "--out", str(tmp_path / "drawn.png")]
    subprocess.run([sys.executable, "-m", "gan_core", *words], env=environment, cwd=tmp_path, check=True)
    assert Image.open(tmp_path / "drawn.png").size


def test_the_card_is_read_by_the_hubs_own_library(tmp_path):
    from huggingface_hub import ModelCard

    model_card.write_folder("mnist-gan", tmp_path, SCORED)
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.license == "cc-by-sa-3.0"
    assert card.data.datasets == ["ylecun/mnist"]
    scores = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert scores == SCORED.scores
    assert "| FID | 0.0604 | 0.0031 | lower |" in card.text
    assert "python -m gan_core train --preset" in card.text
    assert (tmp_path / "samples.png").exists()


def test_another_licence_may_be_named(tmp_path):
    card = model_card.text(gan_core.load("mnist-gan").metadata, SCORED, licence="mit")
    head, body = front_matter(card)
    assert head["license"] == "mit"
    assert "The model's: `mit`" in body and "cc-by-sa-3.0" in body


def test_a_run_of_a_folder_shows_how_it_learnt_and_not_where_its_pictures_lie(tmp_path):
    folder = tmp_path / "cats [1]"
    put(folder)
    for number in range(4):
        plain("L", number).save(folder / f"{number}.png")
    config = small_config(dataset=f"folder:{folder}", batch_size=2, kimg=0.04, grid_every=10)
    run = gan_core.train("cgan", **config.model_dump(exclude={"minutes"}))
    scored = SCORED._replace(protocol=SCORED.protocol | {"dataset": f"folder:{folder}"})
    model_card.write_folder(run.checkpoint_path, tmp_path / "out", scored)
    assert Image.open(tmp_path / "out" / "learning.webp").n_frames > 1
    head, body = front_matter((tmp_path / "out" / "README.md").read_text())
    assert head["license"] == "unknown"
    assert "cats \\[1\\]" in body
    assert not [path for path in (tmp_path / "out").iterdir() if str(tmp_path).encode() in path.read_bytes()]


@pytest.mark.parametrize("address", ["hf://", "hf://ana", "hf://ana/b/c", "hf://../x", "hf://ana/a..b"])
def test_what_is_no_address_is_one_sentence(there, address):
    with pytest.raises(WorkbenchError):
        gan_core.load(address)


def test_what_is_not_there_is_one_sentence(there):
    with pytest.raises(WorkbenchError, match="There is no model hf://ana/nothing"):
        gan_core.load("hf://ana/nothing")
    there.repositories["ana/text"] = {"README.md": b"only words"}
    with pytest.raises(WorkbenchError, match="There is no model hf://ana/text"):
        gan_core.load("hf://ana/text")


def test_what_is_too_large_is_not_downloaded(there, monkeypatch):
    there.repositories["ana/large"] = {"model.safetensors": b"x" * 100}
    monkeypatch.setattr(ours, "MOST_BYTES", 99)
    with pytest.raises(WorkbenchError, match="too large"):
        gan_core.load("hf://ana/large")


def test_something_else_of_that_name_is_refused(there):
    there.repositories["ana/other"] = {"model.safetensors": b"no tensors"}
    with pytest.raises(WorkbenchError, match="not a whole safetensors file"):
        gan_core.load("hf://ana/other")


def test_who_is_not_logged_in_is_told_how(there, monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(WorkbenchError, match="hf auth login"):
        ours.push("mnist-gan", "hf://ana/digits", SCORED)


def test_a_hub_that_cannot_be_reached_is_one_sentence(there):
    there.shutdown()
    there.server_close()
    with pytest.raises(WorkbenchError, match="cannot be reached"):
        gan_core.load("hf://ana/digits")


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(WorkbenchError, match=r"pip install -r deploy/requirements-hub\.txt"):
        gan_core.push("mnist-gan", "hf://ana/digits")


def test_pushing_scores_the_model_and_a_path_is_no_address(there, monkeypatch):
    asked = []

    def evaluate(source, samples, data_dir):
        asked.append((source, samples, data_dir))
        return SCORED

    monkeypatch.setattr("gan_core.metrics.scorecard.evaluate", evaluate)
    with pytest.raises(WorkbenchError, match="write hf://OWNER/NAME"):
        gan_core.push("mnist-gan", "ana/digits")
    assert asked == []
    gan_core.push("mnist-gan", "hf://ana/digits", samples=100)
    assert asked == [("mnist-gan", 100, None)]
    assert Image.open(io.BytesIO(there.repositories["ana/digits"]["samples.png"])).size
