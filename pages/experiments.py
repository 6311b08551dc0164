"""Experiments: a question that many runs answer."""

from typing import get_args

import streamlit as st

from gan_core.config import settings
from gan_core.errors import WorkbenchError
from gan_core.exercises import Score
from gan_core.experiments import Experiment
from gan_core.metrics.result import SCORES
from gan_core.monitor.experiment_results import Result, results_of
from gan_core.presets import PRESETS, preset_config
from gan_core.repeating import BUDGET
from gan_core.store.experiments import Experiments
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.store.tables import ExperimentRow, Run, State
from pages.parts.edge import plain, show_error
from pages.parts.error_box import errors_in_words
from pages.parts.experiments import charts
from pages.parts.experiments.table import as_csv, label_of, show_table
from pages.parts.experiments.vary import train_missing
from pages.parts.language import _
from pages.parts.links import give, one_of, run_key, take, to_page
from pages.parts.live.status import about
from pages.parts.rates import count_request
from pages.parts.ready import get_ready
from pages.parts.runs.comparison import shown_value
from pages.parts.time_machine import time_machine
from pages.parts.train.config_form import take_run
from pages.parts.visitors import store_of_visitor

COMPARED: tuple[Score, ...] = get_args(Score)
REFRESH_SECONDS = 3  # while runs wait or train
MOST_PICTURED = 6
EXAMPLE = {"generator_layers": "16, 128, 256-512"}


def main() -> None:
    store = store_of_visitor()
    store.mark_interrupted()
    st.title(_("Experiments"), anchor=False)
    row = _choose(Experiments(store))
    if row is None:
        _introduce()
        return
    get_ready(store)
    _show(store, row)


def _choose(experiments: Experiments) -> ExperimentRow | None:
    """The experiment that a link or the reader names, else the newest."""
    take("experiment", run_key)
    rows = {link_key(row): row for row in experiments.all()}
    wanted = st.session_state.get("experiment", "")
    if wanted and wanted not in rows:
        try:
            rows[wanted] = experiments.find(wanted)
        except WorkbenchError as error:
            show_error(_(error.text))
            del st.session_state["experiment"]
    if not rows:
        give("experiment", "")
        return None
    chosen = st.selectbox(
        _("Experiment"), list(rows), key="experiment", persist_state="session", label_visibility="collapsed",
        format_func=lambda key: _title(rows[key]) if key in rows else "",
    )  # fmt: skip
    give("experiment", chosen or "")
    return rows.get(chosen or "")


def _title(row: ExperimentRow) -> str:
    varied = ", ".join(_(settings()[name].title) for name in row.experiment.vary)
    what = _("search: {settings}", settings=varied) if row.trials else varied
    return f"{row.id} · {row.preset} · {what}"


def _introduce() -> None:
    st.markdown(
        _(
            "Do more neurons help? Which activation, which loss is better? One run does not tell, since another seed "
            "gives another result. An experiment trains every combination of the values that you choose, each from "
            "several seeds, and compares them: mean, spread, curves and pictures."
        )
    )
    st.markdown(_("Choose them on the Train page, below *Train*, under *Vary settings*."))
    st.page_link("train.py", label=_("Train"), icon=":material/model_training:")
    if st.button(_("Begin with an example"), type="primary", icon=":material/science:"):
        take_run("cgan", preset_config("cgan").model_copy(update={"kimg": 20.0, "minutes": None}))
        st.session_state["vary"] = list(EXAMPLE)
        for name, values in EXAMPLE.items():
            st.session_state[f"vary.{name}"] = values
        to_page("train.py")


def _show(store: RunStore, row: ExperimentRow) -> None:
    experiment, runs = row.experiment, Experiments(store).runs(row)
    _heading(experiment)
    is_active = row.is_open or any(run and run.active for run in runs)
    st.fragment(_progress, run_every=REFRESH_SECONDS if is_active else None)(store, row, _ended(runs))
    with st.container(horizontal=True, vertical_alignment="bottom", key="experiment-actions"):
        if store.by.may_change(row):
            _actions(store, row, runs)
        score = _choose_score()
    results = results_of(experiment, runs, score)
    show_table(experiment, results, score)
    with st.container(horizontal=True, key="experiment-downloads"):
        st.download_button(
            _("CSV"), lambda: as_csv(experiment, runs), f"experiment-{row.id}.csv", "text/csv", on_click="ignore",
            icon=":material/download:",
        )  # fmt: skip
        best = [link_key(run) for result in results if (run := result.runs[0])][:MOST_PICTURED]
        if best and st.button(_("Open the best on the Runs page"), icon=":material/stacked_line_chart:"):
            st.session_state["runs"] = best
            to_page("runs.py", runs=",".join(best))
    if any(run and run.step for run in runs):
        if experiment.trials:
            charts.show_best_so_far(results, score)
        charts.show_bands(store, experiment, results)
        charts.show_score_over_settings(experiment, results, score)
        charts.show_parallel(experiment, results, score)
        _pictures(results)


