"""What runs measured: rows of metrics, packed into chunks that name their columns. Knows nothing of torch.

NumPy is imported where it counts, since a list of runs needs none of it: a tenth of a second.
"""

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from gan_core.store.database import AS_BYTES, changed_rows
from gan_core.store.queue import OWNED, Queue
from gan_core.store.tables import MetricChunk, Run

if TYPE_CHECKING:
    import numpy as np

CHUNK_ROWS = 512
"""Metric rows in one database row: a million rows are then 2,000 reads, and a write stays below 100 kB."""


class MetricRows(Queue[Run]):
    """The part of the run store that keeps metrics."""

    def write_metrics(
        self, run_id: int, first_row: int, columns: list[str], rows: "np.ndarray", owner: str = ""
    ) -> bool:
        """Write the rows of one chunk, again and again as it grows.

        Args:
            first_row: the chunk's first row in the run, a multiple of CHUNK_ROWS.
            rows: float64 [at most CHUNK_ROWS, len(columns)].
            owner: who has measured them. False, and nothing is written, if the run has another owner by now: its rows
                and these would be mixed.
        """
        import numpy as np

        data = np.ascontiguousarray(rows, dtype="<f8").tobytes()
        with self.session() as session:
            # Within the same transaction, so that nobody takes the run over in between.
            if owner and not changed_rows(session, self._owned(run_id, owner, OWNED).values(owner=owner)):
                return False
            session.merge(MetricChunk(run_id=run_id, first_row=first_row, columns_json=json.dumps(columns), data=data))
        return True

    def read_metrics(self, run_id: int, from_row: int = 0) -> "dict[str, np.ndarray]":
        """Each column's values, float64 [rows], from the first row of the chunk that holds `from_row`.

        A column that a part of the run did not have is NaN there.
        """
        import numpy as np

        first = from_row - from_row % CHUNK_ROWS
        wanted = select(MetricChunk).where(MetricChunk.run_id == run_id, MetricChunk.first_row >= first)
        with self.session() as session:
            chunks = session.scalars(wanted.order_by(MetricChunk.first_row), execution_options=AS_BYTES).all()
        tables = [chunk.table() for chunk in chunks]
        places = {name: n for n, name in enumerate(dict.fromkeys(name for chunk in chunks for name in chunk.names))}
        columns = np.full((len(places), sum(map(len, tables))), np.nan)
        row = 0
        for chunk, table in zip(chunks, tables, strict=True):  # one by one: each fits into the processor's cache
            columns[[places[name] for name in chunk.names], row : row + len(table)] = table.T
            row += len(table)
        return dict(zip(places, columns, strict=True))

    def extend_metrics(self, run_id: int, known: "dict[str, np.ndarray]") -> "dict[str, np.ndarray]":
        """All metrics of a run, given those read before: only chunks that may have grown since are read."""
        import numpy as np

        if not known:
            return self.read_metrics(run_id)
        rows = len(known["step"])
        first = rows - rows % CHUNK_ROWS
        new = self.read_metrics(run_id, from_row=rows)
        if not new:
            return {name: values[:first] for name, values in known.items()} if first else {}
        before, since = np.full(first, np.nan), np.full(len(new["step"]), np.nan)
        return {
            name: np.concatenate([known.get(name, before)[:first], new.get(name, since)])
            for name in dict.fromkeys([*known, *new])
        }

    def cut_metrics(self, run_id: int, after_step: int) -> "dict[str, np.ndarray]":
        """Forget what was measured after a step, since a resumed run will measure it again. Returns what is left."""
        import numpy as np

        metrics = self.read_metrics(run_id)
        if not metrics:
            return {}
        kept = {name: values[metrics["step"] <= after_step] for name, values in metrics.items()}
        rows = len(kept["step"])
        first = rows - rows % CHUNK_ROWS
        with self.session() as session:
            last_chunks = select(MetricChunk).where(MetricChunk.run_id == run_id, MetricChunk.first_row >= first)
            for chunk in session.scalars(last_chunks):
                session.delete(chunk)
        if first < rows:
            self.write_metrics(run_id, first, list(kept), np.stack(list(kept.values()), axis=1)[first:])
        return kept
