"""Comes into the class with what a form has taken, and begins the page anew as whoever the browser is then."""

from pathlib import Path
from typing import Any

from pages.parts.component import component
from pages.parts.language import _, language

_component = component(Path(__file__).parent, '<div class="coming-in" role="alert"></div>')


def coming_in(entry: dict[str, Any] | None, attempt: int = 0, begin_anew: bool = False) -> None:
    """For the page of whoever is not in the class.

    Args:
        entry: what `live/enter` is to be told; None if nothing was entered.
        attempt: another number for each.
        begin_anew: at once, since the next page brings another key.
    """
    _component(
        data={
            "entry": entry,
            "attempt": attempt,
            "begin_anew": begin_anew,
            "language": language(),
            "away": _("The server does not answer. Try again."),
        },
        key="coming-in",
        height="content",
    )
