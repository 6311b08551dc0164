"""Files that the server draws when they are asked for, with progress, and a way to cancel."""

from pathlib import Path
from typing import NamedTuple

from pages.parts.component import component
from pages.parts.language import _

PIECES = Path(__file__).parent.parent / "pieces.js"
_component = component(Path(__file__).parent, '<div class="drawn-files"></div>', PIECES)


class DrawnFile(NamedTuple):
    """A button.

    Args:
        path: of a route that answers in pieces, below the app's address.
        name: of the file that the browser keeps.
        can_be_made: whether the server can.
    """

    label: str
    path: str
    name: str
    can_be_made: bool = True


def drawn_files(files: list[DrawnFile], key: str, begin: str = "") -> None:
    """Buttons that have the files drawn, one at a time.

    Args:
        begin: is said until the first piece has come.
    """
    _component(
        data={
            "files": [file._asdict() for file in files],
            "words": {
                "begin": begin,
                "cancel": _("Cancel"),
                "drawn": _("{drawn} of {pictures} pictures drawn"),
                "making": _("All pictures are drawn; the file is being made"),
                "kept": _("{name} is in your downloads"),
                "cancelled": _("Cancelled"),
                "broken": _("That broke off; try again."),
            },
        },
        key=key,
        height="content",
    )
