"""What the parts of bench.gpu share: their time boxes, their pictures, their clocks."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bench.throughput import wait_for
from gan_core import paths
from gan_core.config import ImageSpec, RunConfig, make_config
from gan_core.datasets.loading import Dataset, load_dataset
from gan_core.datasets.table import Channels, Size
from gan_core.devices import rounded_products
from gan_core.presets import PRESETS, preset_config
from gan_core.training.captured import CapturedStep, can_be_captured
from gan_core.training.gan import Gan
from gan_core.training.loop import Step, training_step

Row = dict[str, Any]
CLASSES = tuple("0123456789")
SEEN_SECONDS = 0.25
"""Between two waits for the device, as a recorder's rows make them: else the clock would run ahead of what is done."""
TINY = {
    "batch_size": 4,
    "generator_width": 4,
    "discriminator_width": 4,
    "generator_layers": (16,),
    "discriminator_layers": (16,),
}
"""On a machine without a GPU: the same with next to nothing in it."""


class Box(NamedTuple):
    """What a part is given: a device, when it should be over, and where the named datasets lie, if anywhere."""

    device: torch.device
    deadline: float
    data_dir: Path | None

    @property
    def small(self) -> bool:
        return self.device.type == "cpu"

    def left(self) -> float:
        return self.deadline - time.perf_counter()

    def of(self, on_gpu: Any, on_cpu: Any) -> Any:
        """One or the other, by the device."""
        return on_cpu if self.small else on_gpu

    def preset(self, name: str, **changes: Any) -> RunConfig:
        return make_config(preset_config(name), device=self.device.type, **self.of({}, TINY) | changes)

    def has(self, dataset: str) -> bool:
        places = {"mnist": "MNIST", "cifar10": "cifar-10-batches-py"}
        return self.data_dir is not None and (self.data_dir / places[dataset]).exists()

    def dataset(self, config: RunConfig) -> Dataset:
        return load_dataset(config, self.data_dir or paths.data())


Part = Callable[[Box], Iterator[Row]]
PRESET_NAMES = tuple(PRESETS)


@cache
def random_pictures(size: Size, channels: Channels, count: int) -> Dataset:
    """Enough of them that no epoch ends while something is looked at."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, channels, size, size), dtype=torch.uint8, generator=random)
    return Dataset(images, torch.arange(count) % 10, ImageSpec(size=size, channels=channels, classes=CLASSES))


def pictures(box: Box, size: Size = 28, channels: Channels = 1) -> Dataset:
    return random_pictures(size, channels, box.of(50_000, 500))


def stepping(gan: Gan, dataset: Dataset, how: str) -> Callable[[], Step]:
    """What takes the GAN's next step: `eager`, `captured` where that can be, or `fed`, captured without a graph."""
    config = gan.config
    batches = dataset.to(gan.device).batches(config.batch_size, config.seed, gan.batches, config.mirror)
    if how == "eager" or config.network == "progressive":
        return lambda: _rounded(gan, lambda: training_step(gan, batches))
    captured = CapturedStep(gan, graphs=how == "captured" and can_be_captured(gan))

    def step() -> Step:
        seen = _rounded(gan, lambda: captured(gan, batches))
        if captured.failed:  # what is measured here is not to be an eager step
            raise RuntimeError("the step could not be captured")
        return seen

    return step


def _rounded(gan: Gan, step: Callable[[], Step]) -> Step:
    """As a run takes it. Where the precision is another one, whoever measures says whether products are rounded."""
    with rounded_products(True) if gan.precision == "tf32" else nullcontext():
        return step()


def learn(
    gan: Gan, step: Callable[[], Any], seconds: float, looks: tuple[float, ...] = (), look: Any = lambda: None
) -> None:
    """Train for so long, the rates falling with the time. At each of `looks` seconds the clock stands for a look."""
    wait_for(gan.device)
    start, next_wait, to_come = time.perf_counter(), SEEN_SECONDS, list(looks)
    while (spent := time.perf_counter() - start) < seconds:
        gan.set_progress(spent / seconds)
        step()
        if spent >= next_wait:
            wait_for(gan.device)
            next_wait = time.perf_counter() - start + SEEN_SECONDS
        if to_come and spent >= to_come[0]:
            wait_for(gan.device)
            stopped = time.perf_counter()
            to_come.pop(0)
            look()
            start += time.perf_counter() - stopped
    wait_for(gan.device)


def weights(gan: Gan) -> dict[str, torch.Tensor]:
    """All of a GAN's weights and buffers, float64 on the CPU."""
    return {name: tensor.detach().cpu().double() for name, tensor in gan.model_state().items()}


def largest_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max((one[name] - other[name]).abs().max().item() for name in one)
