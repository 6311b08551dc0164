"""How fast a training step is: `python -m bench.throughput [--device cuda]` prints a table.

Each network is trained by our loop and by a plain tutorial loop (a DataLoader over PIL pictures, an eager step that
reads its losses), alternating in one process, on the same networks and batch: ours in the precision that a run chooses
by itself, the plain loop in float32. Beside the ratio and its quartiles: how much of the step is in its operators,
measured in their place and each repeated by itself, and how much of the machine's own matrix-product and convolution
rates it reaches.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gan_core.jobs import threads

threads.stay_awake()  # as in a run's process

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from torchvision import datasets, transforms

from gan_core import paths
from gan_core.config import RunConfig, make_config
from gan_core.datasets.loading import Dataset, load_dataset
from gan_core.devices import choose_device, keep_freed_memory
from gan_core.networks.build import build_discriminator, build_generator
from gan_core.presets import preset_config
from gan_core.training.gan import Gan
from gan_core.training.loop import training_step

ROUNDS = 12
SECONDS = 1.0
STEPS = 40
REPEATS = 20

FULLY_CONNECTED = make_config(
    preset_config("gan-pytorch"),
    conditional=True,
    latent_dim=100,
    generator_layers=(128, 256, 512, 1024),
    discriminator_layers=(512, 512, 512),
)
DCGAN = make_config(preset_config("dcgan"), batch_size=64)
CASES = {
    "conditional fully connected, batch 64": (FULLY_CONNECTED, 2.0, 5.0),
    "dcgan, batch 64": (DCGAN, 1.3, 3.0),
    "dcgan, spectral normalisation": (make_config(DCGAN, discriminator_normalisation="spectral"), 1.3, 3.0),
    "minute": (preset_config("minute"), 1.3, 3.0),
}
"""Each with its goal: our images/s as a multiple of the plain loop's, on a CPU and on a GPU."""


class Pictures(datasets.MNIST):  # type: ignore[misc]  # torchvision has no types
    """The dataset of the tutorials, torchvision's own, which makes a PIL picture of each digit that it is asked for.

    It finds these in memory, so that nothing is read or downloaded.
    """

    def __init__(self, dataset: Dataset):
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
        datasets.VisionDataset.__init__(self, transform=transform)
        self.data, self.targets = dataset.images.squeeze(1), dataset.labels


class PlainLoop:
    """What a tutorial's reader would write, with the same networks."""

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device):
        self.config, self.device = config, device
        pictures = Pictures(dataset)
        self.loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            pictures, config.batch_size, shuffle=True, drop_last=True
        )
        self.generator = build_generator(config, dataset.spec).to(device)
        self.discriminator = build_discriminator(config, dataset.spec).to(device)
        betas = (config.beta1, config.beta2)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), 2e-4, betas)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), 2e-4, betas)
        self.loss = nn.BCEWithLogitsLoss()
        self.batches = self._batches()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from self.loader

    def step(self) -> None:
        real, labels = next(self.batches)
        real, labels = real.to(self.device), labels.to(self.device)
        ones, zeros = (torch.full((len(real),), value, device=self.device) for value in (1.0, 0.0))

        self.discriminator_optimizer.zero_grad()
        fake = self.generator(torch.randn(len(real), self.config.latent_dim, device=self.device), labels)
        real_loss = self.loss(self.discriminator(real, labels).logits, ones)
        fake_loss = self.loss(self.discriminator(fake.detach(), labels).logits, zeros)
        discriminator_loss = (real_loss + fake_loss) / 2
        discriminator_loss.backward()
        self.discriminator_optimizer.step()

        self.generator_optimizer.zero_grad()
        generator_loss = self.loss(self.discriminator(fake, labels).logits, ones)
        generator_loss.backward()
        self.generator_optimizer.step()
        discriminator_loss.item()
        generator_loss.item()


class OurLoop:
    """The trainer's own step, without what a run records."""

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device):
        self.gan = Gan(config, dataset.spec, device)
        self.batches = dataset.to(device).batches(config.batch_size, config.seed)

    def step(self) -> None:
        training_step(self.gan, self.batches)


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def images_per_second(step: Callable[[], None], batch_size: int, device: torch.device) -> float:
    wait_for(device)
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        step()
        steps += 1
    wait_for(device)
    return steps * batch_size / (time.perf_counter() - start)


