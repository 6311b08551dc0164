"""All runs in a table; two or more of them side by side."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from gan_core.text import no_formula
from pages.parts.error_box import errors_in_words
from pages.parts.example import show_example
from pages.parts.gone import note_shown, say_that_it_is_gone
from pages.parts.language import _
from pages.parts.links import give, given, some_of, take
from pages.parts.live.status import FID, KIMG, STATES, duration
from pages.parts.live_chart import choose_view, live_charts
from pages.parts.lost_list import offer_if_lost, show_summary
from pages.parts.report.link import report_link
from pages.parts.runs.comparison import differences
from pages.parts.time_machine import time_machine
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

NEWEST = 2000
MOST_COMPARED = 6
LONGEST_SEARCH = 200


def main() -> None:
    store = store_of_visitor()
    store.mark_interrupted()
    show_summary()
    runs = store.all_runs(NEWEST) + _linked(store)
    for key in st.session_state.get("runs", []):
        if not store.watched(key):
            say_that_it_is_gone(key)
    if not runs:
        show_example(store)
        return
    st.title(_("Runs"), anchor=False)
    offer_if_lost(store)
    shown = _filter(runs)
    chosen = _table(shown)
    if len(runs) == NEWEST:
        st.caption(_("The newest {count:,} runs.", count=NEWEST))
    if len(chosen) > MOST_COMPARED:
        st.info(_("Choose at most {most} runs to compare.", most=MOST_COMPARED))
    elif chosen:
        _compare(store, chosen)
    else:
        st.info(_("Tick a run to see it, or several to compare them."), icon=":material/check_box:")


def _linked(store: RunStore) -> list[Run]:
    """Runs that a link names, and that may be watched though they are not listed."""
    keys = {*given("runs").split(","), *st.session_state.get("runs", [])} if not store.by.watches_all else set()
    found = [store.watched(key) for key in sorted(keys)[: 2 * MOST_COMPARED]]
    return [run for run in found if run and not store.by.may_list(run)]


def _filter(runs: list[Run]) -> list[Run]:
    """The runs that match the filter; an empty filter means all."""
    take("state", some_of(list(STATES)))
    take("preset_is", some_of({run.preset for run in runs}))
    with st.container(horizontal=True, vertical_alignment="bottom", key="run-filter"):
        text = st.text_input(
            _("Search"), key="find", max_chars=LONGEST_SEARCH, persist_state="session", bind="query-params", width=240,
            placeholder=_("number, preset or dataset"), icon=":material/search:",
        )  # fmt: skip
        states = st.multiselect(
            _("State"), list(STATES), format_func=lambda state: _(STATES[state]), key="state", persist_state="session",
            placeholder=_("all"), width=280,
        )  # fmt: skip
        presets = st.multiselect(
            _("Preset"), sorted({run.preset for run in runs}), key="preset_is", persist_state="session",
            placeholder=_("all"), width=280,
        )  # fmt: skip
    give("state", ",".join(states))
    give("preset_is", ",".join(presets))
    return [
        run
        for run in runs
        if (not states or run.state in states)
        and (not presets or run.preset in presets)
        and text.strip().lower() in f"{run.id} {run.preset} {run.dataset_name}".lower()
    ]


def _table(runs: list[Run]) -> list[Run]:
    """The table; returns the ticked runs."""
    take("runs", some_of({link_key(run) for run in runs}))
    ticked = st.session_state.get("runs", [])
    rows = [number for number, run in enumerate(runs) if link_key(run) in ticked]
    # Rows are ticked by their number: another list of runs is another table, begun with the same runs ticked.
    key = f"table-{hash(tuple(run.id for run in runs))}"
    event = st.dataframe(
        pd.DataFrame([_row(run) for run in runs], columns=[*_columns()]),
        column_config=_columns(),
        hide_index=True,
        height=min(420, 38 + 35 * max(1, len(runs))),
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows}},
        key=key,
        alt=_("All runs"),
        placeholder="–",
    )
    chosen = [runs[number] for number in event.selection.rows if number < len(runs)]
    st.session_state["runs"] = [link_key(run) for run in chosen]
    for run in chosen:
        note_shown(run)
    give("runs", ",".join(st.session_state["runs"]))
    return chosen


def _columns() -> "dict[Any, ColumnConfig]":
    return {
        "id": st.column_config.NumberColumn(_("Run"), width="small"),
        "state": st.column_config.TextColumn(_("State")),
        "preset": st.column_config.TextColumn(_("Preset")),
        "dataset": st.column_config.TextColumn(_("Dataset")),
        "progress": st.column_config.ProgressColumn(_("Progress"), format="percent", min_value=0, max_value=1),
        "kimg": st.column_config.NumberColumn(_("kimg"), format="localized", help=_(KIMG)),
        "fid": st.column_config.NumberColumn(_("FID"), format="%.3g", help=_(FID)),
        "accuracy": st.column_config.NumberColumn(_("Class accuracy"), format="percent"),
        "discriminator_loss": st.column_config.NumberColumn(_("Discriminator's loss"), format="%.3g"),
        "generator_loss": st.column_config.NumberColumn(_("Generator's loss"), format="%.3g"),
        "diversity": st.column_config.NumberColumn(_("Diversity"), format="%.2f"),
        "seconds": st.column_config.TextColumn(_("Trained")),
        "created": st.column_config.DatetimeColumn(_("Started"), format="distance"),
    }


def _row(run: Run) -> list[Any]:
    last = run.last
    return [
        run.id, _(STATES[State(run.state)]), no_formula(run.preset), no_formula(run.dataset_name), run.progress,
        round(run.kimg, 1),
        last.get("fid"), last.get("accuracy"),
        last.get("discriminator_loss"), last.get("generator_loss"), last.get("diversity"), duration(run.seconds),
        pd.Timestamp(run.created_at, unit="s", tz="UTC"),
    ]  # fmt: skip


def _compare(store: RunStore, runs: list[Run]) -> None:
    key = "-".join(str(run.id) for run in runs)
    with st.container(horizontal=True):
        for run in runs:
            st.page_link(
                "train.py", label=_("Open run {run}", run=run.id), icon=":material/open_in_new:",
                query_params={"run": link_key(run)},
            )  # fmt: skip
            report_link(run, named=len(runs) > 1)
    st.header(_("Curves"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="chart-settings"):
        view = choose_view()
    live_charts(runs, view, key=f"compare-{key}")
    st.header(_("Pictures at the same moment"), anchor=False)
    time_machine(runs, key=f"pictures-{key}")
    if len(runs) > 1:
        st.header(_("What differs"), anchor=False)
        differences(store, runs)


with errors_in_words():
    main()
