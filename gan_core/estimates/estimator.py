"""What a config will cost before it is trained: speed, parameters, memory. Measured, since every machine differs.

The web server asks an `Estimator`, which knows nothing of torch. A helper process answers it (estimates/probe.py).
"""

import contextlib
import json
import math
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gan_core import paths
from gan_core.config import RunConfig, settings
from gan_core.errors import WorkbenchError
from gan_core.text import Text

IDLE_SECONDS = 600
"""How long a helper (some 400 MB with torch) waits for the next question."""
MOST_WAITING = 20
MOST_KNOWN = 1_000
MOST_EARLIER = 100
MOST_EARLIER_BYTES = 1_000_000
FAILURE_SECONDS = 10
"""A failure is remembered this long: a page does not retry at every tick, but soon enough after a repair."""


class Estimate(NamedTuple):
    """What a run will cost.

    `device` is described for people; `images_per_second` counts real images, as progress does; `memory_bytes` is what
    its process takes (see `probe.measure`).
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


class Estimator:
    """Answers at once what is known, and has a helper process measure what is not. For all viewers: thread-safe.

    A thread asks the helper one question after the other, the newest first, and ends with it once there was none for
    IDLE_SECONDS, nor anybody who may ask one. A helper whose server is gone finds its input at an end, and ends too.

    What earlier servers measured is the answer until this one has: a helper's imports take seconds.

    Args:
        file: keeps the newest estimates from one server to the next.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._earlier = _read(file) if file else {}
        self._changed = threading.Condition()
        self._known: dict[str, tuple[float, Answer]] = {}  # until when an answer is good, and the answer
        self._waiting: dict[str, RunConfig] = {}  # the newest last
        self._measuring = ""
        self._wanted_at = 0.0
        self._thread: threading.Thread | None = None

    def ask(self, config: RunConfig) -> Answer | None:
        """The estimate, or why there is none, or None while it is being measured: ask again.

        One of an earlier server is given at once, and measured anew.
        """
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
            earlier = self._earlier.get(question)
        self.prepare()
        return earlier

    def prepare(self) -> None:
        """Have a helper ready: somebody may ask soon, and its imports take seconds."""
        with self._changed:
            self._wanted_at = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._answer_all, name="estimates", daemon=True)
                self._thread.start()

    def _answer_all(self) -> None:
        helper = None
        try:
            helper = _start_helper()
            while asked := self._next():
                if helper.poll() is not None:
                    helper = _start_helper()
                self._note(asked[0], _ask_helper(helper, asked[1]))
        finally:
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread, self._measuring = None, ""
            if helper:
                helper.communicate()  # the helper ends when its input is closed

    def _next(self) -> tuple[str, RunConfig] | None:
        """Waits for a question; None if there was none for long."""
        with self._changed:
            while not self._waiting:
                left = self._wanted_at + IDLE_SECONDS - time.monotonic()
                if left <= 0:
                    self._thread = None  # before a new question relies on this one
                    return None
                self._changed.wait(left)
            self._measuring, config = self._waiting.popitem()
            return self._measuring, config

    def _note(self, question: str, answer: Answer) -> None:
        failed = isinstance(answer, WorkbenchError)
        with self._changed:
            self._measuring = ""
            self._known[question] = (time.monotonic() + FAILURE_SECONDS if failed else math.inf, answer)
            _forget_oldest(self._known, MOST_KNOWN)
            if isinstance(answer, WorkbenchError):
                return
            self._earlier.pop(question, None)
            self._earlier[question] = answer
            _forget_oldest(self._earlier, MOST_EARLIER)
        if self._file:
            _write(self._file, self._earlier)


def question_of(config: RunConfig) -> str:
    """The same for two configs whose runs are equally fast and large, on this machine: others may share the folder."""
    values = config.model_dump()
    counts = [name for name, setting in settings().items() if setting.affects_speed and config.uses(name)]
    return json.dumps({"machine": paths.machine()} | {name: values[name] for name in counts})


def _forget_oldest(kept: dict[str, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]


def _read(file: Path) -> dict[str, Estimate]:
    """What `_write` wrote; nothing from a file that is not there, too large or damaged."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        if file.stat().st_size <= MOST_EARLIER_BYTES:
            return {question: Estimate(**values) for question, values in json.loads(file.read_bytes()).items()}
    return {}


def _write(file: Path, estimates: dict[str, Estimate]) -> None:
    """Best effort: without the file the next server measures anew."""
    with contextlib.suppress(OSError):
        aside = paths.partial(file)
        aside.write_text(json.dumps({question: estimate._asdict() for question, estimate in estimates.items()}))
        aside.replace(file)


def _start_helper() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gan_core.estimates.probe"],
        env=paths.child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows
    )


def _ask_helper(helper: subprocess.Popen[str], config: RunConfig) -> Answer:
    assert helper.stdin and helper.stdout  # pipes
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
        message = Text.from_json(answer["error"])
        return WorkbenchError(message.template, **message.values)
    return Estimate(**answer["estimate"])


@cache
def default_estimator() -> Estimator:
    """The one that all viewers share."""
    return Estimator(paths.checkpoints() / "estimates.json")