# What a step is made of


Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""An operator and its arguments."""


class Noted(TorchDispatchMode):
    """Keeps every operator that reaches the device's kernels, forwards and backwards, with its arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        self.calls.append((func, args, kwargs or {}))
        return func(*args, **(kwargs or {}))


class Timed(TorchDispatchMode):
    """Adds up the operators' seconds where they run: what they need may have left the cache, unlike when repeated."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device, self.seconds = device, 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        wait_for(self.device)
        start = time.perf_counter()
        result = func(*args, **(kwargs or {}))
        wait_for(self.device)
        self.seconds += time.perf_counter() - start
        return result


@torch.no_grad()
def operator_seconds(call: Call, device: torch.device) -> float:
    """The median time of one operator by itself. What it changes in place no longer matters."""
    func, args, kwargs = call
    times = []
    for _ in range(REPEATS):
        wait_for(device)
        start = time.perf_counter()
        func(*args, **kwargs)
        wait_for(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


class Composition(NamedTuple):
    """Seconds of a step, of its operators in their place and each by itself, and its floating-point operations."""

    step: float
    in_place: float
    alone: float
    flops: int


def composition(ours: OurLoop, device: torch.device) -> Composition:
    """Medians over STEPS, whole steps and timed ones in turn."""
    whole, in_place = [], []
    for _ in range(STEPS):
        wait_for(device)
        start = time.perf_counter()
        ours.step()
        wait_for(device)
        whole.append(time.perf_counter() - start)
        with Timed(device) as operators:
            ours.step()
        in_place.append(operators.seconds)
    with FlopCounterMode(display=False) as counter:
        ours.step()
    with Noted() as noted:
        ours.step()
    alone = sum(operator_seconds(call, device) for call in noted.calls)
    return Composition(statistics.median(whole), statistics.median(in_place), alone, counter.get_total_flops())


def machine_rates(device: torch.device) -> tuple[float, float]:
    """Floating-point operations a second of a large matrix product and of a large convolution, float32."""
    matrix = torch.randn(2048, 2048, device=device)
    images = torch.randn(64, 64, 28, 28, device=device).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(64, 64, 3, 3, device=device).contiguous(memory_format=torch.channels_last)
    product = operator_seconds((torch.mm, (matrix, matrix), {}), device)
    convolution = operator_seconds((torch.conv2d, (images, kernel), {"padding": 1}), device)
    return 2 * 2048**3 / product, 2 * 64 * 28 * 28 * 64 * 64 * 9 / convolution


def report(name: str, config: RunConfig, goal: float, device: torch.device, rates: tuple[float, float]) -> None:
    dataset = load_dataset(config, paths.data())
    ours, plain = OurLoop(config, dataset, device), PlainLoop(config, dataset, device)
    for loop in (ours, plain):
        for _ in range(5):
            loop.step()
    pairs = [
        (
            images_per_second(ours.step, config.batch_size, device),
            images_per_second(plain.step, config.batch_size, device),
        )
        for _ in range(ROUNDS)
    ]
    ratios = statistics.quantiles(ours / plain for ours, plain in pairs)
    of = composition(ours, device)
    print(
        f"{name:40} {statistics.median(o for o, _ in pairs):9,.0f} {statistics.median(p for _, p in pairs):9,.0f} "
        f"{ratios[1]:6.2f} ({ratios[0]:.2f} to {ratios[2]:.2f}; goal {goal}) "
        f"{of.in_place / of.step:9.0%} {of.alone / of.step:9.0%} "
        f"{of.flops / of.step / rates[0]:9.0%} {of.flops / of.step / rates[1]:9.0%}",
        flush=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--device", default="auto")
    device = choose_device(options.parse_args().device)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    rates = machine_rates(device)
    print(f"matrix product {rates[0] / 1e9:,.0f} GFLOP/s, convolution {rates[1] / 1e9:,.0f} GFLOP/s, float32")
    headings = ("in place", "alone", "of mm", "of conv")
    print(f"{'images/s':40} {'ours':>9} {'plain':>9} {'ratio':>6} {'':28}", *(f"{heading:>9}" for heading in headings))
    for name, (config, on_cpu, on_gpu) in CASES.items():
        report(name, config, on_gpu if device.type == "cuda" else on_cpu, device, rates)


if __name__ == "__main__":
    main()
