"""An exercise: the reader's prediction, two settings trained from several seeds, and what came of it by measure."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from gan_core.config import RunConfig, settings
from gan_core.datasets.table import DATASETS
from gan_core.errors import WorkbenchError
from gan_core.estimates.estimator import Estimate, question_of
from gan_core.exercises import EXERCISES, SEEDS, Exercise
from gan_core.monitor.answers import VERDICTS, Side, Verdict, answer, judge, side_of, spread
from gan_core.monitor.charts import SMOOTHING
from gan_core.store.runs import RunStore
from gan_core.store.runs_by_settings import missing, newest_variant, runs_with
from gan_core.store.tables import Run, State
from gan_core.text import Text
from pages.parts.class_task import task_of_exercise
from pages.parts.edge import plain, show_error
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import figure_of
from pages.parts.learn.noted import noted
from pages.parts.links import give, given, one_of, take, to_page
from pages.parts.live.status import about
from pages.parts.live_chart import View, live_charts
from pages.parts.rates import count_request
from pages.parts.ready import get_ready
from pages.parts.runs.comparison import shown_value
from pages.parts.time_machine import time_machine
from pages.parts.train.config_form import as_entered, setting_widget, take_run
from pages.parts.train.cost import ASK_SECONDS, ask
from pages.parts.train.live_status import live_status

NAME = "exercises"
"""Of the list of them, as a link to the Learn page has it."""
RULE = Text(
    "Scores differ from seed to seed. Better or worse is said only if the means are further apart than three such "
    "seeds would be by chance in 1 of 20 comparisons: Student's test, 5 %. FIDs are compared by their logarithm, class "
    "accuracies by their log odds. Three seeds find large differences only; a small one may be there and not be seen."
)
IN_ADDRESS = ("exercise", "expected")


def show_list(store: RunStore) -> None:
    """All exercises, one of them open."""
    take("exercise", one_of(EXERCISES))
    chosen = st.selectbox(
        _("Exercise"), list(EXERCISES), format_func=lambda name: _(EXERCISES[name].title) if name in EXERCISES else "",
        key="exercise", persist_state="session",
    )  # fmt: skip
    name = chosen if chosen in EXERCISES else next(iter(EXERCISES))
    for old in settings():  # of the exercise before
        if old not in EXERCISES[name].free:
            give(old, "")
    give("exercise", name, next(iter(EXERCISES)))
    show_exercise(store, name)


def of_lesson(lesson: str) -> list[str]:
    """The exercises that the lesson of that name ends with."""
    return [name for name, exercise in EXERCISES.items() if exercise.lesson == lesson]


def progress_keys(lesson: str) -> list[str]:
    """What the reader's progress has once the exercises of a lesson, or of the list of all, are done."""
    return [f"exercise/{name}/found" for name in (EXERCISES if lesson == NAME else of_lesson(lesson))]


def forget_address() -> None:
    """Another lesson is opened: nothing of this one's exercise stays in the address."""
    for name in (*IN_ADDRESS, *settings()):
        give(name, "")


def show_exercise(store: RunStore, name: str) -> None:
    """The exercise from prediction to answer."""
    exercise = EXERCISES[name]
    with st.container(border=True, key=f"exercise-{name}"):
        st.subheader(_(exercise.title), anchor=False)
        st.markdown(_(exercise.task))
        _what_is_compared(exercise)
        _offer_own_variant(store, name, exercise)
        try:
            variants = _choose_variant(name, exercise)
        except WorkbenchError as error:
            show_error(_(error.text))
            return
        baselines = [exercise.baseline(seed) for seed in SEEDS]
        if variants == baselines:
            st.info(_("This is the baseline itself: change something."))
            return
        _work(store, name, exercise, baselines, variants)


def _what_is_compared(exercise: Exercise) -> None:
    values = {"preset": exercise.preset, "kimg": exercise.kimg, "seeds": len(SEEDS)}
    lines = [_("Baseline: preset {preset}, {kimg:g} kimg, {seeds} seeds", **values)]
    shown = dict(exercise.fixed) | {name: getattr(exercise.baseline(), name) for name in exercise.free}
    lines += [f"{_(settings()[name].title)} {shown_value(value)}" for name, value in shown.items()]
    st.caption(plain(" · ".join(lines)))


# What the reader changes, and what they expect of it


def _choose_variant(name: str, exercise: Exercise) -> list[RunConfig]:
    """The variant's configs, one a seed. Raises WorkbenchError for a value that is refused."""
    usual = dict(exercise.baseline()) | dict(exercise.suggestion)
    changes = {}
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"variant-{name}"):
        for free in exercise.free:
            key = _key(name, free)
            _take_value(free, key)
            st.session_state.setdefault(key, as_entered(usual[free]))
            if free == "dataset":
                _dataset_widget(key)
            else:
                setting_widget(settings()[free], key)
            changes[free] = st.session_state[key]
            give(free, shown_value(changes[free]), shown_value(as_entered(usual[free])))
    return [exercise.variant(changes, seed) for seed in SEEDS]


