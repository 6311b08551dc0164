"""The nearest picture: a model's own is found again, in the class that is wanted, and neighbours by brute force."""

import numpy as np
import pytest
import torch

import gan_core
from gan_core import projection
from gan_core.errors import WorkbenchError
from gan_core.latents import FARTHEST, from_text, latents, to_text
from gan_core.sampling import from_pixels


@pytest.fixture(scope="module")
def model():
    return gan_core.load("mnist-cdcgan")


@pytest.fixture(scope="module")
def own(model):
    """A picture that the model has drawn, a 3."""
    samples = model.sample(["3"], 1, seed=77)
    return from_pixels(samples.images)[0]


@pytest.fixture(scope="module")
def looks(model, own):
    return list(projection.project(model, own, list(range(10))))


def test_a_picture_of_the_models_own_is_found_again(looks):
    assert looks[-1].label == 3
    assert looks[-1].distance < 0.03 < looks[0].distance
    assert [look.share for look in looks] == sorted(look.share for look in looks)
    assert looks[-1].share == 1.0


def test_the_result_is_what_its_latent_draws_and_as_far_as_it_says(model, own, looks):
    last = looks[-1]
    drawn = model.generator(last.latent[None], torch.tensor([last.label]))
    assert (drawn[0] - own).square().mean().sqrt().item() / 2 == pytest.approx(last.distance, abs=1e-4)
    assert np.abs(from_pixels(last.picture[None]).numpy() - drawn.numpy()).max() < 0.02
    assert last.latent.square().mean() < 2  # one that a generator may be asked for


def test_only_the_classes_that_are_wanted_are_drawn(model, own, monkeypatch):
    monkeypatch.setattr(projection, "STEPS", 3)
    *_others, last = projection.project(model, own, [8])
    assert last.label == 8


def test_neighbours_are_the_nearest_of_all(own):
    images = torch.randint(0, 256, (50, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images[17] = ((own + 1) * 127.5).round().to(torch.uint8)
    numbers, distances = projection.neighbours(own, images, 4)
    apart = [((image.double() / 127.5 - 1 - own.double()) ** 2).mean().sqrt().item() / 2 for image in images]
    assert numbers.tolist() == np.argsort(apart)[:4].tolist()
    assert distances.tolist() == pytest.approx(sorted(apart)[:4], abs=1e-5)
    assert numbers[0] == 17 and distances[0] < 0.002


def test_a_latent_in_an_address_is_the_same_to_three_digits():
    latent = latents(1, 100, seed=3)[0]
    text = to_text(latent)
    assert text.replace("-", "").replace("_", "").rstrip("=").isalnum() and len(text) < 300
    assert torch.allclose(from_text(text, 100), latent, rtol=1e-3, atol=1e-4)
    assert to_text(from_text(text, 100)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAAA",
        "ä" * 40,
        "=" * 40,
        "A" * 10_000,
        to_text(torch.full((8,), 11.0)),
        to_text(torch.tensor([torch.nan] * 8)),
    ],
)
def test_what_is_no_latent_is_refused(text):
    assert FARTHEST < 11
    with pytest.raises(WorkbenchError, match="none of this model's"):
        from_text(text, 8)


def test_a_picture_of_ones_own_is_the_last_of_an_order(model):
    order = model.order(["1", "7"], 2, seed=0)
    latent = latents(1, 100, seed=9)[0]
    more = order.with_own(latent, 5)
    drawn = model.draw(more)
    assert drawn.images.shape[0] == 5 and drawn.labels.tolist() == [1, 1, 7, 7, 5]
    assert torch.equal(drawn.latents[-1], latent)
    assert np.array_equal(drawn.images[:4], model.draw(order).images)
