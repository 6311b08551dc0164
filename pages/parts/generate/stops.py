"""Where a walk leads, and how: what stands of it in an address."""

from collections.abc import Mapping
from typing import NamedTuple

from pages.parts.links import whole_number

MOST_STOPS = 12
OF_LEG = (2, 300)
"""Frames from one stop to the next: at least and at most."""
OF_LEG_AT_FIRST = 60
THROUGH = ("pictures", "classes")
WAYS = ("spherical", "straight")


class Walking(NamedTuple):
    """What is chosen of a walk.

    Args:
        stops: numbers of pictures, from 1; of a walk through classes, the first is the picture whose latent is kept.
        through: one of THROUGH.
        way: one of WAYS.
        of_leg: frames from one stop to the next.
    """

    stops: list[int]
    through: str
    way: str
    closed: bool
    evenly: bool
    of_leg: int

    @property
    def spherical(self) -> bool:
        return self.way == "spherical"

    def address(self) -> dict[str, str]:
        """A link's parameters, defaults too."""
        return {
            "walk": "true",
            "stops": ",".join(map(str, self.stops)),
            "through": self.through,
            "way": self.way,
            "loop": str(self.closed).lower(),
            "even": str(self.evenly).lower(),
            "frames": str(self.of_leg),
        }

    @classmethod
    def read(cls, address: Mapping[str, str]) -> "Walking":
        """The inverse. What makes no sense becomes what is usual."""
        of_leg = whole_number(address.get("frames", "")) or 0
        return cls(
            read_stops(address.get("stops", "")),
            through if (through := address.get("through", "")) in THROUGH else THROUGH[0],
            way if (way := address.get("way", "")) in WAYS else WAYS[0],
            address.get("loop") == "true",
            address.get("even") == "true",
            of_leg if OF_LEG[0] <= of_leg <= OF_LEG[1] else OF_LEG_AT_FIRST,
        )


def read_stops(text: str) -> list[int]:
    """Numbers of pictures with commas between them; those that are none are left out, and those beyond MOST_STOPS."""
    numbers = [whole_number(part) for part in text[:200].split(",")]
    return [number for number in numbers if number][:MOST_STOPS]
