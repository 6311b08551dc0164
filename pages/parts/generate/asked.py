"""What a request asks to be drawn: the parameters of the Generate page's address, read again."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from gan_core.errors import WorkbenchError
from gan_core.store.runs import RunStore
from pages.parts import models
from pages.parts.generate import wishes
from pages.parts.generate.stops import Walking
from pages.parts.inputs import LARGEST_SEED
from pages.parts.links import LONGEST, whole_number

if TYPE_CHECKING:
    from gan_core.sampling import Model, Order
    from gan_core.walks import Walk

MOST_CLASSES = 1_000


def read_order(query: QueryParams, store: RunStore, most: float) -> tuple["Model", "Order"]:
    """The model, and the pictures that are asked of it.

    Args:
        store: of whoever asks.
        most: how many pictures may be asked for.

    Raises WorkbenchError for more, for a model or a class that is not there, and for nonsense.
    """
    _path, model = read_model(query, store)
    what = _read_what(query, model)
    wishes.refuse_too_many(what.of_each * wishes.rows_of(what), most)
    if given := query.get("own"):
        what = what._replace(own=wishes.Own.from_text(given))
        if what.own is None:
            raise _nonsense()
    seed, truncation = _number(query, "seed", 0, LARGEST_SEED), _read_truncation(query)
    return model, wishes.order(model, what, seed, truncation)


def read_model(query: QueryParams, store: RunStore) -> tuple[Path, "Model"]:
    """The model that is asked for, and its file. Raises WorkbenchError if it is not there."""
    if len(str(query)) > LONGEST:
        raise _nonsense()
    path = models.path_of(query.get("model", ""), store)
    return path, models.load(path, "generator" if query.get("raw") == "true" else "ema")


def read_walk(query: QueryParams, model: "Model", order: "Order") -> tuple["Walk", Walking]:
    """The walk through these pictures. Raises WorkbenchError for nonsense, and for a class that is not there."""
    from gan_core import walks

    walking = Walking.read(query)
    classes = max(1, len(model.classes))
    if not walking.stops or max(walking.stops) > len(order.latents):
        raise _nonsense()
    if walking.through == "classes":
        wanted = list(dict.fromkeys(order.labels.tolist()))
        _at_least_two(wanted)
        return walks.between_classes(order, walking.stops[0], wanted, classes, walking.closed), walking
    _at_least_two(walking.stops)
    return walks.between_pictures(order, walking.stops, classes, walking.closed, walking.spherical), walking


def _at_least_two(stops: list[int]) -> None:
    if len(stops) < 2:
        raise _nonsense()


def _read_what(query: QueryParams, model: "Model") -> wishes.What:
    if not model.classes:
        return wishes.What(None, "", _number(query, "total", 1, wishes.MOST_AT_ONCE))
    if text := query.get("text", "")[: wishes.LONGEST_TEXT + 1].strip():
        if len(text) > wishes.LONGEST_TEXT:
            raise _nonsense()
        return wishes.What(None, text, _number(query, "lines", 1, wishes.MOST_AT_ONCE))
    classes = query.getlist("classes")[:MOST_CLASSES]
    return wishes.What(classes, "", _number(query, "count", 1, wishes.MOST_AT_ONCE))


def _read_truncation(query: QueryParams) -> float | None:
    try:
        truncation = float(query.get("t", "")[:20])
    except ValueError:
        raise _nonsense() from None
    if not (math.isfinite(truncation) and truncation >= 0):
        raise _nonsense()
    return None if truncation >= wishes.TRUNCATION_OFF else truncation


def _number(query: QueryParams, name: str, least: int, most: int) -> int:
    value = whole_number(query.get(name, ""))
    if value is None or not least <= value <= most:
        raise _nonsense()
    return value


def _nonsense() -> WorkbenchError:
    return WorkbenchError("Nothing can be drawn by this address; take it from the Generate page.")
