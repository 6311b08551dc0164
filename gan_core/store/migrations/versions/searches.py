"""Experiments that are searches, and who is at work on one."""

from alembic import op
from sqlalchemy import Boolean, Column, Double, Integer, String, false

revision = "0002"
down_revision = "0001"

NEW = (
    Column("trials", Integer, nullable=False, server_default="0"),
    Column("tried_json", String, nullable=False, server_default="[]"),
    Column("is_open", Boolean, nullable=False, server_default=false()),
    Column("run_seconds", Double),
    Column("held_by", String, nullable=False, server_default=""),
    Column("held_until", Double, nullable=False, server_default="0"),
)


def upgrade() -> None:
    """Complete the table of experiments."""
    for column in NEW:
        op.add_column("experiments", column)
    op.create_index("ix_experiments_is_open", "experiments", ["is_open"])
