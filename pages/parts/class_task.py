"""The class's task, as students find it on Home and Train, and what it means for the form."""

from datetime import datetime, timedelta, timezone

import streamlit as st

from gan_core.config import settings
from gan_core.exercises import EXERCISES
from gan_core.hosting import hosting
from gan_core.presets import PRESETS
from gan_core.store.classroom import Classroom
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, Task
from pages.parts.edge import plain
from pages.parts.language import _
from pages.parts.links import to_page
from pages.parts.train.config_form import take_run

KEY = "task"
"""The session's key for the number of the task that the form is filled for."""
JUST_BEGUN = "task just begun"


def open_task(store: RunStore) -> Task | None:
    """The task that runs can be made for; None outside a class."""
    return Classroom(store).task() if hosting().mode == "class" else None


def task_of_form(store: RunStore) -> Task | None:
    """The task that the form is filled for; None if it is free, or once the task is over."""
    task = open_task(store)
    return task if task and st.session_state.get(KEY) == task.id else None


def task_of_exercise(store: RunStore, exercise: str) -> Task | None:
    """The task, if it is this exercise: who trains it does the task, whether or not they have pressed Begin."""
    task = open_task(store)
    return task if task and task.exercise == exercise else None


def show_task(store: RunStore) -> None:
    """What is to be done, and the way to begin or to leave it; without a task, that the one which was begun is over."""
    task = open_task(store)
    if task is None:
        _say_that_it_is_over()
        return
    begun = st.session_state.get(KEY) == task.id
    with st.container(border=True, key="task", horizontal=True, vertical_alignment="center"):
        st.markdown(plain_task(task), width="stretch")
        if begun:
            st.button(_("Leave the task"), icon=":material/close:", on_click=_leave, key="leave-task")
        else:
            st.button(_("Begin"), type="primary", icon=":material/assignment:", on_click=_begin, args=(task,))
        if not begun and task.exercise not in EXERCISES:
            st.caption(_("A run counts for the task once you have pressed Begin."), width="content")
    if st.session_state.pop(JUST_BEGUN, False):
        if task.exercise in EXERCISES:
            to_page("learn.py")
        to_page("train.py")


def _say_that_it_is_over() -> None:
    """Until the student has read it: a run asked for a moment too late would else seem to be among the results."""
    if KEY in st.session_state:
        with st.container(border=True, key="task-over", horizontal=True, vertical_alignment="center"):
            words = _("The time for the task is over: a run that you train now is your own, and does not count for it.")
            st.markdown(words, width="stretch")
            st.button(_("Leave the task"), icon=":material/close:", on_click=_leave, key="leave-task")


def plain_task(task: Task) -> str:
    """The task in two lines, as Markdown."""
    exercise = EXERCISES.get(task.exercise)
    title = plain(_(exercise.title)) if exercise else _("train {preset}", preset=plain(task.preset))
    lines = [
        f"**{_('Task')}:** {plain(task.words) or title}",
        f"{_('Exercise') if exercise else _('Preset')}: {title if exercise else plain(task.preset)} · "
        f"{plain(what_may_change(task))}",
    ]
    if task.until is not None:
        lines[1] += " · " + _("until {time}", time=clock(task.until))
    return "  \n".join(lines)


def what_may_change(task: Task) -> str:
    titles = ", ".join(_(settings()[name].title) for name in task.free if name in settings())
    return _("You may change: {titles}", titles=titles) if titles else _("You change nothing.")


def clock(moment: float) -> str:
    """A moment by the reader's own clock."""
    behind = timedelta(minutes=st.context.timezone_offset or 0)
    return f"{datetime.fromtimestamp(moment, timezone(-behind)):%H:%M}"


def keep_task_of(run: Run) -> None:
    """The form has just been filled from a run: it is for a task as far as the run was."""
    if st.session_state.get(KEY) != run.task_id:
        st.session_state.pop(KEY, None)


def _begin(task: Task) -> None:
    if task.exercise in EXERCISES:
        take_run(task.preset, EXERCISES[task.exercise].baseline(), lit=EXERCISES[task.exercise].free)
        st.session_state["lesson"], st.session_state["exercise"] = "exercises", task.exercise  # what Learn shows next
    else:
        take_run(task.preset, PRESETS[task.preset].config)
    st.session_state[KEY] = task.id
    st.session_state[JUST_BEGUN] = True


def _leave() -> None:
    st.session_state.pop(KEY, None)
