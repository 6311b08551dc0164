"""A line for each thing that somebody asks of a store, done or refused. Never a cookie, a key or a code."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gan_core.errors import WorkbenchError

logger = logging.getLogger("gan_workbench")
LONGEST_LINE = 300

P = ParamSpec("P")
R = TypeVar("R")


class OneLine(logging.Formatter):
    """Whatever a name or an error holds, it is one line, and no terminal takes it for a command."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return "".join(c if c.isprintable() else " " for c in line)[:LONGEST_LINE]


def set_up() -> None:
    """Write the lines to stderr. Without it, as on the command line, they go nowhere."""
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(OneLine("%(asctime)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def asked(what: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For a method of a store that acts `by` somebody: `person 12 'Ana': make run 5`, or `...: refused: ...`.

    The number is the result's, or else the first argument.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(method)
        def call(*args: P.args, **named: P.kwargs) -> R:
            who = getattr(getattr(args[0], "by", None), "short_name", "somebody")
            number = args[1] if len(args) > 1 and isinstance(args[1], int) else ""
            try:
                result = method(*args, **named)
            except WorkbenchError as error:
                refused(who, f"{what} {number}", error)
                raise
            done(getattr(result, "short_name", who), f"{what} {getattr(result, 'id', number)}")
            return result

        return call

    return decorate


def done(who: str, what: str) -> None:
    """What somebody asked for, and got."""
    logger.info("%s: %s", who, what.strip())


def refused(who: str, what: str, error: WorkbenchError) -> None:
    """What somebody asked for, and why they did not get it."""
    logger.info("%s: %s: refused: %s", who, what.strip(), error)
