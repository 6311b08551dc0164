"""What a run leaves behind while it learns: metric rows, sample grids and checkpoints by the clock, and its scores."""

import json
import math
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import torch

from gan_core import checkpoint, paths, pictures, sampling
from gan_core.devices import memory_used
from gan_core.errors import WorkbenchError
from gan_core.jobs.reporter import Reporter
from gan_core.jobs.scoring import Interrupted, Scoring
from gan_core.store.queue import LOST
from gan_core.store.runs import METRICS, Run, lost_checkpoint
from gan_core.store.tables import MAX_GRIDS
from gan_core.text import Text
from gan_core.training.loop import Gan, Step
from gan_core.training.losses import LOSSES

ROW_SECONDS = 0.25
"""Between two metric rows. Reading them makes the loop wait for the device, so not at every step."""
REPORT_SECONDS = 1.0
"""Between two writings to the store; a request to stop is seen as late as this."""
LIVE_GRID_SECONDS = 2.0
"""Between two drawings of the grid that the page shows live."""
CHECKPOINT_SECONDS = 15.0
"""Between two checkpoints, unless writing them would take more than a fiftieth of the time."""
GRID_COLUMNS = 10
GRID_ROWS = 10
FIRST_GRID_KIMG = 0.5
GRID_GROWTH = 1.09
"""Unless the config says how often, a grid is kept at 0.5 kimg and each time the run has grown by 9 %: 200 grids last
for ten billion images."""


def grid_stride(grid_every: int, step: int) -> int:
    """Steps between two kept grids of a run of this length: `grid_every`, doubled until MAX_GRIDS are enough.

    The grids that no longer fit are taken away, so that those kept stand at even distances.
    """
    stride = grid_every
    while step // stride > MAX_GRIDS:
        stride *= 2
    return stride


def grids_due(kimg: float) -> int:
    """How many sample grids a run of this length has kept, if its config does not say how often."""
    if kimg < FIRST_GRID_KIMG:
        return 0
    return min(MAX_GRIDS, 1 + int(math.log(kimg / FIRST_GRID_KIMG) / math.log(GRID_GROWTH)))


def measure(step: Step, gan: Gan) -> list[float]:
    """One row's values, in METRICS' order: losses, accuracies, mean verdicts, distance, gradient norms, spread.

    One transfer from the device for all of them.
    """
    real_logits, fake_logits = step.real_logits.float(), step.fake_logits.float()
    real, fake = LOSSES[gan.config.loss].verdicts(real_logits, fake_logits)
    distance = real_logits.mean() - fake_logits.mean()
    return torch.stack(
        [
            step.discriminator_loss,
            step.generator_loss,
            _share(real > 0.5, real),
            _share(fake < 0.5, fake),
            real.mean(),
            fake.mean(),
            distance if gan.config.loss == "wasserstein" else distance * math.nan,
            _gradient_norm(gan.discriminator),
            _gradient_norm(gan.generator),
            _spread(step.fake) / _spread(step.real),
        ]
    ).tolist()


def _share(right: torch.Tensor, verdicts: torch.Tensor) -> torch.Tensor:
    """How many are right; NaN where there are no verdicts, of which a comparison alone would say False."""
    return torch.where(verdicts.isnan(), verdicts, right.float()).mean()


def _spread(images: torch.Tensor) -> torch.Tensor:
    """Each pixel's standard deviation over the batch [N, C, H, W], on average over the pixels."""
    return images.float().std(dim=0, correction=0).mean()


def _gradient_norm(network: torch.nn.Module) -> torch.Tensor:
    return torch.nn.utils.get_total_norm([p.grad for p in network.parameters() if p.grad is not None])


def _numbers_as_json(row: list[float]) -> str:
    """A metric row by name. JSON has no NaN and no infinity, so they are left out."""
    return json.dumps({name: value for name, value in zip(METRICS, row, strict=True) if math.isfinite(value)})


