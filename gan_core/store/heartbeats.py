"""Whether a process is alive, by a heartbeat that changes. Knows nothing of torch."""

import threading
import time
from collections.abc import Hashable


class SignsOfLife:
    """How long ago each owner's heartbeat last changed, as this process saw it. Thread-safe.

    Its value does not matter, only that it changes: wall clocks can be set back, and two computers' differ.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Hashable, tuple[Hashable, float]] = {}

    def silent_seconds(self, who: Hashable, sign: Hashable) -> float:
        """For how long the heartbeat has not changed; 0 at the first call."""
        now = time.monotonic()
        with self._lock:
            known, since = self._seen.get(who, (None, now))
            if known != sign:
                since = now
            self._seen[who] = (sign, since)
        return now - since

    def forget_all_but(self, present: set[Hashable]) -> None:
        """Forget the owners that are not among these."""
        with self._lock:
            self._seen = {who: seen for who, seen in self._seen.items() if who in present}
