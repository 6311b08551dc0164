"""How long the run store, or the common place for files, may be away before the work that needs it fails.

Knows nothing of torch.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from gan_core.errors import StoreUnavailableError, WorkbenchError

T = TypeVar("T")

GIVE_UP_SECONDS = 300
"""Another program's lock or a full disk lasts some minutes, or for good."""
RETRY_SECONDS = 5
"""Between two tries, each of which may wait for a second."""


class Patience:
    """Lets the store be away for GIVE_UP_SECONDS.

    Args:
        error: what is raised while it is.
    """

    def __init__(self, error: type[WorkbenchError] = StoreUnavailableError) -> None:
        self._error = error
        self._away_since: float | None = None
        self._next_try = 0.0

    @property
    def may_try(self) -> bool:
        """Whether it is worth asking the store now."""
        return time.monotonic() >= self._next_try

    @contextlib.contextmanager
    def bridged(self) -> Iterator[None]:
        """A store that does not answer within this context is no error, unless it has been away for too long."""
        try:
            yield
        except self._error:
            now = time.monotonic()
            self._away_since = now if self._away_since is None else self._away_since
            self._next_try = now + RETRY_SECONDS
            if now - self._away_since > GIVE_UP_SECONDS:
                raise
        else:
            self._away_since = None

    def surely(self, do: Callable[[], T]) -> T:
        """The result of `do`, tried again and again while the store is away; for callers that can only wait."""
        while True:
            with self.bridged():
                return do()
            time.sleep(RETRY_SECONDS)  # type: ignore[unreachable]  # mypy takes `bridged` for one that swallows no error
