"""Choose a GAN, train it, watch it learn."""

import streamlit as st

from gan_core import worker
from gan_core.runs import RunStore, default_store
from pages.parts.config_form import config_form
from pages.parts.edge import errors_in_words
from pages.parts.run_view import choose_run, show_example, show_run

TICK_SECONDS = 1.0


def main() -> None:
    store = default_store()
    store.mark_interrupted()
    with st.sidebar:
        start = st.container()
        preset, config = config_form()
        if start.button("Train", type="primary", icon=":material/play_arrow:", width="stretch", disabled=not config):
            st.session_state["run"] = store.create(config, preset).id
    run = choose_run(store)
    if run is None:
        show_example()
        return
    watch = st.fragment(_watch, run_every=TICK_SECONDS if run.active else None)
    watch(store, run.id, run.active)


def _watch(store: RunStore, run_id: int, was_active: bool) -> None:
    """The run as it is now. Ticks while it is active; its end, seen here, stops the ticking."""
    with errors_in_words():
        store.mark_interrupted()
        if store.waiting():
            worker.ensure_worker(store)
        run = store.get(run_id)
        show_run(store, run)
        if run.active != was_active:
            st.rerun()


with errors_in_words():
    main()
