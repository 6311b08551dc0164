"""What is measured of a training step. Each metric has its name here, beside its value; monitor/charts.py draws it."""

import torch
from torch import Tensor, nn

from gan_core.training.gan import Gan
from gan_core.training.loop import Step
from gan_core.training.losses import LOSSES


def measure(step: Step, gan: Gan) -> dict[str, float]:
    """The metrics of one step, by name. NaN where one has no meaning. One transfer from the device for all of them."""
    real_output, fake_output = LOSSES[gan.config.loss].outputs(step.real_logits, step.fake_logits)
    measured = {
        "discriminator_loss": step.discriminator_loss,
        "generator_loss": step.generator_loss,
        # Share of the images that the discriminator takes for what they are.
        "real_accuracy": _share(real_output > 0.5, real_output),
        "fake_accuracy": _share(fake_output < 0.5, fake_output),
        # D(x) and D(G(z)); 0.5 is undecided. A Wasserstein critic has none, only differences of its logits count.
        "real_output": real_output.mean(),
        "fake_output": fake_output.mean(),
        "discriminator_gradient": _gradient_norm(gan.discriminator),
        "generator_gradient": _gradient_norm(gan.generator),
        # 1: the generated images differ as much from each other as the real ones do; 0: they are all the same.
        "diversity": _deviation(step.fake) / _deviation(step.real),
    }
    if gan.config.loss == "wasserstein":
        # The critic's estimate of how far the generated images are from the real ones (Arjovsky 2017, eq. 2).
        measured["distance"] = step.real_logits.mean() - step.fake_logits.mean()
    return dict(zip(measured, torch.stack(list(measured.values())).tolist(), strict=True))


def _share(right: Tensor, outputs: Tensor) -> Tensor:
    """How many are right; NaN where there are no outputs, for which a comparison alone would give False."""
    return torch.where(outputs.isnan(), outputs, right.float()).mean()


def _deviation(images: Tensor) -> Tensor:
    """Each pixel's standard deviation over the batch [N, C, H, W], on average over the pixels."""
    return images.float().std(dim=0, correction=0).mean()


def _gradient_norm(network: nn.Module) -> Tensor:
    return torch.nn.utils.get_total_norm([p.grad for p in network.parameters() if p.grad is not None])
