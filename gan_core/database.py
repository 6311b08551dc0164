"""Opens the database behind the run store, and brings an older one up to date. Knows nothing of torch."""

import time
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, create_engine, event, inspect, literal, make_url, text
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.schema import CreateColumn

from gan_core.errors import WorkbenchError
from gan_core.tables import Base


def open_database(url: str) -> Engine:
    """Any SQLAlchemy URL, its tables and columns made where they are missing.

    Raises WorkbenchError if it cannot be opened.
    """
    shown = "its address"
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            if engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            event.listen(engine, "connect", _set_up_sqlite)
        for attempt in range(5):
            try:
                Base.metadata.create_all(engine)
                _add_missing_columns(engine)
                break
            except DatabaseError:
                # Two processes that open a new or an older store at once both try to make its tables and columns.
                if attempt == 4:
                    raise
                time.sleep(0.1 * 2**attempt)
    except (SQLAlchemyError, OSError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise WorkbenchError(
            "The run store at {address} cannot be opened ({reason}); check GAN_WORKBENCH_DATABASE.",
            address=shown,
            reason=reason,
        ) from error
    return engine


def _add_missing_columns(engine: Engine) -> None:
    """What our tables have by now and a database from before lacks; filled with the columns' defaults."""
    database = inspect(engine)
    for table in Base.metadata.sorted_tables:
        there = {column["name"] for column in database.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                declared = f"{CreateColumn(column).compile(engine)} {_default(column, engine)}"
                with engine.begin() as connection:
                    connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {declared}"))


def _default(column: Column, engine: Engine) -> str:
    """A column that may not be empty needs a value for the rows that are there."""
    if column.default is None or column.default.arg is None:
        return ""
    value = literal(column.default.arg, column.type)
    return f"DEFAULT {value.compile(engine, compile_kwargs={'literal_binds': True})}"


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets pages read while runs write; a writer waits for its turn instead of failing."""
    connection.execute("PRAGMA busy_timeout = 30000")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
