"""The training step as CUDA graphs: a small step is hundreds of kernels, and launching each takes longer than it runs.

A graph launches all of them at once (docs/performance.md has the gain). It repeats what was captured, on the
same tensors. So batches are copied into tensors that stay, numbers that change from step to step stand in tensors, and
the random generators are registered with the graph, which moves them on as a step does. What Python decides cannot
change within a graph, so there is one for each kind of step. What is captured is `training_step`, line by line.
"""

import contextlib
import gc
import logging
import math
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from gan_core.training.gan import Gan, StepScalars, weights_of
from gan_core.training.loop import Batches, Step, TakeStep, training_step

WARM_UP_STEPS = 2
"""Eager steps of each kind before its capture. They load kernels, choose algorithms and make the optimizers' state,
which a capture must find in place."""

Kind = tuple[bool, ...]
"""For each discriminator step whether it has the lazy penalties; so it says how many steps there are, too."""

logger = logging.getLogger(__name__)


class Capture(NamedTuple):
    """A captured step: its graph, the tensors that it leaves its results in, and each weight's gradient."""

    graph: "torch.cuda.CUDAGraph | None"  # None without graphs
    step: Step
    gradients: list[Tensor | None]


def can_be_captured(gan: Gan) -> bool:
    """Whether a graph can replay the GAN's step.

    A growing network cannot be captured: how far it has grown is Python's number, and another one at each step.
    """
    return gan.device.type == "cuda" and gan.config.network != "progressive"


def step_of(gan: Gan) -> TakeStep:
    """What takes the GAN's steps: captured where that can be. To be asked after `Gan.restore`."""
    return CapturedStep(gan) if can_be_captured(gan) else training_step


