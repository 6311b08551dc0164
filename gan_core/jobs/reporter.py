"""What the process that trains a run tells the run store, which may be away for minutes. Knows nothing of torch.

Training goes on while the store is locked by another program or its disk is full. What could not be told is kept, and
told later.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_core.store.patience import Patience
from gan_core.store.queue import LOST
from gan_core.store.runs import CHUNK_ROWS, METRICS, Run, RunStore
from gan_core.store.tables import RunChange, State
from gan_core.text import Text


class Reporter:
    """The owner's word on its run: progress, metric rows, how it ended. Not thread-safe.

    Every method raises StoreUnavailableError once the store has been away for patience.GIVE_UP_SECONDS.
    """

    def __init__(self, store: RunStore, run: Run):
        self.store = store.in_a_hurry()
        self.run = run
        self._patience = Patience()
        self._untold: dict[str, Any] = {}
        self._rows: list[Sequence[float]] = []
        self._first_row = 0  # of the chunk that is still to be filled

    # At the beginning and the end, when nothing is lost by waiting

    def begin(self, after_step: int, **values: Any) -> None:
        """Forget what an earlier session measured after this step, and count a new session; tell what holds now."""
        kept = self._patience.surely(lambda: self.store.cut_metrics(self.run.id, after_step))
        rows = len(kept["step"]) if kept else 0
        self._first_row = rows - rows % CHUNK_ROWS
        missing = np.full(rows, np.nan)
        columns = [kept.get(name, missing)[self._first_row :] for name in METRICS]
        self._rows = np.stack(columns, axis=1).tolist()
        # Viewers who know the forgotten rows read all anew.
        self.tell(sessions=self.run.sessions + 1, **values)

    def changes(self) -> list[RunChange]:
        return self._patience.surely(lambda: self.store.changes(self.run.id))

    def end(self, state: State, message: Text | None = None) -> None:
        """The last word, with all that is still to be told."""

        def say() -> None:
            self._tell_all()
            self.store.end(self.run.id, self.run.owner, state, message)

        self._patience.surely(say)

    # While the run learns

    def still_mine(self) -> bool:
        """False if another process has taken the run over. A store that is away cannot have given it to one."""
        mine = True
        if self._patience.may_try:
            with self._patience.bridged():
                mine = self.store.heartbeat(self.run.id, self.run.owner)
        return mine

    def add_row(self, row: Sequence[float]) -> bool:
        """Keep a metric row, its values in METRICS' order, until `tell` is called. True if that is due: much waits."""
        self._rows.append(row)
        return len(self._rows) % CHUNK_ROWS == 0

    def tell(self, **values: Any) -> str:
        """Progress, and the rows that came since; returns what was asked for, as RunStore.report, or "" unheard."""
        self._untold |= values
        asked = ""
        if self._patience.may_try:
            with self._patience.bridged():
                asked = self._tell_all()
        return asked

    def _tell_all(self) -> str:
        if not self.store.heartbeat(self.run.id, self.run.owner):
            return LOST
        self._write_rows()
        asked = self.store.report(self.run.id, self.run.owner, **self._untold) if self._untold else ""
        self._untold.clear()
        return asked

    def _write_rows(self) -> None:
        while self._rows:
            chunk = self._rows[:CHUNK_ROWS]
            self.store.write_metrics(self.run.id, self._first_row, list(METRICS), np.array(chunk))
            if len(chunk) < CHUNK_ROWS:
                break
            del self._rows[:CHUNK_ROWS]
            self._first_row += CHUNK_ROWS

    def new_changes(self) -> list[RunChange]:
        """What was asked for and has not been taken up; none while nobody hears."""
        found: list[RunChange] = []
        if self._patience.may_try:
            with self._patience.bridged():
                found = [change for change in self.store.changes(self.run.id) if change.step is None]
        return found

    def take_up(self, change: RunChange, step: int, kimg: float, seconds: float) -> bool:
        """Note that a change holds from the next step on. False if nobody hears: then it must not be taken up yet."""
        with self._patience.bridged():
            self.store.note_change(change.id, step, kimg, seconds)
            return True
        return False
