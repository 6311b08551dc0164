"""How a run stands, kept up to date by the browser: state, progress, messages, and the diagnosis."""

from pathlib import Path

from gan_core.monitor.feed import what_it_means
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from gan_core.text import Text
from pages.parts.component import LOADING, component
from pages.parts.language import _, language
from pages.parts.live.status import FID, KIMG, status

NOT_LIVE = Text("Not live: the page cannot reach the server, and tries again.")
_component = component(Path(__file__).parent, '<div class="live-status"></div>', LOADING)


def live_status(store: RunStore, run: Run) -> None:
    """The run's status line. The page's script runs again once the run's state has changed."""
    _component(
        data={
            "run": link_key(run),
            "language": language(),
            # Drawn at once; later states are fetched.
            "status": status(store, run, *what_it_means(store, run), language()),
            "words": {
                "how": _("How is this known?"),
                "progress": _("Progress"),
                "away": _(NOT_LIVE),
                "fid": _(FID),
                "kimg": _(KIMG),
            },
        },
        key=f"status-{run.id}",
        height="content",
        on_changed_change=lambda: None,
    )
