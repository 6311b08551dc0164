"""A picture of one's own, drawn, photographed or uploaded, and the nearest that the model can draw."""

import base64
import binascii
import hashlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.text import Text
from pages.parts.edge import show_error
from pages.parts.error_box import errors_in_words
from pages.parts.generate import wishes
from pages.parts.generate.drawing import drawing
from pages.parts.generate.walk_player import film_player
from pages.parts.language import _
from pages.parts.links import give, take
from pages.parts.models import Choice, real_pictures
from pages.parts.rates import count_request
from pages.parts.sharp_pictures import figure, show_pixels, show_side_by_side
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from gan_core.projection import Look
    from gan_core.sampling import Model, Samples

Use = Callable[[int], None]
"""Does something with the picture of that number in the grid."""
SOURCES = {"draw": Text("Draw"), "photo": Text("Photo"), "file": Text("File")}
ANY = ""
NEIGHBOURS = 5
CARD = "4.5rem"


class Result(NamedTuple):
    """What was found.

    Args:
        of: the model's key and the digest of what was wanted.
        wanted: the picture as the model was given it, uint8 [S, S, C].
        film: the nearest at each look, uint8 [N, S, S, C].
        distance: of the last, as `projection.Look` has it.
    """

    of: tuple[str, str]
    wanted: "np.ndarray"
    film: "np.ndarray"
    distance: float


# In the address and in the grid


def current(choice: Choice, model: "Model") -> wishes.Own | None:
    """What was found with this model, or comes by a link; the last picture of the grid."""
    before = st.session_state.get("own")
    take("own", wishes.Own.from_text)
    own: wishes.Own | None = st.session_state.get("own")
    if own != before:
        st.session_state["own-of"] = choice.key
    if own is not None and st.session_state.get("own-of") == choice.key:
        try:
            wishes.read_own(own, model)
            give("own", own.to_text())
            return own
        except WorkbenchError as error:
            show_error(_(error.text))
    take_out()
    return None


def take_out() -> None:
    """Out of the grid and of the address."""
    st.session_state["own"] = None
    give("own", "")


def wanted_of(choice: Choice, samples: "Samples", number: int) -> "Tensor | None":
    """The picture [1, C, S, S] for which that one of the grid was found; None if it was found for none."""
    from gan_core.sampling import from_pixels

    result: Result | None = st.session_state.get("own-result")
    is_own = "own" in samples.recipe and number == len(samples.images)
    if result is None or not is_own or result.of[0] != choice.key:
        return None
    return from_pixels(result.wanted[None])


# The box


def offer(choice: Choice, model: "Model", number: int, pick: Use, walk: Use) -> None:
    """A box to bring a picture, and to look for the nearest.

    Args:
        number: of that one in the grid, once it is found.
        pick: changes it.
        walk: walks from it.
    """
    box = st.expander(_("A picture of your own"), icon=":material/draw:", on_change="rerun", key="own-box")
    if box.open:
        with box, errors_in_words():
            _show(choice, model, number, pick, walk)


@st.fragment
def _show(choice: Choice, model: "Model", number: int, pick: Use, walk: Use) -> None:
    left, right = st.columns(2, gap="large")
    result = None
    with left, errors_in_words():
        content = _bring()
    with right, errors_in_words():
        result = _last(choice) if content is None else _search_or_last(choice, model, _as_model_sees_it(content, model))
        if result is not None:
            _show_pair(result.wanted, result.film[-1], result.distance)
            _offer_use(number, pick, walk)
        elif content is None:
            st.caption(_("Bring a picture, and see what the model can draw that is nearest to it."))
    if result is not None:
        _show_result(choice, model, result)


def _last(choice: Choice) -> Result | None:
    """What was found with this model before the box was closed, and the drawing lost."""
    last: Result | None = st.session_state.get("own-result")
    return last if last is not None and last.of[0] == choice.key else None


def _offer_use(number: int, pick: Use, walk: Use) -> None:
    """What is done with the picture in the grid: all of the page is drawn anew."""
    with st.container(horizontal=True):
        pressed = [
            st.button(_("Change it"), icon=":material/tune:", on_click=_use, args=(pick, number), key="own-change"),
            st.button(_("Walk from it"), icon=":material/route:", on_click=_use, args=(walk, number), key="own-walk"),
            st.button(_("Take it out"), icon=":material/close:", on_click=_forget, key="own-out"),
        ]
    if any(pressed):
        st.rerun()
    st.caption(_("It is the last picture of the grid, {number:,}, and stands in the address.", number=number))


def _use(use: Use, number: int) -> None:
    """What follows stands below the box, so it is closed."""
    st.session_state["own-box"] = False
    use(number)


def _forget() -> None:
    take_out()
    st.session_state.pop("own-result", None)


