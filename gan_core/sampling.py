"""Drawing pictures with a trained generator."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gan_core import checkpoint
from gan_core.errors import WorkbenchError
from gan_core.networks import build_generator

DRAW_BATCH = 500
"""Pictures drawn at a time: enough to be fast, few enough for any memory."""


def latents(count: int, latent_dim: int, seed: int) -> Tensor:
    """Standard normal [count, latent_dim], from the seed alone. On the CPU, so that every device draws the same."""
    return torch.randn(count, latent_dim, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def draw(generator: nn.Module, latents: Tensor, labels: Tensor) -> np.ndarray:
    """uint8 [N, H, W, C] from latents [N, latent_dim] and labels int64 [N], on the generator's device.

    The generator must be in eval mode: each picture then depends on its own latent and label alone.
    """
    device = next(generator.parameters()).device
    parts = [
        to_pixels(generator(latents_part.to(device), labels_part.to(device)))
        for latents_part, labels_part in zip(latents.split(DRAW_BATCH), labels.split(DRAW_BATCH), strict=True)
    ]
    return np.concatenate(parts)


def to_pixels(images: Tensor) -> np.ndarray:
    """Images [N, C, H, W] in [-1, 1] -> uint8 [N, H, W, C]."""
    pixels = (images.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).cpu().numpy()


def grid(images: np.ndarray, columns: int, zoom: int = 1) -> Image.Image:
    """One picture of many: uint8 [N, H, W, C], row by row, each pixel enlarged to a square of `zoom`."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    picture = Image.fromarray(sheet.squeeze(2) if channels == 1 else sheet)
    return picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST)


def class_numbers(classes: Sequence[str | int], names: Sequence[str]) -> list[int]:
    """Numbers of classes given by name or number. Raises KeyError with the one that is unknown."""
    numbers = {name: number for number, name in enumerate(names)}
    found = []
    for wanted in classes:
        if str(wanted) in numbers:
            found.append(numbers[str(wanted)])
        elif isinstance(wanted, int) and 0 <= wanted < len(names):
            found.append(wanted)
        else:
            raise KeyError(wanted)
    return found


class Samples(NamedTuple):
    """Pictures uint8 [N, H, W, C] and the classes they were asked for, int64 [N] (None if unconditional)."""

    images: np.ndarray
    labels: np.ndarray | None
    columns: int

    def picture(self, zoom: int = 3) -> Image.Image:
        """All of them in one picture, a row a class."""
        return grid(self.images, self.columns, zoom)

    def png(self, zoom: int = 3) -> bytes:
        """`picture` as a PNG file."""
        file = io.BytesIO()
        self.picture(zoom).save(file, format="PNG")
        return file.getvalue()

    def npz(self) -> bytes:
        """A NumPy file: `images` uint8 [N, H, W, C] and, if conditional, `labels` int64 [N]."""
        file = io.BytesIO()
        labels = {} if self.labels is None else {"labels": self.labels}
        np.savez_compressed(file, images=self.images, **labels)
        return file.getvalue()


class Model:
    """A trained generator, ready to draw."""

    def __init__(self, about: checkpoint.About, generator: nn.Module):
        self.about = about
        self.generator = generator

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that can be asked for; empty if the model is unconditional."""
        return self.about.spec.classes if self.about.config.conditional else ()

    def sample(self, classes: Sequence[str | int] | None = None, count: int = 10, seed: int = 0) -> Samples:
        """Draw `count` pictures, or `count` of each of the `classes` (names or numbers; all if none are given).

        Raises WorkbenchError for a class that the model does not know.
        """
        wanted = list(range(len(self.classes))) or [0]
        if classes is not None:
            wanted = self._numbers(classes)
        labels = torch.tensor(wanted).repeat_interleave(count)
        normal = latents(len(labels), self.about.config.latent_dim, seed)
        images = draw(self.generator, normal, labels)
        return Samples(images, labels.numpy() if self.classes else None, columns=min(count, 20))

    def _numbers(self, classes: Sequence[str | int]) -> list[int]:
        if not self.classes:
            raise WorkbenchError(
                "{model} is unconditional and knows no classes; ask for a count alone.", model=self.about.name
            )
        if not classes:
            raise WorkbenchError("Name at least one class.")
        try:
            return class_numbers(classes, self.classes)
        except KeyError as error:
            raise WorkbenchError(
                "{model} knows no class {wanted}; it knows {classes}.",
                model=self.about.name,
                wanted=str(error),
                classes=", ".join(self.classes),
            ) from error


def load_model(source: str | Path, which: str = "ema", device: torch.device | None = None) -> Model:
    """A model from a checkpoint's path, or from the name of a shipped one.

    Args:
        which: `ema`, the running average that draws best, or `generator`, the raw weights.

    Raises WorkbenchError if there is none or it cannot be used.
    """
    path = checkpoint.find(source)
    about = checkpoint.read_about(path)
    weights = checkpoint.without_prefix(which, checkpoint.read_tensors(path))
    # First on paper: a file whose config asks for far more weights than it holds must cost no memory.
    with torch.device("meta"):
        checkpoint.check_shapes(build_generator(about.config, about.spec), weights, path)
    generator = build_generator(about.config, about.spec)
    generator.load_state_dict(weights)
    return Model(about, generator.eval().requires_grad_(False).to(device or "cpu"))
