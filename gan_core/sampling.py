"""Drawing pictures with a trained generator."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gan_core import archives, checkpoint, pictures
from gan_core.datasets.loading import normalise
from gan_core.errors import WorkbenchError
from gan_core.inside import first_features
from gan_core.latents import directions, latents, principal_directions, truncate, white_latents
from gan_core.networks.build import build_generator
from gan_core.text import shortened

DRAW_BATCH = 100
"""Pictures drawn at a time: enough to be fast, few enough for any memory and for a look at how far it is: large
generators draw only some ten a second on a CPU."""
OnShare = Callable[[float], None]
"""Takes the share done, in 0..1; what it raises ends the work."""
WIDEST = 20
"""Pictures in a row of a grid, at most."""
DIRECTIONS = 6
"""Along so many directions a picture can be changed; the next ones change it less."""
FOR_COMPONENTS = 1_000
"""Latents whose features' principal components are taken."""
WEIGHTS = ("ema", "generator")
"""The running average of the generator's weights, which draws best, and the raw ones."""


def draw(generator: nn.Module, latents: Tensor, labels: Tensor, on_share: OnShare = lambda share: None) -> np.ndarray:
    """uint8 [N, H, W, C] from latents [N, latent_dim] and labels int64 [N], on the generator's device.

    The generator must be in eval mode: each picture then depends on its own latent and label alone.
    """
    parts = []
    for part in draw_batches(generator, latents, labels):
        parts.append(part)
        on_share(min(1.0, len(parts) * DRAW_BATCH / len(latents)))
    return np.concatenate(parts)


def draw_batches(
    generator: nn.Module, latents: Tensor, labels: Tensor, most: int | None = None
) -> Iterator[np.ndarray]:
    """The same batch by batch, each drawn when it is asked for.

    Args:
        labels: weights of the classes, float [N, classes], may stand in for them.
        most: pictures in a batch; DRAW_BATCH if nothing is said.
    """
    device, most = next(generator.parameters()).device, most or DRAW_BATCH
    for some, some_labels in zip(latents.split(most), labels.split(most), strict=True):
        with torch.no_grad():
            images = generator(some.to(device), some_labels.to(device))
        yield to_pixels(images)


def to_pixels(images: Tensor) -> np.ndarray:
    """Images [N, C, H, W] in [-1, 1] -> uint8 [N, H, W, C]."""
    pixels = (images.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).cpu().numpy()


def from_pixels(pixels: np.ndarray) -> Tensor:
    """The inverse: uint8 [N, H, W, C] -> float32 [N, C, H, W]."""
    return normalise(torch.tensor(pixels).permute(0, 3, 1, 2))


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
    """Pictures, and how they were drawn.

    Args:
        images: uint8 [N, H, W, C].
        labels: the classes they were asked for, int64 [N]; None if unconditional.
        columns: pictures in a row of the grid.
        latents: the random numbers they were made of, after truncation, float32 [N, latent_dim].
        names: the classes' names, in the labels' order.
        recipe: what draws the same pictures again.
    """

    images: np.ndarray
    labels: np.ndarray | None
    columns: int
    latents: Tensor | None = None
    names: tuple[str, ...] = ()
    recipe: dict[str, Any] = {}  # noqa: RUF012 (never changed)

    def picture(self, zoom: int = 3) -> Image.Image:
        """All of them in one picture, a row a class."""
        return pictures.grid(self.images, self.columns, zoom)

    def png(self, zoom: int = 3) -> bytes:
        """`picture` as a PNG file."""
        return pictures.png(self.picture(zoom))

    def _repr_png_(self) -> bytes:
        """What a notebook shows of them."""
        return self.png()

    def npz(self) -> bytes:
        """A NumPy file: `images` uint8 [N, H, W, C] and, if conditional, `labels` int64 [N]."""
        return _whole(archives.npz([self.images], self.images.shape, self.labels))

    def zip(self) -> bytes:
        """A ZIP file: each picture as CLASS-NUMBER.png, counted from 1 as in the grid, and recipe.json."""
        names = archives.file_names(len(self.images), self.labels, self.names)
        return _whole(archives.zip_of_pngs([self.images], names, self.recipe))


