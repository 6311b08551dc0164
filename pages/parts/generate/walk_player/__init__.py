"""Plays a walk: its frames come from the server as sheets while it draws them, and what is there can be played."""

from pathlib import Path

from gan_core.films import PER_SECOND
from pages.parts.component import component
from pages.parts.generate.drawn_files import PIECES
from pages.parts.language import _

SPEEDS = (0.25, 0.5, 1, 2)
_component = component(Path(__file__).parent, '<div class="walk-player"></div>', PIECES)


def walk_player(path: str, frames: int, size: int, closed: bool, alt: str) -> None:
    """The film of that path.

    Args:
        path: of the route that draws it, below the app's address.
        size: a frame's width and height in pixels.
        closed: whether the first frame follows the last; if not, it is repeated back and forth.
    """
    _component(
        data={
            "path": path,
            "frames": frames,
            "size": size,
            "closed": closed,
            "perSecond": PER_SECOND,
            "speeds": [(speed, _("{speed:g} ×", speed=speed)) for speed in SPEEDS],
            "words": {
                "alt": alt,
                "play": _("Play"),
                "pause": _("Pause"),
                "place": _("Place on the walk"),
                "frame": _("Frame {frame} of {frames}"),
                "speed": _("Speed"),
                "repeat": _("Repeat") if closed else _("Back and forth"),
                "drawn": _("{drawn} of {pictures} pictures drawn"),
                "broken": _("That broke off; change something, or reload the page."),
            },
        },
        key="walk-player",
        height="content",
    )
