"""How fast the run store answers when it is full: `python -m bench.store` prints a table.

Of SQLite in a temporary folder. For another database, name an empty one, which is filled and stays so:
`python -m bench.store postgresql+psycopg://USER@/NAME?host=/tmp`. It starts no server. The same again measures what is
there, when the server has come to rest.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gan_core.monitor.charts import CHARTED, thin
from gan_core.presets import DEFAULT_PRESET, preset_config
from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run

METRICS = ("step", "kimg", "seconds", *CHARTED)
RUNS = 10_000
ROWS = 1_000_000
REPEATS = 5


def fill(store: RunStore) -> Run:
    config = preset_config(DEFAULT_PRESET)
    runs = [store.create(config, DEFAULT_PRESET) for _ in range(RUNS)]
    rows = np.cumsum(np.abs(np.random.default_rng(0).normal(size=(ROWS, len(METRICS)))), axis=0)
    for first in range(0, ROWS, CHUNK_ROWS):
        store.write_metrics(runs[0].id, first, list(METRICS), rows[first : first + CHUNK_ROWS])
    return runs[0]


def seconds(task: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        task()
        taken.append(time.perf_counter() - start)
    return sorted(taken)


def chart_data(store: RunStore, run: Run) -> None:
    thin(store.read_metrics(run.id))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(folder) / 'runs.db'}")
        runs = store.all_runs()
        if len(runs) not in (0, RUNS):
            sys.exit("There are other runs in this database; name an empty one.")
        run = runs[-1] if runs else fill(store)
        print(f"{'what':44} {'median':>8} {'worst':>8}")
        tasks: dict[str, Callable[[], object]] = {
            f"list of {RUNS:,} runs": store.all_runs,
            f"chart data of {ROWS:,} rows, all metrics": lambda: chart_data(store, run),
            "chart data, the last chunk only": lambda: store.read_metrics(run.id, from_row=ROWS - 1),
        }
        for what, task in tasks.items():
            taken = seconds(task)
            print(f"{what:44} {taken[REPEATS // 2]:7.3f}s {taken[-1]:7.3f}s")


if __name__ == "__main__":
    main()
