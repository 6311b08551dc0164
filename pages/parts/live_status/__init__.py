"""How a run stands, kept up to date by the browser: state, progress, what it says, and what its curves say."""

from pathlib import Path

import streamlit as st

from gan_core.runs import Run, RunStore
from gan_core.watching import look
from pages.parts.language import _, language
from pages.parts.live.status import status

_component = st.components.v2.component(
    "live_status",
    html='<div class="live-status"></div>',
    css=Path(__file__).with_name("live_status.css").read_text(encoding="utf-8"),
    js=Path(__file__).with_name("live_status.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def live_status(store: RunStore, run: Run) -> None:
    """The run's status line. The page's script runs again once the run's state has changed."""
    seen = look(store, run)
    _component(
        data={
            "run": run.id,
            "language": language(),
            # Drawn at once; whatever comes later is fetched.
            "status": status(store, run, seen.reading, language()),
            "words": {"how": _("How is this known?"), "progress": _("Progress")},
        },
        key=f"status-{run.id}",
        height="content",
        on_changed_change=lambda: None,
    )
