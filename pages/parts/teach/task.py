"""Setting a task, and what comes of it."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from gan_core.config import settings
from gan_core.exercises import EXERCISES
from gan_core.presets import DEFAULT_PRESET, PRESETS
from gan_core.store.classroom import LONGEST_WORDS, Classroom, Result
from gan_core.store.tables import State, Task
from gan_core.store.tasks import begins_with
from gan_core.text import no_formula
from pages.parts.class_task import plain_task
from pages.parts.edge import as_csv
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.live.status import FID, KIMG, STATES, duration
from pages.parts.runs.comparison import shown_value
from pages.parts.teach import REFRESH_SECONDS
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

LONGEST_MINUTES = 24 * 60.0
EXERCISE = "exercise:"
"""Before an exercise's name in the list of what can be a task."""


def set_task(room: Classroom) -> None:
    """The task that is set, and the way to end it; else a form for one."""
    task = room.task()
    if task is None:
        _form(room)
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="open-task"):
        st.markdown(plain_task(task), width="stretch")
        if st.button(_("End the task"), icon=":material/flag:"):
            room.end_task()
            st.rerun()


def _form(room: Classroom) -> None:
    titles = {name: _(setting.title) for name, setting in settings().items()}
    with st.form("task-form"):
        words = st.text_input(_("What the students are to do"), max_chars=LONGEST_WORDS, key="task-words")
        left, middle, right = st.columns([2, 4, 1])
        offered = {f"{EXERCISE}{name}": _("Exercise: {title}", title=one.title) for name, one in EXERCISES.items()}
        offered |= {name: name for name in PRESETS}
        preset = left.selectbox(
            _("Preset or exercise"), list(offered), index=list(offered).index(DEFAULT_PRESET), key="task-preset",
            format_func=lambda name: offered.get(name, ""),
        )  # fmt: skip
        free = middle.multiselect(
            _("What may be changed"), list(titles), format_func=lambda name: titles.get(name, ""), key="task-free",
            placeholder=_("nothing"),
            help=_("All other settings stay as they are in the preset. An exercise says itself what may be changed."),
        )  # fmt: skip
        minutes = right.number_input(
            _("Minutes"), 0.0, LONGEST_MINUTES, 0.0, 5.0, format="%g", key="task-minutes",
            help=_("After these no more runs can be made for the task. With 0 it lasts until you end it."),
        )  # fmt: skip
        if st.form_submit_button(_("Set this task"), type="primary", icon=":material/assignment:"):
            with errors_in_words():
                if preset.startswith(EXERCISE):
                    room.set_exercise(preset.removeprefix(EXERCISE), words, minutes or None)
                else:
                    room.set_task(preset, free, words, minutes or None)
                st.rerun()


def show_results(room: Classroom) -> None:
    """Of the newest task, as they come: after its end too, since runs may still wait or learn."""
    task = room.newest_task()
    if task is not None:
        st.fragment(_results, run_every=REFRESH_SECONDS)(task)


def _results(task: Task) -> None:
    with errors_in_words():
        room = Classroom(store_of_visitor())  # who may have left since the page was made
        rows = pd.DataFrame([_row(task, result) for result in room.results(task)], columns=list(_columns()))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Results: {count}", count=len(rows)), anchor=False, width="stretch")
            st.download_button(
                _("As CSV"), as_csv(rows), f"task-{task.id}.csv", "text/csv", icon=":material/table:", on_click="ignore"
            )
        st.dataframe(rows, column_config=_columns(), hide_index=True, key="task-results", placeholder="–")


def _columns() -> "dict[Any, ColumnConfig]":
    return {
        "student": st.column_config.TextColumn(_("Student")),
        "run": st.column_config.NumberColumn(_("Run"), width="small"),
        "state": st.column_config.TextColumn(_("State")),
        "fid": st.column_config.NumberColumn(_("FID"), format="%.3g", help=_(FID)),
        "accuracy": st.column_config.NumberColumn(_("Class accuracy"), format="percent"),
        "changed": st.column_config.TextColumn(_("What was changed"), width="large"),
        "kimg": st.column_config.NumberColumn(_("kimg"), format="%.1f", help=_(KIMG)),
        "trained": st.column_config.TextColumn(_("Trained")),
    }


def _row(task: Task, result: Result) -> list[object]:
    run, last = result.run, result.run.last
    return [
        no_formula(result.name), run.id, _(STATES[State(run.state)]), last.get("fid"), last.get("accuracy"),
        no_formula(_changes(task, result)), run.kimg, duration(run.seconds),
    ]  # fmt: skip


def _changes(task: Task, result: Result) -> str:
    before, after = begins_with(task, result.config.seed), result.config
    changes = []
    for name in result.changed:
        was, now = shown_value(getattr(before, name)), shown_value(getattr(after, name))
        changes.append(f"{_(settings()[name].title)} {was} → {now}")
    return " · ".join(changes) or (_("baseline") if task.exercise else "")
