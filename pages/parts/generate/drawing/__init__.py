"""A board to draw on, with a pointer or a finger."""

from pathlib import Path

from pages.parts.component import component
from pages.parts.language import _

LONGEST = 400_000
"""Characters of a drawing as the browser sends it: a PNG of 280 pixels in base64."""
BEGINS = "data:image/png;base64,"

_component = component(Path(__file__).parent, '<div class="drawing"></div>')


def drawing(key: str) -> str:
    """What is drawn by now, a PNG in base64, white on black; "" while the board is empty.

    A browser may send anything: what is too long, or no PNG's address, counts as nothing.
    """
    words = {
        "board": _("Board to draw on, with a pointer or a finger"),
        "hint": _("Draw here"),
        "undo": _("Undo"),
        "clear": _("Clear"),
    }
    state = _component(data={"words": words}, key=key, height="content", on_png_change=lambda: None)
    sent = state.get("png")
    if not isinstance(sent, str) or len(sent) > LONGEST or not sent.startswith(BEGINS):
        return ""
    return sent.removeprefix(BEGINS)