def _whole(pieces: Iterator[archives.Piece]) -> bytes:
    return b"".join(piece.content for piece in pieces)


class Order(NamedTuple):
    """Which pictures are to be drawn.

    Args:
        latents: the random numbers they are made of, after truncation, float32 [N, latent_dim].
        labels: int64 [N]; all 0 if the model is unconditional.
        columns, recipe: see Samples.
    """

    latents: Tensor
    labels: Tensor
    columns: int
    recipe: dict[str, Any]

    def with_own(self, latent: Tensor, label: int) -> "Order":
        """One picture more, the last: of a latent [latent_dim] that somebody has found."""
        return self._replace(
            latents=torch.cat([self.latents, latent[None]]),
            labels=torch.cat([self.labels, torch.tensor([label])]),
            recipe=self.recipe | {"own": {"latent": latent.tolist(), "label": label}},
        )


class Model:
    """A trained generator, ready to draw.

    Args:
        weights: which of the checkpoint's it has, one of WEIGHTS.
    """

    def __init__(self, metadata: checkpoint.Metadata, generator: nn.Module, weights: str = WEIGHTS[0]):
        self.metadata = metadata
        self.generator = generator
        self.weights = weights

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that can be asked for; empty if the model is unconditional."""
        return self.metadata.spec.classes if self.metadata.config.conditional else ()

    @property
    def can_write(self) -> bool:
        """Whether every class is a single character."""
        return bool(self.classes) and all(len(name) == 1 for name in self.classes)

    @cached_property
    def directions(self) -> Tensor:
        """Up to DIRECTIONS directions of the latent space that change the first layer most, [K, latent_dim]: SeFa."""
        return directions(self.generator, self.metadata.config.latent_dim, DIRECTIONS)

    @cached_property
    def principal_directions(self) -> Tensor:
        """As many along which the first features vary most, [K, latent_dim]: GANSpace's. Features are those behind the
        first activation, of latents that are spread evenly over the classes.
        """
        latent_dim = self.metadata.config.latent_dim
        normal = white_latents(max(FOR_COMPONENTS, 2 * latent_dim), latent_dim, seed=0)
        labels = torch.arange(len(normal)) % max(1, len(self.classes))
        features = first_features(self.generator, normal, labels)
        return principal_directions(features, normal, labels, min(DIRECTIONS, latent_dim))

    def sample(
        self,
        classes: Sequence[str | int] | None = None,
        count: int = 10,
        seed: int = 0,
        truncation: float | None = None,
        on_share: OnShare = lambda share: None,
    ) -> Samples:
        """Draw `count` pictures, or `count` of each of the `classes` (names or numbers; all if none are given).

        Args:
            truncation: the `threshold` of `latents.truncate`; None is off.

        Raises WorkbenchError for a class that the model does not have.
        """
        return self.draw(self.order(classes, count, seed, truncation), on_share)

    def write(
        self,
        text: str,
        lines: int = 1,
        seed: int = 0,
        truncation: float | None = None,
        on_share: OnShare = lambda share: None,
    ) -> Samples:
        """The text in the model's handwriting, a picture a character, in several lines, each written anew.

        Raises WorkbenchError unless every class is a character, and for characters that are no class.
        """
        return self.draw(self.order_of_text(text, lines, seed, truncation), on_share)

    def order(
        self, classes: Sequence[str | int] | None, count: int, seed: int, truncation: float | None = None
    ) -> Order:
        """What `sample` draws, before it is drawn."""
        wanted = list(range(len(self.classes)))
        if classes is not None:
            wanted = self._numbers(classes)
        labels = torch.tensor(wanted or [0]).repeat_interleave(count)
        asked = {"classes": [self.classes[number] for number in wanted], "count": count}
        # A row a class; without classes a sheet that is half as wide again as it is high.
        columns = count if self.classes else math.ceil(math.sqrt(1.5 * count))
        return self._order(labels, min(columns, WIDEST), seed, truncation, asked)

    def order_of_text(self, text: str, lines: int, seed: int, truncation: float | None = None) -> Order:
        """What `write` draws, before it is drawn."""
        if not self.can_write:
            raise WorkbenchError(
                "{model} cannot write; only a model whose classes are characters can.", model=self.metadata.name
            )
        if not text:
            raise WorkbenchError("Give at least one character to write.")
        numbers = self._numbers(list(text))
        asked = {"text": text, "lines": lines}
        return self._order(torch.tensor(numbers).repeat(lines), len(numbers), seed, truncation, asked)

    def _order(self, labels: Tensor, columns: int, seed: int, truncation: float | None, asked: dict[str, Any]) -> Order:
        normal = latents(len(labels), self.metadata.config.latent_dim, seed)
        if truncation is not None:
            normal = truncate(normal, truncation)
        recipe = {"model": self.metadata.name, "step": self.metadata.step, "weights": self.weights}
        return Order(normal, labels, columns, recipe | asked | {"seed": seed, "truncation": truncation})

    def draw(self, order: Order, on_share: OnShare = lambda share: None) -> Samples:
        """The pictures of an order."""
        return Samples(
            draw(self.generator, order.latents, order.labels, on_share),
            self._labels_of(order),
            order.columns,
            order.latents,
            self.classes,
            order.recipe,
        )

    def file(self, order: Order, form: str) -> Iterator[archives.Piece]:
        """A file of all the pictures, each batch drawn when the next piece is asked for.

        Args:
            form: "zip" or "npz", see Samples.
        """
        count, spec, labels = len(order.labels), self.metadata.spec, self._labels_of(order)
        batches = draw_batches(self.generator, order.latents, order.labels)
        if form == "npz":
            return archives.npz(batches, (count, spec.size, spec.size, spec.channels), labels)
        return archives.zip_of_pngs(batches, archives.file_names(count, labels, self.classes), order.recipe)

    def state_dict_file(self) -> bytes:
        """The generator's state_dict as a file, for torch.load with weights_only=True."""
        file = io.BytesIO()
        torch.save(self.generator.state_dict(), file)
        return file.getvalue()

    def _labels_of(self, order: Order) -> np.ndarray | None:
        return order.labels.numpy() if self.classes else None

    def _numbers(self, classes: Sequence[str | int]) -> list[int]:
        if not self.classes:
            raise WorkbenchError(
                "{model} is unconditional and has no classes; give only a count.", model=self.metadata.name
            )
        if not classes:
            raise WorkbenchError("Name at least one class.")
        try:
            return class_numbers(classes, self.classes)
        except KeyError as error:
            raise WorkbenchError(
                "{model} has no class {wanted}; it has {classes}.",
                model=self.metadata.name,
                wanted=shortened(str(error)),
                classes=shortened(", ".join(self.classes)),
            ) from error


def load_model(source: str | Path, which: str = "ema", device: torch.device | None = None) -> Model:
    """A model from a checkpoint's path, or from the name of a shipped one.

    Args:
        which: one of WEIGHTS.

    Raises WorkbenchError if there is none or it cannot be used.
    """
    path = checkpoint.find(source)
    metadata = checkpoint.read_metadata(path)
    weights = checkpoint.without_prefix(which, checkpoint.read_tensors(path))
    if not weights:
        raise WorkbenchError(
            "{file} has no weights of the kind {kind}; choose the other kind.", file=path.name, kind=which
        )
    return Model(metadata, checkpoint.restored(build_generator, metadata, weights, path).to(device or "cpu"), which)
