"""All pictures in one, shown sharp; a click on one of them picks it, or the arrow keys and Enter."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.component import component
from pages.parts.language import _

if TYPE_CHECKING:
    from gan_core.sampling import Samples

KEY = "picture-grid"

# The invisible slider is the grid for the keyboard and for screen readers: it goes from picture to picture.
HTML = '<div class="picture-grid"><img alt=""><input type="range" min="1"><div class="mark"></div></div>'
_component = component(Path(__file__).parent, HTML)


def picture_grid(
    samples: "Samples",
    alt: str,
    number: int | None,
    pick: Callable[[int], None],
    stops: Sequence[int] = (),
    hint: str = "",
) -> None:
    """The grid of samples, as large as the window allows.

    Args:
        number: the picture that is outlined, counted from 1; None for none of them.
        pick: called with the number of the picture that is picked.
        stops: numbers of pictures that are outlined and numbered, in that order.
        hint: what a click does; changes a picture, if nothing is said.
    """
    pictures = len(samples.images)
    keys = _("the arrow keys choose, Enter takes it")

    def picked() -> None:
        clicked = st.session_state[KEY].picked
        if isinstance(clicked, int | float) and 1 <= clicked <= pictures:
            pick(int(clicked))

    _component(
        data={
            "png": base64.b64encode(samples.png(zoom=1)).decode(),
            "alt": alt,
            "hint": hint or _("Click a picture to change it"),
            "keys": f"{hint}: {keys}" if hint else _("Picture to change: the arrow keys choose, Enter takes it"),
            "stops": list(stops),
            "columns": samples.columns,
            "pictures": pictures,
            "number": number,
        },
        key=KEY,
        height="content",
        on_picked_change=picked,
    )
