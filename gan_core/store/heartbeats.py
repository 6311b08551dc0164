"""Whether somebody lives, told by a sign that changes while one watches. Knows nothing of torch."""

import threading
import time
from collections.abc import Hashable


class SignsOfLife:
    """How long ago each owner's sign last changed, as this process saw it. Thread-safe.

    What a sign says does not matter, only that it changes: wall clocks are set back, and two computers' differ.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Hashable, tuple[Hashable, float]] = {}

    def silent_seconds(self, who: Hashable, sign: Hashable) -> float:
        """Since when the sign has been as it is now; 0 at the first look."""
        now = time.monotonic()
        with self._lock:
            known, since = self._seen.get(who, (None, now))
            if known != sign:
                since = now
            self._seen[who] = (sign, since)
        return now - since

    def forget_all_but(self, present: set[Hashable]) -> None:
        """Remember only those that are still there."""
        with self._lock:
            self._seen = {who: seen for who, seen in self._seen.items() if who in present}
