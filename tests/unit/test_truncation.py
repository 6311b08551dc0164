"""What truncation costs, against torch-fidelity's precision and recall of pictures drawn by hand."""

import pytest
import torch

import gan_core
from gan_core import truncation
from gan_core.config import make_config
from gan_core.datasets.loading import load_dataset, normalise
from gan_core.errors import WorkbenchError
from gan_core.metrics.classifier import load_classifier, seen_of
from gan_core.metrics.formulas import precision_recall, some_of
from gan_core.sampling import from_pixels


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return load_dataset(make_config(dataset="digits"), tmp_path_factory.mktemp("none")).images


def test_the_curve_is_what_pictures_of_each_truncation_get(real):
    model, shares = gan_core.load("mnist-cdcgan"), []
    cost = truncation.measure(model, real, 60, shares.append)
    assert (cost.pictures, cost.weights) == (60, "ema")
    assert shares[-1] == 1.0 and shares == sorted(shares)
    # The library's own road to pictures, a class after the other; the measured ones take turns.
    order = model.order(None, 6, seed=0, truncation=0.5)
    drawn = model.generator(order.latents, torch.arange(60) % 10)
    pixels = ((drawn.permute(0, 2, 3, 1) * 127.5 + 127.5).round()).to(torch.uint8).numpy()
    network = load_classifier("mnist")
    wanted = precision_recall(network(from_pixels(pixels))[1], network(normalise(some_of(real, 60, 0)))[1])
    found = [column[truncation.THRESHOLDS.index(0.5)] for column in (cost.precision, cost.recall)]
    assert found == pytest.approx(wanted, abs=1e-4)
    assert cost.recall[0] < cost.recall[-1]


def test_too_few_pictures_are_refused(real):
    with pytest.raises(WorkbenchError, match="at least 20 pictures"):
        truncation.measure(gan_core.load("mnist-gan"), real[:19], 100)


@pytest.mark.parametrize(("dataset", "channels", "numbers"), [("digits", 1, 64), ("digits", 3, 2352), ("x", 1, 784)])
def test_what_pictures_are_compared_by_says_the_datasets_classifier_or_the_pixels(dataset, channels, numbers):
    assert seen_of(dataset, channels)(torch.zeros(2, channels, 28, 28)).shape == (2, numbers)
