"""Which run the Train page shows."""

import streamlit as st

from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from pages.parts.edge import plain
from pages.parts.language import _
from pages.parts.links import give, take, whole_number

RUNS_TO_CHOOSE_FROM = 100


def choose_run(store: RunStore) -> Run | None:
    """The run that the page shows: the one chosen or linked to, else the one in training, else the newest."""
    take("run", whole_number)
    runs = store.all_runs(RUNS_TO_CHOOSE_FROM)
    wanted = st.session_state.get("run")
    chosen_before = store.get(wanted or 0)
    if wanted and not chosen_before:
        st.warning(plain(_("There is no run {run} here; it may have been deleted.", run=wanted)))
    if not runs:
        give("run", "")
        return None
    offered = {run.id: run for run in runs}
    if chosen_before:
        offered[chosen_before.id] = chosen_before
    else:
        st.session_state["run"] = next((run.id for run in runs if run.state == State.RUNNING), runs[0].id)
    chosen = st.selectbox(
        _("Run"), list(offered), format_func=lambda number: offered[number].title, key="run",
        persist_state="session",
    )  # fmt: skip
    give("run", str(chosen))
    return store.get(chosen)