def _ended(runs: list[Run | None]) -> int:
    return sum(run is not None and not run.active for run in runs)


def _heading(experiment: Experiment) -> None:
    """What all runs share, as far as it differs from the preset."""
    preset = PRESETS[experiment.preset].config if experiment.preset in PRESETS else None
    shared = [
        f"{_(setting.title)} {shown_value(getattr(experiment.base, name))} {_(setting.unit)}".strip()
        for name, setting in settings().items()
        if name not in experiment.vary
        and (preset is None or name in BUDGET or getattr(preset, name) != getattr(experiment.base, name))
        and getattr(experiment.base, name) is not None
    ]
    first = [_("Preset {preset}, seeds: {seeds}", preset=experiment.preset, seeds=experiment.seeds)]
    if experiment.trials:
        first += [f"{_('Trials')} {experiment.trials}"]
        first += [f"{_(settings()[name].title)} {', '.join(values)}" for name, values in experiment.vary.items()]
    st.caption(plain(" · ".join([*first, *shared])))


def _progress(store: RunStore, row: ExperimentRow, had_ended: int) -> None:
    """How far all runs are. Once another one has ended, the page is drawn anew."""
    row, was_open = Experiments(store).find(row.name), row.is_open
    runs, count = Experiments(store).runs(row), row.experiment.most_runs
    if _ended(runs) != had_ended or row.is_open != was_open:
        st.rerun()
    there = [run for run in runs if run]
    share = sum(run.progress if run.active else 1.0 for run in there) / count
    text = _("{ended} of {count} runs have ended", ended=had_ended, count=count)
    left = [_seconds_left(run) for run in there if run.active]
    if row.is_open:  # the worker will make as many
        left += [row.run_seconds] * (count - len(there))
    if left and None not in left:
        seconds = about(sum(filter(None, left)))
        at_most = _("about {time} of training are left at most", time=seconds)
        text += ", " + (at_most if row.trials else _("about {time} of training are left", time=seconds))
    if share < 1:
        st.progress(share, text)
    else:
        st.caption(text)


def _seconds_left(run: Run) -> float | None:
    return run.seconds_left if run.state == State.RUNNING and run.seconds_left is not None else run.expected_seconds


def _choose_score() -> Score:
    take("score", one_of(COMPARED))
    chosen = st.segmented_control(
        _("Compare by"), COMPARED, format_func=lambda name: _(SCORES[name].title) if name in COMPARED else "",
        key="score", default="fid", required=True, persist_state="session", label_visibility="collapsed",
    )  # fmt: skip
    score: Score = "accuracy" if chosen == "accuracy" else "fid"
    give("score", score, "fid")
    return score


def _actions(store: RunStore, row: ExperimentRow, runs: list[Run | None]) -> None:
    experiments = Experiments(store)
    missing, stopped = len(experiments.missing(row, runs)), len(experiments.stopped(row, runs))
    is_halted = not row.is_open and len(row.tried) < row.trials
    with errors_in_words():
        if (
            missing
            and row.person_id == store.by.person
            and st.button(_("Train {count} missing", count=missing), icon=":material/play_arrow:", type="primary")
        ):
            count_request()
            train_missing(store, row.experiment)
            st.rerun()
        if (row.is_open or any(run and run.active for run in runs)) and st.button(
            _("Stop all"), icon=":material/stop:"
        ):
            experiments.stop(row)
            st.rerun()
        resume = _("Go on searching") if is_halted else _("Resume {count}", count=stopped)
        if (stopped or is_halted) and st.button(resume, icon=":material/resume:"):
            count_request()
            experiments.resume(row)
            st.rerun()
        with st.popover(_("Delete"), icon=":material/delete:"):
            with_runs = st.checkbox(_("Its runs too"), help=_("Those that belong to no other experiment."))
            if st.button(_("Delete the experiment"), type="primary"):
                experiments.delete(row, with_runs)
                st.session_state.pop("experiment", None)
                give("experiment", "")
                st.rerun()


def _pictures(results: list[Result]) -> None:
    """The best variants' pictures, all from the same seed, at the same moment."""
    st.subheader(_("Pictures"), anchor=False)
    pictured = [(result, result.runs[0]) for result in results if result.runs[0] and result.runs[0].step]
    if not pictured:
        return
    shown = pictured[:MOST_PICTURED]
    keys = "-".join(str(run.id) for _result, run in shown)
    labels = tuple(label_of(result.variant) for result, _run in shown)
    time_machine([run for _result, run in shown], key=f"experiment-pictures-{keys}", labels=labels)
    st.caption(_("Of the first seed, the best {count} variants at the same moment.", count=len(shown)))


with errors_in_words():
    main()
