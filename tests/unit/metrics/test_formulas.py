"""Scores against closed forms, and against the libraries of those who invented or keep them."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch_fidelity import calculate_metrics
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.registry import register_feature_extractor

from gan_core.metrics import formulas
from gan_core.metrics.formulas import Gaussian, gaussian


def normal(count, dimensions, seed, mean=0.0, deviation=1.0):
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed)) * deviation + mean


def every_score(generated, real):
    return {
        "fid": formulas.fid(gaussian(generated), gaussian(real)),
        "kid": formulas.kid(generated, real, seed=0),
        "precision and recall": formulas.precision_recall(generated, real),
        "density and coverage": formulas.density_coverage(generated, real),
        "nearest": formulas.nearest(generated, real)[0].median().item(),
    }


# FID


def test_fid_of_gaussians_whose_distance_is_known():
    """With diagonal covariances it is |m_a - m_b|² + sum (s_a - s_b)²."""
    means, deviations = np.array([[1.0, -2.0, 0.5], [3.0, 1.0, 0.5]]), np.array([[1.0, 2.0, 3.0], [2.0, 0.5, 3.0]])
    a, b = (Gaussian(mean, np.diag(deviation**2)) for mean, deviation in zip(means, deviations, strict=True))
    expected = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    assert formulas.fid(a, b) == pytest.approx(expected)
    assert formulas.fid(b, a) == pytest.approx(expected)


def test_fid_of_samples_comes_near_that_of_their_gaussians():
    a, b = normal(20_000, 4, seed=1), normal(20_000, 4, seed=2, mean=1.0, deviation=3.0)
    assert formulas.fid(gaussian(a), gaussian(b)) == pytest.approx(4 * 1 + 4 * 2**2, rel=0.05)


# KID


def test_kid_in_one_dimension_is_what_the_moments_say():
    """(xy + 1)³ compares the first three moments: (1, 2, 4) of N(1, 1) and (0, 1, 0) of N(0, 1)."""
    a, b = normal(10_000, 1, seed=1), normal(10_000, 1, seed=2, mean=1.0)
    expected = (4 - 0) ** 2 + 3 * (2 - 1) ** 2 + 3 * (1 - 0) ** 2
    assert formulas.kid(a, b, seed=0) == pytest.approx(1000 * expected, rel=0.15)


def test_kid_subsets_follow_from_the_seed(monkeypatch):
    monkeypatch.setattr(formulas, "KID_SUBSET_SIZE", 100)
    a, b = normal(300, 8, seed=1), normal(300, 8, seed=2)
    assert formulas.kid(a, b, seed=5) == formulas.kid(a, b, seed=5) != formulas.kid(a, b, seed=6)


# Inception Score


def test_inception_score_is_the_number_of_classes_when_sure_and_even():
    logits = 100 * torch.eye(5).repeat(2000, 1)
    assert formulas.inception_score(logits, seed=0) == pytest.approx(5, rel=0.01)


@pytest.mark.parametrize("logits", [torch.zeros(100, 5), 100 * torch.eye(5)[:1].repeat(100, 1)], ids=["unsure", "one"])
def test_inception_score_is_1_when_unsure_or_always_the_same(logits):
    assert formulas.inception_score(logits, seed=0) == pytest.approx(1)


# All of them


def test_a_set_against_itself_is_perfect():
    features = normal(600, 16, seed=1)
    found = every_score(features, features)
    assert found["fid"] == pytest.approx(0, abs=1e-6)
    # An estimate without bias for two sets falls below 0 for one, by the 600 pairs of a picture and itself.
    kernel = (features @ features.T / 16 + 1) ** 3
    others = (kernel.sum() - kernel.trace()) / (600 * 599)
    assert found["kid"] == pytest.approx(1000 * 2 * (others - kernel.diag().mean()).item() / 600, rel=1e-3)
    assert found["precision and recall"] == (1, 1)
    assert found["density and coverage"][1] == 1
    assert found["nearest"] == 0


def test_order_changes_nothing():
    generated, real = normal(400, 16, seed=1), normal(400, 16, seed=2, mean=0.2)
    other = every_score(generated[torch.randperm(400)], real[torch.randperm(400)])
    for name, value in every_score(generated, real).items():
        assert other[name] == pytest.approx(value, rel=1e-4), name


def test_a_collapsed_set_is_precise_and_recalls_nothing():
    real = normal(1000, 16, seed=1)
    collapsed = real[:1] + normal(1000, 16, seed=2, deviation=1e-3)
    precision, recall = formulas.precision_recall(collapsed, real)
    assert (precision, recall) == (1, pytest.approx(0, abs=0.01))
    assert formulas.density_coverage(collapsed, real)[1] < 0.05


def test_noise_far_away_is_neither():
    real, noise = normal(500, 16, seed=1), normal(500, 16, seed=2, mean=50.0)
    assert formulas.precision_recall(noise, real) == (0, 0)
    assert formulas.density_coverage(noise, real) == (0, 0)


def test_density_and_coverage_are_those_of_their_authors():
    generated, real = normal(1300, 8, seed=1, mean=0.3), normal(1100, 8, seed=2)
    theirs = compute_prdc(real.double().numpy(), generated.double().numpy(), nearest_k=5)
    assert formulas.density_coverage(generated, real) == pytest.approx(
        (theirs["density"], theirs["coverage"]), abs=1e-3
    )


class FirstPixels(FeatureExtractorBase):
    """The first pixels of a picture are its features, and its logits too."""

    def __init__(self, name, features_list, **_):
        super().__init__(name, features_list)

    @staticmethod
    def get_provided_features_list():
        return ("pixels",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric):
        return "pixels"

    @staticmethod
    def can_be_compiled():
        return False

    def forward(self, pixels):
        return (first_pixels(pixels),)


def first_pixels(images):
    return images.flatten(1)[:, :10].float() / 50


def test_all_that_torch_fidelity_has_is_what_it_says_of_pictures():
    images = torch.randint(0, 256, (2, 600, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    generated, real = images[0], images[1] // 2
    register_feature_extractor("first-pixels", FirstPixels)
    theirs = calculate_metrics(
        input1=Pictures(generated),
        input2=Pictures(real),
        feature_extractor="first-pixels",
        fid=True,
        kid=True,
        isc=True,
        prc=True,
        batch_size=77,
        save_cpu_ram=True,  # no worker processes
        kid_subsets=formulas.KID_SUBSETS,
        kid_subset_size=600,
        rng_seed=0,
        cuda=False,
        cache=False,
        verbose=False,
    )
    a, b = first_pixels(generated), first_pixels(real)
    assert formulas.fid(gaussian(a), gaussian(b)) == pytest.approx(theirs["frechet_inception_distance"], abs=1e-3)
    assert formulas.kid(a, b, seed=0) == pytest.approx(1000 * theirs["kernel_inception_distance_mean"], rel=1e-4)
    assert formulas.inception_score(a, seed=0) == pytest.approx(theirs["inception_score_mean"], rel=1e-5)
    assert formulas.precision_recall(a, b) == pytest.approx((theirs["precision"], theirs["recall"]))


class Pictures(torch.utils.data.Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, number):
        return self.images[number]


# Copies and classes


def test_a_copy_is_found_at_distance_0():
    training = normal(5000, 64, seed=1, mean=10.0)
    copied = torch.tensor([4321, 7, 7])
    distances, numbers = formulas.nearest(training[copied], training)
    assert numbers.tolist() == copied.tolist()
    assert distances.tolist() == [0, 0, 0]


def test_the_nearest_is_at_its_euclidean_distance():
    training = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    distances, numbers = formulas.nearest(torch.tensor([[3.0, 4.0], [10.0, 2.0]]), training)
    assert (distances.tolist(), numbers.tolist()) == ([5, 2], [0, 1])


def test_classes_asked_for_and_seen_are_counted():
    asked, seen = torch.tensor([0, 0, 0, 1, 2]), torch.tensor([0, 0, 1, 1, 0])
    assert formulas.confusion(asked, seen, 3).tolist() == [[2, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert formulas.accuracy(asked, seen) == pytest.approx(3 / 5)


def test_a_class_is_drawn_when_it_gets_a_fifth_of_its_share():
    """Of 100 pictures of 4 classes an even share is 25, a fifth of it 5."""
    seen = torch.tensor([0] * 50 + [1] * 41 + [2] * 5 + [3] * 4)
    assert formulas.class_coverage(seen, 4) == 3 / 4
    assert formulas.class_coverage(torch.zeros(100, dtype=torch.long), 10) == 1 / 10


def test_some_of_many_are_chosen_by_the_seed():
    rows = torch.arange(100)[:, None]
    assert torch.equal(formulas.some_of(rows, 100, seed=1), rows)
    chosen = formulas.some_of(rows, 10, seed=1)
    assert len(chosen.unique()) == 10
    assert torch.equal(formulas.some_of(rows, 10, seed=1), chosen)
    assert not torch.equal(formulas.some_of(rows, 10, seed=2), chosen)
