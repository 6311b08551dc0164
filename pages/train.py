"""Choose a GAN, train it, watch it learn."""

import time

import streamlit as st

from gan_core.store.aging import deleted_at
from gan_core.store.experiments import Experiments
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from pages.parts.class_task import show_task, task_of_form
from pages.parts.error_box import errors_in_words
from pages.parts.example import show_example
from pages.parts.experiments.vary import vary_settings
from pages.parts.language import _
from pages.parts.live.status import about
from pages.parts.live_chart import choose_view, live_charts
from pages.parts.rates import count_request
from pages.parts.ready import get_ready
from pages.parts.runs.comparison import changes_in_a_line, outcomes_in_a_line
from pages.parts.time_machine import time_machine
from pages.parts.train.config_form import choose_preset, config_form
from pages.parts.train.cost import ask, seconds_of, show_estimate
from pages.parts.train.live_status import live_status
from pages.parts.train.run_actions import show_actions, show_lost_checkpoint
from pages.parts.train.run_choice import choose_other, choose_run
from pages.parts.visitors import store_of_visitor

DAY = 24 * 3600
MOST_EXPERIMENTS = 3


def main() -> None:
    store = store_of_visitor()
    store.mark_interrupted()
    with st.sidebar:
        _form(store)
    get_ready(store)
    show_task(store)
    line = st.container(horizontal=True, vertical_alignment="bottom", key="run-line")
    run = choose_run(store, line)
    if run is None:
        show_example(store)
    else:
        with line:
            show_actions(store, run)
        _show(store, run)


def _form(store: RunStore) -> None:
    task = task_of_form(store)
    preset = choose_preset(is_fixed=bool(task))
    start = st.container()
    config = config_form(preset, task.free if task else None)
    with start, errors_in_words():
        if (
            st.button(_("Train"), type="primary", icon=":material/play_arrow:", width="stretch", disabled=not config)
            and config
        ):
            count_request()
            seconds = seconds_of(ask(store, config), config)
            made = store.create(config, preset, estimated_seconds=seconds, task_id=task.id if task else 0)
            st.session_state["run"] = link_key(made)
        if config:
            show_estimate(store, config)
    if config and not task:
        with start:
            vary_settings(store, preset, config)


def _show_when_deleted(run: Run) -> None:
    if at := deleted_at(run):
        left = max(0.0, at - time.time())
        text = (
            _("Kept for {days:.0f} more days, then deleted. Download what you need.", days=left / DAY)
            if left >= 2 * DAY
            else _("Kept for about {time} more, then deleted. Download what you need.", time=about(left))
        )
        st.caption(text)


def _link_experiments(store: RunStore, run: Run) -> None:
    for row in Experiments(store).of_run(run.id)[:MOST_EXPERIMENTS]:
        label, link = _("Part of experiment {experiment}", experiment=row.id), {"experiment": link_key(row)}
        st.page_link("experiments.py", label=label, icon=":material/science:", query_params=link)


def _show(store: RunStore, run: Run) -> None:
    show_lost_checkpoint(run)
    live_status(store, run)
    _show_when_deleted(run)
    _link_experiments(store, run)
    chart_settings = st.container(horizontal=True, vertical_alignment="bottom", key="chart-settings")
    with chart_settings:
        view = choose_view()
    other = choose_other(store, run, chart_settings)
    if other:
        lines = [changes_in_a_line(store, before=other, after=run), outcomes_in_a_line(store, before=other, after=run)]
        st.markdown("  \n".join(filter(None, lines)))
    charts, pictures = st.columns([3, 2], gap="medium")
    with charts:
        scored = run.active and run.config.is_scored
        live_charts([run], view, key=f"charts-{run.id}", behind=other, scored=scored)
    with pictures:
        time_machine([run], key=f"pictures-{run.id}")
        if run.config.conditional:
            st.caption(_("A row for each class, always drawn from the same latents."))
        else:
            st.caption(_("Always drawn from the same latents."))


with errors_in_words():
    main()
