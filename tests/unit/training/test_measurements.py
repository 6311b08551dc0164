"""What is measured of a training step."""

import math

import pytest
import torch

from gan_core.config import ImageSpec
from gan_core.training import loop
from gan_core.training.gan import Gan
from gan_core.training.measurements import measure
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=tuple("0123456789"))


def measured(real, fake, logits=None, **changes):
    gan = Gan(small_config(**changes), SPEC, torch.device("cpu"))
    loop.training_step(gan, iter([(torch.zeros(2, 1, 28, 28), torch.zeros(2, dtype=torch.long))]))
    of_real, of_fake = logits or (torch.zeros(len(real)), torch.zeros(len(real)))
    step = loop.Step(torch.tensor(0.7), torch.tensor(0.8), of_real, of_fake, real, fake)
    return measure(step, gan)


@pytest.fixture
def real():
    return torch.rand(16, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_fakes_that_are_all_the_same_have_no_diversity(real):
    assert measured(real, real[:1].expand_as(real))["diversity"] == 0


def test_the_real_images_in_another_order_have_diversity_1(real):
    assert measured(real, real.flip(0))["diversity"] == pytest.approx(1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_fakes_at_half_the_contrast_have_half_the_diversity(real, dtype):
    """Autocast draws fakes in bfloat16. Halving is exact there, so what is computed in float32 is as exact as ever."""
    real = real.bfloat16().float()
    assert measured(real, (real / 2).to(dtype))["diversity"] == pytest.approx(0.5, rel=1e-5)


def test_diversity_is_measured_pixel_by_pixel(real):
    """Half of the pixels are always the same, the others as varied as the real ones."""
    fake = real.clone()
    fake[..., :14, :] = real[:1, :, :14, :]
    pixels = real.std(dim=0, correction=0)
    wanted = (pixels[..., 14:, :].sum() / pixels.sum()).item()
    assert measured(real, fake)["diversity"] == pytest.approx(wanted)


def test_a_critics_distance_is_measured_and_its_outputs_are_not(real):
    logits = torch.tensor([3.0, 5.0]), torch.tensor([-1.0, 2.0])
    critic = measured(real, real, logits, loss="wasserstein")
    assert critic["distance"] == pytest.approx(4 - 0.5)
    nothing = [critic[name] for name in ("real_accuracy", "fake_accuracy", "real_output", "fake_output")]
    assert all(map(math.isnan, nothing))
    assert "distance" not in measured(real, real, logits)
