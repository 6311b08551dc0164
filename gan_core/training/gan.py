"""A GAN's state during training: networks, optimizers, EMA and random generators. The algorithm is in `loop.py`."""

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from gan_core import checkpoint
from gan_core.config import ImageSpec, RunConfig, make_config
from gan_core.devices import autocast, choose_precision
from gan_core.growth import growth
from gan_core.networks.build import build_discriminator, build_generator
from gan_core.networks.progressive import Growing
from gan_core.seeds import stream
from gan_core.training.augmentation import augment
from gan_core.training.regularizers import instance_noise

Network = TypeVar("Network", bound=nn.Module)

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
FUSED = {"adam", "adamw", "sgd"}
"""Those that torch can apply in one pass over all weights, which takes a fifth of the time."""


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    """Its weights and buffers, in the same order for the same architecture."""
    return chain(network.parameters(), network.buffers())


def weights_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


class StepScalars(NamedTuple):
    """What a step computes with that changes from step to step and is not random, besides the learning rates."""

    noise: float | Tensor  # standard deviation of the instance noise
    ema_weight: float | Tensor  # of the newest weights in their average


class Gan:
    """All that changes while a GAN learns: two networks, their optimizers, the EMA, and the random generators.

    Everything random follows from the config's seed, by streams of their own (gan_core.seeds).
    """

    def __init__(self, config: RunConfig, spec: ImageSpec, device: torch.device):
        torch.manual_seed(stream(config.seed, "weights"))
        self.config = config
        self.spec = spec
        self.device = device
        self.step = 0  # of the generator
        self.batches = 0  # of real images that the discriminator has seen
        self.progress = 0.0  # share of the budget that is spent, 0 to 1
        self.scalars_on_device: StepScalars | None = None  # set while a step is captured, which can read no others
        # On torch's meta device nothing is drawn, and there is no random generator to seed.
        self.random = torch.Generator("cpu" if device.type == "meta" else device)
        self.random.manual_seed(stream(config.seed, "latents"))
        self.generator = self._place(build_generator(config, spec))
        self.discriminator = self._place(build_discriminator(config, spec))
        self._averaged = copy.deepcopy(self.generator).eval().requires_grad_(False)
        count = sum(weight.numel() for weight in chain(self.generator.parameters(), self.discriminator.parameters()))
        self.precision = choose_precision(config.precision, device, count)
        self._make_optimizers()

    def _place(self, network: Network) -> Network:
        return network.to(self.device).to(memory_format=torch.channels_last)

    def _make_optimizers(self) -> None:
        self.generator_optimizer = self._optimizer(self.generator, self.config.generator_learning_rate)
        self.discriminator_optimizer = self._optimizer(self.discriminator, self.config.discriminator_learning_rate)

    def _optimizer(self, network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
        options: dict[str, Any] = {}
        if self.config.optimizer.startswith("adam"):
            options["betas"] = (self.config.beta1, self.config.beta2)
        if self.config.optimizer in FUSED and self.device.type in ("cpu", "cuda"):
            options["fused"] = True
        return OPTIMIZERS[self.config.optimizer](network.parameters(), lr=learning_rate, **options)

    # What a step asks for

    def grow(self) -> None:
        """Let a progressive GAN grow to the size for the images shown so far; others stay as they are."""
        for network in (self.generator, self.discriminator, self._averaged):
            if isinstance(network, Growing):
                network.grown = growth(self.config, self.kimg)

    def at_resolution(self, real: Tensor) -> Tensor:
        """Real images [N, C, H, W] as coarse as what a growing generator draws by now."""
        return self.generator.at_current_resolution(real) if isinstance(self.generator, Growing) else real

    def augment(self, images: Tensor) -> Tensor:
        """What the discriminator is shown of images [N, C, H, W], real or fake: DiffAugment and noise, if asked for."""
        if self.config.augmentation != "none":
            images = augment(images, self.config.augmentation, self.random)
        if self.config.instance_noise:
            images = instance_noise(images, self.scalars().noise, self.random)
        return images

    def latents(self, count: int) -> Tensor:
        """Standard normal [count, latent_dim]."""
        return torch.randn(count, self.config.latent_dim, generator=self.random, device=self.device)

    def uniform(self, count: int) -> Tensor:
        """In [0, 1), [count]."""
        return torch.rand(count, generator=self.random, device=self.device)

    def averaged_generator(self) -> nn.Module:
        """What pictures are drawn by: the generator with averaged weights, or a copy if no average is asked for."""
        if not self.config.ema_decay:
            self._averaged.load_state_dict(self.generator.state_dict())
        return self._averaged

    def scalars(self) -> StepScalars:
        """This step's, or the tensors that hold them while it is captured."""
        if self.scalars_on_device:
            return self.scalars_on_device
        return StepScalars(self.noise(), self.ema_weight())

    def noise(self) -> float:
        """Standard deviation of the instance noise: it falls to 0 over the budget."""
        return self.config.instance_noise * (1 - self.progress)

    def ema_weight(self) -> float:
        """1 - d, for the average's decay d. It grows to ema_decay: early on, old weights are not worth remembering.

        At first it is 0, and until it is as large as ema_decay about the last ema_share of all steps is remembered (as
        by Karras 2024's power functions, section 3.1).
        """
        remembered = (1 + self.step) / (1 + 1 / self.config.ema_share + self.step) if self.step else 0.0
        return 1 - min(self.config.ema_decay, remembered)

    @torch.no_grad()
    def update_average(self) -> None:
        """After each step of the generator: e <- d e + (1 - d) w for weights w and batch normalisation's averages."""
        if not self.config.ema_decay:
            return
        weight = self.scalars().ema_weight  # 1 - d
        pairs = list(zip(_tensors(self._averaged), _tensors(self.generator), strict=True))
        averaged, current = zip(*(pair for pair in pairs if pair[0].is_floating_point()), strict=True)
        # All at once: one by one, a GPU waits for Python.
        torch._foreach_lerp_(averaged, current, [weight] * len(averaged) if isinstance(weight, Tensor) else weight)
        for counted, number in (pair for pair in pairs if not pair[0].is_floating_point()):
            counted.copy_(number)

    def autocast(self) -> AbstractContextManager[object]:
        return autocast(self.device, self.precision)

    @property
    def images(self) -> int:
        """Real images that the discriminator has seen."""
        return self.batches * self.config.batch_size

    @property
    def kimg(self) -> float:
        """Thousands of real images that the discriminator has seen."""
        return self.images / 1000

    def change(self, name: str, value: Any) -> None:
        """From the next step on, another value of one of `config.changeable()`. Raises WorkbenchError if refused."""
        self.config = make_config(self.config, **{name: value})
        self._set_rates()

    def set_progress(self, progress: float) -> None:
        """Set what follows from the share of the budget that is spent, 0 to 1.

        At its end the learning rates fall to 0 in a straight line; noise falls over all of it.
        """
        self.progress = progress
        self._set_rates()

    def _set_rates(self) -> None:
        decay = self.config.learning_rate_decay
        share = min(1.0, (1 - self.progress) / decay) if decay else 1.0
        for optimizer, rate in (
            (self.generator_optimizer, self.config.generator_learning_rate),
            (self.discriminator_optimizer, self.config.discriminator_learning_rate),
        ):
            for group in optimizer.param_groups:
                group["lr"] = share * rate

    # Saving and resuming

    def model_state(self) -> dict[str, Tensor]:
        """What others need to draw with, or to go on from, this GAN."""
        return (
            checkpoint.with_prefix("ema", self.averaged_generator().state_dict())
            | checkpoint.with_prefix("generator", self.generator.state_dict())
            | checkpoint.with_prefix("discriminator", self.discriminator.state_dict())
        )

    def resume_state(self) -> dict[str, Tensor]:
        """What resuming exactly needs in addition: the optimizers and the random generators' states."""
        state = {
            f"random.latents.{self.device.type}": self.random.get_state(),
            "random.cpu": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            state["random.cuda"] = torch.cuda.get_rng_state(self.device)
        if self.device.type == "mps":
            state["random.mps"] = torch.mps.get_rng_state()
        for name, optimizer in self._optimizers().items():
            for number, values in optimizer.state_dict()["state"].items():
                state |= checkpoint.with_prefix(f"{name}.{number}", {k: v for k, v in values.items() if v is not None})
        return state

    def restore(self, model: dict[str, Tensor], resume: dict[str, Tensor], step: int, batches: int) -> None:
        """Take up the states that `model_state` and `resume_state` gave after so many steps and batches."""
        self._averaged.load_state_dict(checkpoint.without_prefix("ema", model))
        self.generator.load_state_dict(checkpoint.without_prefix("generator", model))
        self.discriminator.load_state_dict(checkpoint.without_prefix("discriminator", model))
        # Anew, since networks from an older file can have more weights (layers.LinearWithoutBias).
        self._make_optimizers()
        if f"random.latents.{self.device.type}" in resume:
            self.random.set_state(resume[f"random.latents.{self.device.type}"])
        else:  # from another kind of device, whose random state this one cannot use
            self.random.manual_seed(stream(self.config.seed, "latents", step))
        torch.set_rng_state(resume["random.cpu"])
        if "random.cuda" in resume and self.device.type == "cuda":
            torch.cuda.set_rng_state(resume["random.cuda"], self.device)
        if "random.mps" in resume and self.device.type == "mps":
            torch.mps.set_rng_state(resume["random.mps"])
        for name, optimizer in self._optimizers().items():
            self._restore_optimizer(optimizer, checkpoint.without_prefix(name, resume))
        self.step, self.batches = step, batches

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    @staticmethod
    def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
        fresh = optimizer.state_dict()
        weights = weights_of(optimizer)
        for name, tensor in tensors.items():
            number, key = name.split(".", 1)
            # A copy, since a tensor read from a file stays tied to it, and Windows then lets no one replace that. In
            # its weight's memory order: fused optimizers walk through both side by side and ignore strides.
            like = weights[int(number)] if tensor.dim() else tensor
            fresh["state"].setdefault(int(number), {})[key] = torch.empty_like(like, dtype=tensor.dtype).copy_(tensor)
        optimizer.load_state_dict(fresh)
