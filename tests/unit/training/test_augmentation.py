"""DiffAugment: each change by hand, and that the generator can learn through all of them."""

import pytest
import torch

from gan_core.training.augmentation import CHANGES, augment, colour, cutout, translation


def test_the_middle_of_the_random_numbers_leaves_colours_as_they_are():
    images = torch.randn(5, 3, 8, 8)
    middle = torch.full((3, 5), 0.5)
    torch.testing.assert_close(colour(images, middle), images)


def test_brightness_saturation_and_contrast_are_what_their_names_say():
    image = torch.tensor([[0.2, 0.6], [-0.4, 0.0]]).expand(1, 3, 2, 2) * torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)
    brighter = colour(image, torch.tensor([[0.9], [0.5], [0.5]]))
    torch.testing.assert_close(brighter, image + 0.4)
    grey = colour(image, torch.tensor([[0.5], [0.0], [0.5]]))
    torch.testing.assert_close(grey, image.mean(dim=1, keepdim=True).expand_as(image))
    harder = colour(image, torch.tensor([[0.5], [0.5], [0.9]]))
    torch.testing.assert_close(harder - image.mean(), 1.4 * (image - image.mean()))


@pytest.mark.parametrize(("random", "moves"), [((0.0, 0.5), (4, 0)), ((0.999, 0.5), (-4, 0)), ((0.5, 0.0), (0, 4))])
def test_a_picture_is_moved_by_at_most_an_eighth_and_grey_comes_in(random, moves):
    image = torch.randn(1, 1, 32, 32)
    moved = translation(image, torch.tensor(random).view(2, 1))
    wanted = torch.roll(image, moves, dims=(2, 3))
    down, right = moves
    if down > 0:
        wanted[:, :, :down] = 0
    if down < 0:
        wanted[:, :, down:] = 0
    if right > 0:
        wanted[:, :, :, :right] = 0
    assert torch.equal(moved, wanted)


def test_moving_back_gradients_needs_no_sorting():
    moved = translation(torch.randn(2, 3, 8, 8, requires_grad=True), torch.rand(2, 2))
    steps, passed = [moved.grad_fn], []
    while steps:
        step = steps.pop()
        passed.append(step.name())
        steps += [before for before, _ in step.next_functions if before]
    assert not any(name.startswith("Index") for name in passed), "whose backward pass sorts on a GPU"


def test_a_square_of_half_the_width_is_cut_out():
    cut = cutout(torch.ones(1, 2, 28, 28), torch.tensor([[0.5], [0.5]]))
    assert cut[0, 0].eq(0).sum().item() == 14 * 14
    assert cut[0, 0, 7:21, 7:21].eq(0).all()
    corner = cutout(torch.ones(1, 2, 28, 28), torch.tensor([[0.0], [0.0]]))
    assert corner[0, 0].eq(0).sum().item() == 7 * 7
    assert corner[0, 0, :7, :7].eq(0).all()


def test_each_picture_is_changed_by_itself_and_the_seed_decides():
    images = torch.ones(8, 3, 32, 32)
    all_of_them = "colour, translation, cutout"
    changed = augment(images, all_of_them, torch.Generator().manual_seed(3))
    assert changed.shape == images.shape
    assert len({picture.sum().item() for picture in changed}) == 8
    assert torch.equal(changed, augment(images, all_of_them, torch.Generator().manual_seed(3)))


def test_none_changes_nothing():
    images = torch.randn(2, 1, 28, 28)
    assert augment(images, "none", torch.Generator()) is images


@pytest.mark.parametrize("name", CHANGES)
def test_gradients_pass_through_and_match_finite_differences(name):
    change, numbers = CHANGES[name]
    random = torch.rand(numbers, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    images = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda pictures: change(pictures, random), (images,))
