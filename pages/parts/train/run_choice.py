"""Which run the Train page shows, and which other one behind it."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gan_core.hosting import hosting
from gan_core.store.people import default_people
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from pages.parts.gone import note_shown, say_that_it_is_gone
from pages.parts.language import _
from pages.parts.links import give, run_key, take

RUNS_TO_CHOOSE_FROM = 100


def choose_run(store: RunStore, place: DeltaGenerator) -> Run | None:
    """The run that the page shows: the one chosen or linked to, else the one in training, else the newest.

    Where visitors are told apart, it begins with one of their own.
    """
    take("run", run_key)
    runs = store.all_runs(RUNS_TO_CHOOSE_FROM)
    chosen_before = _still_there(store, "run")
    own = [run for run in runs if run.person_id == store.by.person] or (runs if store.by.may_everything else [])
    if not own and not chosen_before:
        st.session_state.pop("run", None)
        give("run", "")
        return None
    names = default_people().names() if hosting().mode == "class" else {}
    offered = {link_key(run): run for run in runs}
    if chosen_before:
        offered[link_key(chosen_before)] = chosen_before
    else:
        newest = next((run for run in own if run.state == State.RUNNING), own[0])
        st.session_state["run"] = link_key(newest)
    chosen = place.selectbox(
        _("Run"), list(offered), format_func=lambda key: _title(offered[key], names), key="run",
        persist_state="session", label_visibility="collapsed", width=230,
    )  # fmt: skip
    give("run", chosen)
    note_shown(offered[chosen])
    return store.watched(chosen)


def _title(run: Run, names: dict[int, str]) -> str:
    """What the list calls it, with whose it is."""
    return " · ".join(filter(None, [run.title, names.get(run.person_id)]))


def choose_other(store: RunStore, run: Run, place: DeltaGenerator) -> Run | None:
    """The run whose curves stand behind this one's, if any is chosen. The one before is chosen by one click."""
    take("compare", run_key)
    chosen_before = _still_there(store, "compare")
    if not chosen_before or chosen_before.id == run.id:
        st.session_state["compare"] = chosen_before = None
    others = [other for other in store.all_runs(RUNS_TO_CHOOSE_FROM) if other.id != run.id and other.step]
    offered = {link_key(other): other for other in others}
    if chosen_before:
        offered[link_key(chosen_before)] = chosen_before
    if not offered:
        give("compare", "")
        return None
    with place:
        chosen = st.selectbox(
            _("Compare with"), list(offered), format_func=lambda key: offered[key].label, key="compare",
            index=None, placeholder=_("another run"), persist_state="session", width=170,
            help=_("Its curves stand behind these, faint and dotted."),
        )  # fmt: skip
        before = _run_before(run, others)
        if before and not chosen:
            st.button(_("with run {run}", run=before.id), on_click=_compare_with, args=(link_key(before),))
        if chosen:
            both = {"runs": f"{link_key(run)},{chosen}"}
            st.page_link("runs.py", label=_("Side by side"), icon=":material/stacked_line_chart:", query_params=both)
    give("compare", chosen or "")
    if chosen:
        note_shown(offered[chosen])
    return offered[chosen] if chosen else None


def _still_there(store: RunStore, key: str) -> Run | None:
    """The run that the session has chosen. If it was deleted, the page says so."""
    wanted = st.session_state.get(key)
    run = store.watched(wanted or "")
    if wanted and not run:
        say_that_it_is_gone(wanted)
    if run and wanted != link_key(run):  # a link may also name it as the other modes of hosting do
        st.session_state[key] = link_key(run)
    return run


def _run_before(run: Run, others: Sequence[Run]) -> Run | None:
    """The newest of the older runs, if possible one that learnt the same pictures."""
    older = [other for other in others if other.id < run.id]
    return next((other for other in older if other.dataset == run.dataset), older[0] if older else None)


def _compare_with(key: str) -> None:
    st.session_state["compare"] = key
