"""What a config will cost before it is trained: speed, parameters, memory. Measured, since every machine differs.

The web server asks an `Estimator`. A helper process answers it, which has torch where the server has none:

python -m gan_core.estimates   reads a RunConfig a line, writes {"estimate": ...} or {"error": ...} a line, all JSON
"""

import contextlib
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from gan_core import paths
from gan_core.config import FOLDER, NAMED_SHAPES, ImageSpec, RunConfig, has_effect
from gan_core.errors import WorkbenchError
from gan_core.text import Text

if TYPE_CHECKING:
    import torch
    from torch import nn

    from gan_core.memory import Needed
    from gan_core.training import Batches, Gan

NO_MATTER = {
    # how long the run lasts
    "minutes",
    "kimg",
    # the clock stands still meanwhile
    "score_every",
    # rare
    "grid_every",
    # numbers that are only computed with: another value takes the same time and room
    "seed",
    "ema_decay",
    "generator_learning_rate",
    "discriminator_learning_rate",
    "learning_rate_decay",
    "beta1",
    "beta2",
    "drift",
    "label_smoothing",
    # measured full-grown
    "growth_kimg",
}
"""Hyperparameters that change neither speed nor memory. One that is new counts until it is named here."""

SAMPLE = 5_000
"""Random pictures to measure with. More than a batch may have, and few enough to be made in no time."""

MEASURING_SECONDS = 0.5
WARM_UP_STEPS = 3
FEWEST_STEPS = 3
SLOW_STEP_SECONDS = 2.0
"""A first step that took longer says enough by itself."""
LOOK_SECONDS = 0.01
"""Between two looks at the memory in use."""
PATIENCE_SECONDS = 60
"""The helper gives a config up after this time; nothing else would end a step that takes minutes."""
NICENESS = 10
"""Something may be in training, and that comes first."""

IDLE_SECONDS = 60
"""How long a helper (some 800 MB with torch) waits for the next question."""
MOST_WAITING = 20
MOST_KNOWN = 1_000
FAILURE_SECONDS = 10
"""A failure is remembered this long: not tried again at every tick of a page, but once a folder may be mended."""


class Estimate(NamedTuple):
    """What a run will cost.

    `device` is described for people; `images_per_second` counts real images, as progress does; `memory_bytes` is what
    its process takes (see `measure`).
    """

    device: str
    generator_parameters: int
    discriminator_parameters: int
    images_per_second: float
    memory_bytes: int

    def seconds(self, config: RunConfig) -> float:
        """How long the config's budget lasts; the limit that is nearer counts."""
        return 1 / config.budget_spent(1.0, self.images_per_second / 1000)  # the share spent grows evenly

    def images(self, config: RunConfig) -> float:
        """Real images that the discriminator sees within the config's budget."""
        return self.images_per_second * self.seconds(config)


Answer = Estimate | WorkbenchError


# Measuring, in the helper process


def measure(config: RunConfig) -> Estimate:
    """Train a GAN of this config for half a second on random pictures.

    On a CPU the time is what this thread computed for, not what passed: a run in training beside it takes its turns,
    and the estimate is for the time after. With nothing beside it, on two cores, that was 3 to 6 % less.

    Memory is the most seen in use: on a CUDA GPU by torch's tensors (its own some hundred MB, and what its allocator
    keeps in reserve, come on top), on a CPU the resident memory of this process, on Apple's GPUs what the driver has
    given torch. To it is added what the dataset has more bytes than the pictures measured with.

    Raises WorkbenchError for a device that is not there, a folder that cannot be read, and too little memory: where
    more than half of what is free would be needed, nothing is measured.
    """
    import torch

    from gan_core import datasets, devices, memory, training

    device = devices.choose_device(config.device)
    config = config.model_copy(update={"growth_kimg": 1e-9})  # full-grown: what most of a run will cost
    count, spec = _shape(config)
    devices.give_back_freed_memory()  # else the memory of a larger config, measured before, would count as this one's
    refuse_too_large(memory.needed(config, spec, count), devices.free_memory(device))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        images = torch.randint(0, 256, (SAMPLE, spec.channels, spec.size, spec.size), dtype=torch.uint8)
        labels = torch.randint(0, len(spec.classes), (SAMPLE,))
        gan = training.Gan(config, spec, device)
        dataset = datasets.Dataset(images, labels, spec).to(device)
        batches = dataset.batches(config.batch_size, config.seed, mirror=config.mirror)
        with _memory_seen(device) as seen:
            seconds = _seconds_a_step(gan, batches)
    except (RuntimeError, MemoryError) as error:
        raise WorkbenchError(
            "The speed could not be measured ({error}); a smaller batch size or narrower networks need less memory.",
            error=str(error).partition("\n")[0],
        ) from error
    return Estimate(
        device=devices.describe(device),
        generator_parameters=count_parameters(gan.generator),
        discriminator_parameters=count_parameters(gan.discriminator),
        images_per_second=config.batch_size * config.n_critic / seconds,
        memory_bytes=max(seen) + max(0, count - SAMPLE) * images[0].numel(),
    )


