"""Drawing: reproducible, independent of batches, in the order that was asked for."""

import numpy as np
import pytest
import torch

from gan_core import sampling
from gan_core.checkpoint import About
from gan_core.config import ImageSpec
from gan_core.errors import WorkbenchError
from gan_core.networks import build_generator
from gan_core.sampling import Model
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=("cat", "dog", "7"))


def model(**changes):
    config = small_config(network="dcgan", **changes)
    torch.manual_seed(0)
    return Model(About("test", config, SPEC, 0, 0.0), build_generator(config, SPEC).eval())


def test_the_same_seed_draws_the_same_pictures():
    drawn = [model().sample(count=3, seed=seed).images for seed in (4, 4, 5)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_how_many_are_drawn_at_a_time_changes_nothing_one_could_see(monkeypatch):
    whole = model().sample(count=20).images.astype(int)
    monkeypatch.setattr(sampling, "DRAW_BATCH", 7)
    # Matrix products of another size may round the last bit differently: one grey level at most.
    assert np.abs(model().sample(count=20).images.astype(int) - whole).max() <= 1


def test_classes_are_drawn_in_the_order_asked_for_by_name_or_number():
    assert model().sample(classes=["dog", 0, "7"], count=2).labels.tolist() == [1, 1, 0, 0, 2, 2]


def test_an_unknown_class_is_refused_with_the_known_ones():
    with pytest.raises(WorkbenchError, match="cat, dog, 7"):
        model().sample(classes=["horse"])
    with pytest.raises(WorkbenchError):
        model().sample(classes=[3])
    with pytest.raises(WorkbenchError, match="at least one"):
        model().sample(classes=[])


def test_an_unconditional_model_has_no_classes():
    unconditional = model(conditional=False)
    assert unconditional.sample(count=5).labels is None
    with pytest.raises(WorkbenchError, match="unconditional"):
        unconditional.sample(classes=["cat"])


def test_pixels_cover_the_whole_range():
    images = torch.tensor([-1.0, 0.0, 1.0]).view(1, 1, 1, 3)
    assert sampling.to_pixels(images).ravel().tolist() == [0, 128, 255]


def test_a_grid_is_filled_row_by_row_and_enlarged_without_blur():
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * 50
    grid = np.asarray(sampling.grid(images, columns=3, zoom=2))
    assert grid[::2, ::2].tolist() == [[0, 50, 100], [150, 200, 0]]
    assert np.array_equal(grid[::2, ::2], grid[1::2, 1::2])


def test_colour_grids_keep_their_colours():
    images = np.zeros((2, 2, 2, 3), dtype=np.uint8)
    images[1] = (10, 20, 30)
    assert np.asarray(sampling.grid(images, columns=2))[0, 2].tolist() == [10, 20, 30]
