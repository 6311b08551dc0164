"""A range of a number, in which a search looks for good values: `1e-4..1e-3`. Knows nothing of torch."""

import math
from typing import NamedTuple, Self

from gan_core.setting import as_text

BETWEEN = ".."
FINENESS = 1000
"""Values over a range, or over a decade, that are told apart: a setting stays a number that people can read."""


class Range(NamedTuple):
    """From `low` to `high`, both of them among its values."""

    low: float
    high: float
    is_whole: bool = False

    @classmethod
    def from_text(cls, text: str, is_whole: bool) -> Self | None:
        """What `LOW..HIGH` means; None if it is no such text. Whether it makes sense is not asked here."""
        low, between, high = text.partition(BETWEEN)
        if not between:
            return None
        number = int if is_whole else float
        try:
            found = cls(number(low), number(high), is_whole)
            return found if math.isfinite(found.low) and math.isfinite(found.high) else None
        except (ValueError, OverflowError):  # a whole number beyond all floats
            return None

    @property
    def is_log(self) -> bool:
        """Whether values are looked for evenly over the logarithm: those that span a decade differ by factors."""
        return self.low > 0 and self.high / self.low > 9.99

    @property
    def ends(self) -> tuple[str, str]:
        """As a setting's values are written."""
        return as_text(self.low), as_text(self.high)

    def __str__(self) -> str:
        return BETWEEN.join(self.ends)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def rounded(self, value: float) -> str:
        """The value as people would write it, within the range."""
        if self.is_whole:
            return as_text(int(value))
        size = abs(value) if self.is_log else self.high - self.low
        digits = math.ceil(math.log10(FINENESS) - math.log10(size)) if size else 0
        return as_text(float(min(max(round(value, digits), self.low), self.high)))
