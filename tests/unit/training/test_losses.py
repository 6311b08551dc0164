"""Losses against closed forms and hand-derived numbers, gradients against finite differences."""

import math

import pytest
import torch

from gan_core.training.losses import (
    LOSSES,
    Hinge,
    LeastSquares,
    MeanNonSaturating,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
    class_cross_entropy,
)

REAL = torch.tensor([0.0, 2.0, -1.0], dtype=torch.float64)
FAKE = torch.tensor([1.0, -3.0, 0.5], dtype=torch.float64)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def test_minimax_discriminator_loss_is_the_negated_value_of_the_game():
    value = mean(math.log(sigmoid(x)) for x in REAL.tolist()) + mean(math.log(1 - sigmoid(x)) for x in FAKE.tolist())
    assert Minimax.discriminator(REAL, FAKE).item() == pytest.approx(-value, rel=1e-12)


def test_minimax_generator_loss_is_its_term_of_the_game():
    value = mean(math.log(1 - sigmoid(x)) for x in FAKE.tolist())
    assert Minimax.generator(FAKE).item() == pytest.approx(value, rel=1e-12)


def test_non_saturating_generator_loss_is_minus_log_of_the_output():
    assert NonSaturating.generator(FAKE).item() == pytest.approx(
        -mean(math.log(sigmoid(x)) for x in FAKE.tolist()), rel=1e-12
    )


def test_non_saturating_discriminator_plays_the_same_game():
    assert torch.equal(NonSaturating.discriminator(REAL, FAKE), Minimax.discriminator(REAL, FAKE))


def test_an_undecided_discriminator_loses_log_four():
    """Goodfellow 2014, theorem 1: at the optimum, where D is 1/2 everywhere, the value of the game is -log 4."""
    undecided = torch.zeros(5, dtype=torch.float64)
    assert Minimax.discriminator(undecided, undecided).item() == pytest.approx(math.log(4), rel=1e-12)


def test_saturating_gradient_vanishes_where_the_other_stays_strong():
    sure_it_is_fake = torch.tensor([-20.0], dtype=torch.float64, requires_grad=True)
    saturating = torch.autograd.grad(Minimax.generator(sure_it_is_fake), sure_it_is_fake)[0]
    strong = torch.autograd.grad(NonSaturating.generator(sure_it_is_fake), sure_it_is_fake)[0]
    assert abs(saturating.item()) < 1e-8
    assert strong.item() == pytest.approx(-1, abs=1e-8)


def test_least_squares_by_hand():
    # Real 0, 2, -1 against 1: squares 1, 1, 4. Fake 1, -3, 0.5 against 0: 1, 9, 0.25; against 1: 0, 16, 0.25.
    assert LeastSquares.discriminator(REAL, FAKE).item() == pytest.approx(0.5 * 6 / 3 + 0.5 * 10.25 / 3)
    assert LeastSquares.generator(FAKE).item() == pytest.approx(0.5 * 16.25 / 3)


def test_hinge_by_hand():
    # max(0, 1 - x) for 0, 2, -1: 1, 0, 2. max(0, 1 + x) for 1, -3, 0.5: 2, 0, 1.5.
    assert Hinge.discriminator(REAL, FAKE).item() == pytest.approx(3 / 3 + 3.5 / 3)
    assert Hinge.generator(FAKE).item() == pytest.approx(1.5 / 3)


def test_the_mean_loss_is_half_the_game():
    assert MeanNonSaturating.discriminator(REAL, FAKE).item() == pytest.approx(Minimax.discriminator(REAL, FAKE) / 2)
    assert MeanNonSaturating.generator(FAKE) == NonSaturating.generator(FAKE)


def test_wasserstein_by_hand():
    # Means: real 1/3, fake -1.5/3.
    assert Wasserstein.discriminator(REAL, FAKE).item() == pytest.approx(-1.5 / 3 - 1 / 3)
    assert Wasserstein.generator(FAKE).item() == pytest.approx(1.5 / 3)


def test_a_linear_critic_measures_how_far_a_distribution_was_moved():
    """Two distributions of which one is the other moved by m are |m| apart, which D(x) = x says on the line."""
    points = torch.randn(50, dtype=torch.float64)
    assert Wasserstein.discriminator(points + 0.7, points).item() == pytest.approx(-0.7)


def test_relativistic_is_the_cross_entropy_of_which_of_a_pair_is_real():
    pairs = list(zip(REAL.tolist(), FAKE.tolist(), strict=True))
    right = mean(math.log(sigmoid(real - fake)) for real, fake in pairs)
    fooled = mean(math.log(sigmoid(fake - real)) for real, fake in pairs)
    assert Relativistic.discriminator(REAL, FAKE).item() == pytest.approx(-right, rel=1e-12)
    assert Relativistic.generator(FAKE, REAL).item() == pytest.approx(-fooled, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_match_finite_differences(name):
    loss = LOSSES[name]
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(loss.generator, (fake, real) if loss is Relativistic else (fake,))


@pytest.mark.parametrize("name", LOSSES)
def test_extreme_logits_give_numbers(name):
    loss = LOSSES[name]
    extreme = torch.tensor([-1e4, 1e4])
    assert loss.discriminator(extreme, extreme).isfinite()
    assert loss.generator(extreme, *([extreme] if loss is Relativistic else [])).isfinite()


def test_the_output_is_a_half_where_a_loss_is_undecided():
    zero, half = torch.zeros(1), torch.tensor([0.5])
    for loss, undecided in ((Minimax, zero), (Hinge, zero), (Relativistic, zero), (LeastSquares, half)):
        assert [output.item() for output in loss.outputs(undecided, undecided)] == [0.5, 0.5]


def test_a_critic_has_no_outputs_that_mean_anything():
    assert all(output.isnan().all() for output in Wasserstein.outputs(REAL, FAKE))


def test_relativistic_outputs_are_of_pairs():
    real, fake = Relativistic.outputs(REAL, FAKE)
    assert real.tolist() == pytest.approx([sigmoid(x - z) for x, z in zip(REAL.tolist(), FAKE.tolist(), strict=True)])
    torch.testing.assert_close(real + fake, torch.ones_like(real))


def test_class_cross_entropy_of_undecided_logits_is_the_log_of_the_number_of_classes():
    labels = torch.tensor([0, 3, 4])
    assert class_cross_entropy(torch.full((3, 5), 7.0), labels).item() == pytest.approx(math.log(5))


def test_class_cross_entropy_is_minus_the_log_of_the_softmax():
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], dtype=torch.float64)
    shares = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    wanted = -(shares[0, 1].log() + shares[1, 0].log()) / 2
    torch.testing.assert_close(class_cross_entropy(logits, torch.tensor([1, 0])), wanted)
