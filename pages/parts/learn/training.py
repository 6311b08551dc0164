"""A run within a lesson: one click starts it, and its curves and pictures grow where they are spoken of."""

import streamlit as st

from gan_core.config import RunConfig, make_config
from gan_core.limits import within_budget
from gan_core.monitor.charts import SMOOTHING
from gan_core.presets import preset_config
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.live_chart import View, live_charts
from pages.parts.rates import count_request
from pages.parts.ready import get_ready
from pages.parts.time_machine import time_machine
from pages.parts.train.live_status import live_status


def lesson_config(preset: str, **changes: object) -> RunConfig:
    """The preset on the digits that are part of this program, with these changes, as long as a visitor may train."""
    return within_budget(make_config(preset_config(preset), **{"dataset": "digits"} | changes))


def train_here(store: RunStore, preset: str, label: str, charts: tuple[str, ...], **changes: object) -> None:
    """A button that trains it; then, of this reader's newest such run, the state, these charts, and the pictures."""
    config = lesson_config(preset, **changes)
    name = f"{preset}-{'-'.join(changes)}"
    run = store.newest_with(config)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            _("Train it again") if run else label, icon=":material/play_arrow:", key=f"train-{name}",
            type="secondary" if run else "primary", disabled=bool(run and run.active),
        ):  # fmt: skip
            with errors_in_words():
                count_request()
                store.create(config, preset)
                st.rerun()
        if run:
            st.page_link(
                "train.py", label=_("Open run {run} on the Train page", run=run.id), query_params={"run": link_key(run)}
            )
    if run:
        get_ready(store)
        live_status(store, run)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            live_charts([run], View("kimg", SMOOTHING, False, list(charts)), key=f"charts-{run.id}")
        with right:
            time_machine([run], key=f"pictures-{run.id}")
