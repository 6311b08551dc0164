"""One run on the Train page: its choice, state, progress, charts and pictures."""

import numpy as np
import streamlit as st

from gan_core import paths
from gan_core.charts import CHARTS, figure
from gan_core.runs import Run, RunStore, State
from pages.parts.edge import plain, show_error
from pages.parts.language import _
from pages.parts.live_chart import live_chart
from pages.parts.pictures import show_pixels

RUNS_TO_CHOOSE_FROM = 100
EXAMPLE = "mnist-cdcgan"
BADGES = {
    State.QUEUED: ("gray", ":material/hourglass_empty:"),
    State.RUNNING: ("blue", ":material/directions_run:"),
    State.STOPPED: ("orange", ":material/pause:"),
    State.FINISHED: ("green", ":material/check:"),
    State.FAILED: ("red", ":material/error:"),
    State.INTERRUPTED: ("orange", ":material/power_off:"),
}


def choose_run(store: RunStore) -> Run | None:
    """The run that the page shows: the one chosen, else the one in training, else the newest. None if there is none."""
    runs = store.all_runs(RUNS_TO_CHOOSE_FROM)
    if not runs:
        return None
    offered = {run.id: run for run in runs}
    chosen_before = store.get(st.session_state.get("run", 0))
    if chosen_before:
        offered[chosen_before.id] = chosen_before
    else:
        st.session_state["run"] = next((run.id for run in runs if run.state == State.RUNNING), runs[0].id)
    chosen = st.selectbox(
        "Run", list(offered), format_func=lambda number: _title(offered[number]), key="run", persist_state="session"
    )
    return offered[chosen]


def _title(run: Run) -> str:
    return f"{run.id} · {run.preset} · {run.dataset_name}"


def show_example() -> None:
    """What a page without runs shows: what there is to gain, and how."""
    picture = paths.PRETRAINED / f"{EXAMPLE}.png"
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.title("Train a GAN")
        st.markdown(
            "A **generator** learns to draw, a **discriminator** to tell its pictures from real ones, and each gets "
            "better by the other.\n\n"
            "Press **Train** in the sidebar: the preset learns handwritten digits, which are part of this program, "
            "and shows you every second what it can draw by then. A minute is enough to see digits.\n\n"
            "The pictures here come from a model that was trained the same way, for longer. "
            "It is on the page **Generate**, and draws any digit you ask for."
        )
    with right:
        show_pixels(picture.read_bytes(), alt="Handwritten digits drawn by the shipped model, a row for each digit")


def show_run(store: RunStore, run: Run) -> None:
    """State, buttons, progress, charts and the newest grid of a run."""
    _show_state(store, run)
    if run.told:
        if run.state == State.FAILED:
            show_error(_(run.told))
        else:
            st.info(plain(_(run.told)))
    metrics = _metrics(store, run)
    if not metrics:
        st.caption("Charts and pictures appear here with the first steps.")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        live_chart(figure(CHARTS["losses"], metrics), key=f"losses-{run.id}")
        live_chart(figure(CHARTS["accuracies"], metrics), key=f"accuracies-{run.id}")
    with right:
        if run.live_grid.exists():
            show_pixels(
                run.live_grid.read_bytes(), alt=f"Pictures that run {run.id} draws at {run.kimg:.1f} thousand images"
            )
            st.caption(_grid_caption(run))


def _grid_caption(run: Run) -> str:
    rows = "a row a class, always from the same random numbers" if run.config.conditional else "always the same numbers"
    return f"Drawn after {run.kimg:,.1f} thousand images: {rows}."


def _show_state(store: RunStore, run: Run) -> None:
    colour, icon = BADGES[State(run.state)]
    state, buttons = st.columns([4, 1], vertical_alignment="center")
    with state, st.container(horizontal=True, vertical_alignment="center"):
        st.badge("stopping" if run.request else run.state, icon=icon, color=colour)
        st.caption(_where_it_stands(store, run))
    with buttons:
        _show_button(store, run)
    if run.state == State.RUNNING or run.progress:
        st.progress(min(1.0, run.progress), text=_progress_text(run))


def _show_button(store: RunStore, run: Run) -> None:
    if run.active:
        if st.button("Stop", icon=":material/stop:", width="stretch", disabled=bool(run.request)):
            store.ask_to_stop(run.id)
            st.rerun()
    elif run.state != State.FINISHED and st.button("Resume", icon=":material/resume:", width="stretch"):
        store.resume(run.id)
        st.rerun()


def _where_it_stands(store: RunStore, run: Run) -> str:
    if run.state == State.QUEUED:
        return f"number {store.queue_position(run)} in the queue"
    if run.state == State.RUNNING and not run.step:
        return "getting ready"
    return run.device


def _progress_text(run: Run) -> str:
    parts = [f"{run.progress:.0%}", f"{run.kimg:,.1f} thousand images", f"{duration(run.seconds)} trained"]
    if run.state == State.RUNNING and run.seconds_left is not None:
        parts += [f"{run.images_per_second:,.0f} images/s", f"{duration(run.seconds_left)} left"]
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds as people say them: `1 h 05 min`, `3 min 20 s`, `42 s`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"


def _metrics(store: RunStore, run: Run) -> dict[str, np.ndarray]:
    """All of the run's metrics; of those read at the last tick, only what is new is read again."""
    known = _known_metrics(run.id, run.sessions)
    known["metrics"] = store.extend_metrics(run.id, known.get("metrics", {}))
    return known["metrics"]


@st.cache_resource(max_entries=30, show_spinner=False)
def _known_metrics(run_id: int, session: int) -> dict[str, dict[str, np.ndarray]]:
    """Shared by all viewers of a run. A session of training may forget rows of the one before, so it begins anew."""
    return {}
