"""The route by which students and teachers come into a class.

A key that somebody has read in a browser before its student came in must not be that student's afterwards ("session
fixation", OWASP Session Management Cheat Sheet). So who comes in gets a new one, and only the answer to a request can
give the browser another cookie: a page's websocket cannot. Form and error are the page's, see coming_in.js.
"""

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.people import default_people
from pages.parts.language import translate
from pages.parts.rates import MOST_PASSWORDS, refuse_guessing
from pages.parts.visitors import key_of, new_key, set_key

LONGEST_BODY = 4000
"""Bytes: room for a name and a code of letters that JSON writes with six of them each."""


class Entry(BaseModel):
    """What was entered.

    Args:
        secret: the code of the class, or the teacher's password.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    secret: str
    as_teacher: bool


async def enter(request: Request) -> Response:
    """Answers {"refused": why not, or ""}, and in the latter case with a new key in the cookie."""
    if hosting().mode != "class" or hosting().login != "none":
        return Response(status_code=404)
    if not _is_short_json(request):
        return Response(status_code=400)
    try:
        entry = Entry.model_validate_json(await request.body())
    except ValidationError:
        return Response(status_code=400)
    return await to_thread.run_sync(_answer, request, entry)


def _is_short_json(request: Request) -> bool:
    """A form of another site cannot send JSON. What comes in chunks has no length, whatever it says."""
    length = "" if "transfer-encoding" in request.headers else request.headers.get("content-length", "")
    is_short = length.isdecimal() and len(length) < 9 and int(length) <= LONGEST_BODY
    return is_short and request.headers.get("content-type", "").lower() == "application/json"


def _answer(request: Request, entry: Entry) -> Response:
    fresh = new_key()
    try:
        _come_in(request, entry, fresh)
    except WorkbenchError as error:
        # Not an error in the browser's console: whoever has mistyped did nothing wrong.
        return JSONResponse({"refused": translate(request.query_params.get("lang", ""), error.text)})
    answer = JSONResponse({"refused": ""})
    set_key(answer, fresh, request)
    return answer


def _come_in(request: Request, entry: Entry, fresh: str) -> None:
    people, key = default_people(), key_of(request)
    if not key:  # a request of another site's page brings none
        raise WorkbenchError("This page knows you again by a cookie. Allow cookies for it, and load it anew.")
    address = request.client.host if request.client else ""
    refuse_guessing(key, address, MOST_PASSWORDS if entry.as_teacher else hosting().most_requests_of_address)
    if (known := people.visitor(key)) and known.watches_all:
        raise WorkbenchError(
            "In another tab of this browser {name} has come in. Load this page anew to go on as {name}, or leave there "
            "first.",
            name=known.name,
        )
    (people.enter_as_teacher if entry.as_teacher else people.enter_class)(fresh, entry.secret, entry.name)
    people.leave(key)  # a stranger's, from when no names were entered here
