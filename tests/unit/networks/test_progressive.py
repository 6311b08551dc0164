"""Networks that grow: what they draw and see in between, and Karras 2018's own layers against their formulas."""

import math

import pytest
import torch
from torch.nn.functional import avg_pool2d

from gan_core.config import ImageSpec
from gan_core.networks.progressive import (
    EqualisedConv,
    EqualisedLinear,
    ProgressiveDiscriminator,
    ProgressiveGenerator,
    minibatch_stddev,
    pixel_norm,
)
from tests.conftest import small_config

CONFIG = small_config(network="progressive", conditional=False, generator_normalisation="none")
SPEC = ImageSpec(size=32, channels=3, classes=("a", "b"))
LATENTS, LABELS = torch.randn(4, 8), torch.zeros(4, dtype=torch.long)


def coarse_by(images, pixels):
    """The images as means of squares, so many pixels wide, in their own size."""
    factor = images.shape[-1] // pixels
    return avg_pool2d(images, factor).repeat_interleave(factor, 2).repeat_interleave(factor, 3)


@pytest.mark.parametrize(("grown", "pixels"), [(0, 4), (1, 8), (2, 16), (3, 32)])
def test_the_generator_draws_in_the_pixels_that_it_has_grown_to(grown, pixels):
    generator = ProgressiveGenerator(CONFIG, SPEC)
    generator.grown = grown
    images = generator(LATENTS, LABELS)
    assert images.shape == (4, 3, 32, 32)
    torch.testing.assert_close(images, coarse_by(images, pixels))
    if pixels > 4:
        assert not torch.allclose(images, coarse_by(images, pixels // 2))


def test_a_new_resolution_is_faded_in_from_the_picture_before_to_the_new_one():
    generator = ProgressiveGenerator(CONFIG, SPEC)
    drawn = {}
    for grown in (1, 1.001, 1.25, 1.999, 2):
        generator.grown = grown
        drawn[grown] = generator(LATENTS, LABELS).atanh()  # before the last tanh the blend is linear
    torch.testing.assert_close(drawn[1.001], drawn[1], atol=1e-2, rtol=1e-2)
    torch.testing.assert_close(drawn[1.999], drawn[2], atol=1e-2, rtol=1e-2)
    torch.testing.assert_close(drawn[1.25], 0.75 * drawn[1] + 0.25 * drawn[2], atol=1e-3, rtol=1e-3)


def test_real_images_are_blended_as_the_generator_blends_its_own():
    generator = ProgressiveGenerator(CONFIG, SPEC)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    generator.grown = 1.25
    wanted = 0.75 * coarse_by(images, 8) + 0.25 * coarse_by(images, 16)
    torch.testing.assert_close(generator.at_current_resolution(images), wanted)
    generator.grown = 3
    torch.testing.assert_close(generator.at_current_resolution(images), images)


def test_a_digit_of_28_pixels_gets_a_black_border_and_loses_it_again():
    generator = ProgressiveGenerator(CONFIG, ImageSpec(size=28, channels=1, classes=("a",)))
    generator.grown = 3
    digits = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(generator.at_current_resolution(digits), digits)
    assert generator(LATENTS, LABELS).shape == (4, 1, 28, 28)


def test_the_discriminator_fades_too():
    discriminator = ProgressiveDiscriminator(CONFIG, SPEC)
    images = torch.rand(4, 3, 32, 32)
    logits = {}
    for grown in (1, 1.0001, 1.9999, 2):
        discriminator.grown = grown
        logits[grown] = discriminator(images, LABELS).logits
    torch.testing.assert_close(logits[1.0001], logits[1], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(logits[1.9999], logits[2], atol=1e-3, rtol=1e-3)


def test_what_has_not_grown_yet_does_not_learn():
    generator = ProgressiveGenerator(CONFIG, SPEC)
    generator.grown = 0.5
    generator(LATENTS, LABELS).square().sum().backward()
    assert generator.blocks[0][0].weight.grad.any() and generator.pictures[0].weight.grad.any()
    assert generator.blocks[1][0].weight.grad is None and generator.pictures[2].weight.grad is None


def test_how_far_it_has_grown_is_in_its_checkpoint():
    first, second = ProgressiveGenerator(CONFIG, SPEC), ProgressiveGenerator(CONFIG, SPEC)
    first.grown = 1.37
    second.load_state_dict(first.state_dict())
    assert second.grown == 1.37
    assert torch.equal(first(LATENTS, LABELS), second(LATENTS, LABELS))


@pytest.mark.parametrize(("stored", "grown"), [(7.0, 3.0), (-1.0, 0.0)])
def test_a_file_cannot_make_it_grow_beyond_its_sizes(stored, grown):
    generator = ProgressiveGenerator(CONFIG, SPEC)
    generator.set_extra_state(torch.tensor(stored))
    assert generator.grown == grown


def test_pixel_norm_makes_every_pixels_features_one_long_on_average():
    normalised = pixel_norm(torch.randn(2, 5, 3, 3) * 7)
    torch.testing.assert_close(normalised.square().mean(dim=1), torch.ones(2, 3, 3))


def test_the_deviation_of_a_batch_is_one_more_map():
    features = torch.randn(6, 2, 4, 4)
    deviation = features.std(dim=0, correction=0).mean()
    with_map = minibatch_stddev(features)
    assert torch.equal(with_map[:, :2], features)
    torch.testing.assert_close(with_map[:, 2], deviation.expand(6, 4, 4))
    assert minibatch_stddev(features[:1].expand(6, -1, -1, -1))[:, 2].abs().max() < 1e-3


@pytest.mark.parametrize("layer", [EqualisedConv(8, 4, 3), EqualisedLinear(72, 4)])
def test_equalised_weights_begin_with_deviation_one_and_are_scaled_by_hes_constant(layer):
    assert layer.weight.std().item() == pytest.approx(1, abs=0.2)
    assert layer.scale == pytest.approx(math.sqrt(2 / 72))
