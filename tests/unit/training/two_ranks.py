"""What each of two ranks does for test_parallel.py: torchrun -m tests.unit.training.two_ranks FOLDER."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist

from gan_core.datasets.loading import load_dataset
from gan_core.training import parallel
from gan_core.training.gan import Gan, weights_of
from gan_core.training.losses import LOSSES
from tests.conftest import small_config

PLAIN = {
    "generator_normalisation": "none", "discriminator_normalisation": "none", "optimizer": "sgd",
    "generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3,
}  # fmt: skip
"""Each image by itself, and a step that is as long as the gradient says."""
RANDOM = {"augmentation": "colour, translation, cutout", "instance_noise": 0.2, "mirror": True}
CASES = {
    **{loss: PLAIN | {"loss": loss, "weight_clipping": 1.0} for loss in LOSSES},
    **{f"{name}, augmented": PLAIN | RANDOM | {name: 1.0} for name in ("gradient_penalty", "r1_gamma", "r2_gamma")},
    **{name: PLAIN | {name: 1.0} for name in ("gradient_penalty", "r1_gamma", "r2_gamma", "drift")},
    "label smoothing": PLAIN | {"label_smoothing": 0.1},
    "auxiliary classifier": PLAIN | {"auxiliary_classifier": 1.0, "classify_fakes": True},
    "spectral normalisation": PLAIN | {"discriminator_normalisation": "spectral"},
    "relativistic, both penalties, convolutions": PLAIN
    | {"network": "r3gan", "loss": "relativistic", "r1_gamma": 0.5, "r2_gamma": 0.5},
}
RESUMED = {"network": "dcgan", "generator_normalisation": "batch", "dropout": 0.5, **RANDOM}
"""With everything that is random, and averages that are kept."""
STEPS = 4
CPU = torch.device("cpu")


def gradients(gan):
    """Of each network as one vector, after a step."""
    optimizers = {"generator": gan.generator_optimizer, "discriminator": gan.discriminator_optimizer}
    return {
        name: torch.cat([weight.grad.flatten() for weight in weights_of(optimizer)])
        for name, optimizer in optimizers.items()
    }


def new(config):
    dataset = load_dataset(config, Path())
    return Gan(config, dataset.spec, CPU), dataset


def go_on(gan, dataset, steps):
    config = gan.config
    batches = dataset.batches(config.batch_size, config.seed, gan.batches, config.mirror)
    batches = parallel.ready(gan, batches)
    for _ in range(steps):
        parallel.take_step(gan, batches)


def main(folder):
    parallel.join(CPU)
    rank = dist.get_rank()
    found = {}
    for name, changes in CASES.items():
        gan, dataset = new(small_config(**changes))
        go_on(gan, dataset, 1)
        found |= {f"{name}.{network}": gradient for network, gradient in gradients(gan).items()}

    whole, dataset = new(small_config(**RESUMED))
    go_on(whole, dataset, STEPS)
    first, _ = new(whole.config)
    go_on(first, dataset, STEPS // 2)
    states = [first.model_state(), first.resume_state()]
    dist.broadcast_object_list(states)  # as a checkpoint, which rank 0 writes
    torch.manual_seed(99 + rank)  # another process, another chance
    second, _ = new(whole.config)
    second.restore(*states, first.step, first.batches)
    go_on(second, dataset, STEPS // 2)
    found |= {f"whole.{name}": tensor for name, tensor in (whole.model_state() | whole.resume_state()).items()}
    found |= {f"resumed.{name}": tensor for name, tensor in (second.model_state() | second.resume_state()).items()}
    torch.save(found, Path(folder) / f"{rank}.pt")
    parallel.leave()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1])
