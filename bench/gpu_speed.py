"""How fast a GPU trains, and what seconds of it are worth: the timed parts of bench.gpu."""

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch.autograd import DeviceType  # type: ignore[attr-defined]  # its own place for it, though not exported
from torch.profiler import ProfilerActivity, profile

from bench.gpu_common import TINY, Box, Row, learn, pictures, stepping
from bench.throughput import DCGAN, FULLY_CONNECTED, PlainLoop, wait_for
from gan_core import paths
from gan_core.config import RunConfig, make_config
from gan_core.datasets.loading import Dataset
from gan_core.estimates.probe import measure
from gan_core.metrics.reference import make_reference
from gan_core.metrics.scorecard import quick_scores
from gan_core.training.gan import Gan

ROUNDS = 3
WARM_UP_STEPS = 6
SAMPLES = 5_000
"""Pictures drawn for a score."""
WIDE = {"generator_width": 64, "discriminator_width": 64}
AVERAGED = {"ema_decay": 0.999, "auxiliary_classifier": 0.75, "beta2": 0.99}
CANDIDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "sngan": ("sngan", {}),
    "sngan averaged": ("sngan", AVERAGED | {"n_critic": 2}),
    "sngan 128, one for one": (
        "sngan",
        AVERAGED
        | {"generator_width": 128, "n_critic": 1, "generator_learning_rate": 5e-4, "discriminator_learning_rate": 5e-4},
    ),
    "r3gan 64": (
        "r3gan",
        WIDE
        | {"latent_dim": 64, "batch_size": 64, "learning_rate_decay": 0.7}
        | {"generator_learning_rate": 5e-4, "discriminator_learning_rate": 5e-4},
    ),
}
"""What could become a colour model to be shipped: preset and changes."""


class Way(NamedTuple):
    """A way to take a step.

    Args:
        how: as `stepping` has it, or `plain` for the tutorial's loop.
        tf32: whether float32 products and convolutions may be rounded to TensorFloat-32; None is torch's own choice,
            convolutions alone.
        benchmark: whether cuDNN tries its algorithms.
    """

    how: str
    precision: str = "float32"
    tf32: bool | None = None
    benchmark: bool = False

    @property
    def name(self) -> str:
        rounding = {None: "", True: " tf32", False: " exact"}[self.tf32]
        return f"{self.how} {self.precision}{rounding}{' tried' if self.benchmark else ''}"

    @contextlib.contextmanager
    def chosen(self) -> Iterator[None]:
        """torch's switches as this way wants them. A graph keeps those of its capture."""
        products, convolutions = (False, True) if self.tf32 is None else (self.tf32, self.tf32)
        torch.backends.cuda.matmul.allow_tf32 = products
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=self.benchmark, deterministic=False, allow_tf32=convolutions
        ):
            yield
        torch.backends.cuda.matmul.allow_tf32 = False


WAYS = (
    Way("plain"),
    Way("eager", "float32", False),
    Way("eager", "float32", True),
    Way("eager", "bfloat16"),
    Way("captured", "float32", False),
    Way("captured", "float32", True),
    Way("captured", "bfloat16"),
    Way("captured", "float32", True, benchmark=True),
    Way("captured", "bfloat16", benchmark=True),
)


def cases(box: Box) -> dict[str, tuple[RunConfig, int, int]]:
    """Configs, each with the size and the channels of its pictures."""
    tiny = box.of({}, TINY)
    device = box.device.type
    return {
        "fully connected, 64": (make_config(FULLY_CONNECTED, device=device, **tiny), 28, 1),
        "dcgan, 64": (make_config(DCGAN, device=device, **tiny), 28, 1),
        "minute": (box.preset("minute"), 28, 1),
        "sngan, colour": (box.preset("sngan"), 32, 3),
        "sngan-small": (box.preset("sngan-small"), 28, 1),
        "r3gan 64, colour": (box.preset("r3gan", **box.of(WIDE, {})), 32, 3),
        "r3gan": (box.preset("r3gan"), 28, 1),
        "wgan-gp-small": (box.preset("wgan-gp-small"), 28, 1),
        "gan-keras": (box.preset("gan-keras"), 28, 1),
    }


