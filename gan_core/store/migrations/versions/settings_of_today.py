"""Settings as they are written today: runs and experiments are found by their text (store/runs_by_settings.py).

Those from before a hyperparameter came lack it, and would not be found by the same question asked again.
"""

import contextlib

from alembic import op
from sqlalchemy import text

from gan_core.config import RunConfig

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    database = op.get_bind()
    for table in ("runs", "experiments"):
        rows = database.execute(text(f"SELECT id, config_json FROM {table}")).all()
        changed = []
        for number, before in rows:
            with contextlib.suppress(ValueError):  # this one cannot be read any more, and stays as it is
                written = RunConfig.model_validate_json(before).model_dump_json()
                if written != before:
                    changed.append({"number": number, "written": written})
        if changed:
            database.execute(text(f"UPDATE {table} SET config_json = :written WHERE id = :number"), changed)
