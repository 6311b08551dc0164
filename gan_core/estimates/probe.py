"""Measures what a config will cost: speed, parameters, memory. In a helper process, since it needs torch.

python -m gan_core.estimates.probe   reads a RunConfig a line, writes {"estimate": ...} or {"error": ...} a line
"""

import contextlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import psutil
import torch
from torch import nn

from gan_core import devices
from gan_core.config import RunConfig
from gan_core.datasets import loading
from gan_core.errors import WorkbenchError
from gan_core.estimates import memory
from gan_core.estimates.estimator import Estimate
from gan_core.priority import FIRST, come_after, end_where_memory_runs_out
from gan_core.text import Text, shortened
from gan_core.training import captured
from gan_core.training.gan import Gan
from gan_core.training.loop import Batches, TakeStep, training_step

SAMPLE = 5_000
"""Random pictures to measure with. More than a batch may have, and few enough to be made in no time."""

MEASURING_SECONDS = 0.2
WARM_UP_STEPS = 3
FEWEST_STEPS = 3
SLOW_STEP_SECONDS = 2.0
"""If the first step takes longer, it is the only one that is measured."""
POLL_SECONDS = 0.01
"""Between two readings of the memory in use."""
PATIENCE_SECONDS = 60
"""The helper gives a config up after this time; nothing else would end a step that takes minutes."""
NICENESS = 10
"""A run may be in training, and has priority."""


