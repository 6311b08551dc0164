"""The one exception for everything that a user can cause and repair."""

from typing import Any

from gan_core.text import Text, limited

DIVERGED = Text(
    "By step {step} the losses or weights were no longer numbers, so training stopped; {good}. "
    "Smaller learning rates usually help."
)
"""Of a run: not a mistake that can be repaired, but what its settings lead to."""


class WorkbenchError(Exception):
    """One sentence that says what is wrong and what to do about it.

    Raised anywhere in the library, caught once at the edge: a page shows it in a box in the reader's language, the
    command line prints it and exits with 1.

    Args:
        template: the English sentence, with {braces} where the values stand.
    """

    def __init__(self, template: str, /, **values: Any):
        self.text = Text(template, {name: limited(value) for name, value in values.items()})
        super().__init__(str(self.text))


class StoreUnavailableError(WorkbenchError):
    """The run store's database is locked, full, damaged or gone. Unless it is damaged, it may answer again later."""


class StoreDamagedError(StoreUnavailableError):
    """The run store's file can no longer be read as a database. Trying again does not help."""


class FilesUnavailableError(WorkbenchError):
    """The common place for files (GAN_WORKBENCH_FILES) cannot be reached. It may answer again later."""
