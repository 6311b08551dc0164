"""How a GAN learns, top to bottom: `train` is the loop, `training_step` the algorithm. `gan.py` holds the state."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from gan_core.networks.layers import DiscriminatorOutput
from gan_core.training.gan import Gan, weights_of
from gan_core.training.losses import LOSSES, class_cross_entropy
from gan_core.training.regularizers import (
    clip_weights,
    drift,
    gradient_penalty,
    label_smoothing,
    r1_penalty,
    r2_penalty,
)

Batches = Iterator[tuple[Tensor, Tensor]]
"""Real images float32 [N, C, H, W] in [-1, 1] and their labels int64 [N], without end."""


class Step(NamedTuple):
    """What one step of the algorithm computed, as tensors on the device. A GPU computes while Python goes on: whoever
    reads a number from one makes the loop wait until it is there.

    The images are the last batch and its fakes, float [N, C, H, W] in [-1, 1], before augmentation. The logits [N] are
    the discriminator's output for them; losses.py says how D(x) follows from it.
    """

    discriminator_loss: Tensor
    generator_loss: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    real: Tensor
    fake: Tensor


TakeStep = Callable[[Gan, Batches], Step]
"""Takes a GAN's next step: `training_step`, or on a GPU the same step recorded once and repeated (captured.py)."""


class Session(Protocol):
    """What the loop needs from outside: the time, and what users asked for. jobs/session.py is a run's."""

    def seconds(self) -> float:
        """How long the GAN has been trained, earlier sessions included."""

    def asked_to_stop(self) -> bool:
        """Whether the run was asked to end here."""

    def changes(self, gan: Gan) -> dict[str, float]:
        """Hyperparameters that are to have another value from the next step on."""


def train(gan: Gan, batches: Batches, session: Session, record: Callable[[Step], None], take_step: TakeStep) -> None:
    """Step after step, until the budget is used up or a stop is asked for.

    Args:
        record: called with each step; it only reads.
        take_step: `training_step`, or the same step as a CUDA graph.
    """
    while (progress := gan.config.budget_spent(session.seconds(), gan.kimg)) < 1 and not session.asked_to_stop():
        for name, value in session.changes(gan).items():
            gan.change(name, value)
        gan.set_progress(progress)  # learning rates and instance noise depend on it
        step = take_step(gan, batches)
        record(step)


def training_step(gan: Gan, batches: Batches) -> Step:
    """n_critic steps of the discriminator, then one of the generator (Goodfellow 2014, algorithm 1: k is n_critic).

    The generator learns from the fakes that the discriminator has just seen, as in the tutorials; the paper draws
    fresh ones, which costs another pass.
    """
    for number in range(gan.config.n_critic):
        real, labels = next(batches)
        gan.batches += 1
        gan.grow()  # only a progressive GAN does, and only it has real images of another resolution
        real = gan.at_resolution(real)
        # Only the last fakes are for the generator to learn from. All have the labels of the real images, so that the
        # label alone does not show which is which.
        is_last = number == gan.config.n_critic - 1
        with torch.set_grad_enabled(is_last), gan.autocast():
            fake = gan.generator(gan.latents(len(real)), labels)
        discriminator_loss, real_logits, fake_logits = discriminator_step(gan, real, fake.detach(), labels)
    generator_loss = generator_step(gan, real, fake, labels)
    gan.update_average()  # of the generator's weights (EMA): it draws the pictures
    gan.step += 1
    seen = (discriminator_loss, generator_loss, real_logits, fake_logits, real, fake)
    return Step(*(tensor.detach() for tensor in seen))


def discriminator_step(gan: Gan, real: Tensor, fake: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One step of the discriminator: its loss with all penalties, and its logits [N] for real and for fake images."""
    config, loss_function = gan.config, LOSSES[gan.config.loss]
    real, fake = gan.augment(real), gan.augment(fake)  # DiffAugment and instance noise, if asked for
    with gan.autocast():
        of_real, of_fake = discriminate(gan, real, fake, labels)
    real_logits, fake_logits = of_real.logits, of_fake.logits
    loss = loss_function.discriminator(real_logits, fake_logits)
    if of_real.class_logits is not None:  # of an auxiliary classifier (Odena 2017)
        loss += config.auxiliary_classifier * class_cross_entropy(of_real.class_logits, labels)
    if of_fake.class_logits is not None and config.classify_fakes:
        loss += config.auxiliary_classifier * class_cross_entropy(of_fake.class_logits, labels)
    if config.label_smoothing:
        loss += loss_function.weight_of_real * label_smoothing(real_logits, config.label_smoothing)
    if config.drift:
        loss += config.drift * drift(real_logits)
    loss += gradient_penalties(gan, real, fake, labels)
    optimizer_step(gan.discriminator_optimizer, loss)
    if config.weight_clipping:
        clip_weights(gan.discriminator, config.weight_clipping)
    return loss, real_logits, fake_logits


def generator_step(gan: Gan, real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
    """One step of the generator: its loss. The discriminator's weights stay as they are."""
    config, loss_function = gan.config, LOSSES[gan.config.loss]
    with gan.autocast():
        of_fake = gan.discriminator(gan.augment(fake), labels)
        logits = [of_fake.logits]
        if config.loss == "relativistic":  # the only one that compares each fake with a real image
            logits.append(gan.discriminator(gan.augment(real), labels).logits)
    loss = loss_function.generator(*logits)
    if of_fake.class_logits is not None:
        loss += config.auxiliary_classifier * class_cross_entropy(of_fake.class_logits, labels)
    optimizer_step(gan.generator_optimizer, loss)
    return loss


def discriminate(
    gan: Gan, real: Tensor, fake: Tensor, labels: Tensor
) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
    """The discriminator's output for real and for fake images [N, C, H, W] of the same classes.

    One pass over both is faster than two. But a discriminator that normalises over the batch should get each kind by
    itself: the mean of a mixed batch would show which half is fake.
    """
    if gan.discriminator.uses_batch_statistics:
        return gan.discriminator(real, labels), gan.discriminator(fake, labels)
    return gan.discriminator(torch.cat([real, fake]), torch.cat([labels, labels])).halves()


def gradient_penalties(gan: Gan, real: Tensor, fake: Tensor, labels: Tensor) -> Tensor | float:
    """WGAN-GP's penalty, R1 and R2, as far as the config asks for them.

    Not within autocast, so in float32: bfloat16 is too coarse for them.
    """
    config = gan.config
    total: Tensor | float = 0.0

    def critic(images: Tensor) -> Tensor:  # the discriminator, with its labels filled in
        return gan.discriminator(images, labels).logits

    if config.gradient_penalty:
        mixing = gan.uniform(len(real))
        total += config.gradient_penalty * gradient_penalty(critic, real, fake, mixing)
    if gan.batches % config.penalty_every == 0:
        # Lazy regularisation (Karras 2020, appendix B): computed at one discriminator step of `penalty_every`, and
        # multiplied by it, so that the mean stays the same. WGAN-GP's penalty is needed at every step.
        if config.r1_gamma:
            total += config.penalty_every * config.r1_gamma * r1_penalty(critic, real)
        if config.r2_gamma:
            total += config.penalty_every * config.r2_gamma * r2_penalty(critic, fake)
    return total


def optimizer_step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of the optimizer's weights, and of no others, down the gradient of the loss."""
    optimizer.zero_grad()
    loss.backward(inputs=weights_of(optimizer))
    optimizer.step()
