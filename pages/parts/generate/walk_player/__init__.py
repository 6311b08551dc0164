"""Plays a walk: its frames come from the server as sheets while it draws them, and what is there can be played."""

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from gan_core import films
from pages.parts.component import component
from pages.parts.generate.drawn_files import PIECES
from pages.parts.language import _

if TYPE_CHECKING:
    import numpy as np

SPEEDS = (0.25, 0.5, 1, 2)
_component = component(Path(__file__).parent, '<div class="walk-player"></div>', PIECES)


def walk_player(path: str, frames: int, size: int, closed: bool, alt: str) -> None:
    """The film of that path.

    Args:
        path: of the route that draws it, below the app's address.
        frames: how many it has.
        size: a frame's width and height in pixels.
        closed: whether the first frame follows the last; if not, it is repeated back and forth.
    """
    _play(path, "", frames, size, closed, alt, "walk-player")


def film_player(frames: "np.ndarray", alt: str, key: str) -> None:
    """A film whose frames uint8 [N, S, S, C] are there, short enough to be sent with the page."""
    sheet = base64.b64encode(films.sheet(frames)).decode()
    path = hashlib.sha256(frames.tobytes()).hexdigest()
    _play(path, f"data:image/png;base64,{sheet}", len(frames), frames.shape[1], False, alt, key)


def _play(path: str, sheet: str, frames: int, size: int, closed: bool, alt: str, key: str) -> None:
    """Args:
    path: where the film comes from; without a sheet the route, else its name.
    sheet: the address of a picture of all frames; "" if the route draws them.
    """
    _component(
        data={
            "path": path,
            "sheet": sheet,
            "frames": frames,
            "size": size,
            "closed": closed,
            "perSecond": films.PER_SECOND,
            "speeds": [(speed, _("{speed:g} ×", speed=speed)) for speed in SPEEDS],
            "words": {
                "alt": alt,
                "play": _("Play"),
                "pause": _("Pause"),
                "place": _("Place in the film") if sheet else _("Place on the walk"),
                "frame": _("Frame {frame} of {frames}"),
                "speed": _("Speed"),
                "repeat": _("Repeat") if closed else _("Back and forth"),
                "drawn": _("{drawn} of {pictures} pictures drawn"),
                "broken": _("That broke off; change something, or reload the page."),
            },
        },
        key=key,
        height="content",
    )
