"""How a GAN learns: `training_step` is the algorithm, `train` the loop around it."""

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_core import checkpoint
from gan_core.config import ImageSpec, RunConfig, make_config
from gan_core.devices import autocast
from gan_core.growth import growth
from gan_core.networks.build import build_discriminator, build_generator
from gan_core.networks.layers import Answer
from gan_core.seeds import stream
from gan_core.training.augmentation import augment
from gan_core.training.losses import LOSSES, class_cross_entropy
from gan_core.training.regularizers import (
    clip_weights,
    drift,
    gradient_penalty,
    instance_noise,
    label_smoothing,
    zero_centred_penalty,
)

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
FUSED = {"adam", "adamw", "sgd"}
"""Those that torch can apply in one pass over all weights, which takes a fifth of the time."""

Batches = Iterator[tuple[Tensor, Tensor]]
"""Real images float32 [N, C, H, W] in [-1, 1] and their labels int64 [N], without end."""


class Step(NamedTuple):
    """What one step of the algorithm saw. Tensors on the device: reading one makes the loop wait for it.

    The images are float [N, C, H, W] in [-1, 1], the last that the discriminator was shown; the logits are its answers.
    """

    discriminator_loss: Tensor
    generator_loss: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    real: Tensor
    fake: Tensor


def training_step(gan: "Gan", batches: Batches) -> Step:
    """n_critic steps of the discriminator, then one of the generator (Goodfellow 2014, algorithm 1).

    The generator learns from the fakes that the discriminator has just seen, as in the tutorials; the paper draws
    fresh ones, which costs another pass.
    """
    for number in range(gan.config.n_critic):
        real, labels = gan.take(batches)
        # The fakes are asked for the classes of the real images, so that a class alone betrays nothing. The generator
        # learns from the last ones alone.
        with torch.set_grad_enabled(number == gan.config.n_critic - 1), gan.autocast():
            fake = gan.generator(gan.latents(len(real)), labels)
        discriminator_loss, of_real, of_fake = teach_discriminator(gan, real, fake.detach(), labels)
    generator_loss = teach_generator(gan, real, fake, labels)
    gan.update_average()
    gan.step += 1
    seen = (discriminator_loss, generator_loss, of_real.logits, of_fake.logits, real, fake)
    return Step(*(tensor.detach() for tensor in seen))


def teach_discriminator(gan: "Gan", real: Tensor, fake: Tensor, labels: Tensor) -> tuple[Tensor, Answer, Answer]:
    """One step of the discriminator: its loss, and its answers to the real and the fake images before the step."""
    config = gan.config
    real, fake = gan.shown(real), gan.shown(fake)
    with gan.autocast():
        of_real, of_fake = judge(gan, real, fake, labels)
    game = LOSSES[config.loss]
    loss = game.discriminator(of_real.logits.float(), of_fake.logits.float())
    if of_real.class_logits is not None:
        loss += config.auxiliary_classifier * class_cross_entropy(of_real.class_logits.float(), labels)
        if config.classify_fakes:
            loss += config.auxiliary_classifier * class_cross_entropy(of_fake.class_logits.float(), labels)
    if config.label_smoothing:
        loss += game.weight_of_real * label_smoothing(of_real.logits.float(), config.label_smoothing)
    if config.drift:
        loss += config.drift * drift(of_real.logits.float())
    loss += penalties(gan, real, fake, labels)  # not in bfloat16, which is too coarse for slopes of slopes
    descend(loss, gan.discriminator_optimizer)
    if config.weight_clipping:
        clip_weights(gan.discriminator, config.weight_clipping)
    return loss, of_real, of_fake


def penalties(gan: "Gan", real: Tensor, fake: Tensor, labels: Tensor) -> Tensor | float:
    """What the discriminator's slopes add to its loss, as far as the config asks for it."""
    config = gan.config
    total: Tensor | float = 0.0

    def critic(images: Tensor) -> Tensor:
        return gan.discriminator(images, labels).logits

    if config.gradient_penalty:
        mixing = torch.rand(len(real), generator=gan.random, device=gan.device)
        total += config.gradient_penalty * gradient_penalty(critic, real, fake, mixing)
    if gan.batches % config.penalty_every == 0:
        # Lazily: at one step of so many, so many times as strong (Karras 2020, appendix B).
        if config.r1_gamma:
            total += config.penalty_every * config.r1_gamma * zero_centred_penalty(critic, real)
        if config.r2_gamma:
            total += config.penalty_every * config.r2_gamma * zero_centred_penalty(critic, fake)
    return total


