"""Penalties against closed forms of critics whose slope is known, and against finite differences."""

import math

import pytest
import torch

from gan_core.config import WITH_TARGETS
from gan_core.training.losses import LOSSES, LeastSquares, NonSaturating
from gan_core.training.regularizers import (
    clip_weights,
    drift,
    gradient_penalty,
    instance_noise,
    label_smoothing,
    r1_penalty,
    squared_slopes,
)

torch.manual_seed(0)
REAL = torch.randn(4, 2, 3, 3, dtype=torch.float64)
FAKE = torch.randn(4, 2, 3, 3, dtype=torch.float64)
DIRECTION = torch.randn(18, dtype=torch.float64)
MIXING = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)


def linear(images):
    return images.flatten(1) @ DIRECTION


def quadratic(images):
    """Its gradient at x is x."""
    return images.flatten(1).square().sum(dim=1) / 2


def curved(images):
    return (images.flatten(1) @ DIRECTION).tanh() * images.flatten(1).square().sum(dim=1)


def test_a_linear_critics_slope_is_its_direction_everywhere():
    torch.testing.assert_close(squared_slopes(linear, REAL), DIRECTION.square().sum().expand(4))


def test_slopes_match_finite_differences():
    wanted = []
    for image in REAL:
        squares = 0.0
        for place in range(image.numel()):
            moved = torch.zeros(image.numel(), dtype=torch.float64)
            moved[place] = 1e-5
            up, down = (image.flatten() + moved).view(1, 2, 3, 3), (image.flatten() - moved).view(1, 2, 3, 3)
            squares += ((curved(up) - curved(down)) / 2e-5).item() ** 2
        wanted.append(squares)
    assert squared_slopes(curved, REAL).tolist() == pytest.approx(wanted, rel=1e-6)


def test_r1_of_a_quadratic_critic_is_half_the_mean_square_of_the_images():
    assert r1_penalty(quadratic, REAL).item() == pytest.approx(REAL.square().sum().item() / 4 / 2)


def test_gradient_penalty_holds_the_slope_at_one():
    length = DIRECTION.norm().item()
    assert gradient_penalty(linear, REAL, FAKE, MIXING).item() == pytest.approx((length - 1) ** 2)
    assert gradient_penalty(lambda images: linear(images) / length, REAL, FAKE, MIXING).item() == pytest.approx(0)


def test_gradient_penalty_looks_between_each_pair_and_at_each_image_alone():
    between = [e * real + (1 - e) * fake for e, real, fake in zip(MIXING, REAL, FAKE, strict=True)]
    wanted = sum((image.norm().item() - 1) ** 2 for image in between) / 4
    assert gradient_penalty(quadratic, REAL, FAKE, MIXING).item() == pytest.approx(wanted)


def test_a_flat_critic_has_a_penalty_and_a_finite_gradient():
    weight = torch.zeros(18, dtype=torch.float64, requires_grad=True)
    penalty = gradient_penalty(lambda images: images.flatten(1) @ weight, REAL, FAKE, MIXING)
    penalty.backward()
    assert penalty.item() == pytest.approx(1, abs=1e-5)
    assert weight.grad.isfinite().all()


def penalty_towards_one(critic):
    return gradient_penalty(critic, REAL, FAKE, MIXING)


def penalty_towards_zero(critic):
    return r1_penalty(critic, REAL)


@pytest.mark.parametrize("penalty", [penalty_towards_one, penalty_towards_zero])
def test_the_gradient_of_a_penalty_matches_finite_differences(penalty):
    """What the discriminator learns by: a derivative of a derivative."""

    def value(weights):
        def critic(images):
            return (images.flatten(1) @ weights[:18]).tanh() * weights[18]

        return penalty(critic)

    weights = torch.randn(19, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(value, (weights,))


def test_label_smoothing_is_the_cross_entropy_with_a_lower_target():
    real, fake, target = torch.tensor([0.3, -2.0, 4.0]), torch.tensor([1.0, 0.0, -1.0]), 0.9
    outputs = real.sigmoid()
    smoothed = -(target * outputs.log() + (1 - target) * (1 - outputs).log()).mean() - (1 - fake.sigmoid()).log().mean()
    ours = NonSaturating.discriminator(real, fake) + label_smoothing(real, 0.1)
    torch.testing.assert_close(ours, smoothed)


@pytest.mark.parametrize("name", WITH_TARGETS)
def test_whatever_the_loss_a_discriminator_learns_the_smoothed_target(name):
    game, logit = LOSSES[name], torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([logit], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = game.discriminator(logit, torch.zeros(1)) + game.weight_of_real * label_smoothing(logit, 0.1)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert game.outputs(logit, logit)[0].item() == pytest.approx(0.9, abs=1e-3)


def test_drift_is_the_mean_square_of_the_answers():
    assert drift(torch.tensor([1.0, -2.0, 0.5])).item() == pytest.approx(5.25 / 3)


def test_label_smoothing_has_the_gradient_of_least_squares_with_a_lower_target():
    real, fake = torch.tensor([0.3, -2.0, 4.0], requires_grad=True), torch.zeros(3)
    ours = LeastSquares.discriminator(real, fake) + label_smoothing(real, 0.1)
    wanted = 0.5 * (real - 0.9).square().mean()
    torch.testing.assert_close(torch.autograd.grad(ours, real)[0], torch.autograd.grad(wanted, real)[0])


def test_clipped_weights_stay_within_the_limit_and_small_ones_as_they_are():
    network = torch.nn.Linear(3, 1)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[-5.0, 0.004, 0.2]]))
    clip_weights(network, 0.01)
    assert network.weight.tolist()[0] == pytest.approx([-0.01, 0.004, 0.01])
    assert network.bias.abs().item() <= 0.01


def test_instance_noise_has_its_deviation_and_follows_from_the_seed():
    images = torch.zeros(100, 1, 28, 28)
    noisy = instance_noise(images, 0.3, torch.Generator().manual_seed(1))
    assert noisy.std().item() == pytest.approx(0.3, rel=0.02)
    assert noisy.mean().item() == pytest.approx(0, abs=4 * 0.3 / math.sqrt(images.numel()))
    assert torch.equal(noisy, instance_noise(images, 0.3, torch.Generator().manual_seed(1)))
