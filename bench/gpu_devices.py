"""Two devices against one: a part of bench.gpu, and what each of its processes does.

torchrun -m bench.gpu_devices PRESET SECONDS cuda    prints a row, as JSON
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import torch
import torch.distributed as dist

from bench.gpu_common import Box, Row, pictures, stepping
from bench.throughput import wait_for
from gan_core import paths
from gan_core.devices import rounded_products, set_up_for_training
from gan_core.training import parallel
from gan_core.training.gan import Gan, weights_of
from gan_core.training.loop import training_step

CASES = ("minute", "gan-keras", "sngan", "r3gan")
"""Presets: with batch normalisation, as a GPU has it over all devices, and without; with penalties; narrow and wide."""


def devices(box: Box) -> Iterator[Row]:
    """Images/s of two devices and of one, which a run captures; and how far their gradients are from one's."""
    there = os.cpu_count() if box.small else torch.cuda.device_count()
    if (there or 1) < 2:
        yield {"devices": there, "result": "there is only one"}
        return
    names = box.of(CASES, CASES[:1])
    for number, name in enumerate(names):
        seconds = box.of(max(1.0, box.left() / (len(names) - number) / 3 - 8), 0.2)
        one, two = (in_processes(count, name, seconds, box.device.type) for count in (1, 2))
        yield {"preset": name, **two, "one": one["images/s"], "captured": one["captured"]} | {
            "two : one": two["images/s"] / one["images/s"]
        }


def in_processes(count: int, *arguments: object) -> Row:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    command += ["-m", "bench.gpu_devices", *map(str, arguments)]
    done = subprocess.run(command, cwd=paths.PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def gradients(gan: Gan) -> list[torch.Tensor]:
    """Of both networks, as one vector each."""
    optimizers = gan.generator_optimizer, gan.discriminator_optimizer
    return [torch.cat([w.grad.flatten() for w in weights_of(one) if w.grad is not None]).double() for one in optimizers]


def off(box: Box, name: str) -> Row:
    """How far the averaged gradients of a step are from the whole batch's, as a share of these."""
    config = box.preset(name, dropout=0.0, augmentation="none", precision="float32", n_critic=1)
    dataset = pictures(box).to(box.device)
    together, alone = (Gan(config, dataset.spec, box.device) for _ in range(2))
    latents = alone.latents(config.batch_size)
    part = latents.chunk(dist.get_world_size())[dist.get_rank()]
    for gan, own in ((together, part), (alone, latents)):
        gan.latents = lambda count, own=own: own  # type: ignore[method-assign, misc]
        batches = dataset.batches(config.batch_size, config.seed)
        training_step(gan, parallel.ready(gan, batches) if gan is together else batches)
    pairs = zip(("generator", "discriminator"), gradients(together), gradients(alone), strict=True)
    return {f"{network} off": ((a - b).norm() / b.norm()).item() for network, a, b in pairs}


def rate(box: Box, name: str, seconds: float, how: str) -> float:
    """Images/s of a step that all take together, or of a captured one."""
    config = box.preset(name)
    dataset = pictures(box).to(box.device)
    gan = Gan(config, dataset.spec, box.device)
    if how == "captured":
        step = stepping(gan, dataset, how)
    else:
        batches = parallel.ready(gan, dataset.batches(config.batch_size, config.seed))
        step = lambda: parallel.take_step(gan, batches)  # noqa: E731
    told = torch.zeros(1)
    with rounded_products(gan.precision == "tf32"):
        for _ in range(box.of(12, 1)):
            step()
        wait_for(box.device)
        start, steps = time.perf_counter(), 0
        while not told.item():  # as rank 0 decides
            for _ in range(box.of(16, 2)):
                step()
                steps += 1
            wait_for(box.device)
            told[0] = time.perf_counter() - start > seconds
            dist.broadcast(told, src=0)
    return config.batch_size * config.n_critic * steps / (time.perf_counter() - start)


def main(name: str, seconds: str, kind: str) -> None:
    device = parallel.join(torch.device(kind))
    box = Box(device, time.perf_counter() + float(seconds), None)
    with set_up_for_training():
        row: Row = {"devices": dist.get_world_size(), "images/s": rate(box, name, float(seconds), "together")}
        row |= off(box, name)
        if dist.get_world_size() == 1:
            row["captured"] = rate(box, name, float(seconds), "captured")
    if dist.get_rank() == 0:
        print(json.dumps(row), flush=True)
    parallel.leave()


if __name__ == "__main__":
    main(*sys.argv[1:])
