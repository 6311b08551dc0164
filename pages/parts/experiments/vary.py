"""The way from the form of one run to many: which settings vary, and from how many seeds each is trained."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from gan_core import limits
from gan_core.config import RunConfig, settings
from gan_core.errors import WorkbenchError
from gan_core.estimates.estimator import MOST_WAITING, Estimate
from gan_core.experiments import (
    TOO_SHORT,
    USUAL_SEEDS,
    USUAL_TRIALS,
    Experiment,
    has_range,
    make_experiment,
    may_lack_scores,
    offered,
    read_values,
    values_in_a_line,
)
from gan_core.setting import Setting, as_text, values_as_text
from gan_core.store.experiments import Experiments
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.validation import LONGEST_TEXT
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.links import to_page
from pages.parts.live.status import about
from pages.parts.rates import count_request
from pages.parts.ready import get_ready
from pages.parts.train.cost import ASK_SECONDS, ask, seconds_of

MOST_VARIED = 4


def vary_settings(store: RunStore, preset: str, config: RunConfig) -> None:
    """Below the button for one run: the same settings, some of them with several values."""
    if not store.by.may_everything:
        try:  # before a folder's path is written in full, which says who has a home here
            limits.refuse_config(config)
        except WorkbenchError:
            return  # it is said beside the estimate
    is_begun = bool(st.session_state.get("vary"))
    with st.expander(_("Vary settings"), expanded=is_begun, icon=":material/science:"), errors_in_words():
        st.caption(
            _(
                "Does it help? One run does not tell. Train every combination of values from several seeds, and "
                "compare. Or give a range, and a search looks for good values."
            )
        )
        experiment = _choose(preset, config)
        if experiment is None:
            return
        count = experiment.most_runs
        if count == 1:
            st.caption(_("Add another value."))
            return
        _show_cost(store, experiment)
        label = _("Search, {count} runs", count=count) if experiment.trials else _("Train {count} runs", count=count)
        if st.button(label, type="primary", width="stretch", key="train-experiment"):
            count_request()
            row = train_missing(store, experiment)
            st.session_state["experiment"] = row
            to_page("experiments.py", experiment=row)


def train_missing(store: RunStore, experiment: Experiment) -> str:
    """Queue what is missing; the experiment's key. Raises WorkbenchError if nothing could be queued."""
    get_ready(store)
    experiments = Experiments(store)
    row = experiments.make(experiment)
    experiments.train_missing(row, lambda config: seconds_of(ask(store, config), config), experiment.trials)
    return link_key(row)


def _choose(preset: str, config: RunConfig) -> Experiment | None:
    """None before anything is chosen. Raises WorkbenchError for values that are refused."""
    may_vary = offered(config)
    chosen = st.multiselect(
        _("Settings to vary"), list(may_vary), max_selections=MOST_VARIED, key="vary", placeholder=_("none yet"),
        format_func=lambda name: _(settings()[name].title) if name in settings() else "", persist_state="session",
    )  # fmt: skip
    vary = {name: _values(name, getattr(config, name)) for name in chosen if name in may_vary}
    seeds = st.number_input(
        _("Seeds"), value=USUAL_SEEDS, step=1, key="vary.seeds", persist_state="session",
        help=_("How many runs each combination has. Three are the fewest whose spread says something."),
    )  # fmt: skip
    if not vary:
        return None
    trials = _trials() if any(has_range(name, values) for name, values in vary.items()) else 0
    return make_experiment(preset, config, vary, USUAL_SEEDS if seeds is None else seeds, trials)


def _trials() -> int:
    """Of a search, which a range makes it."""
    trials = st.number_input(
        _("Trials"), value=USUAL_TRIALS, step=1, key="vary.trials", persist_state="session",
        help=_(
            "How many combinations a search tries. The first are the settings as they are; each further one follows "
            "from the FIDs so far. Runs that are behind are stopped early."
        ),
    )  # fmt: skip
    return max(1, USUAL_TRIALS if trials is None else trials)


def _values(name: str, own: Any) -> Iterable[str]:
    """A setting's values. At first only the form's own: another one makes the experiment."""
    setting, key = settings()[name], f"vary.{name}"
    choices = setting.choices or ((False, True) if setting.kind is bool else ())
    if choices:
        texts = [as_text(choice) for choice in choices]
        st.session_state.setdefault(key, [as_text(own)])
        return st.multiselect(_(setting.title), texts, key=key, persist_state="session")
    st.session_state.setdefault(key, values_in_a_line(name, [as_text(own)]))
    text = st.text_input(
        _(setting.title), key=key, max_chars=LONGEST_TEXT, persist_state="session", help=_values_in_words(setting)
    )  # fmt: skip
    return read_values(name, text)


def _values_in_words(setting: Setting) -> str:
    if setting.kind is tuple:
        return _("Several values, with commas between. Several layers have a - between: 64, 128, 64-128.")
    words = _("Several values, with commas between. Of each: {values}.", values=values_as_text(setting))
    if setting.kind in (int, float):
        words += " " + _("Or a range, with two dots between, in which good values are looked for: {example}.",
                         example="2..8" if setting.kind is int else "0.0001..0.001")  # fmt: skip
    return words


def _show_cost(store: RunStore, experiment: Experiment) -> None:
    configs = experiment.extremes()
    known = _seconds(store, configs) is not None
    st.fragment(_show_seconds, run_every=None if known else ASK_SECONDS)(store, experiment, configs, known)


def _show_seconds(store: RunStore, experiment: Experiment, configs: list[RunConfig], was_known: bool) -> None:
    seconds = _seconds(store, configs)
    if seconds is not None and not was_known:
        st.rerun()
    count = experiment.most_runs
    runs = _("{count} runs", count=count)
    if experiment.trials:
        runs = _("{trials} trials, {count} runs", trials=experiment.trials, count=count)
    if seconds is None:
        st.caption(_("{runs}. Measuring how fast they would be …", runs=runs))
    elif seconds and experiment.trials:
        st.caption(_("{runs}, about {time} of training at most", runs=runs, time=about(count * max(seconds))))
    elif seconds:
        st.caption(_("{runs}, about {time} of training", runs=runs, time=about(experiment.seeds * sum(seconds))))
    else:
        st.caption(runs)
    if seconds and any(map(may_lack_scores, configs, seconds)):
        st.warning(_(TOO_SHORT))


def _seconds(store: RunStore, configs: list[RunConfig]) -> list[float] | None:
    """Of training each; none if it cannot be told; None while something is still measured."""
    unknown, seconds = 0, []
    for config in configs:
        answer = ask(store, config)
        if answer is None:
            unknown += 1
            if unknown == MOST_WAITING:
                return None
        elif not isinstance(answer, Estimate):
            return []
        else:
            seconds.append(answer.seconds(config))
    return None if unknown else seconds