class CapturedStep:
    """`training_step` for one GAN; each kind of step is captured after its first few.

    A graph holds learning rates as float32, as fused Adam does. RMSprop's weights then differ from an eager step's in
    their last digits. If a capture fails, it is logged and all further steps are eager.

    Args:
        gan: after `Gan.restore`, which makes other optimizers.
        graphs: False runs the same code without them, on any device, which shows that the numbers are the same.
    """

    def __init__(self, gan: Gan, graphs: bool = True):
        self.gan, self.graphs = gan, graphs
        self.taken: Counter[Kind] = Counter()
        self.captures: dict[Kind, Capture] = {}
        self.failed = False
        self._attached: Kind | None = None  # whose gradients the weights have
        self._inputs: list[tuple[Tensor, Tensor]] = []
        optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
        self._groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        self._weights = [weight for optimizer in optimizers for weight in weights_of(optimizer)]
        # Fused optimizers take a rate in float32 on a GPU; on a CPU in float64, as Python's numbers are.
        precision = torch.float32 if gan.device.type == "cuda" else torch.float64
        self._rates = [torch.zeros((), dtype=precision, device=gan.device) for _ in self._groups]
        scalars = [torch.zeros((), device=gan.device) for _ in StepScalars._fields]
        self._scalars = StepScalars(*scalars)
        self._places = [*self._rates, *scalars]
        self._written = [math.nan] * len(self._places)
        if gan.device.type == "cuda":
            self._stream = torch.cuda.Stream(gan.device)
            self._pool = torch.cuda.graph_pool_handle()
            for optimizer in optimizers:
                make_capturable(optimizer)

    def __call__(self, gan: Gan, batches: Batches) -> Step:
        """The next step of the GAN that this was made for. What it returns holds until the step after it."""
        kind = self.next_kind()
        self.taken[kind] += 1
        if self.failed or self.taken[kind] <= WARM_UP_STEPS:
            return self._eager(batches)
        self._copy_batches(batches, len(kind))
        self._write_numbers()
        if kind not in self.captures or not self.graphs:
            try:
                self.captures[kind] = self._capture()
            except RuntimeError as error:  # the driver's, or too little memory: a graph keeps its own
                self._give_up(error)
                return self._eager(iter(self._inputs))
        return self._replay(kind)

    def next_kind(self) -> Kind:
        """Of the step that comes next."""
        config, batches = self.gan.config, self.gan.batches
        lazy = bool(config.r1_gamma or config.r2_gamma)
        numbers = range(batches + 1, batches + 1 + config.n_critic)
        return tuple(lazy and number % config.penalty_every == 0 for number in numbers)

    def _eager(self, batches: Batches) -> Step:
        """A step without a graph, on the stream that captures: the state that it makes must belong to that one."""
        self._attached = None
        if self.gan.device.type != "cuda":
            return training_step(self.gan, batches)
        current = torch.cuda.current_stream(self.gan.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns that a capturable optimizer is slower when it is not captured
            step = training_step(self.gan, batches)
        current.wait_stream(self._stream)
        return step

    def _copy_batches(self, batches: Batches, count: int) -> None:
        """Copy the next batches to where the graphs read them."""
        for number in range(count):
            batch = next(batches)
            if number == len(self._inputs):
                self._inputs.append((torch.empty_like(batch[0]), torch.empty_like(batch[1])))
            for place, tensor in zip(self._inputs[number], batch, strict=True):
                place.copy_(tensor)

    def _replay(self, kind: Kind) -> Step:
        graph, step, gradients = self.captures[kind]
        if graph:
            graph.replay()
        self.gan.step += 1
        self.gan.batches += len(kind)
        # A weight's gradient must be that of this step's graph, not of the one captured last.
        if self._attached != kind or not graph:
            for weight, gradient in zip(self._weights, gradients, strict=True):
                weight.grad = gradient
            self._attached = kind
        return step

    def _write_numbers(self) -> None:
        """This step's rates and scalars, to where the graphs read them. Only what has changed: each is a launch."""
        values = [*(group["lr"] for group in self._groups), *self.gan.scalars()]
        for place, value, before in zip(self._places, values, self._written, strict=True):
            if value != before:
                place.fill_(value)
        self._written = values

    def _capture(self) -> Capture:
        """One step as a graph, not computed yet; without graphs, one step. Raises RuntimeError if that fails."""
        if not self.graphs:
            return self._record(None)
        gc.collect()  # what is collected while capturing could free what must not be freed then
        gc.disable()
        try:
            graph = torch.cuda.CUDAGraph()
            with left_as_found(self.gan):
                graph.register_generator_state(self.gan.random)  # torch's own, for dropout, always is
                with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                    return self._record(graph)
        finally:
            gc.enable()

    def _record(self, graph: "torch.cuda.CUDAGraph | None") -> Capture:
        """`training_step` from tensors that stay. The step is not counted: a capture alone computes nothing."""
        counted = self.gan.step, self.gan.batches
        try:
            with self._numbers_on_device():
                step = training_step(self.gan, iter(self._inputs))
        finally:
            self.gan.step, self.gan.batches = counted
        return Capture(graph, step, [weight.grad for weight in self._weights])

    @contextlib.contextmanager
    def _numbers_on_device(self) -> Iterator[None]:
        rates = [group["lr"] for group in self._groups]
        self.gan.scalars_on_device = self._scalars
        for group, rate in zip(self._groups, self._rates, strict=True):
            group["lr"] = rate
        try:
            yield
        finally:
            self.gan.scalars_on_device = None
            for group, rate in zip(self._groups, rates, strict=True):
                group["lr"] = rate

    def _give_up(self, error: RuntimeError) -> None:
        """From here on all steps are eager. A GPU that no longer works at all raises an error in the next one."""
        logger.warning("The training step cannot be captured, so it is taken without a graph: %s", error)
        self.failed = True
        self.captures.clear()


@contextlib.contextmanager
def left_as_found(gan: Gan) -> Iterator[None]:
    """Around a capture: if it fails, it is not left open in the current stream and in the random generators."""
    stream = torch.cuda.current_stream(gan.device)
    generators = (gan.random, torch.cuda.default_generators[stream.device.index])
    states = [generator.get_state() for generator in generators]
    try:
        yield
    except RuntimeError:
        torch.cuda.set_stream(stream)
        for generator, state in zip(generators, states, strict=True):
            fresh = torch.Generator(generator.device)
            fresh.set_state(state)
            generator.graphsafe_set_state(fresh.graphsafe_get_state())
        raise


def make_capturable(optimizer: torch.optim.Optimizer) -> None:
    """Make an optimizer capturable: it counts its steps on the GPU. Plain SGD counts none."""
    for group in optimizer.param_groups:
        if "capturable" in group:
            group["capturable"] = True
    for weight, state in optimizer.state.items():
        if "step" in state:
            state["step"] = state["step"].to(weight.device, torch.float32)
