"""All tables of a run store copied into another database, of whatever kind. Knows nothing of torch."""

from collections.abc import Callable

from sqlalchemy import Table, func, insert, make_url, select
from sqlalchemy.orm import Session

from gan_core.errors import WorkbenchError
from gan_core.store import numbers
from gan_core.store.database import open_database, sqlite_file, transaction
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.runs import RunStore
from gan_core.store.tables import Base

BATCH_ROWS = 100
"""Rows in memory at once: of metrics, 100 kB each."""
TABLES = Base.metadata.sorted_tables


def move_store(source: str, target: str, on_share: Callable[[float], None] = lambda share: None) -> int:
    """Copy every row, with its number, in one transaction: all of them are there in the end, or none.

    The source stays as it is, but for its tables, which are brought up to date. Runs' folders stay where they are.

    Args:
        source, target: any SQLAlchemy URLs. The target's tables are made if they are missing.
        on_share: called with the share of the rows that are done, in 0..1.

    Returns the number of runs. Raises WorkbenchError if there is no source, if something is in work there, which would
    go on writing into it, if the target holds anything, or if one of them cannot be used.
    """
    file = sqlite_file(source)
    if file and not file.exists():
        raise WorkbenchError("There is no run store in {file}.", file=file)
    runs = RunStore(source)
    for store in (runs, EvaluationStore(runs.engine)):
        store.watch_for_signs()
        if in_work := len(store.owners()):
            raise WorkbenchError(
                "The run store is in use: {number} of its runs or evaluations are in work. End the app and its worker, "
                "and try again.",
                number=in_work,
            )
    with transaction(open_database(target)) as writing, transaction(runs.engine) as reading:
        _see_one_moment(reading)
        _refuse_rows(writing, target)
        total = sum(_rows(reading, table) for table in TABLES)
        done = 0
        for table in TABLES:
            batches = reading.execute(select(table), execution_options={"yield_per": BATCH_ROWS}).mappings()
            for batch in batches.partitions():
                writing.execute(insert(table), [dict(row) for row in batch])
                done += len(batch)
                on_share(done / total)
            numbers.go_on_from(writing.connection(), table, numbers.last_number(reading.connection(), table))
        return _rows(writing, Base.metadata.tables["runs"])


def _see_one_moment(session: Session) -> None:
    """Whoever writes meanwhile does not make what is read disagree."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("BEGIN")
    else:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _refuse_rows(session: Session, address: str) -> None:
    for table in TABLES:
        if _rows(session, table):
            raise WorkbenchError(
                "{address} holds something already (its table {table} is not empty); name an empty database.",
                address=make_url(address).render_as_string(hide_password=True),
                table=table.name,
            )


def _rows(session: Session, table: Table) -> int:
    return session.scalars(select(func.count()).select_from(table)).one()
