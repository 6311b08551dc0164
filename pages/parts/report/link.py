"""The way to a run's report."""

from typing import Literal

import streamlit as st

from gan_core.store.rights import link_key
from gan_core.store.tables import Run
from pages.parts.language import _, language


def report_link(run: Run, named: bool = False, width: Literal["content", "stretch"] = "content") -> None:
    """Opens in a tab of its own: it is a page to send and to print, without the app around it.

    Args:
        named: with the run's number, where several stand together.
    """
    label = _("Report on run {run}", run=run.id) if named else _("Report")
    st.link_button(
        label, f"live/report/{link_key(run)}?lang={language()}", icon=":material/description:",
        width=width,
        help=_("One page to send or keep: what differs from the preset, pictures, scores, curves, how to repeat it."),
    )  # fmt: skip