def _bring() -> bytes | None:
    """A picture's file, as it came; None while there is none."""
    from gan_core import own_picture

    source = st.segmented_control(
        _("From where"), list(SOURCES), format_func=lambda name: _(SOURCES[name]), required=True, default="draw",
        key="own-source", persist_state="session", label_visibility="collapsed",
    )  # fmt: skip
    if source == "draw":
        try:
            return base64.b64decode(drawing("own-drawing"), validate=True) or None
        except binascii.Error:
            return None
    most = own_picture.MOST_BYTES // 1_000_000
    if source == "photo":
        given = st.camera_input(_("Photo"), key="own-photo", label_visibility="collapsed")
    else:
        given = st.file_uploader(
            _("A picture"),
            type=own_picture.SUFFIXES,
            key="own-file",
            max_upload_size=most,
            label_visibility="collapsed",
        )
    return None if given is None else given.getvalue()


def _as_model_sees_it(content: bytes, model: "Model") -> "np.ndarray":
    from gan_core import own_picture

    return own_picture.like_training(own_picture.read(content), model.metadata.config.dataset, model.metadata.spec)


def _search_or_last(choice: Choice, model: "Model", wanted: "np.ndarray") -> Result | None:
    """The result for this picture, once it was asked for."""
    from gan_core.pictures import grid, png

    labels = _choose_class(model)
    of = (choice.key, hashlib.sha256(wanted.tobytes() + bytes(str(labels), "ascii")).hexdigest())
    pressed = st.button(_("Find the nearest"), type="primary", icon=":material/search:", key="own-find")
    last: Result | None = st.session_state.get("own-result")
    if pressed:
        _search(of, model, wanted, labels)
        st.rerun()
    if last is not None and last.of == of:
        return last
    show_pixels(png(grid(wanted[None], 1)), _("Your picture"), "10rem", _("as the model is given it"))
    return None


def _choose_class(model: "Model") -> list[int]:
    """Numbers of the classes that may be drawn."""
    if len(model.classes) < 2:
        return [0]
    chosen = st.selectbox(
        _("Class"), [ANY, *model.classes], format_func=lambda name: name or _("Any, whichever is nearest"),
        key=f"own-class-{len(model.classes)}",
    )  # fmt: skip
    return [model.classes.index(chosen)] if chosen else list(range(len(model.classes)))


def _search(of: tuple[str, str], model: "Model", wanted: "np.ndarray", labels: list[int]) -> None:
    """Shows how far it is and the nearest so far, and puts the last into the grid."""
    import numpy as np

    from gan_core import projection
    from gan_core.latents import to_text
    from gan_core.sampling import from_pixels

    for _request in range(math.ceil(projection.cost_in_pictures() / hosting().most_pictures)):
        count_request()
    place, looks = st.empty(), []
    place.progress(0.0, _("Looking at {count:,} random pictures first", count=projection.CANDIDATES))
    for look in projection.project(model, from_pixels(wanted[None])[0], labels):
        looks.append(look)
        _show_look(place, wanted, look)
    place.empty()
    last = looks[-1]
    film = np.stack([look.picture for look in looks])
    st.session_state["own-result"] = Result(of, wanted, film, last.distance)
    st.session_state["own"], st.session_state["own-of"] = wishes.Own(to_text(last.latent), last.label), of[0]


def _show_look(place: "st.delta_generator.DeltaGenerator", wanted: "np.ndarray", look: "Look") -> None:
    with place.container():
        st.progress(look.share, _("Searching: {distance:.1%} away", distance=look.distance))
        _show_pair(wanted, look.picture, look.distance)


def _show_pair(wanted: "np.ndarray", nearest: "np.ndarray", distance: float) -> None:
    from gan_core.pictures import grid, png

    show_side_by_side(
        [
            (png(grid(wanted[None], 1)), _("Your picture"), _("as the model is given it")),
            (
                png(grid(nearest[None], 1)),
                _("The nearest that the model draws"),
                _("the nearest that it draws: {distance:.1%} away", distance=distance),
            ),
        ]
    )


def _show_result(choice: Choice, model: "Model", result: Result) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("Film of the search"), anchor=False)
        film_player(result.film, _("Film of the search, from the nearest of many random pictures"), "own-film")
    with right, errors_in_words():
        st.subheader(_("The nearest training pictures"), anchor=False)
        _show_neighbours(choice, model, result)
        st.caption(
            _(
                "Away: the root mean square of the pixels' differences; 100 % is black in place of white. The search "
                "moves the latent; it has looked at pixels and at the features of the dataset's classifier, if there "
                "is one."
            )
        )


def _show_neighbours(choice: Choice, model: "Model", result: Result) -> None:
    from gan_core import projection
    from gan_core.pictures import grid, png
    from gan_core.sampling import from_pixels

    real = real_pictures(store_of_visitor(), choice.key, model).images
    if real.shape[1:] != (model.metadata.spec.channels, *result.wanted.shape[:2]):
        raise WorkbenchError("The training pictures that are here have another size, or other classes, than the model.")
    numbers, distances = projection.neighbours(from_pixels(result.wanted[None])[0], real, NEIGHBOURS)
    cards = []
    for place, number in enumerate(numbers.tolist()):
        picture = png(grid(real[[number]].permute(0, 2, 3, 1).numpy(), 1))
        away = _("{distance:.1%}", distance=distances[place].item())
        alt = _("Training picture {number}, {away} away", number=place + 1, away=away)
        cards.append(figure(picture, alt, CARD, away))
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.6rem">{"".join(cards)}</div>')
