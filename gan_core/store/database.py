"""Opens the database behind the run store, and brings an older one up to date. Knows nothing of torch."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    CursorResult,
    Delete,
    Engine,
    Update,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import DatabaseError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from gan_core.errors import StoreDamagedError, StoreUnavailableError, WorkbenchError
from gan_core.store.tables import REVISION, VERSION_TABLE

LOCK_SECONDS = 30
"""How long a writer waits for its turn."""
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")
MIGRATIONS = Path(__file__).with_name("migrations")
ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7195208131)"}
"""What lets one go on at a time, until its transaction ends; the number is any that nobody else has."""
AS_BYTES = {"as_bytes": True}
"""Execution options of a query for much binary data: from Postgres it comes as it is, not as text, in a third of the
time. Only for columns of numbers, text and bytes."""
RESERVE_BYTES = 2**17
"""A file beside SQLite's own that is deleted when the disk is full. Without some room SQLite cannot even be opened to
read, and no run could be deleted.
"""


def open_database(url: str | URL, lock_seconds: float = LOCK_SECONDS) -> Engine:
    """Any SQLAlchemy URL, its tables made or brought up to date.

    Raises StoreDamagedError if its file is damaged, another WorkbenchError if it cannot be opened, or if a newer
    version of this program has changed its tables.
    """
    shown = "its address"
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            if engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            event.listen(engine, "connect", lambda connection, record: _set_up_sqlite(connection, lock_seconds))
        else:
            event.listen(engine, "before_cursor_execute", _ask_for_bytes)
        has_room = True
        for attempt in range(5):
            try:
                bring_up_to_date(engine)
                break
            except DatabaseError as error:
                if _is(DAMAGED, error):
                    raise in_words(error, engine.url) from error
                has_room = not make_room(error, engine.url)
                # Two processes that open a new or an older store at once may be in each other's way.
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
    if has_room:
        _keep_reserve(engine.url)
    return engine


@contextlib.contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One transaction. Raises StoreUnavailableError if the database is locked for long, full, damaged or gone."""
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except IntegrityError:
        raise
    except DatabaseError as error:
        make_room(error, engine.url)
        raise in_words(error, engine.url) from error


def now(session: Session) -> float:
    """Seconds since 1970 by the one clock that all who use the store share.

    That is the server's of a Postgres, whose users may be machines whose clocks differ. SQLite is this machine's.
    """
    if session.get_bind().dialect.name == "postgresql":
        return float(session.scalars(text("SELECT extract(epoch FROM clock_timestamp())")).one())
    return time.time()


def one_at_a_time(session: Session) -> None:
    """Until this transaction ends, no other one that asks for this gets beyond here. To be asked for first."""
    if alone := ONE_AT_A_TIME.get(session.get_bind().dialect.name):
        session.connection().exec_driver_sql(alone)


def make_room(error: DatabaseError, url: URL) -> bool:
    """Delete the reserve if the error is that of a full disk, so that the next try may succeed."""
    if not _is(NO_ROOM, error):
        return False
    with contextlib.suppress(OSError):
        _reserve(url).unlink()
    return True


def _reserve(url: URL) -> Path:
    return Path(f"{url.database}.reserve")


def _keep_reserve(url: URL) -> None:
    if sqlite_file(url) and not _reserve(url).exists():
        with contextlib.suppress(OSError):  # the disk is still full
            _reserve(url).write_bytes(
                os.urandom(RESERVE_BYTES)
            )  # random bytes, since a disk that compresses would save no room for others


def in_words(error: DatabaseError, url: URL) -> StoreUnavailableError:
    """The exception of ours for an error of the database."""
    if _is(DAMAGED, error) or "Could not decode to UTF-8" in str(error.orig):
        return damaged(url, error.orig)
    return StoreUnavailableError(
        "The run store could not be used ({error}); see that its disk has room and that no other program locks it, "
        "and try again.",
        error=error.orig,
    )


def damaged(url: URL, error: Any) -> StoreDamagedError:
    """What to do about a database that cannot be read any more."""
    return StoreDamagedError(
        "The run store {address} is damaged ({error}); `python -m gan_core runs --recover` sets it aside and makes a "
        "new list from the runs' folders.",
        address=url.render_as_string(hide_password=True),
        error=error,
    )


def _is(kinds: tuple[str, ...], error: DatabaseError) -> bool:
    """Whether SQLite calls the error one of these."""
    return str(getattr(error.orig, "sqlite_errorname", "")).startswith(kinds)


def changed_rows(session: Session, statement: Update | Delete) -> int:
    """Carry out the statement; how many rows it has changed or deleted."""
    result = session.execute(statement)
    assert isinstance(result, CursorResult)  # as it is of these two
    return result.rowcount


def overwrite_deleted(engine: Engine) -> None:
    """Write SQLite's file anew, so that what was deleted is no longer in it. Best effort: other databases see to it."""
    if engine.dialect.name == "sqlite":
        with contextlib.suppress(DatabaseError), engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM")
            alone.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def sqlite_file(url: str | URL) -> Path | None:
    """The file behind a SQLite URL; None for other databases, and for one in memory."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def bring_up_to_date(engine: Engine) -> None:
    """Make the tables, or change those of an older version of this program into what `tables` says.

    Alembic takes a fifth of a second to import: it is, if there is something to do.

    Raises WorkbenchError if they are of a newer version.
    """
    if _revision(engine) == REVISION:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            if alone := ONE_AT_A_TIME.get(engine.dialect.name):
                connection.exec_driver_sql(alone)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise WorkbenchError(
            "The run store is from a newer version of this program; use that one, or another GAN_WORKBENCH_DATABASE."
        ) from error


def _revision(engine: Engine) -> str | None:
    """What the database's tables are; None for a new database, and one from before there were revisions."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))


def _ask_for_bytes(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
    if context and context.execution_options.get("as_bytes") and connection.dialect.driver == "psycopg":
        cursor.format = 1  # psycopg.pq.Format.BINARY


def _set_up_sqlite(connection: Any, lock_seconds: float) -> None:
    """WAL lets pages read while runs write; a writer waits for its turn instead of failing."""
    connection.execute(f"PRAGMA busy_timeout = {round(lock_seconds * 1000)}")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    # Debian's SQLite overwrites what is deleted with zeros, which on a full disk needs room of its own.
    connection.execute("PRAGMA secure_delete = FAST")