def _shape(config: RunConfig) -> tuple[int, ImageSpec]:
    """How many pictures the dataset has, and what networks must know of them. No picture is read."""
    if config.dataset.startswith(FOLDER):
        from gan_core.folders import list_pictures

        found = [len(pictures) for pictures in list_pictures(config.dataset).classes.values()]
        names = tuple(str(number) for number in range(len(found)))
        return sum(found), ImageSpec(size=config.image_size, channels=config.channels, classes=names)
    count, size, channels = NAMED_SHAPES[config.dataset]
    return count, ImageSpec(size=size, channels=channels, classes=tuple("0123456789"))


def refuse_too_large(run: "Needed", free_bytes: int) -> None:
    """Raises WorkbenchError if a run would need more than half of the free memory, before any of it is taken.

    A change in the form is enough for a measurement, and nobody wants their memory filled by that.
    """
    if run.all <= free_bytes / 2:
        return
    smaller = {
        "networks": Text("narrower networks"),
        "step": Text("a smaller batch size or narrower networks"),
        "pictures": Text("fewer or smaller pictures"),
    }
    raise WorkbenchError(
        "The speed is not measured: this would need about {needed:,.1f} GiB, more than half of the {free:,.1f} GiB of "
        "memory that are free; choose {smaller}.",
        needed=run.all / 2**30,
        free=free_bytes / 2**30,
        smaller=smaller[max(run._fields, key=lambda part: getattr(run, part))],
    )


def _seconds_a_step(gan: "Gan", batches: "Batches") -> float:
    """The first steps fetch memory and choose algorithms, so they do not count."""
    if gan.device.type != "cpu":
        # A GPU's very first step loads the kernels too, which takes seconds: those of lazy penalties included.
        gan.batches = gan.config.penalty_every - 1
        _timed(gan, batches, 1, 0)
    first = _timed(gan, batches, 1, 0)
    if first > SLOW_STEP_SECONDS:
        return first
    _timed(gan, batches, WARM_UP_STEPS, 0)
    return _timed(gan, batches, FEWEST_STEPS, MEASURING_SECONDS)


def _timed(gan: "Gan", batches: "Batches", fewest_steps: int, least_seconds: float) -> float:
    """Seconds of a step, on average over at least so many steps and seconds."""
    from gan_core.training import training_step

    clock = time.thread_time if gan.device.type == "cpu" else time.perf_counter
    began, start, steps = time.perf_counter(), clock(), 0
    while steps < fewest_steps or time.perf_counter() - began < least_seconds:
        seen = training_step(gan, batches)
        steps += 1
    seen.generator_loss.item()  # waits until the device has done all that it was given
    return (clock() - start) / steps


@contextlib.contextmanager
def _memory_seen(device: "torch.device") -> Iterator[list[int]]:
    """What is in use from here on, looked at many times: after a step its activations are gone again."""
    seen, ended = [_memory_used(device)], threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            seen.append(_memory_used(device))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
        seen.append(_memory_used(device))


def _memory_used(device: "torch.device") -> int:
    import torch

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return psutil.Process().memory_info().rss


