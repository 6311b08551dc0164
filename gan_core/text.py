"""Sentences for people, kept as template and values, so that they can be shown in any language later.

A run's messages are written by one process and read by viewers in different languages: what is stored is the
English template and what stands in its braces, never the finished sentence.
"""

import json
import re
from typing import Any, NamedTuple, Self

LONGEST_VALUE = 1500
"""Characters of any value in a sentence about an error; a list of all hyperparameters has some 700."""
LONGEST_SAID = 100
"""Characters of a user's value that are repeated in a sentence about it."""


class Text(NamedTuple):
    """A sentence: an English template, and a value for each of its {braces}. A value may be a Text itself."""

    template: str
    values: dict[str, Any] = {}  # noqa: RUF012 (never changed)

    def __str__(self) -> str:
        """In English."""
        return self.template.format(**self.values) if self.values else self.template

    def to_json(self) -> str:
        return json.dumps([self.template, {name: _plain(value) for name, value in self.values.items()}])

    @classmethod
    def from_json(cls, stored: str) -> Self:
        """What `to_json` wrote. Anything else is a sentence without values: older versions stored it as it was."""
        try:
            template, values = json.loads(stored)
        except (ValueError, TypeError):
            return cls(stored)
        return cls(template, {name: cls(*v) if isinstance(v, list) else v for name, v in values.items()})


def limited(value: Any) -> Any:
    """A value for a sentence, cut: a library's error or an unknown file could otherwise make it a megabyte long."""
    if isinstance(value, Text | int | float):
        return value
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def shortened(text: str) -> str:
    """A user's value, short enough for a sentence about it."""
    return text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}…"


_FORMULA = re.compile("(^|[;\t])(?=[=+@＝＋－＠\t\r\n-])")


def no_formula(text: str) -> str:
    """Text for a table: a spreadsheet would take one that begins like this for a formula, and run it.

    Where a comma is in numbers, it takes a semicolon for the end of a cell.
    """
    return _FORMULA.sub(r"\1'", text)


def csv_for_all(csv: str) -> str:
    """A CSV with a byte order mark if it has accents: else Excel takes them for other letters."""
    return csv if csv.isascii() else f"\ufeff{csv}"


def _plain(value: Any) -> Any:
    if isinstance(value, Text):
        return [value.template, {name: _plain(inner) for name, inner in value.values.items()}]
    return value if isinstance(value, int | float) else str(value)


def in_markdown(text: str) -> str:
    """A stranger's text in one line, of which a file's Markdown and HTML make nothing."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>&#|!$~" else letter for letter in " ".join(text.split()))
