"""What the process that trains a run reports to the run store, which may be away for minutes. Knows nothing of torch.

Training goes on while the store is locked by another program or its disk is full. What could not be reported is kept,
and reported later.
"""

import json
import math
from typing import Any

import numpy as np

from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.patience import Patience
from gan_core.store.queue import LOST
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, RunChange, State
from gan_core.text import Text

Row = dict[str, float]
"""Metrics by name. A value that is missing or not a number is unknown."""


class Reporter:
    """Reports a run for its owner: progress, metric rows, how it ended. Reads requests in return. Not thread-safe.

    Every method raises StoreUnavailableError once the store has been away for patience.GIVE_UP_SECONDS.
    """

    def __init__(self, store: RunStore, run: Run):
        self.store = store.in_a_hurry()
        self.run = run
        self.asked_to_stop = False
        self.lost = False
        """Whether another process owns the run by now; this one must stop then."""
        self._patience = Patience()
        self._waiting: dict[str, Any] = {}
        self._rows: list[Row] = []
        self._first_row = 0  # of the chunk that is still to be filled

    # At the beginning and the end, when nothing is lost by waiting

    def begin(self, after_step: int, grid_steps: list[int]) -> None:
        """Forget what an earlier session measured after this step, and count a new session."""
        kept = self._patience.surely(lambda: self.store.cut_metrics(self.run.id, after_step))
        rows = len(kept["step"]) if kept else 0
        self._first_row = rows - rows % CHUNK_ROWS
        values = np.stack(list(kept.values()), axis=1)[self._first_row :].tolist() if kept else []
        self._rows = [dict(zip(kept, row, strict=True)) for row in values]
        self.grid_steps = grid_steps
        # Viewers that have the deleted rows read all again.
        self.report(sessions=self.run.sessions + 1, grid_steps_json=json.dumps(grid_steps))

    def changes(self) -> list[RunChange]:
        """All that was ever changed while the run learned, or is still to be taken up."""
        return self._patience.surely(lambda: self.store.changes(self.run.id))

    def end(self, state: State, message: Text | None = None) -> None:
        """Record how the run ended, with all that is still to be reported."""

        def end() -> None:
            self._send()
            self.store.end(self.run.id, self.run.owner, state, message)

        self._patience.surely(end)

    # While the run learns

    def still_mine(self) -> bool:
        """False if another process has taken the run over. A store that is away cannot have given it to one."""
        if self._patience.may_try:
            with self._patience.bridged():
                self._hear("" if self.store.heartbeat(self.run.id, self.run.owner) else LOST)
        return not self.lost

    def add_row(self, row: Row) -> bool:
        """Keep a metric row until the next report. True if a report is due, since many rows wait."""
        self._rows.append(row)
        return len(self._rows) % CHUNK_ROWS == 0

    def report(self, **values: Any) -> None:
        """Report fields of the run, and the rows since the last report. What fails is sent with the next."""
        self._waiting |= values
        if self._patience.may_try:
            with self._patience.bridged():
                self._hear(self._send())

    def report_progress(self, progress: dict[str, Any], newest_row: Row) -> None:
        """Progress, and the newest metric row for lists of runs. JSON has no NaN: what is no number is left out."""
        known = {name: value for name, value in newest_row.items() if math.isfinite(value)}
        self.report(**progress, **({"last_json": json.dumps(known)} if known else {}))

    def report_grids(self, steps: list[int]) -> None:
        """The steps of the sample grids that are kept."""
        self.report(grid_steps_json=json.dumps(steps))

    def _hear(self, asked: str) -> None:
        self.lost = self.lost or asked == LOST
        self.asked_to_stop = self.asked_to_stop or bool(asked)

    def _send(self) -> str:
        """What was asked for in answer, as RunStore.report."""
        if not self.store.heartbeat(self.run.id, self.run.owner):
            return LOST
        if not self._write_rows():
            return LOST
        asked = self.store.report(self.run.id, self.run.owner, **self._waiting) if self._waiting else ""
        self._waiting.clear()
        return asked

    def _write_rows(self) -> bool:
        """False if another process has the run by now."""
        while self._rows:
            chunk = self._rows[:CHUNK_ROWS]
            columns = list(dict.fromkeys(name for row in chunk for name in row))
            values = np.array([[row.get(name, math.nan) for name in columns] for row in chunk])
            if not self.store.write_metrics(self.run.id, self._first_row, columns, values, self.run.owner):
                return False
            if len(chunk) < CHUNK_ROWS:
                break
            del self._rows[:CHUNK_ROWS]
            self._first_row += CHUNK_ROWS
        return True

    def new_changes(self) -> list[RunChange]:
        """Changes that were asked for and not yet applied; none while the store is away."""
        found: list[RunChange] = []
        if self._patience.may_try:
            with self._patience.bridged():
                found = [change for change in self.store.changes(self.run.id) if change.step is None]
        return found

    def take_up(self, change: RunChange, step: int, kimg: float, seconds: float) -> bool:
        """Record that a change holds from the next step on. False if the store is away: do not apply it yet."""
        with self._patience.bridged():
            self.store.note_change(change.id, step, kimg, seconds)
            return True
        return False  # type: ignore[unreachable]  # mypy takes `bridged` for one that swallows no error
