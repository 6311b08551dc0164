"""In which hyperparameters runs differ."""

import pandas as pd
import streamlit as st

from gan_core.config import settings
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from pages.parts.edge import plain
from pages.parts.language import _


def differences(store: RunStore, runs: list[Run]) -> None:
    """A table with a row for each hyperparameter in which the runs differ, and a column for each run."""
    configs = {run: store.find(str(run.id)).config for run in runs}
    rows = {}
    for name, setting in settings().items():
        values = [plain(_shown(getattr(config, name))) for config in configs.values()]
        if len(set(values)) > 1:
            rows[_(setting.title)] = values
    if not rows:
        st.caption(_("These runs have the same settings."))
        return
    table = pd.DataFrame(rows, index=[plain(run.label) for run in runs]).T
    st.table(table.rename_axis(_("Setting")))


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)
