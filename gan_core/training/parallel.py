"""One GAN on several devices: a process (rank) for each learns from its part of every batch; gradients are averaged.

As StyleGAN3 does it: between backward and step, all gradients of an optimizer are averaged as one flat vector. (torch's
DistributedDataParallel is not made for the second derivatives of gradient penalties.) All ranks begin with the same
weights and take the same steps, so their weights stay the same. Rank 0 alone measures, draws, scores and saves.

`batch_size` is the whole batch. All ranks know the order of the real images, and each takes its part of a batch.
Losses and penalties are means over images or pairs, so the mean of the parts' gradients is the gradient of the whole
batch, but for rounding. What is not as on one device:

- Random numbers. Rank 0's are those of a run on one device, and its generators' states are in the checkpoint. Another
  rank's follow from seed, step and rank alone (`take_step`), so nothing need be kept of them. A run may go on with any
  number of devices; with the same number it is, on a CPU, bit for bit the run that never stopped.
- What a network knows of the batch. On GPUs batch normalisation is over the whole batch (torch's SyncBatchNorm, which
  a CPU lacks). On a CPU it is over each rank's part, and the minibatch deviation of a progressive GAN always is, as in
  StyleGAN. The averages of batch normalisation that are kept are rank 0's.
- What is measured. Losses, accuracies and diversity are of rank 0's part; gradients' norms are of the whole batch.
"""

import contextlib
import math
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from gan_core.config import changeable
from gan_core.seeds import stream
from gan_core.training.gan import Gan, weights_of
from gan_core.training.loop import Batches, Session, Step, training_step

PATIENCE = timedelta(days=1)
"""How long a rank waits for the others: rank 0 may download pictures or score. If one dies, its connections close, and
torchrun ends all."""


def join(device: torch.device) -> torch.device:
    """From here on the ranks that torchrun started can speak to each other; returns this one's device of that kind."""
    if device.type == "cuda":
        device = torch.device("cuda", dist.get_node_local_rank())
        torch.cuda.set_device(device)
    # Decisions go from CPU to CPU: to read one from a GPU would make the loop wait for it.
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    return device


def leave() -> None:
    """After the last step, on all ranks."""
    dist.destroy_process_group()


@contextlib.contextmanager
def _needing_all() -> Iterator[None]:
    """If another rank is gone, this process ends: rank 0 with an error, so that its run counts as interrupted."""
    try:
        yield
    except RuntimeError as error:
        print(f"Another process of this run has ended: {error}", file=sys.stderr)
        raise SystemExit(int(dist.get_rank() == 0)) from error


def meet() -> None:
    """Wait until all ranks have come here."""
    with _needing_all():
        dist.all_reduce(torch.zeros(1))


def ready(gan: Gan, batches: Batches) -> Batches:
    """Wait until all ranks have brought their GAN to the same place; returns this one's part of every batch.

    After `Gan.restore`, which makes other optimizers: from here on these step down the whole batch's gradient.
    """
    if gan.device.type == "cuda":
        for network in (gan.generator, gan.discriminator):
            nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        optimizer.register_step_pre_hook(average_gradients)
    meet()
    return _own_part(batches)


def average_gradients(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """Replace the gradients of an optimizer's weights by their means over all ranks."""
    gradients = [weight.grad for weight in weights_of(optimizer) if weight.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    with _needing_all():
        dist.all_reduce(flat)
    flat /= dist.get_world_size()
    means = flat.split([gradient.numel() for gradient in gradients])
    torch._foreach_copy_(gradients, [mean.view_as(gradient) for mean, gradient in zip(means, gradients, strict=True)])


def _own_part(batches: Batches) -> Batches:
    rank, count = dist.get_rank(), dist.get_world_size()
    for images, labels in batches:
        yield images.chunk(count)[rank], labels.chunk(count)[rank]


def take_step(gan: Gan, batches: Batches) -> Step:
    """`training_step`, by random numbers of this rank's own."""
    if rank := dist.get_rank():
        gan.random.manual_seed(stream(gan.config.seed, "latents", gan.step, rank))
        torch.manual_seed(stream(gan.config.seed, "weights", gan.step, rank))  # of dropout
    return training_step(gan, batches)


class SharedSession:
    """What rank 0's session says, on all ranks: told once a step, in one small tensor.

    Args:
        own: rank 0's; None on the others.
    """

    def __init__(self, gan: Gan, own: Session | None):
        self.gan, self.own = gan, own
        self._stop = False
        self._changes: dict[str, float] = {}

    def seconds(self) -> float:
        """As `training.loop.Session`; the first of what it asks before each step, so here all is told."""
        told = torch.full((2 + len(changeable()),), math.nan, dtype=torch.float64)
        if self.own:
            changes = self.own.changes(self.gan)
            told[0], told[1] = self.own.seconds(), self.own.asked_to_stop()
            told[2:] = torch.tensor([changes.get(name, math.nan) for name in changeable()])
        with _needing_all():
            dist.broadcast(told, src=0)
        seconds, stop, *values = told.tolist()
        self._stop = bool(stop)
        self._changes = {n: value for n, value in zip(changeable(), values, strict=True) if not math.isnan(value)}
        return float(seconds)

    def asked_to_stop(self) -> bool:
        return self._stop

    def changes(self, gan: Gan) -> dict[str, float]:
        return self._changes
