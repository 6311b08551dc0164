"""Inside two trained networks: a generator's feature maps, and what a discriminator looks at."""

import contextlib
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_core import checkpoint
from gan_core.errors import WorkbenchError
from gan_core.networks import r3gan, resnet
from gan_core.networks.build import build_discriminator
from gan_core.networks.layers import ACTIVATIONS, Discriminator, Float32Tanh
from gan_core.training.losses import LOSSES, LeastSquares, MeanNonSaturating, Minimax, NonSaturating

OnShare = Callable[[float], None]
AT_ONCE = 100
SHOWN: tuple[type[nn.Module], ...] = (
    Float32Tanh,
    resnet.UpBlock,
    r3gan.Block,
    *{type(make()) for make in ACTIVATIONS.values()},
)
"""Modules whose outputs are layers to look at: activations, residual blocks, and the picture."""
SMOOTHED_OVER = 20
NOISE = 0.15
"""Of Smilkov 2017: how many noisy copies are averaged, and the noise's deviation as a share of the range of pixels. In
section 3.2 shares from 0.1 to 0.2 look best; beyond 50 copies nothing changes, and 20 are close to that."""
PIXEL_RANGE = 2.0
PROBABILITIES = (Minimax, NonSaturating, MeanNonSaturating)
"""Losses that make D(x) a probability; Hinge inherits from one and does not."""


class Layer(NamedTuple):
    """What a layer puts out.

    Args:
        name: of the module, as in the generator's state.
        kind: its class.
        features: [N, F, H, W], or [N, F] of a fully connected one.
    """

    name: str
    kind: str
    features: Tensor


@torch.no_grad()
def feature_maps(generator: nn.Module, latents: Tensor, labels: Tensor) -> list[Layer]:
    """What each layer of SHOWN puts out, in the order in which they are computed; a module twice if it is used twice.

    Args:
        generator: in eval mode, on the CPU.
        latents, labels: as `sampling.draw` takes them.
    """
    found: list[Layer] = []
    _watched(generator, lambda *layer: found.append(Layer(*layer)))(latents, labels)
    return found


@torch.no_grad()
def first_features(generator: nn.Module, latents: Tensor, labels: Tensor) -> Tensor:
    """What the first of SHOWN puts out, flattened, [N, P]; the layers behind it are not computed."""
    parts = []

    def stop(_name: str, _kind: str, features: Tensor) -> None:
        parts.append(features.flatten(1))
        raise _FirstSeenError

    watched = _watched(generator, stop)
    for some, some_labels in zip(latents.split(AT_ONCE), labels.split(AT_ONCE), strict=True):
        with contextlib.suppress(_FirstSeenError):
            watched(some, some_labels)
    return torch.cat(parts)


class _FirstSeenError(Exception):
    """Ends a forward pass."""


def _watched(generator: nn.Module, note: Callable[[str, str, Tensor], None]) -> nn.Module:
    """A copy, since others may draw with it meanwhile, that tells of each layer's name, kind and features."""
    watched = copy.deepcopy(generator)

    def tell_of(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        return lambda module, _inputs, output: note(name, type(module).__name__, output.clone())

    for name, module in watched.named_modules():
        if any(isinstance(module, kind) for kind in SHOWN):
            module.register_forward_hook(tell_of(name))
    return watched


def load_discriminator(path: Path) -> Discriminator:
    """The discriminator that a model file holds, in eval mode on the CPU.

    Raises WorkbenchError if the file has none, as one that was made to be small, or cannot be used.
    """
    metadata = checkpoint.read_metadata(path)
    weights = checkpoint.without_prefix("discriminator", checkpoint.read_tensors(path))
    if not weights:
        raise WorkbenchError(
            "The file of {model} holds no discriminator, only the generator; choose a model that was trained here, or "
            "another shipped one.",
            model=metadata.name,
        )
    return checkpoint.restored(build_discriminator, metadata, weights, path)


@torch.no_grad()
def logits_of(discriminator: Discriminator, images: Tensor, labels: Tensor) -> Tensor:
    """The discriminator's logits [N] for images [N, C, H, W] in [-1, 1] and labels int64 [N], as one batch."""
    return discriminator(images, labels).logits


def saliency(
    discriminator: Discriminator,
    images: Tensor,
    labels: Tensor,
    seed: int = 0,
    copies: int = SMOOTHED_OVER,
    noise: float = NOISE,
    on_share: OnShare = lambda share: None,
) -> Tensor:
    """The gradient of the logits at the images, smoothed: its mean over noisy copies of them, [N, C, H, W].

    SmoothGrad (Smilkov 2017, section 3): 1/n sum of M(x + e), e from N(0, s^2), M the gradient. Where it is positive, a
    brighter pixel raises the logit. Of a discriminator that uses the batch's statistics it is the gradient of the sum
    of the batch's logits.

    Args:
        images, labels: as `logits_of` takes them.
        seed: of the noise.
        copies: n.
        noise: s, as a share of PIXEL_RANGE; 0 gives the plain gradient.
        on_share: called with the share done.
    """
    random = torch.Generator().manual_seed(seed)
    total = torch.zeros_like(images)
    for number in range(copies):
        drawn = torch.randn(images.shape, generator=random)
        noisy = (images + noise * PIXEL_RANGE * drawn).requires_grad_()
        with torch.enable_grad():
            total += torch.autograd.grad(discriminator(noisy, labels).logits.sum(), noisy)[0]
        on_share((number + 1) / copies)
    return total / copies


def output_of(loss: str, logits: Tensor) -> Tensor | None:
    """D(x) for logits of any shape, as a discriminator trained by that loss means it; None if it means only logits.

    A probability for the losses of Goodfellow 2014; the logit itself for that of Mao 2017, where 1 is real, 0 is fake.
    Hinge, Wasserstein and relativistic losses train no such number: see losses.py.
    """
    if LOSSES[loss] in PROBABILITIES:
        return logits.sigmoid()
    return logits if LOSSES[loss] is LeastSquares else None
