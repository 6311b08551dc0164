"""The tables as they were when Alembic came (2026-11-28).

Databases from before have no revision, and may lack any of these tables, columns and indexes: they get what is missing.
"""

from typing import Any

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    ColumnDefault,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    inspect,
    literal,
    text,
)

revision = "0001"
down_revision = None

TABLES = MetaData()

Table(
    "runs",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("preset", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("config_json", String, nullable=False),
    Column("data_dir", String, nullable=False),
    Column("sessions", Integer, nullable=False, default=0),
    Column("state", String, nullable=False, index=True),
    Column("message", String, nullable=False, default=""),
    Column("request", String, nullable=False, default=""),
    Column("owner", String, nullable=False, default=""),
    Column("created_at", Double, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("heartbeat_at", Double, nullable=False, default=0.0),
    Column("ended_at", Double),
    Column("device", String, nullable=False, default=""),
    Column("checkpoint", String, nullable=False, default=""),
    Column("step", Integer, nullable=False, default=0),
    Column("kimg", Double, nullable=False, default=0.0),
    Column("seconds", Double, nullable=False, default=0.0),
    Column("progress", Double, nullable=False, default=0.0),
    Column("seconds_left", Double),
    Column("images_per_second", Double),
    Column("dataset_images", Integer),
    Column("left_out_json", String, nullable=False, default=""),
    Column("last_json", String, nullable=False, default=""),
    Column("person_id", Integer, nullable=False, index=True, default=0),
    Column("started_at", Double, nullable=False, default=0.0),
    Column("expected_seconds", Double),
    Column("restarts", Integer, nullable=False, default=0),
    Column("put_first_at", Double, nullable=False, default=0.0),
    Column("task_id", Integer, nullable=False, default=0),
    Column("grid_steps_json", String, nullable=False, default=""),
    sqlite_autoincrement=True,
)
Table(
    "run_changes",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("before", Double, nullable=False),
    Column("value", Double, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("step", Integer),
    Column("kimg", Double),
    Column("seconds", Double),
)
Table(
    "metric_chunks",
    TABLES,
    Column("run_id", Integer, primary_key=True),
    Column("first_row", Integer, primary_key=True),
    Column("columns_json", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
Table(
    "evaluations",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("model", String, nullable=False, index=True),
    Column("digest", String, nullable=False, index=True),
    Column("features", String, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("data_dir", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("progress", Double, nullable=False, default=0.0),
    Column("message", String, nullable=False, default=""),
    Column("request", String, nullable=False, default=""),
    Column("owner", String, nullable=False, default=""),
    Column("queued_at", Double, nullable=False),
    Column("heartbeat_at", Double, nullable=False, default=0.0),
    Column("ended_at", Double),
    Column("result_json", String, nullable=False, default=""),
    Column("person_id", Integer, nullable=False, index=True, default=0),
    Column("started_at", Double, nullable=False, default=0.0),
    sqlite_autoincrement=True,
)
Table(
    "workers",
    TABLES,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("heartbeat_at", Double, nullable=False),
    Column("looked_at", Double, nullable=False, default=0.0),
)
Table(
    "people",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, default=""),
    Column("known_as", String, unique=True),
    Column("is_teacher", Boolean, nullable=False, default=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("given_back_until", Double, nullable=False, default=0.0),
    Column("used_seconds", Double, nullable=False, default=0.0),
    Column("used_at", Double, nullable=False, default=0.0),
    sqlite_autoincrement=True,
)
Table(
    "browsers",
    TABLES,
    Column("key_digest", String, primary_key=True),
    Column("person_id", Integer, nullable=False, index=True),
)
Table(
    "experiments",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("preset", String, nullable=False),
    Column("config_json", String, nullable=False),
    Column("vary_json", String, nullable=False),
    Column("seeds", Integer, nullable=False),
    Column("person_id", Integer, nullable=False, index=True, default=0),
    Column("created_at", Double, nullable=False),
    sqlite_autoincrement=True,
)
Table(
    "experiment_runs",
    TABLES,
    Column("experiment_id", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False, index=True),
)
Table(
    "progress",
    TABLES,
    Column("person_id", Integer, primary_key=True),
    Column("answers_json", String, nullable=False),
)
Table(
    "notices",
    TABLES,
    Column("name", String, primary_key=True),
    Column("value_json", String, nullable=False),
)
Table(
    "tasks",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("preset", String, nullable=False),
    Column("words", String, nullable=False, default=""),
    Column("free_json", String, nullable=False, default="[]"),
    Column("exercise", String, nullable=False, default=""),
    Column("set_at", Double, nullable=False),
    Column("until", Double),
    Column("ended_at", Double),
    sqlite_autoincrement=True,
)


def upgrade() -> None:
    """Make the tables, or complete them."""
    there = inspect(op.get_bind()).get_table_names()
    for table in TABLES.sorted_tables:
        if table.name in there:
            _complete(table)
        else:
            table.create(op.get_bind())


def _complete(table: Table) -> None:
    database = inspect(op.get_bind())
    columns = {column["name"] for column in database.get_columns(table.name)}
    indexes = {index["name"] for index in database.get_indexes(table.name)}
    for column in table.columns:
        if column.name not in columns:
            op.add_column(table.name, Column(column.name, column.type, nullable=column.nullable, **_default(column)))
    for index in table.indexes:
        if index.name not in indexes:
            index.create(op.get_bind())


def _default(column: Column[Any]) -> dict[str, Any]:
    """A column that may not be empty needs a value for the rows that are there."""
    if not isinstance(column.default, ColumnDefault):
        return {}
    value = literal(column.default.arg, column.type).compile(op.get_bind(), compile_kwargs={"literal_binds": True})
    return {"server_default": text(str(value))}
