"""What can be done with a run: stop, resume, extend, change while it learns, duplicate, delete, download."""

from functools import partial
from typing import Literal

import pandas as pd
import streamlit as st

from gan_core import files, paths
from gan_core.animation import animation
from gan_core.config import changeable
from gan_core.store.evaluations import default_evaluations
from gan_core.store.runs import RunStore, lost_checkpoint
from gan_core.store.tables import Run, State
from pages.parts.class_task import keep_task_of
from pages.parts.code_downloads import code_downloads
from pages.parts.edge import as_csv, file_or_reason, show_error
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.links import to_page
from pages.parts.models import OF_RUNS, first_of
from pages.parts.report.link import report_link
from pages.parts.train.config_form import take_run
from pages.parts.visitors import store_of_visitor

FORMS: tuple[Literal["gif", "webp"], ...] = ("gif", "webp")
"""In which a run's film can be had."""


def show_actions(store: RunStore, run: Run) -> None:
    """The buttons that the run's state and its owner allow, for a horizontal container."""
    may_change = store.by.may_change(run)
    if may_change:
        _steer(store, run)
    st.button(
        _("Duplicate"), icon=":material/content_copy:", on_click=_duplicate, args=(run,),
        help=_("Copies this run's settings into the form, so that you can change some and train another run."),
    )  # fmt: skip
    _downloads(store, run)
    can_draw = run.checkpoint_path and not run.has_lost_its_checkpoint
    if can_draw and st.button(_("Draw with it"), icon=":material/draw:"):
        to_page("generate.py", model=first_of(run))
    if can_draw and st.button(_("Evaluate it"), icon=":material/query_stats:"):
        to_page("evaluate.py", evaluated=f"run:{run.name}")
    if may_change and not run.active and st.button(_("Delete"), icon=":material/delete:"):
        st.dialog(_("Delete run {run}?", run=run.id))(_ask_to_delete)(run)


def _steer(store: RunStore, run: Run) -> None:
    """What changes how it goes on."""
    if run.active:
        _stop(store, run)
        _change(store, run)
    elif run.has_lost_its_checkpoint:
        _start_anew(run)
    else:
        if run.state != State.FINISHED:
            _resume(store, run)
        _extend(store, run)


def show_lost_checkpoint(run: Run) -> None:
    """Why an ended run cannot go on."""
    if not run.active and run.has_lost_its_checkpoint:
        show_error(_(lost_checkpoint(run).text))


def _duplicate(run: Run) -> None:
    take_run(run.preset, run.config)
    keep_task_of(run)
    st.toast(
        _("The form has the settings of run {run}. Change some, and press Train.", run=run.id),
        icon=":material/content_copy:",
    )


def _stop(store: RunStore, run: Run) -> None:
    help_ = _("Saves the run. Resume continues exactly where it stopped.")
    if st.button(_("Stop"), icon=":material/stop:", disabled=bool(run.request), help=help_):
        with errors_in_words():
            store.ask_to_stop(run.id)
            st.rerun()


def _resume(store: RunStore, run: Run) -> None:
    if st.button(_("Resume"), icon=":material/resume:", type="primary"):
        with errors_in_words():
            store.resume(run.id)
            st.rerun()


def _start_anew(run: Run) -> None:
    if st.button(_("Start anew"), icon=":material/restart_alt:"):
        st.dialog(_("Start run {run} anew?", run=run.id))(_ask_to_start_anew)(run)


def _ask_to_start_anew(run: Run) -> None:
    store = store_of_visitor()  # who may have left since the page was made
    st.write(_("Its curves and pictures are deleted, and it learns from the beginning, with the same settings."))
    with st.container(horizontal=True), errors_in_words():
        if st.button(_("Forget and start"), type="primary"):
            store.forget_training(run.id)
            store.resume(run.id)
            st.rerun()
        if st.button(_("Keep it"), key="keep-training"):
            st.rerun()


def _extend(store: RunStore, run: Run) -> None:
    with st.popover(_("Extend"), icon=":material/more_time:"):
        config = run.config
        wanted = {}
        if config.minutes:
            wanted["minutes"] = st.number_input(
                _("Minutes in total"), value=config.minutes * 2, step=1.0, format="%g", key=f"extend-minutes-{run.id}"
            )
        if config.kimg:
            wanted["kimg"] = st.number_input(
                _("kimg in total"), value=config.kimg * 2, step=10.0, format="%g", key=f"extend-kimg-{run.id}"
            )
        st.caption(_("The total since the beginning of the run. It continues exactly where it stopped."))
        with errors_in_words():
            if st.button(_("Go on"), type="primary", key=f"extend-{run.id}"):
                store.extend(run.id, **wanted)
                st.rerun()


def _change(store: RunStore, run: Run) -> None:
    """Settings that a run takes up while it learns. The change is recorded, and marked in the charts."""
    with st.popover(_("Change"), icon=":material/tune:", help=_("Change settings during training.")):
        config = store.current_config(run)
        wanted = {}
        for name, setting in changeable().items():
            now = getattr(config, name)
            step = type(now)(setting.step or 1)
            wanted[name] = st.number_input(
                _(setting.title), value=now, step=step, format="%d" if isinstance(now, int) else "%g",
                help=_(setting.help), key=f"change-{run.id}-{name}",
            )  # fmt: skip
        st.caption(_("Takes effect within a second. The charts mark the change."))
        with errors_in_words():
            if st.button(_("Apply"), type="primary", key=f"change-{run.id}"):
                store.ask_to_change(run.id, **wanted)
                st.toast(_("The run applies this within a second."), icon=":material/check:")


def _downloads(store: RunStore, run: Run) -> None:
    name = f"run-{run.id}-{paths.file_name(run.preset)}"
    with st.popover(_("Download"), icon=":material/download:"):
        report_link(run, width="stretch")
        for form in FORMS:
            st.download_button(
                _("How it learned, as {form}", form=form.upper()), file_or_reason(partial(_film, run, form)),
                f"{name}.{form}", f"image/{form}", icon=":material/movie:", disabled=not run.grid_steps,
                width="stretch", on_click="ignore",
            )  # fmt: skip
        st.download_button(
            _("Metrics as CSV"),
            file_or_reason(lambda: as_csv(pd.DataFrame(store.read_metrics(run.id)))),
            f"{name}.csv", "text/csv", icon=":material/table:", width="stretch", on_click="ignore",
        )  # fmt: skip
        code_downloads(run.name, run.preset, run.config, name, width="stretch")
        st.caption(_("A chart's own toolbar saves it as PNG or as an HTML page."))


def _film(run: Run, form: Literal["gif", "webp"]) -> bytes:
    frames = [run.grid_path(step) for step in run.grid_steps]
    files.fetch_all(frames)
    return animation(frames, form)


def _ask_to_delete(run: Run) -> None:
    store = store_of_visitor()
    st.write(_("Its pictures, curves and checkpoints are deleted for good."))
    with st.container(horizontal=True):
        if st.button(_("Delete for good"), type="primary", icon=":material/delete_forever:"):
            with errors_in_words():
                store.delete(run.id)
                default_evaluations().forget(f"{kind}:{run.name}" for kind in OF_RUNS)
                st.session_state.pop("run", None)
                st.rerun()
        if st.button(_("Keep it")):
            st.rerun()
