"""A small dataset and a good model of it, so that an evaluation takes a second."""

import numpy as np
import pytest

from gan_core import checkpoint
from gan_core.datasets import loading


@pytest.fixture
def few_digits(tmp_path, monkeypatch):
    """The dataset `digits` with every tenth of its pictures: 500."""
    with np.load(loading.DIGITS_FILE) as stored:
        few = {name: stored[name][::10] for name in ("images", "labels")}
    np.savez(tmp_path / "few.npz", **few)
    monkeypatch.setattr(loading, "DIGITS_FILE", tmp_path / "few.npz")
    return few


def of_digits(shipped, path):
    """A shipped model of MNIST, as if it had learnt from `digits`."""
    source = checkpoint.find(shipped)
    metadata = checkpoint.read_metadata(source)
    config = metadata.config.model_copy(update={"dataset": "digits"})
    checkpoint.write_tensors(path, checkpoint.read_tensors(source), metadata._replace(config=config).to_header())
    return path


@pytest.fixture
def conditional(few_digits, tmp_path):
    return of_digits("mnist-cdcgan", tmp_path / "cdcgan.safetensors")


@pytest.fixture
def unconditional(few_digits, tmp_path):
    return of_digits("mnist-gan", tmp_path / "gan.safetensors")