def _offer_own_variant(store: RunStore, name: str, exercise: Exercise) -> None:
    """What the reader has tried on the Train page is taken over by one click."""
    own = newest_variant(store, exercise)
    if own is None:
        return
    values = {free: as_entered(getattr(own, free)) for free in exercise.free}
    usual = {free: as_entered(getattr(exercise.variant(exercise.suggestion), free)) for free in exercise.free}
    if values != {free: st.session_state.get(_key(name, free), usual[free]) for free in exercise.free}:
        shown = ", ".join(shown_value(value) for value in values.values())
        st.button(
            _("Take the values of your newest run: {values}", values=shown), icon=":material/input:", type="tertiary",
            key=f"own-{name}", on_click=_take_values, args=(name, values),
        )  # fmt: skip


def _take_values(name: str, values: dict[str, Any]) -> None:
    for free, value in values.items():
        st.session_state[_key(name, free)] = value


def _key(name: str, free: str) -> str:
    """Of a setting's widget in an exercise."""
    return f"exercise.{name}.{free}"


def _dataset_widget(key: str) -> None:
    """Only datasets that have a name: a folder's pictures differ from reader to reader."""
    titles = {name: _(named.title) for name, named in DATASETS.items()}
    st.selectbox(
        _(settings()["dataset"].title), list(titles), format_func=lambda name: titles.get(name, ""), key=key,
        persist_state="session",
    )  # fmt: skip


def _take_value(free: str, key: str) -> None:
    """A value in the address, for whoever comes by a link. What is no value of this setting is left out."""
    text = given(free) if st.session_state.get("has just come") else ""
    if not text:
        return
    setting = settings()[free]
    choices = tuple(DATASETS) if free == "dataset" else setting.choices
    try:
        value: Any = text == "True" if setting.kind is bool else setting.kind(text) if _is_number(free) else text
    except ValueError:
        return
    if not choices or value in choices:
        st.session_state[key] = value


def _is_number(free: str) -> bool:
    return settings()[free].kind in (int, float)


def _ask_expectation(name: str, variant: RunConfig, is_answered: bool) -> Verdict | None:
    """The reader's prediction for this variant; None before they have made one. With the answer, it stays as it is."""
    changes = {free: getattr(variant, free) for free in EXERCISES[name].free}
    key = f"expected.{name}.{changes}"
    if st.session_state.get("has just come") and given("expected") in VERDICTS:
        st.session_state[key] = given("expected")
    if (kept := st.session_state.pop(f"kept.{name}", None)) and not st.session_state.get(key):
        st.session_state[key] = kept
    expected = st.session_state.get(key)
    if expected is None or not is_answered:
        expected = st.radio(
            _("What do you expect of the change?"), list(VERDICTS), index=None, horizontal=True, key=key,
            format_func=lambda verdict: _(VERDICTS[verdict]) if verdict in VERDICTS else "", persist_state="session",
        )  # fmt: skip
    give("expected", expected or "")
    return expected if expected in VERDICTS else None


# What trains


def _work(
    store: RunStore, name: str, exercise: Exercise, baselines: list[RunConfig], variants: list[RunConfig]
) -> None:
    before, after = runs_with(store, baselines, of_all=True), runs_with(store, variants)
    runs = [run for run in (*before, *after) if run]
    # In turn, so that what else the machine has to do slows both alike.
    to_train = sorted(missing(baselines, before) + missing(variants, after), key=lambda config: config.seed)
    is_answered = not to_train and not any(run.active for run in runs)
    expected = _ask_expectation(name, variants[0], is_answered)
    _buttons(store, name, exercise, variants[0], to_train, is_ready=expected is not None)
    found: Verdict | None = None
    if expected is not None:
        _show_active(store, [run for run in runs if run.active], len(to_train))
        baseline = side_of(before, _parameters(store, baselines[0]))
        changed = side_of(after, _parameters(store, variants[0]))
        _show_figures(baseline, changed)
        if is_answered:
            found = judge(baseline, changed, exercise.judged_by)
            same_speed = question_of(baselines[0]) == question_of(variants[0])
            _show_answer(expected, found, answer(baseline, changed, exercise.judged_by, same_speed))
            heading = _("What is behind it.")
            st.markdown(f"**{heading}** {_(exercise.why)}")
        _show_pictures(before, after)
    kept = noted(name, expected or "", found or "")
    if kept in VERDICTS and expected is None and variants[0] == exercise.variant(exercise.suggestion):
        st.session_state[f"kept.{name}"] = kept
        st.rerun()


