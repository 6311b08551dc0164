"""All runs of the class: who is next, and what goes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from gan_core.store.evaluations import default_evaluations
from gan_core.store.people import default_people
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from gan_core.text import no_formula
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.live.status import STATES, duration
from pages.parts.models import OF_RUNS
from pages.parts.teach import REFRESH_SECONDS
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

NEWEST = 300
TICKED = "ticked-runs"
"""The session's key for the numbers of the ticked runs."""
ORDER = "order-of-runs"
"""The session's key for the numbers of all runs, as they stood last."""
DELETING = "runs-to-delete"
"""The session's key for those of which the teacher is to be asked whether they go."""


def steer_queue() -> None:
    """Pause and go on; put first, stop or delete what is ticked. It is kept up to date."""
    st.fragment(_queue, run_every=REFRESH_SECONDS)()
    if runs := st.session_state.pop(DELETING, None):
        # Not in the fragment, which would close it when it runs again.
        st.dialog(_("Runs to delete: {count}", count=len(runs)))(_ask_to_delete)(runs)


def _queue() -> None:
    with errors_in_words():
        store = store_of_visitor()  # who may have left since the page was made
        store.mark_interrupted()
        _pause(store)
        _steer(store)


def _steer(store: RunStore) -> None:
    places = {number: turn.place for number, turn in store.all_turns().items()}
    runs = _in_order(store.all_runs(NEWEST), places)
    if not runs:
        st.info(_("There are no runs yet."))
        return
    chosen = _table(runs, places)
    waiting = [run for run in chosen if run.state == State.QUEUED]
    active = [run for run in chosen if run.active]
    ended = [run for run in chosen if not run.active]
    with st.container(horizontal=True):
        # The last one put first is the foremost: from behind, they keep their order.
        _button(_("Put first"), ":material/vertical_align_top:", waiting[::-1], lambda run: store.put_first(run.id))
        _button(_("Stop"), ":material/stop:", active, lambda run: store.ask_to_stop(run.id))
        if st.button(_("Delete"), icon=":material/delete:", disabled=not ended, key="queue-delete"):
            st.session_state[DELETING] = ended
            st.rerun()


def _in_order(runs: list[Run], places: dict[int, int]) -> list[Run]:
    """In training, in the order of turns, and the newest of the others. While some are ticked, no row moves."""
    before = st.session_state.get(ORDER, []) if st.session_state.get(TICKED) else []
    stands = {number: row for row, number in enumerate(before)}
    ordered = sorted(
        runs,
        key=lambda run: (
            stands.get(run.id, len(stands)),
            0 if run.state == State.RUNNING else places.get(run.id, NEWEST),
        ),
    )
    st.session_state[ORDER] = [run.id for run in ordered]
    return ordered


def _pause(store: RunStore) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if store.is_paused:
            if st.button(_("Let the queue go on"), type="primary", icon=":material/play_arrow:"):
                store.go_on()
                st.rerun()
            st.caption(_("The queue is paused: no run begins. Those in training go on."))
        elif st.button(_("Pause the queue"), icon=":material/pause:"):
            store.pause()
            st.rerun()


def _button(label: str, icon: str, runs: list[Run], act: Callable[[Run], None]) -> None:
    if st.button(label, icon=icon, disabled=not runs):
        with errors_in_words():
            for run in runs:
                act(run)
            st.rerun()


def _ask_to_delete(runs: list[Run]) -> None:
    store = store_of_visitor()  # who may have left since the page was made
    st.write(_("Their pictures, curves and checkpoints are deleted for good."))
    with st.container(horizontal=True), errors_in_words():
        if st.button(_("Delete for good"), type="primary", icon=":material/delete_forever:"):
            for run in runs:
                store.delete(run.id)
                default_evaluations().forget(f"{kind}:{run.name}" for kind in OF_RUNS)
            st.rerun()
        if st.button(_("Keep them")):
            st.rerun()


def _table(runs: list[Run], places: dict[int, int]) -> list[Run]:
    """The ticked ones."""
    names = default_people().names()
    ticked = st.session_state.get(TICKED, [])
    event = st.dataframe(
        pd.DataFrame([_row(run, names, places) for run in runs], columns=list(_columns())),
        column_config=_columns(),
        hide_index=True,
        height=min(560, 38 + 35 * len(runs)),
        on_select="rerun",
        selection_mode="multi-row",
        # Rows are ticked by their number: another order is another table, begun with the same runs ticked.
        selection_default={"selection": {"rows": [row for row, run in enumerate(runs) if run.id in ticked]}},
        key=f"queue-{hash(tuple(run.id for run in runs))}",
        alt=_("All runs"),
        placeholder="–",
    )
    chosen = [runs[row] for row in event.selection.rows if row < len(runs)]
    st.session_state[TICKED] = [run.id for run in chosen]
    return chosen


def _columns() -> "dict[Any, ColumnConfig]":
    return {
        "id": st.column_config.NumberColumn(_("Run"), width="small"),
        "student": st.column_config.TextColumn(_("Student")),
        "state": st.column_config.TextColumn(_("State")),
        "place": st.column_config.NumberColumn(_("Place"), width="small"),
        "preset": st.column_config.TextColumn(_("Preset")),
        "progress": st.column_config.ProgressColumn(_("Progress"), format="percent", min_value=0, max_value=1),
        "seconds": st.column_config.TextColumn(_("Trained")),
        "created": st.column_config.DatetimeColumn(_("Started"), format="distance"),
    }


def _row(run: Run, names: dict[int, str], places: dict[int, int]) -> list[object]:
    return [
        run.id, no_formula(names.get(run.person_id, "")), _(STATES[State(run.state)]), places.get(run.id),
        no_formula(run.preset), run.progress, duration(run.seconds), pd.Timestamp(run.created_at, unit="s", tz="UTC"),
    ]  # fmt: skip
