"""Fully connected networks: the GAN of the classic tutorials and, conditional, of Mirza & Osindero 2014."""

from collections.abc import Iterator

from torch import Tensor, nn

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.layers import (
    Answer,
    Discriminator,
    Generator,
    Layers,
    Pixels,
    batch_norm,
    discriminator_end,
    generator_end,
    normalise_weights,
)


class MlpGenerator(Generator):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        self.shape = (spec.channels, spec.size, spec.size)
        inputs = self.tell(config, spec)
        self.layers = Layers(
            *self._hidden(inputs, config, spec),
            nn.Linear(config.generator_layers[-1], spec.channels * spec.size * spec.size),
            Pixels(),
        )

    @staticmethod
    def _hidden(inputs: int, config: RunConfig, spec: ImageSpec) -> Iterator[nn.Module]:
        for neurons in config.generator_layers:
            yield nn.Linear(inputs, neurons)
            yield from generator_end(neurons, images=False, config=config, spec=spec)
            inputs = neurons

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        return self.layers(self.told(latents, labels), labels).unflatten(1, self.shape)


class MlpDiscriminator(Discriminator):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> Answer."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        self.compares = config.discriminator_normalisation == "batch"
        inputs = spec.channels * spec.size * spec.size + self.tell(config, spec)
        self.layers = nn.Sequential(*self._hidden(inputs, config), nn.Linear(config.discriminator_layers[-1], 1))
        self.end(config.discriminator_layers[-1], config, spec)
        normalise_weights(self, config.discriminator_normalisation)

    @staticmethod
    def _hidden(inputs: int, config: RunConfig) -> Iterator[nn.Module]:
        for neurons in config.discriminator_layers:
            yield nn.Linear(inputs, neurons)
            if config.discriminator_normalisation == "batch":
                yield batch_norm(neurons, images=False)
            yield from discriminator_end(config)
            inputs = neurons

    def forward(self, images: Tensor, labels: Tensor) -> Answer:
        features = self.layers[:-1](self.told(images.flatten(1), labels))
        return self.answer(self.layers[-1](features), features, labels)
