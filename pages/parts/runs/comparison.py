"""In which hyperparameters runs differ: as a table, or in a line."""

import pandas as pd
import streamlit as st

from gan_core.config import settings
from gan_core.monitor.feed import what_it_means
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from gan_core.text import Text
from pages.parts.edge import plain
from pages.parts.language import _

OUTCOMES = {
    "fid": Text("Best FID {before:.3g} → {after:.3g}"),
    "accuracy": Text("best class accuracy {before:.1%} → {after:.1%}"),
}
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


def outcomes_in_a_line(store: RunStore, before: Run, after: Run) -> str:
    """What came of it: the best scores of two runs, as far as both have them; "" if none. Of runs that have ended."""
    if before.active or after.active:
        return ""  # the line would be old as soon as it is drawn
    was, now = (what_it_means(store, run)[1] for run in (before, after))
    lines = [
        _(words.template, before=was[name].best, after=now[name].best)
        for name, words in OUTCOMES.items()
        if name in was and name in now
    ]
    if not lines:
        return ""
    kimg = _("after {before:,.3g} and {after:,.3g} kimg", before=before.kimg, after=after.kimg)
    return " · ".join([*lines, kimg])


def _differing(store: RunStore, runs: list[Run]) -> dict[str, list[str]]:
    """The values of each hyperparameter in which the runs differ, a value for each run, made plain for Markdown."""
    configs = [store.find(run.name).config for run in runs]
    rows = {}
    for name, setting in settings().items():
        values = [plain(shown_value(getattr(config, name))) for config in configs]
        if len(set(values)) > 1:
            rows[_(setting.title)] = values
    return rows


def shown_value(value: object) -> str:
    """A setting's value for people to read."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)