def measure(config: RunConfig) -> Estimate:
    """Train a GAN of this config for a moment on random pictures.

    On a CPU the time is what this thread computed for, not what passed: a run in training beside it takes its turns,
    and the estimate is for the time after. With nothing beside it, on two cores, that was 3 to 6 % less.

    Memory is the most seen in use: on a CUDA GPU by torch's tensors (its own some hundred MB, and what its allocator
    keeps in reserve, come on top), on a CPU the resident memory of this process, on Apple's GPUs what the driver has
    given torch. To it is added what the dataset has more bytes than the pictures measured with.

    A run on several devices is measured on one, which learns from its part of each batch, as if to exchange gradients
    took no time. Its memory is a GPU's, and all processes' together on a CPU.

    Raises WorkbenchError for a device that is not there, a folder that cannot be read, a run that is too large for
    those who share the machine, and too little memory: where more than half of what is free would be needed, nothing is
    measured.
    """
    device = devices.choose_device(config.device)
    devices.refuse_too_few(device, config.devices)
    memory.refuse_beyond_limits(config)
    config = memory.full_grown(config)
    count, spec = memory.shape_of(config)
    devices.give_back_freed_memory()  # else the memory of a larger config, measured before, would count as this one's
    copies = config.devices if device.type == "cpu" else 1  # in the same memory
    refuse_too_large(memory.needed(config, spec, count), devices.free_memory(device) // copies)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        images = torch.randint(0, 256, (SAMPLE, spec.channels, spec.size, spec.size), dtype=torch.uint8)
        labels = torch.randint(0, len(spec.classes), (SAMPLE,))
        gan = Gan(config, spec, device)
        dataset = loading.Dataset(images, labels, spec).to(device)
        batches = dataset.batches(config.batch_size // config.devices, config.seed, mirror=config.mirror)
        take_step = captured.step_of(gan) if config.devices == 1 else training_step
        with _memory_seen(device) as seen, devices.rounded_products(gan.precision == "tf32"):
            seconds = _seconds_a_step(take_step, gan, batches)
    except (RuntimeError, MemoryError) as error:
        raise WorkbenchError(
            "The speed could not be measured ({error}); a smaller batch size or narrower networks need less memory.",
            error=str(error).partition("\n")[0],
        ) from error
    return Estimate(
        device=devices.describe(device, config.devices),
        generator_parameters=count_parameters(gan.generator),
        discriminator_parameters=count_parameters(gan.discriminator),
        images_per_second=config.batch_size * config.n_critic / seconds,
        memory_bytes=(max(seen) + max(0, count - SAMPLE) * images[0].numel()) * copies,
    )


def refuse_too_large(run: memory.Needed, free_bytes: int) -> None:
    """Raises WorkbenchError if a run would need more than half of the free memory, before any of it is taken.

    Every change in the form starts a measurement, which must not fill the memory.
    """
    if run.all <= free_bytes / 2:
        return
    raise WorkbenchError(
        "The speed is not measured: this would need about {needed:,.1f} GiB, more than half of the {free:,.1f} GiB of "
        "free memory; choose {smaller}.",
        needed=run.all / 2**30,
        free=free_bytes / 2**30,
        smaller=run.remedy,
    )


def _seconds_a_step(take_step: TakeStep, gan: Gan, batches: Batches) -> float:
    """The first steps fetch memory and choose algorithms, so they do not count."""
    if gan.device.type != "cpu":
        # A GPU's very first step loads the kernels too, which takes seconds: those of lazy penalties included. And each
        # kind of step is captured after its first few.
        for _ in range(captured.WARM_UP_STEPS + 1):
            gan.batches = gan.config.penalty_every - 1
            _timed(take_step, gan, batches, 1, 0)
    first = _timed(take_step, gan, batches, 1, 0)
    if first > SLOW_STEP_SECONDS:
        return first
    _timed(take_step, gan, batches, WARM_UP_STEPS, 0)
    return _timed(take_step, gan, batches, FEWEST_STEPS, MEASURING_SECONDS)


def _timed(take_step: TakeStep, gan: Gan, batches: Batches, fewest_steps: int, least_seconds: float) -> float:
    """Seconds of a step, on average over at least so many steps and seconds."""
    clock = time.thread_time if gan.device.type == "cpu" else time.perf_counter
    began, start, steps = time.perf_counter(), clock(), 0
    while steps < fewest_steps or time.perf_counter() - began < least_seconds:
        seen = take_step(gan, batches)
        steps += 1
    seen.generator_loss.item()  # waits until the device has done all that it was given
    return (clock() - start) / steps


@contextlib.contextmanager
def _memory_seen(device: torch.device) -> Iterator[list[int]]:
    """The memory in use from here on, read many times: after a step its activations are freed again."""
    seen, ended = [_memory_used(device)], threading.Event()

    def watch() -> None:
        while not ended.wait(POLL_SECONDS):
            seen.append(_memory_used(device))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
        seen.append(_memory_used(device))


def _memory_used(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return psutil.Process().memory_info().rss


def count_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def answer(question: str) -> dict[str, Any]:
    """The answer to a RunConfig as JSON: {"estimate": ...} or {"error": ...}."""
    try:
        config = RunConfig.model_validate_json(question)
        with devices.share_of_cores(config.devices):  # as it will be trained
            return {"estimate": measure(config)._asdict()}
    except WorkbenchError as error:
        return {"error": error.text.to_json()}
    except Exception as error:  # a bug of ours must not be reported as a machine that is too slow
        traceback.print_exc()
        found = shortened(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
        message = Text(
            "The speed could not be measured because of a mistake in this program ({error}).", {"error": found}
        )
        return {"error": message.to_json()}


def main() -> None:
    """Answer questions until there are no more."""
    import torch._dynamo  # torch's optimizers import it at their first step: better while nobody waits

    torch.set_flush_denormal(True)  # both as a training process does: tiny numbers are slow, and so is new memory
    devices.keep_freed_memory()
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is not an answer
    come_after(NICENESS)
    end_where_memory_runs_out(FIRST)
    for line in sys.stdin:
        # Nothing else would end a step that takes minutes, least of all when the server that asked is gone.
        too_long = threading.Timer(PATIENCE_SECONDS, os._exit, [1])
        too_long.start()
        found = answer(line)
        too_long.cancel()
        try:
            print(json.dumps(found), file=answers, flush=True)
        except BrokenPipeError:  # whoever asked is gone, such as a command that has ended
            os._exit(0)  # Python itself would try to write once more, and print that it cannot
        devices.give_back_freed_memory()  # what is in training may need it


if __name__ == "__main__":
    main()