class Recorder:
    """Watches the training loop. `watch` is called after every step and answers whether to go on.

    Args:
        seconds: how long the run has already been trained, in seconds.
        stop: asked after every step; True ends the loop.
        tell: called with the run's latest progress, some times a minute.
        scoring: None if the run is not scored while it learns.
    """

    def __init__(
        self,
        reporter: Reporter,
        gan: Gan,
        seconds: float,
        stop: Callable[[], bool],
        tell: Callable[[dict], None],
        scoring: Scoring | None = None,
    ):
        self.run, self.reporter, self.gan, self.stop, self.tell = reporter.run, reporter, gan, stop, tell
        self.config, self.scoring = gan.config, scoring
        self.stopped = False
        self.newest_row: list[float] | None = None
        self._go_on_from(gan.step)
        self.past_changes = deque(change for change in reporter.changes() if change.step is not None)
        self._repeat_changes()
        self._take_up_changes(seconds)
        self.grids = grids_due(self.kimg)
        self._fix_grid()
        self.start = time.perf_counter() - seconds
        gan.anneal(self.progress(seconds))
        self.next_row = self.next_report = self.next_live_grid = 0.0
        self.next_checkpoint = seconds + CHECKPOINT_SECONDS
        self.recent = deque([(seconds, self.gan.images)], maxlen=20)

    # Where the run is

    @property
    def kimg(self) -> float:
        return self.gan.images / 1000

    def seconds(self) -> float:
        """How long the run has been trained, over all its sessions."""
        return time.perf_counter() - self.start

    def progress(self, seconds: float) -> float:
        return min(1.0, self.config.budget_spent(seconds, self.kimg))

    # At every step

    def watch(self, step: Step) -> bool:
        seconds = self.seconds()
        self.gan.anneal(self.progress(seconds))
        spent = self.gan.spent >= 1
        to_score = self.scoring is not None and self.scoring.due(at_end=spent)
        if to_score or seconds >= self.next_row:
            self._row(step, seconds, to_score)
        self._repeat_changes()
        if self._grid_is_due():
            self._keep_grid()
        if seconds >= self.next_live_grid:
            self.next_live_grid = seconds + LIVE_GRID_SECONDS
            self._write_grid(self.run.live_grid)
        if seconds >= self.next_checkpoint and not spent:
            self.save()
        self.stopped = self.stopped or self.stop()
        return not spent and not self.stopped

    def finish(self) -> None:
        """Write all that is still to be written, after the last step."""
        if self._still_mine():
            self._write_grid(self.run.live_grid)
            self.save()
            self._report(self.seconds())

    def _still_mine(self) -> bool:
        """False, and the end, if another process has taken the run over meanwhile: its files must stay as they are."""
        mine = self.reporter.still_mine()
        self.stopped = self.stopped or not mine
        return mine

    # Metrics

    def _row(self, step: Step, seconds: float, to_score: bool) -> None:
        values = measure(step, self.gan)  # waits for the device, so that a scoring finds no steps still to be computed
        if not all(map(math.isfinite, values[:2])):
            self._report(seconds)  # the rows that show how it came to this
            raise self._broken()
        scores = self._score(seconds) if to_score else {}
        # A scoring may follow a row at once: over so short a time the rate would say nothing.
        rate = self._images_per_second(self.recent[0 if to_score else -1], seconds)
        values += [rate, memory_used(self.gan.device), scores.get("fid", math.nan), scores.get("accuracy", math.nan)]
        self.newest_row = [self.gan.step, self.kimg, seconds, *values]
        much_waits = self.reporter.add_row(self.newest_row)
        self.recent.append((seconds, self.gan.images))
        self.next_row = seconds + ROW_SECONDS
        if scores or seconds >= self.next_report or much_waits:
            self.next_report = seconds + REPORT_SECONDS
            self._report(seconds)
            self._take_up_changes(seconds)

    def _report(self, seconds: float) -> None:
        rate = self._images_per_second(self.recent[0], seconds)  # over some seconds: one row alone jumps about
        progress = {
            "step": self.gan.step,
            "kimg": self.kimg,
            "seconds": seconds,
            "progress": self.progress(seconds),
            "seconds_left": self._seconds_left(seconds, rate),
            "images_per_second": rate,
        }
        if self.newest_row:
            progress["last_json"] = _numbers_as_json(self.newest_row)
        asked = self.reporter.tell(**progress)
        self.stopped = self.stopped or bool(asked)
        if asked != LOST:
            self.tell(progress)

    def _images_per_second(self, since: tuple[float, int], seconds: float) -> float:
        then, images = since
        return (self.gan.images - images) / max(seconds - then, 1e-9)

    def _seconds_left(self, seconds: float, rate: float) -> float | None:
        left = [self.config.minutes * 60 - seconds] if self.config.minutes else []
        if self.config.kimg and rate:
            left.append((self.config.kimg * 1000 - self.gan.images) / rate)
        return max(0.0, min(left)) if left else None

    def _broken(self) -> WorkbenchError:
        models = checkpoint.run_models(self.run.folder)
        good = (
            Text("the last good checkpoint is {file}", {"file": models[0].name})
            if models
            else Text("there is no checkpoint yet")
        )
        return WorkbenchError(
            "By step {step} the losses or weights were no longer numbers, so training stopped; {good}. "
            "Smaller learning rates usually help.",
            step=self.gan.step,
            good=good,
        )

    # Scores

    def _score(self, seconds: float) -> dict[str, float]:
        """What pictures drawn now are worth, by name; nothing if the run was asked to stop meanwhile.

        The clock stands still: a run that is scored learns as long as one that is not.
        """
        began = time.perf_counter()
        try:
            if self.progress(seconds) >= 1:
                self.save()  # a scoring may take long, and there is nothing left to learn
            scores = self.scoring.take()
            if self._still_mine():
                self.scoring.keep_if_best(self._about(seconds)._replace(scores=scores), self._model())
            return scores
        except Interrupted:
            self.stopped = True
            return {}
        finally:
            self.start += time.perf_counter() - began

    # Changes that were asked for while the run learns

    def _repeat_changes(self) -> None:
        """What an earlier session took up holds from the same step on, or the run would become another one."""
        while self.past_changes and self.past_changes[0].step <= self.gan.step:
            change = self.past_changes.popleft()
            self.gan.change(change.name, change.value)

    def _take_up_changes(self, seconds: float) -> None:
        """Take up what was newly asked for, from the next step on, unless there is still a past to repeat."""
        if self.stopped or self.past_changes:
            return
        for change in self.reporter.new_changes():
            if self.reporter.take_up(change, self.gan.step, self.kimg, seconds):
                self.gan.change(change.name, change.value)

    # Sample grids

    def _fix_grid(self) -> None:
        """The same latents and labels for every grid of the run; a row a class."""
        classes = len(self.gan.spec.classes) if self.config.conditional else GRID_ROWS
        rows = min(classes, GRID_ROWS)
        self.grid_labels = torch.arange(rows).repeat_interleave(GRID_COLUMNS)
        if not self.config.conditional:
            self.grid_labels.zero_()
        self.grid_latents = sampling.latents(len(self.grid_labels), self.config.latent_dim, self.config.seed)

    def _write_grid(self, path: Path) -> None:
        images = sampling.draw(self.gan.averaged_generator(), self.grid_latents, self.grid_labels)
        checkpoint.write_aside(path, pictures.webp(pictures.grid(images, GRID_COLUMNS)))

    def _grid_is_due(self) -> bool:
        if self.config.grid_every:
            return self.gan.step % grid_stride(self.config.grid_every, self.gan.step) == 0
        before, self.grids = self.grids, grids_due(self.kimg)
        return self.grids > before

    def _keep_grid(self) -> None:
        """Keep a grid of this step. With `grid_every`, those that the stride has left behind go."""
        self._write_grid(self.run.grid_folder / f"{self.gan.step:09d}.webp")
        self.grid_steps.append(self.gan.step)
        self._thin_grids()
        self.reporter.tell(grid_steps_json=json.dumps(self.grid_steps))

    def _thin_grids(self) -> None:
        if not self.config.grid_every:
            return
        stride = grid_stride(self.config.grid_every, self.gan.step)
        for step in self.grid_steps:
            if step % stride:
                self.run.grid_path(step).unlink(missing_ok=True)
        self.grid_steps = [step for step in self.grid_steps if step % stride == 0]

    def _go_on_from(self, step: int) -> None:
        """Forget what an earlier session left of the time after this step, and what it was writing when it died."""
        paths.remove_partials(self.run.folder, of_the_living=True)
        # The folder says more than the row: of a run from before, the row knows a selection alone.
        grids = [path for path in self.run.grid_folder.glob("*") if path.stem.isdecimal()]
        for path in grids:
            if int(path.stem) > step:
                path.unlink()
        self.grid_steps = sorted({int(path.stem) for path in grids if int(path.stem) <= step})
        self._thin_grids()
        self.reporter.begin(after_step=step, grid_steps_json=json.dumps(self.grid_steps))

    # Checkpoints

    def save(self) -> None:
        """Write a checkpoint, unless the weights are no longer numbers (WorkbenchError)."""
        if not self._still_mine():
            return
        model = self._model()
        before = self.seconds()
        path = checkpoint.save_run(self.run.folder, self._about(before), model, self.gan.resume_state())
        self.reporter.tell(checkpoint=path.name)
        now = self.seconds()
        self.next_checkpoint = now + max(CHECKPOINT_SECONDS, 50 * (now - before))

    def _model(self) -> dict[str, torch.Tensor]:
        model = self.gan.model_state()
        if not all(bool(tensor.isfinite().all()) for tensor in model.values()):
            raise self._broken()
        return model

    def _about(self, seconds: float) -> checkpoint.About:
        return checkpoint.About(self.run.name, self.gan.config, self.gan.spec, self.gan.step, seconds, self.gan.images)


def restore(gan: Gan, run: Run) -> float:
    """Bring a fresh GAN to the run's last good checkpoint; returns its seconds of training, 0 if there is none.

    Raises WorkbenchError if none of its checkpoints can be read, if it had one that is gone, or if the dataset is no
    longer the same.
    """
    if run.has_lost_its_checkpoint:
        raise lost_checkpoint(run)
    reason = None
    for path in checkpoint.run_models(run.folder):
        try:
            about = checkpoint.read_about(path)
            model = checkpoint.read_tensors(path)
            resume = checkpoint.read_tensors(checkpoint.resume_path(path))
        except WorkbenchError as error:
            reason = error
            continue
        if about.spec != gan.spec:
            raise WorkbenchError(
                "{dataset} has other classes or another picture size than when the run began; start a new run.",
                dataset=run.dataset,
            )
        try:
            gan.restore(model, resume, about.step, about.images // about.config.batch_size)
        except (KeyError, ValueError, RuntimeError) as error:
            reason = WorkbenchError(
                "{file} and the state beside it do not fit it ({error}).", file=path.name, error=type(error).__name__
            )
            continue
        return about.seconds
    if reason:
        raise WorkbenchError("The run cannot be resumed: {reason}", reason=reason.text)
    return 0.0
