"""How often a visitor may ask for what costs the server something."""

from limits import RateLimitItemPerMinute, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from gan_core.errors import WorkbenchError
from gan_core.hosting import NONE, hosting

ATTEMPTS = parse("10/minute")
"""To guess a class's code or the teacher's password."""
_limiter = MovingWindowRateLimiter(MemoryStorage())


def refuse_too_many_requests(person: str, address: str) -> None:
    """Counts a request that costs something.

    Args:
        person: whatever tells one person from another.
        address: on the internet; "" if it is not known.

    Raises WorkbenchError if this person, or all at this address, had as many as they may within a minute.
    """
    _count(hosting().most_requests, "person", person)
    if address:
        _count(hosting().most_requests_of_address, "address", address)


def refuse_guessing(key: str, address: str) -> None:
    """Counts an attempt to enter a code or a password. Raises WorkbenchError after ATTEMPTS of a browser.

    A browser that forgets its cookie is another one; so those of its address count too.
    """
    _count(ATTEMPTS.amount, "guess", key)
    _count(hosting().most_requests_of_address, "guesses", address)


def _count(most: float, kind: str, who: str) -> None:
    if most != NONE and not _limiter.hit(RateLimitItemPerMinute(int(most)), kind, who):
        raise WorkbenchError("That was a lot in a minute: at most {most:,.0f} are allowed. Wait a little.", most=most)
