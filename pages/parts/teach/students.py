"""Who is in the class, and how somebody gets a name back."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from gan_core.store.people import GIVE_BACK_SECONDS, default_people
from gan_core.store.runs import RunStore
from gan_core.store.tables import Person
from gan_core.text import no_formula
from pages.parts.edge import plain
from pages.parts.language import _

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig


def show_students(store: RunStore) -> None:
    """A table; whoever is ticked can be given the name back."""
    people = [person for person in default_people().all_people() if person.name and not person.is_teacher]
    if not people:
        st.info(_("Nobody is here yet."))
        return
    table = pd.DataFrame([_row(person) for person in people], columns=list(_columns()))
    event = st.dataframe(
        table, column_config=_columns(), hide_index=True, on_select="rerun", selection_mode="single-row",
        # Rows are ticked by their number: other people are another table.
        key=f"students-{hash(tuple(person.id for person in people))}", alt=_("All students"),
    )  # fmt: skip
    chosen = next((people[row] for row in event.selection.rows if row < len(people)), None)
    help_ = _("For somebody whose browser no longer knows them: whoever enters this name next has it, with its runs.")
    if st.button(_("Give the name back"), icon=":material/key:", disabled=chosen is None, help=help_) and chosen:
        default_people().give_back(chosen.id, store.by)
        minutes = GIVE_BACK_SECONDS // 60
        st.success(plain(_("Within {minutes} minutes, {name} can come in again.", minutes=minutes, name=chosen.name)))


def _columns() -> "dict[Any, ColumnConfig]":
    return {
        "name": st.column_config.TextColumn(_("Name")),
        "came": st.column_config.DatetimeColumn(_("Came"), format="distance"),
    }


def _row(person: Person) -> list[object]:
    return [no_formula(person.name), pd.Timestamp(person.created_at, unit="s", tz="UTC")]