def taker(config: RunConfig, way: Way, dataset: Dataset, device: torch.device) -> Callable[[], Any]:
    if way.how == "plain":
        return PlainLoop(config, dataset, device).step
    config = make_config(config, precision=way.precision)
    return stepping(Gan(config, dataset.spec, device), dataset, way.how)


def steps_per_second(step: Callable[[], Any], count: int, device: torch.device) -> float:
    wait_for(device)
    start = time.perf_counter()
    for _ in range(count):
        step()
    wait_for(device)
    return count / (time.perf_counter() - start)


def speed(box: Box) -> Iterator[Row]:
    """Images/s of the plain loop, the eager and the captured step, in each precision, in turn: medians of ROUNDS.

    Each way with what it takes to warm it up, in seconds: kernels, tried algorithms, captures.
    """
    ways = box.of(WAYS, (WAYS[0], WAYS[1], WAYS[4]))
    for name, (config, size, channels) in box.of(cases(box), dict(list(cases(box).items())[:2])).items():
        dataset = pictures(box, size, channels)
        rates: dict[str, list[float]] = {}
        steps, counts, warm, failed = {}, {}, {}, {}
        for way in ways:
            if way.how == "plain" and (config.n_critic > 1 or channels > 1):
                continue
            try:
                with way.chosen():
                    start = time.perf_counter()
                    steps[way] = taker(config, way, dataset, box.device)
                    # Lazily penalised steps are another kind, which has to be met often enough to be captured.
                    first = 3 * config.penalty_every if config.r1_gamma else WARM_UP_STEPS
                    steps_per_second(steps[way], box.of(first, 1), box.device)
                    warm[way] = time.perf_counter() - start
                    rate = steps_per_second(steps[way], box.of(16, 1), box.device)
                    counts[way] = max(1, int(rate * box.of(0.25, 0.01)) // 8 * 8)
            except Exception as error:  # the other ways may do
                failed[way] = f"{type(error).__name__}: {error}"[:300]
                steps.pop(way, None)
        for _ in range(box.of(ROUNDS, 1)):
            for way, step in steps.items():
                with way.chosen():
                    rates.setdefault(way.name, []).append(steps_per_second(step, counts[way], box.device))
        images = config.batch_size * config.n_critic
        for way in ways:
            row: Row = {"case": name, "way": way.name}
            if way.name in rates:
                found = [images * rate for rate in rates[way.name]]
                row |= {"images/s": statistics.median(found), "from": min(found), "to": max(found)}
                row |= {"ms a step": 1000 * images / row["images/s"], "warm-up s": warm[way]}
                yield row
            elif way in failed:
                yield row | {"error": failed[way]}
        steps.clear()
        if not box.small:
            torch.cuda.empty_cache()


def launches(box: Box) -> Iterator[Row]:
    """What one step makes the host launch, and how many kernels the device runs for it, by torch's profiler."""
    for name, (config, size, channels) in box.of(cases(box), dict(list(cases(box).items())[:1])).items():
        dataset = pictures(box, size, channels)
        for way in (Way("plain"), Way("eager", "float32", True), Way("eager", "bfloat16"), Way("captured", "bfloat16")):
            if way.how == "plain" and (config.n_critic > 1 or channels > 1):
                continue
            with way.chosen():
                step = taker(config, way, dataset, box.device)
                for _ in range(box.of(WARM_UP_STEPS, 1)):
                    step()
                wait_for(box.device)
                activities = [ProfilerActivity.CPU, *box.of([ProfilerActivity.CUDA], [])]
                with profile(activities=activities) as profiled:
                    step()
                    wait_for(box.device)
            events = profiled.events()
            yield {
                "case": name,
                "way": way.name,
                "launches": sum("Launch" in event.name for event in events if event.device_type == DeviceType.CPU),
                "copies": sum(event.name.startswith(("cudaMemcpy", "cudaMemset")) for event in events),
                "on the device": sum(event.device_type == DeviceType.CUDA for event in events),
                "device ms": sum(e.device_time for e in events if e.device_type == DeviceType.CUDA) / 1000,
            }


def scorer(box: Box, gan: Gan, dataset: Dataset) -> Callable[[], dict[str, float]]:
    reference = make_reference(gan.config, box.data_dir or paths.data(), box.device, training=dataset)
    count = box.of(SAMPLES, 200)
    return lambda: quick_scores(gan.averaged_generator(), gan.config, gan.spec, reference, count, 0)


def learning(box: Box, config: RunConfig, how: str, seconds: float, looks: tuple[float, ...]) -> Iterator[Row]:
    """Train for so long; the scores at each look and at the end. The clock stands still for looks alone."""
    dataset = box.dataset(config)
    gan = Gan(config, dataset.spec, box.device)
    score = scorer(box, gan, dataset)
    rows: list[Row] = []

    def look(at: float | None = None) -> None:
        rows.append({"after s": at or looks[len(rows)], "kimg": gan.images / 1000, **score()})

    learn(gan, stepping(gan, dataset, how), seconds, looks, look)
    look(seconds)
    for row in rows:
        yield {"dataset": config.dataset, "way": f"{how} {config.precision}", "budget s": seconds, **row}


def minute(box: Box) -> Iterator[Row]:
    """What seconds of `minute` are worth: budgets of some seconds, over which the rates fall, warm-up included."""
    for dataset in ("digits", "mnist"):
        if dataset == "mnist" and not box.has("mnist"):
            continue
        config = box.preset("minute", dataset=dataset, seed=1)
        for how, seconds in box.of((("captured", 5.0), ("eager", 5.0), ("captured", 10.0)), (("captured", 0.3),)):
            looks = tuple(share * seconds for share in (0.2, 0.4, 0.6, 0.8))
            yield from learning(box, config, how, seconds, looks)


def estimate(box: Box) -> Iterator[Row]:
    """What the Train page promises for a config, against the same step timed for a second."""
    for name in box.of(("minute", "gan-pytorch", "dcgan", "sngan-small", "r3gan", "sngan"), ("minute",)):
        config = box.preset(name, dataset="digits")
        promised = measure(config)
        dataset = box.dataset(config)
        gan = Gan(config, dataset.spec, box.device)
        rates = {}
        for how in ("eager", "captured"):
            step = stepping(gan, dataset, how)
            rate = steps_per_second(step, box.of(16, 1), box.device)
            rate = steps_per_second(step, max(1, int(rate * box.of(0.7, 0.05))), box.device)
            rates[how] = rate * config.batch_size * config.n_critic
        yield {"preset": name, "promised": promised.images_per_second, **rates} | {
            "share": promised.images_per_second / rates["captured"],
            "promised MiB": promised.memory_bytes / 2**20,
        }


def cifar(box: Box) -> Iterator[Row]:
    """What CIFAR-10 gives in the time that is left, shared by two presets, scored twice."""
    yield from shared(box, {name: (name, {}) for name in ("sngan-small", "r3gan")})


def candidates(box: Box) -> Iterator[Row]:
    """The same of what could become a colour model."""
    yield from shared(box, box.of(CANDIDATES, {"r3gan 64": CANDIDATES["r3gan 64"]}))


def shared(box: Box, wanted: dict[str, tuple[str, dict[str, Any]]]) -> Iterator[Row]:
    dataset = {"dataset": "cifar10", "mirror": True} if box.has("cifar10") else {"dataset": "digits"}
    for number, (name, (preset, changes)) in enumerate(wanted.items()):
        # Loading, a reference and scores take some seconds of it.
        seconds = box.of(max(5.0, box.left() / (len(wanted) - number) - 3), 0.3)
        try:
            config = box.preset(preset, **dataset, **box.of(changes, {}))
            for row in learning(box, config, "captured", seconds, (seconds / 2,)):
                yield {"model": name, **row}
        except RuntimeError as error:
            yield {"model": name, "error": f"{type(error).__name__}: {error}"[:300]}
