"""How the app is hosted, by what the environment says: `hosting().mode`, `hosting().most_minutes` and so on.

Everything that can be set is declared in hosting_settings.py. The first question imports it, so that a command that
asks none need not wait for pydantic-settings.
"""

import math
from functools import cache
from typing import TYPE_CHECKING

from gan_core.errors import WorkbenchError
from gan_core.text import shortened

if TYPE_CHECKING:
    from gan_core.hosting_settings import Hosting

PREFIX = "GAN_WORKBENCH_"
NONE = math.inf
"""No limit: given as `inf`."""


@cache
def hosting() -> "Hosting":
    """As the environment says; read once a process.

    Raises WorkbenchError that names the variable and what is wrong with it.
    """
    from pydantic import ValidationError

    from gan_core.hosting_settings import Hosting

    try:
        return Hosting()
    except ValidationError as error:
        first = error.errors()[0]
        raise WorkbenchError(
            "{variable}={value}: {problem}",
            variable=PREFIX + str(first["loc"][0]).upper(),
            value=shortened(str(first["input"])),
            problem=first["msg"],
        ) from error


def same_login(subject: str) -> str:
    """By what a login or a proxy calls somebody, the same however it is written: capitals do not count.

    Other alphabets' do: folding would make two addresses of two people one, as of ß and ss.
    """
    return subject.strip().lower() if subject.isascii() else subject.strip()