def count_parameters(network: "nn.Module") -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def main() -> None:
    """Answer questions until there are no more."""
    import torch

    from gan_core.devices import give_back_freed_memory, keep_freed_memory

    torch.set_flush_denormal(True)  # both as a training process does: tiny numbers are slow, and so is new memory
    keep_freed_memory()
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    with contextlib.suppress(OSError, psutil.Error):
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else NICENESS)
    with contextlib.suppress(OSError):  # Linux: where memory runs out, this process goes, not one in training
        Path("/proc/self/oom_score_adj").write_text("1000")
    for line in sys.stdin:
        # Nothing else would end a step that takes minutes, least of all when the server that asked is gone.
        too_long = threading.Timer(PATIENCE_SECONDS, os._exit, [1])
        too_long.start()
        try:
            answer = {"estimate": measure(RunConfig.model_validate_json(line))._asdict()}
        except WorkbenchError as error:
            answer = {"error": error.text.to_json()}
        too_long.cancel()
        print(json.dumps(answer), file=answers, flush=True)
        give_back_freed_memory()  # what is in training may need it


# Asking, in the web server


class Estimator:
    """Answers at once what is known, and has a helper process measure what is not. For all viewers: thread-safe.

    A thread asks the helper one question after the other, the newest first, and ends with it once there was none for
    IDLE_SECONDS. A helper whose server is gone finds its input at an end, and ends too.
    """

    def __init__(self):
        self._changed = threading.Condition()
        self._known: dict[str, tuple[float, Answer]] = {}  # until when an answer is good, and the answer
        self._waiting: dict[str, RunConfig] = {}  # the newest last
        self._measuring = ""
        self._thread: threading.Thread | None = None

    def ask(self, config: RunConfig) -> Answer | None:
        """The estimate, or why there is none, or None while it is being measured: ask again."""
        question = question_of(config)
        with self._changed:
            good_until, answer = self._known.get(question, (0.0, None))
            if time.monotonic() < good_until:
                return answer
            if question != self._measuring:
                self._waiting.pop(question, None)
                self._waiting[question] = config
                _forget_oldest(self._waiting, MOST_WAITING)
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._answer_all, name="estimates", daemon=True)
                self._thread.start()
        return None

    def _answer_all(self) -> None:
        helper = None
        try:
            while asked := self._next():
                if helper is None or helper.poll() is not None:
                    helper = _start_helper()
                self._note(asked[0], _ask_helper(helper, asked[1]))
        finally:
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread, self._measuring = None, ""
            if helper:
                helper.communicate()  # the end of its input is its own

    def _next(self) -> tuple[str, RunConfig] | None:
        """Waits for a question; None if there was none for long."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, IDLE_SECONDS):
                self._thread = None  # before a new question relies on this one
                return None
            self._measuring, config = self._waiting.popitem()
            return self._measuring, config

    def _note(self, question: str, answer: Answer) -> None:
        failed = isinstance(answer, WorkbenchError)
        with self._changed:
            self._measuring = ""
            self._known[question] = (time.monotonic() + FAILURE_SECONDS if failed else math.inf, answer)
            _forget_oldest(self._known, MOST_KNOWN)


def question_of(config: RunConfig) -> str:
    """The same for two configs whose runs are equally fast and large."""
    values = config.model_dump()
    counts = {name: value for name, value in values.items() if name not in NO_MATTER and has_effect(name, values)}
    return json.dumps(counts)


def _forget_oldest(kept: dict, most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]


def _start_helper() -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "gan_core.estimates"],
        env=paths.child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
    )


def _ask_helper(helper: subprocess.Popen, config: RunConfig) -> Answer:
    try:
        helper.stdin.write(config.model_dump_json() + "\n")
        helper.stdin.flush()
        answer = json.loads(helper.stdout.readline())
    except (OSError, ValueError):  # a broken pipe, or nothing more to read: it has died
        helper.kill()
        helper.communicate()
        return WorkbenchError(
            "The speed could not be measured: a step takes too long, or too much memory; "
            "choose a smaller batch size or narrower networks."
        )
    if "error" in answer:
        said = Text.from_json(answer["error"])
        return WorkbenchError(said.template, **said.values)
    return Estimate(**answer["estimate"])


@cache
def default_estimator() -> Estimator:
    """The one that all viewers share."""
    return Estimator()


if __name__ == "__main__":
    main()
