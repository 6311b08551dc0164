"""Who is in the class, and how somebody gets a name back."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.store.people import GIVE_BACK_SECONDS, default_people
from gan_core.store.runs import RunStore
from gan_core.store.tables import Person
from gan_core.text import no_formula
from pages.parts.edge import plain
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.teach import REFRESH_SECONDS
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig


TICKED = "ticked-student"
"""The session's key for the number of the ticked person."""


def show_students() -> None:
    """A table; whoever is ticked can be given the name back. It is kept up to date."""
    st.fragment(_students, run_every=REFRESH_SECONDS)()


def _students() -> None:
    with errors_in_words():
        _show(store_of_visitor())  # who may have left since the page was made


def _show(store: RunStore) -> None:
    if not store.by.may_everything:
        raise WorkbenchError("Only the teacher may do this.")
    people = [person for person in default_people().all_people() if person.name and not person.is_teacher]
    if not people:
        st.info(_("Nobody is here yet."))
        return
    table = pd.DataFrame([_row(person) for person in people], columns=list(_columns()))
    ticked = [row for row, person in enumerate(people) if person.id == st.session_state.get(TICKED)]
    event = st.dataframe(
        table, column_config=_columns(), hide_index=True, on_select="rerun", selection_mode="single-row",
        # Rows are ticked by their number: other people are another table, begun with the same one ticked.
        selection_default={"selection": {"rows": ticked}},
        key=f"students-{hash(tuple(person.id for person in people))}", alt=_("All students"),
    )  # fmt: skip
    chosen = next((people[row] for row in event.selection.rows if row < len(people)), None)
    st.session_state[TICKED] = chosen.id if chosen else 0
    help_ = _("For somebody whose browser no longer knows them: whoever enters this name next has it, with its runs.")
    if st.button(_("Give the name back"), icon=":material/key:", disabled=chosen is None, help=help_) and chosen:
        default_people().give_back(chosen.id, store.by)
        minutes = GIVE_BACK_SECONDS // 60
        said = plain(_("Within {minutes} minutes, {name} can come in again.", minutes=minutes, name=chosen.name))
        st.toast(said, icon=":material/key:", duration="long")


def _columns() -> "dict[Any, ColumnConfig]":
    return {
        "name": st.column_config.TextColumn(_("Name")),
        "came": st.column_config.DatetimeColumn(_("Came"), format="distance"),
    }


def _row(person: Person) -> list[object]:
    return [no_formula(person.name), pd.Timestamp(person.created_at, unit="s", tz="UTC")]
