"""DiffAugment (Zhao 2020): random changes of real and generated pictures before the discriminator sees them.

Everything is differentiable, so that the generator learns through it. Each function takes images [N, C, H, W] in
[-1, 1] and, for each of them, uniform random numbers in [0, 1).
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

MOST_MOVED = 1 / 8
"""The farthest that a picture is moved, as a share of its width; the paper's."""
CUT = 1 / 2
"""Width of the square that is cut out, as a share of the picture's; the paper's."""


def colour(images: Tensor, random: Tensor) -> Tensor:
    """Brightness, saturation and contrast, by random numbers [3, N]. A grey picture has no saturation to change."""
    brightness, saturation, contrast = random.view(3, -1, 1, 1, 1)
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * (2 * saturation)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (images - mean) * (contrast + 0.5)


def translation(images: Tensor, random: Tensor) -> Tensor:
    """Moved by whole pixels, by random numbers [2, N] up or down and sideways. What comes in is 0, grey."""
    count, channels, height, width = images.shape
    most = int(width * MOST_MOVED + 0.5)
    moves = (random * (2 * most + 1)).long()
    wide = pad(images, (most, most, most, most))
    rows = moves[0].view(-1, 1) + torch.arange(height, device=images.device)
    columns = moves[1].view(-1, 1) + torch.arange(width, device=images.device)
    # Not wide[...]: the backward pass of an index sorts on a GPU, that of a gather does not.
    moved = wide.gather(2, rows[:, None, :, None].expand(count, channels, height, wide.shape[3]))
    return moved.gather(3, columns[:, None, None, :].expand(count, channels, height, width))


def cutout(images: Tensor, random: Tensor) -> Tensor:
    """A square of half the width set to 0, grey, its middle anywhere by random numbers [2, N]."""
    height, width = images.shape[2:]
    side = int(width * CUT + 0.5)
    top = (random[0] * (height + 1 - side % 2)).long() - side // 2
    left = (random[1] * (width + 1 - side % 2)).long() - side // 2
    rows = torch.arange(height, device=images.device) - top[:, None]
    columns = torch.arange(width, device=images.device) - left[:, None]
    inside = ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None, :]
    return images * ~inside[:, None]


CHANGES = {"colour": (colour, 3), "translation": (translation, 2), "cutout": (cutout, 2)}
"""Each with how many random numbers it takes for a picture."""


def augment(images: Tensor, changes: str, random: torch.Generator) -> Tensor:
    """The images after each of the changes, which are named with commas between; "none" is none."""
    for name in changes.split(", "):
        if name != "none":
            change, numbers = CHANGES[name]
            images = change(images, torch.rand(numbers, len(images), generator=random, device=images.device))
    return images
