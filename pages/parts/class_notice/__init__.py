"""What everybody in a class is to know at once, on every page: what the teacher says, and that the queue waits."""

from pathlib import Path

from gan_core.store.runs import RunStore
from pages.parts.component import component
from pages.parts.language import _, language, translate
from pages.parts.live.class_routes import notice
from pages.parts.operations.life import AWAY

_component = component(Path(__file__).parent, '<div class="class-notice" role="status"></div>')


def class_notice(store: RunStore) -> None:
    """Kept up to date by the browser. The page's script runs again when there is another task."""
    _component(
        data={
            "notice": notice(store),
            "words": {
                "says": _("Your teacher says"),
                "paused": _("The queue is paused: runs begin when the teacher lets them."),
                "ending": translate(language(), AWAY),
            },
        },
        key="class-notice",
        height="content",
        on_task_change=lambda: None,
    )
