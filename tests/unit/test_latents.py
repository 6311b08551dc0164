"""Truncation against the standard library's normal distribution; directions against known singular vectors."""

import math
from statistics import NormalDist

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gan_core.errors import WorkbenchError
from gan_core.latents import directions, latents, move, principal_directions, truncate, white_latents

NORMAL = NormalDist()


def test_the_same_seed_gives_the_same_numbers():
    assert torch.equal(latents(5, 7, seed=3), latents(5, 7, seed=3))
    assert not torch.equal(latents(5, 7, seed=3), latents(5, 7, seed=4))


@pytest.mark.parametrize("threshold", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.25, 0.5, 0.75, 0.999])
def test_each_quantile_becomes_that_quantile_of_the_truncated_normal(threshold, share):
    lowest, highest = NORMAL.cdf(-threshold), NORMAL.cdf(threshold)
    wanted = NORMAL.inv_cdf(lowest + share * (highest - lowest))
    given = torch.tensor([NORMAL.inv_cdf(share)], dtype=torch.float64)
    assert truncate(given, threshold).item() == pytest.approx(wanted, abs=1e-9)


def test_a_small_threshold_gives_a_uniform_distribution():
    given = torch.linspace(-4, 4, 33, dtype=torch.float64)
    uniform = torch.tensor([math.erf(z / math.sqrt(2)) for z in given.tolist()], dtype=torch.float64)
    assert torch.allclose(truncate(given, 1e-4) / 1e-4, uniform, atol=1e-7)


@pytest.mark.parametrize("threshold", [9.0, 40.0, math.inf])
def test_a_large_threshold_changes_nothing(threshold):
    given = torch.linspace(-6, 6, 49)
    assert torch.allclose(truncate(given, threshold), given, atol=1e-6)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.7, 2.0])
def test_no_number_lies_beyond_the_threshold(threshold):
    given = torch.cat([latents(100, 100, seed=0).flatten(), torch.tensor([-30.0, -9.0, 0.0, 9.0, 30.0])])
    squeezed = truncate(given, threshold)
    assert squeezed.dtype == given.dtype
    assert squeezed.isfinite().all()
    assert squeezed.abs().max() <= torch.tensor(threshold)


def test_both_signs_are_treated_alike():
    given = latents(10, 10, seed=0)
    assert torch.equal(truncate(-given, 0.7), -truncate(given, 0.7))


def test_every_number_changes_smoothly_with_the_threshold():
    given = latents(10, 100, seed=0)
    thresholds = [number / 100 for number in range(301)]
    steps = torch.stack([truncate(given, t) for t in thresholds]).diff(dim=0).abs()
    assert steps.max() < 0.0101  # of its own step of 0.01, up to rounding


@pytest.mark.parametrize("threshold", [-0.1, math.nan])
def test_a_threshold_that_makes_no_sense_is_refused(threshold):
    with pytest.raises(WorkbenchError, match="truncation"):
        truncate(torch.zeros(1), threshold)


class _Toy(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.first = nn.Linear(weight.shape[1], weight.shape[0])
        self.second = nn.Linear(weight.shape[0], 1)
        self.first.weight.data = weight


def test_directions_are_the_right_singular_vectors_the_strongest_first():
    left = torch.linalg.qr(latents(9, 4, seed=1)).Q
    right = torch.linalg.qr(latents(4, 4, seed=2)).Q
    strengths = torch.tensor([1.0, 5.0, 3.0, 2.0])
    found = directions(_Toy(left @ strengths.diag() @ right.T), latent_dim=4, count=3)
    wanted = right.T[[1, 2, 3]]
    assert torch.allclose((found * wanted).sum(1).abs(), torch.ones(3), atol=1e-5)
    assert torch.allclose(found.norm(dim=1), torch.ones(3), atol=1e-6)


def test_columns_that_see_the_class_are_left_out():
    weight = torch.cat([torch.diag(torch.tensor([1.0, 3.0, 2.0])), 100 * torch.ones(3, 5)], dim=1)
    found = directions(_Toy(weight), latent_dim=3, count=6)
    assert torch.allclose(found, torch.eye(3)[[1, 2, 0]], atol=1e-6)


def test_a_directions_sign_does_not_depend_on_the_machine():
    toy = _Toy(-latents(9, 4, seed=1))
    found = directions(toy, latent_dim=4, count=4)
    assert (found.gather(1, found.abs().argmax(1, keepdim=True)) > 0).all()


def test_moving_adds_amounts_along_directions():
    moved = move(torch.tensor([1.0, 1.0, 1.0]), torch.eye(3)[:2], torch.tensor([[0.0, 0.0], [2.0, -1.0]]))
    assert moved.tolist() == [[1, 1, 1], [3, 0, 1]]


class NoFloat64OnGpus(TorchDispatchMode):
    """As on Apple's GPUs."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor) and tensor.device.type != "cpu" and tensor.dtype == torch.float64:
                raise TypeError("this device has no float64")
        return made


def test_a_gpu_without_float64_has_directions_and_truncates():
    with FakeTensorMode(), NoFloat64OnGpus():
        assert directions(nn.Linear(4, 9, device="cuda"), latent_dim=4, count=3).shape == (3, 4)
        squeezed = truncate(torch.empty(5, 4, device="cuda"), 0.7)
    assert (squeezed.device.type, squeezed.dtype) == ("cuda", torch.float32)


# Principal components


ONE_GROUP = torch.zeros(60, dtype=torch.int64)


def test_white_latents_have_mean_0_and_covariance_1():
    white = white_latents(60, 7, seed=0).double()
    assert torch.allclose(white.mean(dim=0), torch.zeros(7, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(white.T @ white / 60, torch.eye(7, dtype=torch.float64), atol=1e-5)


def test_principal_directions_are_numpys_svd_and_least_squares():
    normal = latents(60, 7, seed=0)
    features = torch.relu(normal @ latents(7, 40, seed=1) + 0.3)
    found = principal_directions(features, normal, ONE_GROUP, 4)
    x = features.double().numpy() - features.double().numpy().mean(axis=0)
    components = np.linalg.svd(x, full_matrices=False)[2][:4]
    for direction, component in zip(found.numpy(), components, strict=True):
        along = x @ component
        wanted = np.linalg.lstsq(along[:, None], normal.double().numpy(), rcond=None)[0][0]
        wanted *= np.sign(wanted[np.abs(wanted).argmax()]) / np.linalg.norm(wanted)
        assert np.allclose(direction, wanted, atol=1e-4)


def test_of_a_linear_layer_they_are_its_singular_vectors():
    layer = nn.Linear(7, 40)
    white = white_latents(60, 7, seed=0)
    with torch.no_grad():
        found = principal_directions(layer(white), white, ONE_GROUP, 7)
    assert torch.allclose(found, directions(layer, 7, 7), atol=1e-3)


def test_what_distinguishes_classes_is_no_component():
    layer, labels = nn.Linear(7, 40), torch.arange(60) % 3
    white = white_latents(60, 7, seed=0)
    means = 100 * latents(3, 40, seed=2)
    with torch.no_grad():
        features = layer(white)
        for group in range(3):
            features[labels == group] -= features[labels == group].mean(dim=0)
        wanted = principal_directions(features, white, ONE_GROUP, 3)
        found = principal_directions(features + means[labels], white, labels, 3)
    assert torch.allclose(found, wanted, atol=1e-3)
