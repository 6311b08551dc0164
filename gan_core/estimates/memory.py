"""How much memory a run will need, calculated from the shapes of its tensors before any exist.

One step is run on torch's meta device, where tensors have a shape and no numbers. It costs about a second,
however large the networks.
"""

import itertools
import math
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gan_core.config import ImageSpec, RunConfig
from gan_core.datasets.folders import list_pictures
from gan_core.datasets.table import DATASETS, FOLDER
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.text import Text
from gan_core.training.gan import Gan
from gan_core.training.loop import training_step


class Needed(NamedTuple):
    """Bytes: what stays from step to step, what one step holds besides when it holds most, and the dataset.

    Args:
        networks: weights, their gradients, what the optimizers remember, and the average.
        step: the activations above all, and what is computed with them.
    """

    networks: int
    step: int
    pictures: int

    @property
    def all(self) -> int:
        return sum(self)

    @property
    def remedy(self) -> Text:
        """What would make the largest part smaller."""
        smaller = {
            "networks": Text("narrower networks"),
            "step": Text("a smaller batch size or narrower networks"),
            "pictures": Text("fewer or smaller pictures"),
        }
        return smaller[max(self._fields, key=lambda part: getattr(self, part))]


def full_grown(config: RunConfig) -> RunConfig:
    """The config as it is for most of a run, and at its largest, if its networks grow."""
    return config.model_copy(update={"growth_kimg": 1e-9})


def shape_of(config: RunConfig) -> tuple[int, ImageSpec]:
    """How many pictures the dataset has, and what networks must know of them. No picture is read.

    Raises WorkbenchError for a folder that cannot be read.
    """
    if config.dataset.startswith(FOLDER):
        found = [len(pictures) for pictures in list_pictures(config.dataset).classes.values()]
        names = tuple(str(number) for number in range(len(found)))
        return sum(found), ImageSpec(size=config.image_size, channels=config.channels, classes=names)
    return DATASETS[config.dataset].images, ImageSpec.named(config.dataset)


def refuse_beyond_limits(config: RunConfig) -> None:
    """Raises WorkbenchError if a run of this config would have more parameters, or need more memory, than a run may
    here (hosting.py). Nothing of its size is made.
    """
    limits = hosting()
    if math.isinf(limits.most_parameters) and math.isinf(limits.most_memory_gib):
        return
    config = full_grown(config)
    count, spec = shape_of(config)
    found = parameters(config, spec)
    if found > limits.most_parameters:
        raise WorkbenchError(
            "These networks have {parameters:,} parameters, more than the {most:,.0f} that a run may have here; choose "
            "narrower networks.",
            parameters=found,
            most=limits.most_parameters,
        )
    run = needed(config, spec, count)
    if run.all * config.devices > limits.most_memory_gib * 2**30:
        raise WorkbenchError(
            "This would need about {needed:,.1f} GiB of memory, more than the {most:g} GiB that a run may take here; "
            "choose {smaller}.",
            needed=run.all * config.devices / 2**30,
            most=limits.most_memory_gib,
            smaller=run.remedy,
        )


def parameters(config: RunConfig, spec: ImageSpec) -> int:
    """Of generator and discriminator together."""
    paper = torch.device("meta")
    with paper:
        gan = Gan(config, spec, paper)
    return sum(one.numel() for network in (gan.generator, gan.discriminator) for one in network.parameters())


def needed(config: RunConfig, spec: ImageSpec, count: int) -> Needed:
    """What a run of this config will need for a dataset of so many pictures, as if all were float32; on several
    devices each of them needs so much.

    In bfloat16 activations take half. What the libraries use in between comes on top.
    """
    config = config.model_copy(update={"n_critic": 1, "penalty_every": 1, "precision": "float32"})
    paper = torch.device("meta")
    with _Tensors() as tensors:
        with paper:
            gan = Gan(config, spec, paper)
            part = config.batch_size // config.devices
            images = torch.empty(part, spec.channels, spec.size, spec.size)
            batch = images, torch.empty(part, dtype=torch.long)
        # Outside, since an optimizer counts its steps in a tensor that it reads (torch before 2.14).
        for _ in range(2):  # the gradients of the first step are there in the second
            training_step(gan, itertools.repeat(batch))
        stays = tensors.bytes
    return Needed(stays, tensors.most_bytes - stays, count * images[0].numel())


class _Tensors(TorchDispatchMode):
    """Counts the bytes of all meta tensors that are created within this context, while they live."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.most_bytes = 0
        self._known: dict[int, int] = {}  # bytes of a storage, by its address; several tensors may share one

    def __torch_dispatch__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor) and tensor.is_meta:
                self._note(tensor.untyped_storage())
        return made

    def _note(self, storage: torch.UntypedStorage) -> None:
        address = storage._cdata
        if address not in self._known:
            self._known[address] = storage.nbytes()
            self.bytes += storage.nbytes()
            self.most_bytes = max(self.most_bytes, self.bytes)
            weakref.finalize(storage, self._forget, address)

    def _forget(self, address: int) -> None:
        self.bytes -= self._known.pop(address)