def _buttons(
    store: RunStore, name: str, exercise: Exercise, variant: RunConfig, to_train: list[RunConfig], is_ready: bool
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"work-{name}"):
        if to_train and st.button(
            _("Train {count} runs", count=len(to_train)), type="primary", icon=":material/play_arrow:",
            disabled=not is_ready, key=f"train-{name}",
            help=None if is_ready else _("First say what you expect."),
        ):  # fmt: skip
            with errors_in_words():
                _train(store, name, exercise, to_train)
                st.rerun()
        if st.button(
            _("Open it in the form"), icon=":material/tune:", key=f"form-{name}",
            help=_("The Train page with these settings. What is to be changed is lit. Such a run counts here too."),
        ):  # fmt: skip
            take_run(exercise.preset, variant, lit=exercise.free)
            to_page("train.py")
        both = [exercise.baseline(), variant]
        known = all(ask(store, config) is not None for config in both)
        st.fragment(_show_time, run_every=None if known else ASK_SECONDS)(store, both, to_train, known)


def _show_time(store: RunStore, both: list[RunConfig], to_train: list[RunConfig], was_known: bool) -> None:
    """How long they will train. Waits until it is known how fast and how large both settings are."""
    if not was_known and all(ask(store, config) is not None for config in both):
        st.rerun()
    answers = [(ask(store, config), config) for config in to_train]
    seconds = [found.seconds(config) for found, config in answers if isinstance(found, Estimate)]
    if seconds and len(seconds) == len(answers):
        st.caption(_("About {time} of training", time=about(sum(seconds))))


def _train(store: RunStore, name: str, exercise: Exercise, to_train: list[RunConfig]) -> None:
    """As many as the queue takes of one person. Raises WorkbenchError if that is none."""
    count_request()
    get_ready(store)
    task = task_of_exercise(store, name)
    for number, config in enumerate(to_train):
        found = ask(store, config)
        seconds = found.seconds(config) if isinstance(found, Estimate) else None
        try:
            store.create(config, exercise.preset, estimated_seconds=seconds, task_id=task.id if task else 0)
        except WorkbenchError:
            if number == 0:
                raise
            break  # the page says how many still wait


def _parameters(store: RunStore, config: RunConfig) -> int | None:
    found = ask(store, config)
    if not isinstance(found, Estimate):
        return None
    return found.generator_parameters + found.discriminator_parameters


# What came of it


def _show_active(store: RunStore, active: list[Run], to_train: int) -> None:
    """How the one stands whose turn it is, and how many come after it."""
    if not active:
        return
    get_ready(store)
    live_status(store, next((run for run in active if run.state == State.RUNNING), active[0]))
    lines = [_("In the queue or in training: {count}", count=len(active))]
    if to_train:
        lines.append(_("To be trained besides: {count}. Press again once there is room.", count=to_train))
    st.caption(" · ".join(lines))


def _show_figures(before: Side, after: Side) -> None:
    """What is measured so far: mean and standard deviation over the seeds. A row for each figure, for phones."""
    if not (before.fid or before.failed or after.fid or after.failed):
        return
    names = (_("FID"), _("Class accuracy"), _("images/s"), _("Parameters"), _("Runs"))
    rows = zip(names, _figures(before), _figures(after), strict=True)
    figure_of(rows, ("", _("Baseline"), _("With your change")))


def _figures(side: Side) -> tuple[str, ...]:
    runs = _("{count}, {failed} broke off", count=len(side.fid) + side.failed, failed=side.failed)
    return (
        _with_spread(side.fid, "{mean:.3g}", "{mean:.3g} ± {deviation:.2g}"),
        _with_spread(side.accuracy, "{mean:.1%}", "{mean:.1%} ± {deviation:.1%}"),
        _("{rate:,.0f}", rate=spread(side.images_per_second).mean) if side.images_per_second else "–",
        _("{count:,}", count=side.parameters) if side.parameters else "–",
        runs if side.failed else str(len(side.fid)),
    )


def _with_spread(values: Sequence[float], alone: str, several: str) -> str:
    if not values:
        return "–"
    return _(several if len(values) > 1 else alone, **spread(values)._asdict())


def _show_pictures(before: list[Run | None], after: list[Run | None]) -> None:
    """Of the first seed that both have, at the same moment; and its curves over each other."""
    pairs = zip(before, after, strict=True)
    both = next(([was, now] for was, now in pairs if was and now and was.step and now.step), None)
    if both is None:
        return
    keys = f"{both[0].id}-{both[1].id}"
    labels = (_("Baseline"), _("With your change"))
    time_machine(both, key=f"exercise-pictures-{keys}", labels=labels)
    with st.expander(_("Their curves"), icon=":material/stacked_line_chart:"):
        view = View("kimg", SMOOTHING, False, ["losses", "outputs"])
        live_charts(both, view, key=f"exercise-charts-{keys}", labels=labels)


def _show_answer(expected: Verdict, found: Verdict, sentence: Text) -> None:
    st.markdown(f"**{plain(_(sentence))}**", help=_(RULE))
    values = {"expected": VERDICTS[expected], "found": VERDICTS[found]}
    if expected == found:
        st.success(_("You expected: {expected}. So it came out.", **values), icon=":material/check:")
    else:
        st.info(_("You expected: {expected}. It came out: {found}.", **values), icon=":material/lightbulb:")
