"""One picture: changed a little at a time along the directions that change it most, or looked into."""

from typing import TYPE_CHECKING

import streamlit as st

from gan_core.text import Text
from pages.parts.edge import plain
from pages.parts.error_box import errors_in_words
from pages.parts.generate import directions, inside, own, walk
from pages.parts.inputs import IN_ADDRESS, number_input
from pages.parts.language import _
from pages.parts.links import give, one_of, take, whole_number
from pages.parts.models import Choice
from pages.parts.sharp_pictures import show_pixels, show_side_by_side

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from gan_core.sampling import Model, Samples

FURTHEST = 3.0
"""How far a slider goes, in standard deviations of the random numbers."""
STRIP = 9
VIEWS = ("change", "generator", "discriminator")
VIEW_LABELS = {
    "change": Text("Change it"),
    "generator": Text("Inside the generator"),
    "discriminator": Text("Discriminator"),
}


def choose_one(pictures: int) -> int | None:
    """The number of the picture to change, from 1; None while none is."""
    wanted = st.toggle(_("Look at one picture"), key="one", on_change=walk.end, args=("one",), **IN_ADDRESS)
    if not wanted:
        return None
    return number_input(
        _("Picture number"), "pic", 1, pictures, 1, help=_("Counted row by row; it is outlined in the grid.")
    )


def pick(number: int) -> None:
    """Change that picture from now on; for a click on it."""
    if not st.session_state.get("one"):
        st.query_params["pic"] = str(number)  # the number's widget, which would write it, is not there yet
    st.session_state["one"] = True
    st.session_state["pic"] = number


def address(model: "Model", number: int | None) -> dict[str, str]:
    """A link's parameters of the picture that is changed."""
    if number is None:
        return {}
    moved = {"by": directions.kind()} | {
        key: f"{amount:g}" for key, amount in _amounts(_numbers(model)).items() if amount
    }
    strip = str(st.session_state.get("strip", 1))
    return {"one": "true", "pic": str(number), "view": st.session_state["view"], "strip": strip} | moved


def _numbers(model: "Model") -> range:
    """The directions' numbers, as the sliders' keys have them."""
    return range(1, len(model.directions) + 1)


def _amounts(numbers: range) -> dict[str, float]:
    return {f"d{number}": st.session_state.get(f"d{number}", 0.0) for number in numbers}


@st.fragment
def show_one(choice: Choice, model: "Model", samples: "Samples", number: int) -> None:
    """The picture, as one of VIEWS shows it."""
    st.header(_("Picture {number}", number=number), anchor=False)
    view = _choose_view()
    if view == VIEWS[0]:
        _change(choice, model, samples, number)
        return
    with st.expander(_("Change the picture"), icon=":material/tune:"):
        _sliders(choice, model)
    with errors_in_words():
        wanted = own.wanted_of(choice, samples, number)
        one = inside.One(samples, number, changed(model, samples, number), wanted)
        if view == "generator":
            inside.show_generator(model, one)
        else:
            inside.show_discriminator(choice, model, one)


def _choose_view() -> str:
    take("view", one_of(VIEWS))
    st.session_state.setdefault("view", VIEWS[0])
    view = st.segmented_control(
        _("What is shown"), VIEWS, format_func=lambda name: _(VIEW_LABELS[name]), required=True, key="view",
        persist_state="session", label_visibility="collapsed",
    )  # fmt: skip
    give("view", view or VIEWS[0], VIEWS[0])
    return view or VIEWS[0]


def changed(model: "Model", samples: "Samples", number: int) -> "Tensor":
    """The picture's latent [latent_dim], moved as the sliders say."""
    import torch

    from gan_core.latents import move

    assert samples.latents is not None  # they were drawn
    amounts = torch.tensor(list(_amounts(_numbers(model)).values()))
    return move(samples.latents[number - 1], directions.of(model), amounts)


def _change(choice: Choice, model: "Model", samples: "Samples", number: int) -> None:
    """Sliders, the picture before and after, and a strip of pictures along one direction."""
    numbers = _numbers(model)
    pictures = st.container()
    _take_strip_from_link(numbers)
    _sliders(choice, model)
    names = directions.names_given(choice, numbers)
    st.pills(
        _("Direction of the strip"), numbers, required=True, key="strip", persist_state="session",
        format_func=lambda number: plain(names.get(number, str(number))),
    )  # fmt: skip
    along = st.session_state["strip"]
    drawn = _draw(model, samples, number, list(_amounts(numbers).values()), along)
    with pictures:
        _show(drawn, number, names.get(along) or _("direction {number}", number=along))


def _sliders(choice: Choice, model: "Model") -> None:
    numbers = _numbers(model)
    directions.choose_kind(numbers)
    names = directions.names_given(choice, numbers)
    with st.container(key="latent-sliders"):
        for left, right in zip(numbers[::2], [*numbers[1::2], None], strict=False):
            with st.container(horizontal=True, gap="medium"):
                for number in filter(None, (left, right)):
                    _slider(number, names.get(number) or _("Direction {number}", number=number))
    with st.container(horizontal=True):
        st.button(
            _("Back to the start"), icon=":material/undo:", on_click=directions.back, args=(numbers,),
            disabled=not any(_amounts(numbers).values()),
        )  # fmt: skip
        directions.offer_names(choice, model, numbers)


def _slider(number: int, label: str) -> None:
    st.slider(
        plain(label), -FURTHEST, FURTHEST, 0.0, 0.1, key=f"d{number}", format="%.1f",
        on_change=_take_strip_along, args=(number,), **IN_ADDRESS,
    )  # fmt: skip


def _take_strip_along(number: int) -> None:
    st.session_state["strip"] = number


def _take_strip_from_link(numbers: range) -> None:
    """The strip's direction is in links but not kept in the address: it follows the slider that was moved, and writing
    the address then would write back what the browser wrote a moment before of a slider that still moves.
    """
    take("strip", whole_number)
    if "strip" in st.query_params:
        del st.query_params["strip"]
    if st.session_state.get("strip") not in numbers:
        st.session_state["strip"] = 1


def _draw(model: "Model", samples: "Samples", number: int, amounts: list[float], along: int) -> "np.ndarray":
    """uint8 [2 + STRIP, H, W, C]: the picture as it was, as it is now, and the strip."""
    import torch

    from gan_core import sampling
    from gan_core.latents import move

    steps = torch.tensor(amounts).repeat(STRIP, 1)
    steps[:, along - 1] = torch.linspace(-FURTHEST, FURTHEST, STRIP)
    wanted = torch.cat([torch.zeros(1, len(amounts)), torch.tensor([amounts]), steps])
    label = 0 if samples.labels is None else int(samples.labels[number - 1])
    assert samples.latents is not None  # they were drawn
    latents: Tensor = move(samples.latents[number - 1], directions.of(model), wanted)
    return sampling.draw(model.generator, latents, torch.full((len(latents),), label))


def _show(drawn: "np.ndarray", number: int, along: str) -> None:
    from gan_core.pictures import grid, png

    show_side_by_side(
        [
            (png(grid(drawn[1:2], 1)), _("Picture {number}, changed", number=number), _("changed")),
            (png(grid(drawn[:1], 1)), _("Picture {number} as it was drawn", number=number), _("as it was drawn")),
        ]
    )
    show_pixels(
        png(grid(drawn[2:], STRIP)),
        alt=_("Picture {number} along {direction}, from −3 to 3", number=number, direction=along),
        caption=_("Along {direction}, from −3 on the left to 3 on the right", direction=along),
    )
