"""The parts that all families share: activation, normalisation, conditioning on the label, and the base classes."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import register_parametrization

from gan_core.config import Activation, ImageSpec, RunConfig

ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
"""To add one: a line here, and its name in `Activation` in gan_core/config.py."""

# Keras states the share of the old average that is kept (0.8), torch the share of the new value (0.2).
BATCH_NORM_MOMENTUM = 0.2


# Activation and normalisation


def activation(name: Activation, dropout: float = 0.0) -> list[nn.Module]:
    """The activation of that name, then dropout if its probability is not 0."""
    layer = ACTIVATIONS[name]()
    return [layer, nn.Dropout(dropout)] if dropout else [layer]


def normalisation(kind: str, features: int, images: bool, classes: int = 0) -> list[nn.Module]:
    """Batch normalisation if `kind` is "batch", no layer if not ("spectral" is `apply_spectral_norm`).

    Args:
        images: whether it normalises feature maps [N, features, H, W], not vectors [N, features].
        classes: with how many classes it is conditional; 0 if it is not.
    """
    if kind != "batch":
        return []
    return [ConditionalBatchNorm(features, images, classes) if classes else batch_norm(features, images)]


def batch_norm(features: int, images: bool, affine: bool = True) -> nn.Module:
    """Batch normalisation (Ioffe & Szegedy 2015) of [N, features] or, for images, [N, features, H, W].

    Args:
        affine: whether a learnt scale and shift follow.
    """
    return (nn.BatchNorm2d if images else nn.BatchNorm1d)(features, momentum=BATCH_NORM_MOMENTUM, affine=affine)


class ConditionalBatchNorm(nn.Module):
    """Batch normalisation with a scale and a shift for each class (Dumoulin 2017, eq. 5)."""

    def __init__(self, features: int, images: bool, classes: int):
        super().__init__()
        self.normalise = batch_norm(features, images, affine=False)
        self.scales = nn.Embedding(classes, features, _weight=torch.ones(classes, features))
        self.shifts = nn.Embedding(classes, features, _weight=torch.zeros(classes, features))

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """[N, features, ...] and labels, see `rows_of` -> the same shape."""
        shape = (len(inputs), -1, *[1] * (inputs.dim() - 2))
        scales, shifts = (rows_of(table.weight, labels) for table in (self.scales, self.shifts))
        return self.normalise(inputs) * scales.view(shape) + shifts.view(shape)


class ConditionalSequential(nn.Sequential):
    """A Sequential that also gives the labels to its conditional batch normalisations."""

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:  # type: ignore[override]  # a Sequential has one input
        for layer in self:
            inputs = layer(inputs, labels) if isinstance(layer, ConditionalBatchNorm) else layer(inputs)
        return inputs


class SpectralNorm(_SpectralNorm):
    """torch's, in float32 even where the layers compute in bfloat16.

    Under autocast a GPU would multiply in bfloat16, and singular vectors of three digits no longer have length 1.
    """

    def forward(self, weight: Tensor) -> Tensor:
        if weight.is_meta:  # the meta device computes nothing and has no autocast
            return super().forward(weight)
        with torch.autocast(weight.device.type, enabled=False):
            return super().forward(weight)


def apply_spectral_norm(discriminator: "Discriminator") -> None:
    """Divide each layer's weight by its largest singular value, whenever it is used (Miyato 2018, eq. 8).

    The auxiliary classifier is left out: its logits must be free to grow.
    """
    for name, module in list(discriminator.named_modules()):
        if isinstance(module, nn.Conv2d | nn.Linear) and name != "classifier":
            register_parametrization(module, "weight", SpectralNorm(module.weight))


# Single layers


def rows_of(table: Tensor, labels: Tensor) -> Tensor:
    """The rows of a table [classes, F] for labels int64 [N] -> [N, F].

    In place of labels, weights of the classes, float [N, classes], give mixtures of the rows: between classes.
    """
    return labels @ table if labels.is_floating_point() else embedding(labels, table)


class Float32Tanh(nn.Module):
    """The last layer of every generator: tanh, computed in float32, so pixels are in [-1, 1].

    In bfloat16 tanh rounds to 1 for inputs above 3.46. Its gradient 1 - tanh^2 is 0 there, and such a pixel would learn
    no more.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.float().tanh()


class OneHot(nn.Module):
    """Labels, see `rows_of` -> float [N, classes]: `scale` at the label, 0 elsewhere.

    Rows of the scaled identity matrix. torch's own one_hot checks the labels' range, which makes a GPU wait.
    """

    identity: Tensor

    def __init__(self, classes: int, scale: float = 1.0):
        super().__init__()
        self.register_buffer("identity", scale * torch.eye(classes), persistent=False)

    def forward(self, labels: Tensor) -> Tensor:
        return rows_of(self.identity, labels)


class LabelEmbedding(nn.Linear):
    """Labels int64 [N] -> a learnt vector for each class [N, features].

    A linear layer of the one-hot label, so that spectral normalisation treats it like the other layers.
    """

    def __init__(self, classes: int, features: int):
        super().__init__(classes, features, bias=False)
        self.one_hot = OneHot(classes)

    def forward(self, labels: Tensor) -> Tensor:
        return super().forward(self.one_hot(labels))


