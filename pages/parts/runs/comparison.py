"""In which hyperparameters runs differ: as a table, or in a line."""

import pandas as pd
import streamlit as st

from gan_core.config import settings
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from pages.parts.edge import plain
from pages.parts.language import _

FEW = 3
"""Changes that a line names."""


def differences(store: RunStore, runs: list[Run]) -> None:
    """A table with a row for each hyperparameter in which the runs differ, and a column for each run."""
    rows = _differing(store, runs)
    if not rows:
        st.caption(_("These runs have the same settings."))
        return
    table = pd.DataFrame(rows, index=[plain(run.label) for run in runs]).T
    st.table(table.rename_axis(_("Setting")))


def changes_in_a_line(store: RunStore, before: Run, after: Run) -> str:
    """What became of each hyperparameter in which two runs differ, as Markdown; the first few of many."""
    rows = _differing(store, [before, after])
    if not rows:
        return _("These runs have the same settings.")
    changes = [f"{title} {was} → {now}" for title, (was, now) in list(rows.items())[:FEW]]
    if len(rows) > FEW:
        changes.append(_("{count} more", count=len(rows) - FEW))
    return _(
        "From run {before} to run {after}: {changes}", before=before.id, after=after.id, changes=" · ".join(changes)
    )


def _differing(store: RunStore, runs: list[Run]) -> dict[str, list[str]]:
    """The values of each hyperparameter in which the runs differ, a value for each run, made plain for Markdown."""
    configs = [store.find(str(run.id)).config for run in runs]
    rows = {}
    for name, setting in settings().items():
        values = [plain(_shown(getattr(config, name))) for config in configs]
        if len(set(values)) > 1:
            rows[_(setting.title)] = values
    return rows


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)
