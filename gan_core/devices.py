"""The device a run computes on: which one, what it is called, how much memory it has."""

import ctypes
import gc
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Literal

import psutil
import torch

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.text import Text

GIB = 2**30
WIDE = 3_000_000
"""Weights of both networks from which a GPU is faster in bfloat16 than in TensorFloat-32."""
Precision = Literal["float32", "tf32", "bfloat16"]
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` is a CUDA GPU, else Apple's (mps), else the CPU.

    Raises WorkbenchError if the machine does not have it.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, here in available.items() if here)
    if not available[name]:
        raise WorkbenchError(
            "device: this machine has no {device} that torch can use; choose auto or cpu.", device=name
        )
    return torch.device(name)


def refuse_too_few(device: torch.device, wanted: int) -> None:
    """Raises WorkbenchError if one run cannot have so many devices of that kind. On a CPU a core is one."""
    there = {"cuda": torch.cuda.device_count, "cpu": os.cpu_count}.get(device.type, int)() or 1  # Apple's GPU is one
    if wanted > there:
        kind = Text("processor cores") if device.type == "cpu" else Text("GPUs")
        raise WorkbenchError(
            "devices: on this machine there are {count} {kind}, not {devices}; choose fewer.",
            count=there,
            kind=kind,
            devices=wanted,
        )


def describe(device: torch.device, count: int = 1) -> str:
    """Name, threads of a CPU and memory, in every language: `NVIDIA H200, 140 GiB`, `CPU Xeon × 2, 24 GiB`.

    Args:
        count: of such devices: `2 × NVIDIA H200, 140 GiB` each, `2 × CPU Xeon × 1, 24 GiB` together.
    """
    if count > 1:
        return f"{count} × {describe(device)}"
    if device.type == "cuda":
        found = torch.cuda.get_device_properties(device)
        return f"{found.name}, {found.total_memory / GIB:.0f} GiB"
    is_apples = device.type == "mps"
    name = f"{platform.machine()} (Apple GPU)" if is_apples else f"CPU {_cpu_name()} × {torch.get_num_threads()}"
    return f"{name}, {psutil.virtual_memory().total / GIB:.0f} GiB"


def _cpu_name() -> str:
    # platform.processor() is empty on most Linux systems, where this file has the name.
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def keep_freed_memory() -> None:
    """Let this process keep what it frees, for its next step, where the C library allows it (Linux's glibc).

    Otherwise large tensors go back to the system and come anew each step, page by page: 3,100 to 3,700 page faults a
    step for `dcgan`, up to a third of its time (docs/performance.md).
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 32 * 2**20)  # the most that every version takes
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


@contextmanager
def set_up_for_training() -> Iterator[None]:
    """What makes a training process on a CPU faster: freed memory is kept, and numbers that are all but 0 are 0."""
    keep_freed_memory()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)  # in a notebook, other code's numbers must not be flushed


@contextmanager
def share_of_cores(processes: int = 1) -> Iterator[None]:
    """torch uses one slot's share of the cores, at least one: threads of several runs would wait for each other.

    Args:
        processes: how many of a run share these.
    """
    most = torch.get_num_threads()
    torch.set_num_threads(max(1, most // max(1, hosting().slots) // processes))
    try:
        yield
    finally:
        torch.set_num_threads(most)


def give_back_freed_memory() -> None:
    """Return to the system and to other processes what this one has freed, where its C library allows it.

    What comes after is then measured alone: glibc otherwise keeps what large steps freed among its own.
    """
    gc.collect()  # a GAN refers to itself
    torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
    if sys.platform.startswith("linux"):
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if malloc_trim:
            malloc_trim(0)


def choose_precision(name: str, device: torch.device, weights: int) -> Precision:
    """The precision of that name; `auto` is what was measured to be the fastest on such a device (docs/performance.md).

    Args:
        weights: how many both networks have.
    """
    if name != "auto":
        return "bfloat16" if name == "bfloat16" else "float32"
    if not is_made_for_bfloat16(device):
        return "float32"
    # Autocast adds a launch or two to every operator, which a narrow network's products do not make up for.
    return "tf32" if device.type == "cuda" and weights < WIDE else "bfloat16"


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Computes forward passes in bfloat16 where that is the precision."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()


@contextmanager
def rounded_products(allowed: bool) -> Iterator[None]:
    """Whether a GPU rounds the factors of float32 matrix products to TensorFloat-32's ten bits within this context.

    Both passes of a step must be within it. Convolutions are rounded anyway: that is torch's own choice.
    """
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def is_made_for_bfloat16(device: torch.device) -> bool:
    """Newer GPUs, and CPUs with AMX. A CPU without AVX-512 only emulates it, over a hundred times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu.get_capabilities().get("amx_bf16", False)


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had on the device; Apple's GPUs share the machine's memory."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def memory_used(device: torch.device) -> float:
    """GPU memory that torch holds now, in GiB; NaN on a CPU."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device) / GIB
    if device.type == "mps":
        return torch.mps.driver_allocated_memory() / GIB
    return float("nan")
