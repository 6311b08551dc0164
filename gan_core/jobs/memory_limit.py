"""The memory that a run or an evaluation may take where visitors are told apart. What is more, the system refuses."""

import contextlib
import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psutil

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.text import Text

if TYPE_CHECKING:
    import torch

MEMORY_WORDS = (
    "out of memory",
    "allocate memory",
    "can't start new thread",
    "could not create a primitive",
    "could not execute a primitive",
)
"""In the RuntimeErrors of a CPU, of Apple's GPUs, of Python and of oneDNN, if there is no memory for them."""


@contextlib.contextmanager
def within_memory(device: "torch.device", remedy: Text, processes: int = 1) -> Iterator[None]:
    """Within this context, this process gets no more memory for tensors than hosting() says.

    For a process that has imported all it needs.

    Args:
        remedy: what would need less.
        processes: how many share that memory.

    Raises WorkbenchError for memory that is too small, with a limit or without.
    """
    import torch

    most = hosting().most_memory_gib / processes
    limited = contextlib.nullcontext() if math.isinf(most) else _limit(device, round(most * 2**30))
    try:
        with limited:
            yield
    except (RuntimeError, MemoryError) as error:
        in_words = any(words in str(error) for words in MEMORY_WORDS)
        if in_words or isinstance(error, torch.OutOfMemoryError | MemoryError):
            raise _too_little(most, remedy) from error
        raise


def _too_little(most: float, remedy: Text) -> WorkbenchError:
    if math.isinf(most):
        return WorkbenchError("The memory is too small for this; choose {remedy}.", remedy=remedy)
    return WorkbenchError(
        "This takes more memory than the {most:g} GiB that it may take here; choose {remedy}.", most=most, remedy=remedy
    )


@contextlib.contextmanager
def _limit(device: "torch.device", most_bytes: int) -> Iterator[None]:
    """On a CPU, what this process holds already comes on top: the libraries.

    RLIMIT_AS cannot be used: it counts addresses, of which torch's CUDA build has 3.5 GiB after its imports alone, and
    CUDA reserves as many as cards and computer have bytes. RLIMIT_DATA counts what is private and can be written. Of a
    card, torch itself gives no more than this.
    """
    if device.type == "cuda":
        import torch

        share = most_bytes / torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, share), device)
        yield
    elif sys.platform == "linux":
        import resource

        before = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (psutil.Process().memory_info().data + most_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, before)
    else:
        yield
