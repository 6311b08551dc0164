"""The routes that draw while they answer: a walk's frames, and walks and many pictures as files; and the model itself.

The answer is pieces, so that a page can show how far it is and play what is there: of each, how many pictures are
drawn by now and how many bytes follow (both 4 bytes, the lowest first), then these. Plain functions and generators are
run in threads, so the server goes on answering others; and once nobody reads any more, nothing more is drawn.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gan_core.archives import Piece
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.rights import Visitor
from gan_core.store.runs import RunStore
from pages.parts.generate import take_away, wishes
from pages.parts.generate.asked import read_order, read_walk
from pages.parts.language import translate
from pages.parts.rates import count_request_of
from pages.parts.visitors import store_of

PIECE_BYTES = 2**16
HEADERS = {
    "Cache-Control": "no-store",
    # Compressing would hold back pieces.
    "Content-Encoding": "identity",
    "X-Accel-Buffering": "no",
}


class Answer(NamedTuple):
    """What is sent.

    Args:
        pictures: how many are drawn for it.
    """

    pictures: int
    pieces: Iterator[Piece]


def drawing_routes(prefix: str = "") -> list[Route]:
    """/live/pictures.FORM, /live/walk, /live/walk.FORM and /live/model.FORM, to stand before /live/RUN.

    Args:
        prefix: what all of the app's addresses begin with, such as /gan/tool.
    """
    return [
        Route(f"{prefix}/live/pictures.{{form}}", lambda request: _answer(request, _pictures)),
        Route(f"{prefix}/live/walk", lambda request: _answer(request, _walk)),
        Route(f"{prefix}/live/walk.{{form}}", lambda request: _answer(request, _walk)),
        Route(f"{prefix}/live/model.{{form}}", lambda request: _answer(request, _model, take_away.COST)),
    ]


def _answer(request: Request, make: Callable[[QueryParams, RunStore, str], Answer | None], cost: int = 1) -> Response:
    """Other sites' pages are refused: they cannot read an answer, but could keep the machine busy."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return Response(status_code=403)
    try:
        store = store_of(request)
        if not _may_draw(store.by):
            return Response(status_code=403)
        count_request_of(request, store.by, cost)
        answer = make(request.query_params, store, request.path_params.get("form", ""))
    except WorkbenchError as error:
        text = translate(request.query_params.get("lang", ""), error.text)
        return JSONResponse({"error": text}, status_code=400)
    if answer is None:
        return Response(status_code=404)
    headers = HEADERS | {"X-Pictures": str(answer.pictures)}
    return StreamingResponse(_framed(answer.pieces), media_type="application/octet-stream", headers=headers)


def _may_draw(who: Visitor) -> bool:
    """Whether they would be shown a page."""
    return who.may_everything or (who.watches_all if hosting().mode == "class" else who.person != 0)


def _framed(pieces: Iterator[Piece]) -> Iterator[bytes]:
    for piece in pieces:
        yield struct.pack("<II", piece.drawn, len(piece.content)) + piece.content


def _pictures(query: QueryParams, store: RunStore, form: str) -> Answer | None:
    if form not in ("zip", "npz"):
        return None
    model, order = read_order(query, store, wishes.most_at_once(store.by))
    return Answer(len(order.labels), model.file(order, form))


def _model(query: QueryParams, store: RunStore, form: str) -> Answer | None:
    pieces = take_away.pieces(query, store, form)
    return None if pieces is None else Answer(0, pieces)


def _walk(query: QueryParams, store: RunStore, form: str) -> Answer | None:
    """Its frames as sheets, or, with a form, as a film."""
    from gan_core import films, walks

    if form not in ("", *films.FORMS) or (form == "mp4" and not films.can_mp4()):
        return None
    model, order = read_order(query, store, hosting().most_pictures)
    walk, walking = read_walk(query, model, order)
    to_draw = walks.to_draw(len(walk.latents), walking.of_leg, walking.closed, walking.evenly)
    wishes.refuse_too_many(to_draw, hosting().most_pictures)
    drawn = walks.draw(model, walk, walking.of_leg, walking.evenly)
    if not form:
        return Answer(to_draw, (Piece(n, b"" if frames is None else films.sheet(frames)) for n, frames in drawn))
    return Answer(to_draw, _film(drawn, form))


def _film(drawn: Iterator[tuple[int, np.ndarray | None]], form: str) -> Iterator[Piece]:
    from gan_core import films

    parts, pictures = [], 0
    for pictures, frames in drawn:
        if frames is not None:
            parts.append(frames)
        yield Piece(pictures, b"")
    content = films.film(np.concatenate(parts), form)
    for start in range(0, len(content), PIECE_BYTES):
        yield Piece(pictures, content[start : start + PIECE_BYTES])