def teach_generator(gan: "Gan", real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
    """One step of the generator: its loss. The discriminator judges its fakes anew, and does not learn from it."""
    config = gan.config
    with gan.autocast():
        of_fake = gan.discriminator(gan.shown(fake), labels)
        rivals = [gan.discriminator(gan.shown(real), labels).logits.float()] if config.loss == "relativistic" else []
    loss = LOSSES[config.loss].generator(of_fake.logits.float(), *rivals)
    if of_fake.class_logits is not None:
        loss += config.auxiliary_classifier * class_cross_entropy(of_fake.class_logits.float(), labels)
    descend(loss, gan.generator_optimizer)
    return loss


def judge(gan: "Gan", real: Tensor, fake: Tensor, labels: Tensor) -> tuple[Answer, Answer]:
    """The discriminator's answers to real and to fake images of the same classes.

    One pass over both is faster than two. One that compares the images of a batch, though, should see each kind by
    itself: the mean of a mixed batch would betray which half is fake.
    """
    if gan.discriminator.compares:
        return gan.discriminator(real, labels), gan.discriminator(fake, labels)
    return gan.discriminator(torch.cat([real, fake]), torch.cat([labels, labels])).halves()


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One step of the optimizer's weights, and of no others, down the gradient of the loss."""
    optimizer.zero_grad()
    loss.backward(inputs=weights_of(optimizer))
    optimizer.step()


def weights_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def train(gan: "Gan", batches: Batches, watch: Callable[[Step], bool]) -> None:
    """Step after step, until `watch`, which sees each, answers False."""
    while watch(training_step(gan, batches)):
        pass


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    """Its weights and buffers, in the same order for the same architecture."""
    return chain(network.parameters(), network.buffers())


class Gan:
    """All that changes while a GAN learns: two networks, their optimizers, the average, and chance.

    Everything random follows from the config's seed, by streams of their own (gan_core.seeds).
    """

    def __init__(self, config: RunConfig, spec: ImageSpec, device: torch.device):
        torch.manual_seed(stream(config.seed, "weights"))
        self.config = config
        self.spec = spec
        self.device = device
        self.step = 0  # of the generator
        self.batches = 0  # of real images that the discriminator has seen
        self.spent = 0.0  # of the budget
        # On paper (torch's meta device) nothing is drawn, and there is no chance to seed.
        self.random = torch.Generator("cpu" if device.type == "meta" else device)
        self.random.manual_seed(stream(config.seed, "latents"))
        self.generator = self._place(build_generator(config, spec))
        self.discriminator = self._place(build_discriminator(config, spec))
        self._averaged = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self._make_optimizers()

    def _place(self, network: nn.Module) -> nn.Module:
        return network.to(self.device, memory_format=torch.channels_last)

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

    def take(self, batches: Batches) -> tuple[Tensor, Tensor]:
        """The next real images and their labels, in the resolution that a growing generator draws by now."""
        real, labels = next(batches)
        self.batches += 1
        if self.config.network == "progressive":
            grown = growth(self.config, self.images / 1000)
            for network in (self.generator, self.discriminator, self._averaged):
                network.grown = grown
            real = self.generator.coarse(real)
        return real, labels

    def shown(self, images: Tensor) -> Tensor:
        """What the discriminator is shown of images, real and fake alike: changed by chance, if the config says so."""
        images = augment(images, self.config.augmentation, self.random)
        if self.config.instance_noise:
            images = instance_noise(images, self.config.instance_noise * (1 - self.spent), self.random)
        return images

    def latents(self, count: int) -> Tensor:
        """Standard normal [count, latent_dim]."""
        return torch.randn(count, self.config.latent_dim, generator=self.random, device=self.device)

    def averaged_generator(self) -> nn.Module:
        """What pictures are drawn by: the generator with averaged weights, or a copy if no average is asked for."""
        if not self.config.ema_decay:
            self._averaged.load_state_dict(self.generator.state_dict())
        return self._averaged

    @torch.no_grad()
    def update_average(self) -> None:
        """After each step of the generator: e <- d e + (1 - d) w for weights w and batch normalisation's averages.

        d grows to ema_decay: early on, old weights are not worth remembering. At first it is 0, and until it is as
        large as ema_decay about the last fifth of all steps is remembered (as by Karras 2024's power functions,
        section 3.1).
        """
        if not self.config.ema_decay:
            return
        decay = min(self.config.ema_decay, (1 + self.step) / (6 + self.step)) if self.step else 0.0
        pairs = list(zip(_tensors(self._averaged), _tensors(self.generator), strict=True))
        averaged, current = zip(*(pair for pair in pairs if pair[0].is_floating_point()), strict=True)
        torch._foreach_lerp_(averaged, current, 1 - decay)  # all at once: one by one, a GPU waits for Python
        for counted, count in (pair for pair in pairs if not pair[0].is_floating_point()):
            counted.copy_(count)

    def autocast(self) -> AbstractContextManager:
        return autocast(self.device, self.config.precision)

    @property
    def images(self) -> int:
        """Real images that the discriminator has seen."""
        return self.batches * self.config.batch_size

    def change(self, name: str, value: Any) -> None:
        """From the next step on, another value of one of `config.changeable()`. Raises WorkbenchError if refused."""
        self.config = make_config(self.config, **{name: value})
        self._set_rates()

    def anneal(self, spent: float) -> None:
        """Tell how much of the budget is spent, 0 to 1: at its end the learning rates fall to 0 in a straight line."""
        self.spent = spent
        self._set_rates()

    def _set_rates(self) -> None:
        decay = self.config.learning_rate_decay
        share = min(1.0, (1 - self.spent) / decay) if decay else 1.0
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
        """What going on exactly as if nothing had happened needs besides: optimizers and chance."""
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
        self._make_optimizers()  # anew, since networks from an older file can have more weights (layers.WithoutBias)
        if f"random.latents.{self.device.type}" in resume:
            self.random.set_state(resume[f"random.latents.{self.device.type}"])
        else:  # from another kind of device, whose chance this one cannot go on with
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
            # its weight's memory order: fused optimizers walk through both side by side and do not look at strides.
            like = weights[int(number)] if tensor.dim() else tensor
            fresh["state"].setdefault(int(number), {})[key] = torch.empty_like(like, dtype=tensor.dtype).copy_(tensor)
        optimizer.load_state_dict(fresh)
