"""Walks: the geometry in closed forms, steps of one length, and frames that are the pictures they lead through."""

import math

import numpy as np
import pytest
import torch

import gan_core
from gan_core import walks
from gan_core.checkpoint import Metadata
from gan_core.config import ImageSpec
from gan_core.metrics.classifier import seen_of
from gan_core.networks.build import build_generator
from gan_core.networks.layers import ConditionalBatchNorm, OneHot
from gan_core.sampling import Model, draw, from_pixels
from gan_core.walks import Walk, even_times, slerp
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=("cat", "dog", "7"))


def model(spec=SPEC, **changes):
    config = small_config(network="dcgan", **changes)
    torch.manual_seed(0)
    return Model(Metadata("test", config, spec, 9, 0.0), build_generator(config, spec).eval())


def frames_of(model, walk, *how):
    return np.concatenate([part.frames for part in walks.draw(model, walk, *how) if part.frames is not None])


def double(*rows):
    return torch.tensor(rows, dtype=torch.float64)


# Great circles


def test_on_a_great_circle_the_angle_grows_evenly_and_the_length_stays():
    shares = torch.linspace(0, 1, 13, dtype=torch.float64)[:, None]
    way = slerp(double([5, 0, 0]).expand(13, -1), double([0, 3, 4]).expand(13, -1), shares)
    angles = torch.atan2(way[:, 1:].norm(dim=1), way[:, 0])
    assert torch.allclose(angles, shares[:, 0] * math.pi / 2)
    assert torch.allclose(way.norm(dim=1), double(5.0))


def test_the_middle_of_a_great_circle_is_the_sum_at_the_ends_length():
    start, end = double([1, 2, 2]), double([2, -1, 2])
    middle = slerp(start, end, double([0.5]))
    assert torch.allclose(middle, (start + end) / (start + end).norm() * 3)


def test_lengths_that_differ_are_both_reached():
    start, end = double([1, 0]), double([0, 7])
    assert torch.allclose(slerp(start, end, double([0])), start)
    assert torch.allclose(slerp(start, end, double([1])), end)


@pytest.mark.parametrize("factor", [2.0, -1.0])
def test_directions_without_a_circle_of_their_own_are_connected_straight(factor):
    start = double([1, -3])
    assert torch.allclose(slerp(start, factor * start, double([0.25])), start + 0.25 * (factor - 1) * start)


def test_half_way_on_a_straight_line_latents_are_shorter_than_usual_by_the_root_of_two():
    torch.manual_seed(0)
    start, end = torch.randn(2, 200, 1000)
    half = torch.full((200, 1), 0.5)
    usual = math.sqrt(1000)
    assert torch.lerp(start, end, half).norm(dim=1).mean() / usual == pytest.approx(math.sqrt(0.5), abs=0.01)
    assert slerp(start, end, half).norm(dim=1).mean() / usual == pytest.approx(1, abs=0.01)


# Ways


LATENTS = double([1, 0], [0, 1], [-1, 1]).float()
CLASSES = torch.eye(3)


@pytest.mark.parametrize("spherical", [True, False])
def test_each_stop_is_at_the_time_of_its_number(spherical):
    latents, classes = Walk(LATENTS, CLASSES, spherical=spherical).at(torch.arange(3))
    assert torch.allclose(latents, LATENTS) and torch.equal(classes, CLASSES)


def test_a_loop_ends_where_it_began():
    loop = Walk(LATENTS, CLASSES, closed=True)
    latents, classes = loop.at(double(2.5, 3.0))
    assert torch.allclose(latents[1], LATENTS[0]) and torch.equal(classes[1], CLASSES[0])
    assert torch.equal(classes[0], torch.tensor([0.5, 0, 0.5]))


def test_a_straight_way_passes_the_mean_and_mixes_the_classes():
    latents, classes = Walk(LATENTS, CLASSES, spherical=False).at(double(1.5))
    assert torch.equal(latents, torch.tensor([[-0.5, 1]])) and torch.equal(classes, torch.tensor([[0, 0.5, 0.5]]))


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("evenly", [True, False])
def test_as_many_are_drawn_as_was_said(closed, evenly):
    walk = Walk(torch.randn(3, 8), CLASSES, closed)
    drawn = list(walks.draw(model(), walk, 5, evenly))
    frames = sum(len(part.frames) for part in drawn if part.frames is not None)
    assert frames == walks.frames_of(3, 5, closed) == (15 if closed else 11)
    assert drawn[-1].pictures == walks.to_draw(3, 5, closed, evenly)


