"""What waits or is being evaluated: a bar each, and a way to cancel it."""

import streamlit as st

from gan_core.jobs import app_worker
from gan_core.store.evaluations import EvaluationStore
from gan_core.store.runs import RunStore
from gan_core.store.tables import EvaluationRow, State
from pages.parts.edge import plain
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.visitors import evaluations_of_visitor

TICK_SECONDS = 1.0


def show_progress(store: RunStore, evaluations: EvaluationStore, labels: dict[str, str]) -> None:
    """Drawn anew every second while there is any; once one has ended, the page runs anew and shows the result.

    Args:
        labels: what a model is called, by its key.
    """
    active = evaluations.active()
    if active:
        _tick(store, labels, [row.id for row in active])


@st.fragment(run_every=TICK_SECONDS)
def _tick(store: RunStore, labels: dict[str, str], known: list[int]) -> None:
    with errors_in_words():
        evaluations = evaluations_of_visitor()  # who may have left since the page was made
        evaluations.mark_interrupted()
        active = evaluations.active()
        if [row.id for row in active] != known:
            st.rerun()
        if evaluations.waiting():
            app_worker.ensure_worker(store)
        for row in active:
            _show(evaluations, row, labels.get(row.model, row.model))


def _show(evaluations: EvaluationStore, row: EvaluationRow, label: str) -> None:
    if row.request:
        how = _("being cancelled")
    elif row.state == State.QUEUED:
        how = _("waiting for its turn")
    else:
        how = _(row.status_text) if row.status_text else _("getting ready")
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"evaluation-{row.id}"):
        st.progress(min(1.0, max(0.0, row.progress)), text=plain(f"{label}: {how}"))
        if evaluations.by.may_change(row):
            st.button(
                _("Cancel"), icon=":material/close:", disabled=bool(row.request), key=f"cancel-{row.id}",
                on_click=_cancel, args=(row.id,),
            )  # fmt: skip


def _cancel(evaluation_id: int) -> None:
    with errors_in_words():
        evaluations_of_visitor().cancel(evaluation_id)
