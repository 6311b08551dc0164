"""Whether a GPU computes what it should: the parts of bench.gpu that are right or wrong."""

import contextlib
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from bench.gpu_common import PRESET_NAMES, Box, Row, largest_difference, learn, pictures, stepping, weights
from bench.throughput import wait_for
from gan_core import checkpoint, sampling
from gan_core.config import RunConfig
from gan_core.datasets.table import Channels, Size
from gan_core.latents import latents
from gan_core.metrics.scorecard import evaluate
from gan_core.training.gan import Gan

CAPTURED = ("minute", "sngan-small", "wgan-gp-small", "r3gan", "gan-keras-small")
"""Presets whose captured step is compared first; then all others."""
FAMILIES = (
    "minute",
    "gan-keras-small",
    "dcgan",
    "sngan-small",
    "r3gan",
    "wgan-gp-small",
    "pggan-small",
    "cdcgan-small",
)
"""One of each architecture, loss, penalty and normalisation, whose gradients are compared."""
SHAPES: tuple[tuple[Size, Channels], ...] = ((28, 1), (32, 3))
LARGEST = ("pggan", "sngan")
STILL = 1e-12
"""A learning rate by which nothing moves: then both networks' gradients are of the same weights in any precision."""


def exact() -> contextlib.AbstractContextManager[object]:
    """The same algorithms at each step, and no TensorFloat-32."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


def after_steps(config: RunConfig, box: Box, how: str, count: int) -> dict[str, torch.Tensor]:
    """A fresh GAN's weights after so many steps."""
    dataset = pictures(box)
    gan = Gan(config, dataset.spec, box.device)
    step = stepping(gan, dataset, how)
    for _ in range(count):
        step()
    return weights(gan)


def captured(box: Box) -> Iterator[Row]:
    """A captured step against the same without a graph, which must be the same to the last bit, and the eager step.

    On a GPU the captured rates are float32, the eager ones Python's, so RMSprop's steps differ in the last digits, and
    training makes more of it. Where chance within kernels moves the last digits by itself, `again` says by how much.
    """
    precisions = box.of(("float32", "bfloat16"), ("float32",))
    for name, precision in itertools.product(CAPTURED, precisions):
        yield compared(box, name, precision)
    for name in box.of(PRESET_NAMES, ()):
        if name not in CAPTURED and box.preset(name).network != "progressive":
            try:
                yield compared(box, name, "auto")
            except Exception as error:
                yield {"preset": name, "error": f"{type(error).__name__}: {error}"[:300]}
                return  # what comes after a capture that failed could fail by that


def compared(box: Box, name: str, precision: str) -> Row:
    config = box.preset(name, precision=precision)
    count = box.of(30 if config.r1_gamma else 12, 3)
    with exact():
        graph, fed = (after_steps(config, box, how, count) for how in ("captured", "fed"))
        row = {"preset": name, "precision": precision, "steps": count, "to fed": largest_difference(graph, fed)}
        row["to eager"] = largest_difference(graph, after_steps(config, box, "eager", count))
        if row["to fed"]:
            row["again"] = largest_difference(fed, after_steps(config, box, "fed", count))
    row["finite"] = all(bool(tensor.isfinite().all()) for tensor in graph.values())
    return row


@contextlib.contextmanager
def no_waiting(device: torch.device) -> Iterator[None]:
    """Whatever makes Python wait for the GPU is an error."""
    if device.type != "cuda":
        yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def presets(box: Box) -> Iterator[Row]:
    """Every preset, grey and in colour, for some steps: finite, pictures in range, memory that stays, no waiting."""
    for name, (size, channels) in itertools.product(PRESET_NAMES, SHAPES):
        row: Row = {"preset": name, "pictures": f"{size}x{size}x{channels}"}
        try:
            row |= _steps_of(box, name, size, channels)
        except Exception as error:  # the other presets may do
            row["error"] = f"{type(error).__name__}: {error}"[:300]
        yield row


def _steps_of(box: Box, name: str, size: Size, channels: Channels) -> Row:
    dataset = pictures(box, size, channels)
    config = box.preset(name, **({"growth_kimg": 0.03} if name.startswith("pggan") else {}))  # it grows up in 20 steps
    gan = Gan(config, dataset.spec, box.device)
    step = stepping(gan, dataset, "eager")
    early, late = box.of((20, 30 if name in LARGEST else 200), (2, 4))
    for _ in range(early):
        seen = step()
    wait_for(box.device)
    before = torch.cuda.memory_allocated() if not box.small else 0
    waits = ""
    try:
        with no_waiting(box.device):
            for _ in range(early):
                seen = step()
    except RuntimeError as error:
        waits = str(error)[:120]
    for _ in range(late - 2 * early):
        seen = step()
    with torch.no_grad():
        drawn = gan.averaged_generator()(gan.latents(10), torch.arange(10, device=box.device))
    numbers = [*seen, drawn, *gan.model_state().values()]
    return {
        "steps": gan.step,
        "finite": all(bool(tensor.isfinite().all()) for tensor in numbers),
        "in range": bool(drawn.abs().max() <= 1) and bool(seen.fake.abs().max() <= 1),
        "more MiB": (torch.cuda.memory_allocated() - before) / 2**20 if not box.small else 0.0,
        "waits": waits or "no",
    }