class LinearWithoutBias(nn.Linear):
    """A linear layer without bias, except with the weights of an older file in which it had one."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, bias=False)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *others: Any) -> None:
        if self._parameters["bias"] is None and f"{prefix}bias" in state_dict:
            self.bias = nn.Parameter(self.weight.new_empty(self.out_features), self.weight.requires_grad)
        super()._load_from_state_dict(state_dict, prefix, *others)


# Base classes


class Generator(nn.Module):
    """Base of all generators: how they are conditioned on the label (`generator_conditioning`).

    The one-hot label is concatenated to the latent (Mirza & Osindero 2014), or batch normalisation is conditional
    (Dumoulin 2017).

    Args:
        label_scale: the number that stands for 1 in the one-hot label.

    Attributes:
        input_size: numbers of `with_label`, the first layer's input.
        norm_classes: the `classes` of the hidden layers' `normalisation`.
    """

    def __init__(self, config: RunConfig, spec: ImageSpec, label_scale: float = 1.0):
        super().__init__()
        classes = len(spec.classes)
        concatenates = config.conditional and config.generator_conditioning == "concatenate"
        self.one_hot = OneHot(classes, label_scale) if concatenates else None
        self.input_size = config.latent_dim + (classes if concatenates else 0)
        self.norm_classes = classes if config.conditional_batch_norm else 0

    def with_label(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Latents [N, latent_dim] and labels int64 [N], concatenated if the config says so -> [N, input_size]."""
        return torch.cat([latents, self.one_hot(labels)], dim=1) if self.one_hot else latents


class DiscriminatorOutput(NamedTuple):
    """Of N images: logits [N], and class_logits [N, classes] if there is an auxiliary classifier. Both are float32."""

    logits: Tensor
    class_logits: Tensor | None = None

    def halves(self) -> "tuple[DiscriminatorOutput, DiscriminatorOutput]":
        """The output for the first half of the images and for the second half."""
        middle = len(self.logits) // 2
        if self.class_logits is None:
            return DiscriminatorOutput(self.logits[:middle]), DiscriminatorOutput(self.logits[middle:])
        return (
            DiscriminatorOutput(self.logits[:middle], self.class_logits[:middle]),
            DiscriminatorOutput(self.logits[middle:], self.class_logits[middle:]),
        )


OLD_NAMES = {"verdict": "head", "class_vectors": "label_embedding"}
"""Modules that discriminators had under another name: older files hold their weights by it."""


class Discriminator(nn.Module):
    """Base of all discriminators: how they are conditioned on the label, and what they put out.

    By `discriminator_conditioning`, the one-hot label is concatenated to the image (Mirza & Osindero 2014), or the
    logit is the head's plus the inner product of the features and the label's embedding: the projection of Miyato &
    Koyama 2018, eq. 3. An auxiliary classifier (Odena 2017) sees the same features as the head.

    Attributes:
        label_channels: channels, or numbers, that `with_label` concatenates to the image.
    """

    uses_batch_statistics = False
    """Whether the output for an image depends on the other images of its batch."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        concatenates = config.conditional and config.discriminator_conditioning == "concatenate"
        self.one_hot = OneHot(len(spec.classes)) if concatenates else None
        self.label_channels = len(spec.classes) if concatenates else 0

    def with_label(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images and labels int64 [N], concatenated if the config says so.

        Images [N, C, H, W] -> [N, C + label_channels, H, W]; as vectors [N, P] -> [N, P + label_channels].
        """
        if self.one_hot is None:
            return images
        label = self.one_hot(labels)
        if images.dim() == 4:
            label = label[:, :, None, None].expand(-1, -1, *images.shape[2:])
        return torch.cat([images, label], dim=1)

    def add_class_heads(self, features: int, config: RunConfig, spec: ImageSpec) -> None:
        """Make what `output` needs besides the head, if the config wants it: label embedding, auxiliary classifier."""
        classes = len(spec.classes)
        projects = config.conditional and config.discriminator_conditioning == "projection"
        self.label_embedding = LabelEmbedding(classes, features) if projects else None
        self.classifier = nn.Linear(features, classes) if config.classifies else None

    def output(self, unconditional: Tensor, features: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """From the head's logits [N, 1], the features that it saw [N, F], and labels int64 [N]."""
        logits = unconditional.squeeze(1)
        if self.label_embedding:
            logits = logits + (self.label_embedding(labels) * features).sum(dim=1)
        class_logits = self.classifier(features).float() if self.classifier else None
        return DiscriminatorOutput(logits.float(), class_logits)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's, but takes OLD_NAMES too."""
        return super().load_state_dict({_new_name(key): value for key, value in state_dict.items()}, strict, assign)


def _new_name(key: str) -> str:
    module, dot, rest = key.partition(".")
    return OLD_NAMES.get(module, module) + dot + rest
