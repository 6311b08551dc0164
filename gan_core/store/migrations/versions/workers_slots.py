"""How many runs a worker can train at the same time."""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("workers", Column("slots", Integer, nullable=False, server_default="0"))