def gradients_of(config: RunConfig, box: Box) -> dict[str, torch.Tensor]:
    """Both networks' gradients at their first step, as one vector each."""
    dataset = pictures(box)
    gan = Gan(config, dataset.spec, box.device)
    stepping(gan, dataset, "eager")()
    networks = {"generator": gan.generator, "discriminator": gan.discriminator}
    return {
        name: torch.cat([weight.grad.flatten() for weight in network.parameters() if weight.grad is not None]).double()
        for name, network in networks.items()
    }


def gradients(box: Box) -> Iterator[Row]:
    """How far bfloat16 and TensorFloat-32 are from float32: the length of the difference, by the gradient's."""
    for name in box.of(FAMILIES, FAMILIES[:2]):
        still = {"generator_learning_rate": STILL, "discriminator_learning_rate": STILL}
        with exact():
            true = gradients_of(box.preset(name, precision="float32", **still), box)
            coarse = gradients_of(box.preset(name, precision="bfloat16", **still), box)
        torch.backends.cuda.matmul.allow_tf32 = True
        middle = gradients_of(box.preset(name, precision="float32", **still), box)
        torch.backends.cuda.matmul.allow_tf32 = False
        row: Row = {"preset": name}
        for kind, found in (("bfloat16", coarse), ("tf32", middle)):
            for network, gradient in found.items():
                row[f"{kind} {network[0].upper()}"] = ((gradient - true[network]).norm() / true[network].norm()).item()
        yield row


def resume(box: Box) -> Iterator[Row]:
    """A resumed GAN is the uninterrupted one, and goes on on another device."""
    for name in box.of(("minute", "sngan-small", "r3gan", "gan-keras-small"), ("minute",)):
        config = box.preset(name, precision="float32")
        with exact(), tempfile.TemporaryDirectory() as folder:
            whole = after_steps(config, box, "eager", 10)
            half = Gan(config, pictures(box).spec, box.device)
            resumed = _gone_on(half, 5, box, Path(folder) / "half", box.device)
            resumed = _gone_on(resumed, 5, box, Path(folder) / "whole", box.device)
            row: Row = {"preset": name, "difference": largest_difference(whole, weights(resumed))}
            there = _gone_on(resumed, 2, box, Path(folder) / "there", torch.device("cpu"))
            back = _gone_on(there, 2, box, Path(folder) / "back", box.device)
            stepping(back, pictures(box), "captured")()
            row["steps, to the CPU and back"] = back.step
            row["finite"] = all(bool(tensor.isfinite().all()) for tensor in weights(back).values())
        yield row


def _gone_on(gan: Gan, count: int, box: Box, folder: Path, device: torch.device) -> Gan:
    """After so many steps, saved and read again, on the device."""
    step = stepping(gan, pictures(box), "eager")
    for _ in range(count):
        step()
    metadata = checkpoint.Metadata("bench", gan.config, gan.spec, gan.step, 0.0, gan.images)
    path = checkpoint.save_run(folder, metadata, gan.model_state(), gan.resume_state())
    again = Gan(gan.config, gan.spec, device)
    state = checkpoint.read_tensors(checkpoint.resume_path(path))
    again.restore(checkpoint.read_tensors(path), state, gan.step, gan.batches)
    return again


def scores(box: Box) -> Iterator[Row]:
    """A model that learnt for some seconds, evaluated twice, and by the CPU."""
    config = box.preset("minute", dataset="digits")
    dataset = box.dataset(config)
    gan = Gan(config, dataset.spec, box.device)
    learn(gan, stepping(gan, dataset, "eager"), box.of(4.0, 0.5))
    with tempfile.TemporaryDirectory() as folder:
        metadata = checkpoint.Metadata("bench", config, gan.spec, gan.step, 0.0, gan.images)
        path = checkpoint.save_run(Path(folder), metadata, gan.model_state(), gan.resume_state())
        devices = {"first": box.device, "again": box.device, "by the CPU": torch.device("cpu")}
        count = box.of(5_000, 200)
        found = {
            name: evaluate(path, samples=count, device=device, data_dir=box.data_dir).scores
            for name, device in devices.items()
        }
    for score, first in found["first"].items():
        row = {"score": score, **{name: values[score] for name, values in found.items()}}
        row["same"] = row["again"] == first
        row["off by"] = abs(found["by the CPU"][score] - first) / max(abs(first), 1e-9)
        yield row


def shipped(box: Box) -> Iterator[Row]:
    """The shipped colour model's pictures by the GPU and by the CPU: as many are all but the same."""
    labels = torch.arange(100) % 10
    for name in ("cifar10-sngan", "mnist-cdcgan"):
        drawn = []
        for device in (box.device, torch.device("cpu")):
            model = sampling.load_model(name, device=device)
            z = latents(100, model.metadata.config.latent_dim, 0)
            drawn.append(torch.from_numpy(sampling.draw(model.generator, z, labels)).int())
        yield {"model": name, "levels apart, at most": (drawn[0] - drawn[1]).abs().max().item()}
