"""Everybody's newest pictures and how far they are, on one screen, kept up to date by the browser."""

from pathlib import Path
from typing import Any

from gan_core.store.runs import RunStore
from pages.parts.component import component
from pages.parts.language import _, language
from pages.parts.links import run_key
from pages.parts.live.class_routes import wall as tiles
from pages.parts.live.status import COLOURS, FID, STATES

_component = component(Path(__file__).parent, '<div class="wall"></div>')


def wall(store: RunStore, order: str) -> str | None:
    """The tiles, in the order "name", "score" or "time". What stands for a run that was just chosen, or None."""
    shown = _component(
        data={
            "tiles": tiles(store),
            "order": order,
            "language": language(),
            "states": {state: {"word": _(word), "colour": COLOURS[state]} for state, word in STATES.items()},
            "words": _words(),
        },
        key="wall",
        height="content",
        on_open_change=lambda: None,
    )
    return run_key(str(shown.open)) if shown.open else None


def _words() -> dict[str, Any]:
    return {
        "alt": _("What {name} draws"),
        "fid": _("FID {value}"),
        "fidMeans": _(FID),
        "accuracy": _("{value} right"),
        "none": _("no run yet"),
        "waits": _("+{count} waiting"),
        "large": _("Show {name} large"),
        "close": _("Close"),
        "open": _("Open run {run}"),
        "nobody": _("Nobody is here yet."),
        "counts": _("Students: {people} · in training: {running} · waiting: {waiting}"),
    }
