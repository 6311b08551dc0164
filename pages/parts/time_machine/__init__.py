"""What a run draws by now, and what it drew before: a picture with a slider over time and a play button.

Of several runs, the pictures stand side by side, each at the same moment of its own training.
"""

from pathlib import Path

from gan_core.store.rights import link_key
from gan_core.store.tables import Run
from pages.parts.component import LOADING, component
from pages.parts.language import _, language

_component = component(Path(__file__).parent, '<div class="time-machine"></div>', LOADING)


def time_machine(runs: list[Run], key: str, labels: tuple[str, ...] = ()) -> None:
    """The sample grids of one run or several. They follow a run that learns by themselves.

    Args:
        labels: what several runs are called; their numbers and presets if none are given.
    """
    _component(
        data={
            "runs": [
                {"id": link_key(run), "shown": run.id, "label": label}
                for run, label in zip(runs, labels or [run.label for run in runs], strict=True)
            ],
            "language": language(),
            "words": {
                "alt": _("Pictures that run {run} draws after {kimg} kimg"),
                "play": _("Play"),
                "pause": _("Pause"),
                "time": _("Time machine"),
                "now": _("now"),
                "kimg": _("after {kimg} kimg"),
                "empty": _("Pictures appear here with the first steps."),
            },
        },
        key=key,
        height="content",
    )