# Between classes


def test_between_two_classes_lies_the_mixture_of_what_stands_for_them():
    label = OneHot(3, scale=4.0)
    assert torch.equal(label(torch.tensor([[0.25, 0.75, 0]])), torch.tensor([[1.0, 3.0, 0]]))
    norm = ConditionalBatchNorm(2, images=True, classes=2).eval()
    norm.scales.weight.data = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    norm.shifts.weight.data = torch.tensor([[0.0, 1.0], [1.0, -1.0]])
    inputs = torch.randn(1, 2, 3, 3)
    ends = [norm(inputs, torch.tensor([label])) for label in (0, 1)]
    assert torch.allclose(norm(inputs, torch.tensor([[0.5, 0.5]])), (ends[0] + ends[1]) / 2, atol=1e-6)


@pytest.mark.parametrize("conditioning", ["concatenate", "batch normalisation"])
def test_a_walk_leads_through_the_pictures_of_the_grid(conditioning):
    drawing = model(generator_conditioning=conditioning)
    order = drawing.order(None, 4, seed=3)
    grid = drawing.sample(None, 4, seed=3).images.astype(int)
    frames = frames_of(drawing, walks.between_pictures(order, [2, 7, 12], 3, False, True), 6)
    # Matrix products of another size may round the last bit differently: one grey level at most.
    assert np.abs(frames[[0, 6, 12]] - grid[[1, 6, 11]]).max() <= 1


def test_a_walk_through_classes_keeps_the_latent():
    drawing = model()
    order = drawing.order(None, 2, seed=3)
    frames = frames_of(drawing, walks.between_classes(order, 5, [2, 0], 3, closed=True), 4)
    ends = draw(drawing.generator, order.latents[[4, 4]], torch.tensor([2, 0])).astype(int)
    assert np.abs(frames[[0, 4]] - ends).max() <= 1


def test_an_unconditional_model_walks_too():
    drawing = model(conditional=False)
    order = drawing.order(None, 3, seed=0)
    assert frames_of(drawing, walks.between_pictures(order, [1, 3], 1, False, True), 4).shape == (5, 28, 28, 1)


# Even steps


def test_on_a_parabola_even_steps_are_at_the_square_roots():
    times = torch.linspace(0, 1, 2001, dtype=torch.float64)
    found = even_times(times, times[:, None] ** 2 @ double([3, 4]))
    assert torch.allclose(found, torch.linspace(0, 1, 2001, dtype=torch.float64).sqrt(), atol=1e-3)


def test_even_steps_on_a_curve_are_all_as_long():
    def place(times):
        angle = 3 * times**3
        return torch.stack([angle.cos(), angle.sin()], dim=1)

    times = torch.linspace(0, 1, 400, dtype=torch.float64)
    steps = place(even_times(times, place(times))).diff(dim=0).norm(dim=1)
    assert (steps.max() / steps.min()).item() == pytest.approx(1, abs=0.02)


def test_a_way_on_which_nothing_changes_keeps_its_times():
    times = torch.linspace(0, 2, 9, dtype=torch.float64)
    assert torch.equal(even_times(times, torch.zeros(9, 3)), times)


def test_to_the_classifier_evenly_drawn_frames_are_all_as_far_from_the_one_before():
    drawing = gan_core.load("mnist-cdcgan")
    walk = walks.between_pictures(drawing.order(None, 10, seed=0), [1, 25, 67], 10, False, True)

    def steps(evenly):
        frames = from_pixels(frames_of(drawing, walk, 60, evenly))
        return seen_of("mnist", 1)(frames).diff(dim=0).norm(dim=1)

    assert (steps(False).max() / steps(False).mean()).item() > 4
    assert (steps(True).max() / steps(True).mean()).item() < 1.5
