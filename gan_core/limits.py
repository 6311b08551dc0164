"""What visitors may take of the machine: refusals that say the limit, so that it is clear what would fit.

The stores ask here. The owner of the machine and a teacher are not limited. Knows nothing of torch.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from gan_core import common_place
from gan_core.config import RunConfig
from gan_core.datasets.table import FOLDER
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.text import Text

MB = 1_000_000


def refuse_config(config: RunConfig) -> None:
    """Raises WorkbenchError if a run of this config would be too large, as far as can be told without networks."""
    limits = hosting()
    if config.dataset.startswith(FOLDER) and not limits.folders:
        raise WorkbenchError("Folders of this server are closed; choose one of the named datasets.")
    for value, most, sentence in (
        (
            config.minutes,
            limits.most_minutes,
            Text("A run may train for {most:,.10g} min here, not {value:,.10g}."),
        ),
        (config.kimg, limits.most_kimg, Text("A run may see {most:,.10g} kimg here, not {value:,.10g}.")),
        (config.batch_size, limits.most_batch, Text("A batch may have {most:,.0f} images here, not {value:,.0f}.")),
        (config.devices, limits.most_devices, Text("Devices that a run may use here: {most:,.0f}, not {value:,.0f}.")),
    ):
        if value is not None and value > most:
            raise WorkbenchError(sentence.template, most=most, value=value)


def within_budget(config: RunConfig) -> RunConfig:
    """The same with no larger budget than a run may have here."""
    most = {"minutes": hosting().most_minutes, "kimg": hosting().most_kimg}
    budget = {name: getattr(config, name) for name in most}
    return config.model_copy(update={name: min(value, most[name]) for name, value in budget.items() if value})


def refuse_crowd(of_one: int, of_all: int) -> None:
    """Raises WorkbenchError if a person, or all together, have as many runs queued and in training as they may."""
    if of_one >= hosting().most_active_of_one:
        raise WorkbenchError(
            "Your runs in the queue or in training: {count}. You may have no more; wait for one, or stop it.",
            count=of_one,
        )
    if of_all >= hosting().most_active:
        raise WorkbenchError("The queue is full. Runs in it: {count}. Try again in a minute.", count=of_all)


def refuse_evaluation(samples: int, of_one: int, of_all: int) -> None:
    """Raises WorkbenchError for too many pictures, and for too many evaluations that wait or are in work."""
    limits = hosting()
    if samples > limits.most_samples:
        raise WorkbenchError(
            "An evaluation may draw {most:,.0f} pictures here, not {value:,}.", most=limits.most_samples, value=samples
        )
    if of_one >= limits.most_evaluations_of_one:
        raise WorkbenchError(
            "Your evaluations that wait or are in work: {count}. You may have no more; wait for one, or cancel it.",
            count=of_one,
        )
    if of_all >= limits.most_evaluations:
        raise WorkbenchError("Evaluations that wait or are in work: {count}. Try again in a minute.", count=of_all)


def refuse_full_disk(folders_of_one: Iterable[Path], folders_of_all: Iterable[Path], more: int = 0) -> None:
    """Raises WorkbenchError if the folders of a person, or of all, hold as many bytes as they may.

    Where machines have their files in common, a person's are counted there; those of all are this machine's.

    Args:
        more: bytes that are about to be added.
    """
    limits = hosting()
    of_one = (common_place.bytes_of if common_place.is_there() else bytes_of)(folders_of_one) + more
    if of_one > limits.disk_mb_of_one * MB:
        raise WorkbenchError(
            "Your runs and uploads take {value:,.0f} MB, and may take {most:,.0f}; delete some.",
            value=of_one / MB,
            most=limits.disk_mb_of_one,
        )
    if bytes_of(folders_of_all) + more > limits.disk_mb * MB:
        raise WorkbenchError("The disk space that all visitors may take together is used up; delete runs of yours.")


def bytes_of(folders: Iterable[Path]) -> int:
    """The size of all files in these folders and those within."""
    total = 0
    for folder in folders:
        for place, _folders, names in os.walk(folder):  # leaves out what is deleted meanwhile
            for name in names:
                with contextlib.suppress(OSError):
                    total += (Path(place) / name).stat().st_size
    return total
