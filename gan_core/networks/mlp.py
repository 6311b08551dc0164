"""Fully connected networks: the GAN of the classic tutorials and, conditional, of Mirza & Osindero 2014."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gan_core.config import ImageSpec, RunConfig
from gan_core.networks.layers import ACTIVATIONS, Answer, OneHot, batch_norm, maybe_spectral


class MlpGenerator(nn.Module):
    """Latents [N, latent_dim] and, if conditional, labels int64 [N] -> images [N, C, H, W] in [-1, 1]."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        self.shape = (spec.channels, spec.size, spec.size)
        self.one_hot = OneHot(len(spec.classes)) if config.conditional else None
        inputs = config.latent_dim + (len(spec.classes) if config.conditional else 0)
        self.layers = nn.Sequential(
            *self._hidden(inputs, config),
            nn.Linear(config.generator_layers[-1], spec.channels * spec.size * spec.size),
            nn.Tanh(),
        )

    @staticmethod
    def _hidden(inputs: int, config: RunConfig) -> Iterator[nn.Module]:
        for neurons in config.generator_layers:
            yield nn.Linear(inputs, neurons)
            if config.generator_normalisation == "batch":
                yield batch_norm(neurons, images=False)
            yield ACTIVATIONS[config.generator_activation]()
            inputs = neurons

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        if self.one_hot:
            latents = torch.cat([latents, self.one_hot(labels)], dim=1)
        return self.layers(latents).unflatten(1, self.shape)


class MlpDiscriminator(nn.Module):
    """Images [N, C, H, W] and, if conditional, labels int64 [N] -> Answer."""

    def __init__(self, config: RunConfig, spec: ImageSpec):
        super().__init__()
        self.one_hot = OneHot(len(spec.classes)) if config.conditional else None
        inputs = spec.channels * spec.size * spec.size + (len(spec.classes) if config.conditional else 0)
        self.layers = nn.Sequential(
            *self._hidden(inputs, config),
            maybe_spectral(nn.Linear(config.discriminator_layers[-1], 1), config.discriminator_normalisation),
        )
        classes = len(spec.classes)
        self.classifier = nn.Linear(config.discriminator_layers[-1], classes) if config.classifies else None

    @staticmethod
    def _hidden(inputs: int, config: RunConfig) -> Iterator[nn.Module]:
        for neurons in config.discriminator_layers:
            yield maybe_spectral(nn.Linear(inputs, neurons), config.discriminator_normalisation)
            if config.discriminator_normalisation == "batch":
                yield batch_norm(neurons, images=False)
            yield ACTIVATIONS[config.discriminator_activation]()
            inputs = neurons

    def forward(self, images: Tensor, labels: Tensor) -> Answer:
        inputs = images.flatten(1)
        if self.one_hot:
            inputs = torch.cat([inputs, self.one_hot(labels)], dim=1)
        features = self.layers[:-1](inputs)
        return Answer(self.layers[-1](features).squeeze(1), self.classifier(features) if self.classifier else None)
