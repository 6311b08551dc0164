"""Fully connected networks: the GAN of the classic tutorials and, conditional, of Mirza & Osindero 2014."""

from collections.abc import Iterator

from torch import Tensor, nn

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.layers import (
    ConditionalSequential,
    Discriminator,
    DiscriminatorOutput,
    Float32Tanh,
    Generator,
    activation,
    apply_spectral_norm,
    normalisation,
)


class MlpGenerator(Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        self.shape = (spec.channels, spec.size, spec.size)
        self.layers = ConditionalSequential(
            *self._hidden(config),
            nn.Linear(config.generator_layers[-1], spec.channels * spec.size * spec.size),
            Float32Tanh(),
        )

    def _hidden(self, config: RunConfig) -> Iterator[nn.Module]:
        inputs = self.input_size
        for neurons in config.generator_layers:
            yield nn.Linear(inputs, neurons)
            yield from normalisation(config.generator_normalisation, neurons, images=False, classes=self.norm_classes)
            yield from activation(config.generator_activation)
            inputs = neurons

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        return self.layers(self.with_label(latents, labels), labels).unflatten(1, self.shape)


class MlpDiscriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> DiscriminatorOutput."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__(config, spec)
        self.uses_batch_statistics = config.discriminator_normalisation == "batch"
        inputs = spec.channels * spec.size * spec.size + self.label_channels
        features = config.discriminator_layers[-1]
        # The head is the last of the layers, where older files have its weights.
        self.layers = nn.Sequential(*self._hidden(inputs, config), nn.Linear(features, 1))
        self.add_class_heads(features, config, spec)
        if config.discriminator_normalisation == "spectral":
            apply_spectral_norm(self)

    @staticmethod
    def _hidden(inputs: int, config: RunConfig) -> Iterator[nn.Module]:
        for neurons in config.discriminator_layers:
            yield nn.Linear(inputs, neurons)
            yield from normalisation(config.discriminator_normalisation, neurons, images=False)
            yield from activation(config.discriminator_activation, config.dropout)
            inputs = neurons

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        features = self.layers[:-1](self.with_label(images.flatten(1), labels))
        return self.output(self.layers[-1](features), features, labels)
