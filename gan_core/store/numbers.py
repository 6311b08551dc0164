"""The last number that a table has given, which is set where rows come with their own. Knows nothing of torch.

A deleted run's number is never given to another, so the last one may be above all that are there.
"""

from sqlalchemy import Connection, Table, func, select, text


def last_number(connection: Connection, table: Table) -> int:
    """The last number that the database has given to a row; 0 if it gives none."""
    column = table.autoincrement_column
    if column is None:
        return 0
    given = connection.scalar(select(func.max(column))) or 0
    if connection.dialect.name == "sqlite" and table.dialect_options["sqlite"]["autoincrement"]:
        wanted = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        given = max(given, connection.scalar(wanted, {"name": table.name}) or 0)
    if sequence := _sequence(connection, table):
        given = max(given, connection.scalar(text(f"SELECT last_value FROM {sequence} WHERE is_called")) or 0)
    return given


def go_on_from(connection: Connection, table: Table, number: int) -> None:
    """The next row without a number of its own gets one above this."""
    if not number:
        return
    if connection.dialect.name == "sqlite" and table.dialect_options["sqlite"]["autoincrement"]:
        named = {"name": table.name, "number": number}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), named)
    if sequence := _sequence(connection, table):
        connection.execute(text("SELECT setval(:sequence, :number)"), {"sequence": sequence, "number": number})


def _sequence(connection: Connection, table: Table) -> str | None:
    """What gives a Postgres table its numbers; None if nothing does, and elsewhere."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return None
    named = {"table": table.name, "column": column.name}
    return connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), named)
