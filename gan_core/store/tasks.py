"""What a teacher gives a class to do: a preset or an exercise, which settings may be changed, and until when.

Knows nothing of torch.
"""

import time

from sqlalchemy.orm import Session

from gan_core.config import RunConfig, settings
from gan_core.errors import WorkbenchError
from gan_core.exercises import EXERCISES
from gan_core.limits import within_budget
from gan_core.presets import preset_config
from gan_core.store.tables import Task
from gan_core.text import Text


def is_open(task: Task) -> bool:
    """Whether runs can still be made for it."""
    return task.ended_at is None and (task.until is None or time.time() < task.until)


def refuse_too_late(session: Session, task_id: int) -> None:
    """Raises WorkbenchError if no run can be made for the task any more."""
    task = session.get(Task, task_id)
    if task is None or not is_open(task):
        raise WorkbenchError("The time for this task is over; you can still train runs of your own.")


def refuse_other_settings(session: Session, task_id: int, config: RunConfig) -> None:
    """Raises WorkbenchError if the config differs from the task's beginning in a setting that may not be changed."""
    task = session.get(Task, task_id)
    if task is None:  # it was deleted, and nothing is compared any more
        return
    for name in changed(begins_with(task, config.seed), config):
        if name not in task.free:
            raise WorkbenchError(
                "The task leaves {title} as it is; you may change {titles}.",
                title=_title(name),
                titles=_listed(task.free),
            )


def begins_with(task: Task, seed: int) -> RunConfig:
    """What the task's runs are compared with: its preset, or its exercise's baseline of that seed."""
    if task.exercise in EXERCISES:
        return EXERCISES[task.exercise].baseline(seed)
    return within_budget(preset_config(task.preset))


def changed(first: RunConfig, config: RunConfig) -> list[str]:
    """The settings in which the config differs from the first one, in the order of the form."""
    return [name for name in settings() if getattr(config, name) != getattr(first, name)]


def _title(name: str) -> Text:
    return Text(settings()[name].title)


def _listed(names: list[str]) -> Text:
    """The settings' titles, each in the reader's language."""
    if not names:
        return Text("nothing")
    titles = {f"title{number}": _title(name) for number, name in enumerate(names)}
    return Text(", ".join(f"{{{key}}}" for key in titles), titles)
