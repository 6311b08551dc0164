"""A walk from picture to picture of the grid, or from class to class: chosen, played, and taken away as a film."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from gan_core import paths
from gan_core.hosting import hosting
from gan_core.text import Text
from pages.parts.error_box import errors_in_words
from pages.parts.generate import wishes
from pages.parts.generate.drawn_files import DrawnFile, drawn_files
from pages.parts.generate.picture_grid import picture_grid
from pages.parts.generate.stops import MOST_STOPS, OF_LEG, OF_LEG_AT_FIRST, THROUGH, WAYS, Walking, read_stops
from pages.parts.generate.walk_player import walk_player
from pages.parts.inputs import IN_ADDRESS, number_input
from pages.parts.language import _, language
from pages.parts.links import give, one_of, take

if TYPE_CHECKING:
    from gan_core.sampling import Model, Samples

STOPS_AT_FIRST = 4
IN_OWN_WAY = ("stops", "through", "way")
"""What stands in the address without Streamlit's doing."""
LABELS = {
    "pictures": Text("Pictures"),
    "classes": Text("Classes"),
    "spherical": Text("Spherical"),
    "straight": Text("Straight"),
}


def choose_whether() -> bool:
    """Whether there is a walk; in the sidebar."""
    wanted = st.toggle(_("Walk from picture to picture"), key="walk", on_change=end, args=("walk",), **IN_ADDRESS)
    if not wanted:
        for name in IN_OWN_WAY:
            give(name, "")
    return wanted


def end(begun: str) -> None:
    """For the switches of a walk and of a single picture: where one is put on, the other goes off."""
    if st.session_state[begun]:
        st.session_state["one" if begun == "walk" else "walk"] = False


def begin(number: int) -> None:
    """Walk from that picture to the first of the grid, and on; for a click."""
    st.session_state["walk"] = True
    end("walk")
    st.session_state["through"], st.session_state["stops"] = THROUGH[0], [number, 1]


def show(model: "Model", samples: "Samples", address_of_grid: dict[str, Any], alt: str) -> None:
    """The grid in which stops are chosen, and the walk through them."""
    _take(samples)
    _show(model, samples, address_of_grid, alt)


@st.fragment
def _show(model: "Model", samples: "Samples", address_of_grid: dict[str, Any], alt: str) -> None:
    """Runs alone, so that the grid's pictures are not drawn anew."""
    left, right = st.columns(2, gap="large")
    with left, errors_in_words():
        st.header(_("Walk"), anchor=False)
        place = st.container()
        walking = _choose(model)
        _address(walking)
        with place:
            _play(model, samples, walking, address_of_grid)
    with right:
        shown = walking.stops[:1] if walking.through == "classes" else walking.stops
        picture_grid(
            samples, alt, None, _choose_stop, shown, _("Click a picture to put it on the walk, or to take it off")
        )


def _take(samples: "Samples") -> None:
    """What the address says; at first the first pictures of some rows, so that there is something to play."""
    take("stops", read_stops)
    take("through", one_of(THROUGH))
    take("way", one_of(WAYS))
    count = len(samples.images)
    if "stops" not in st.session_state:
        apart = samples.columns if count > samples.columns else 1
        st.session_state["stops"] = list(range(1, count + 1, apart))[:STOPS_AT_FIRST]
    st.session_state["stops"] = [stop for stop in st.session_state["stops"] if stop <= count]


def current() -> Walking:
    """What is chosen of the walk by now."""
    state = st.session_state
    return Walking(
        state.get("stops", []),
        state.get("through") or THROUGH[0],
        state.get("way") or WAYS[0],
        state.get("loop", False),
        state.get("even", False),
        round(state.get("frames", OF_LEG_AT_FIRST)),
    )


def _choose_stop(number: int) -> None:
    """For a click on a picture: it becomes the last stop, or none any more. Of classes, the one that is kept."""
    stops = st.session_state["stops"]
    if st.session_state.get("through") == "classes":
        st.session_state["stops"] = [number, *(stop for stop in stops[1:] if stop != number)]
    elif number in stops:
        st.session_state["stops"] = [stop for stop in stops if stop != number]
    else:
        st.session_state["stops"] = [*stops, number][-MOST_STOPS:]


def _choose(model: "Model") -> Walking:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if len(model.classes) > 1:
            _one(
                _("Through"), "through", THROUGH,
                _(
                    "Classes: the same latent in one class after the other. In between, what stands for a class in the "
                    "generator is mixed; no picture is laid over another."
                ),
            )  # fmt: skip
        else:
            st.session_state["through"] = THROUGH[0]
        if current().through == "pictures":
            _one(
                _("Way"), "way", WAYS,
                _(
                    "Spherical: along a great circle, so that latents on the way are as long as usual. Straight: "
                    "half-way they are shorter than nearly all that the generator has learnt from (White 2016)."
                ),
            )  # fmt: skip
        number_input(
            _("Frames from stop to stop"), "frames", *OF_LEG, OF_LEG_AT_FIRST, width=240,
            help=_("30 frames are one second."),
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.toggle(_("Loop"), key="loop", **IN_ADDRESS, help=_("From the last stop back to the first."))
        st.toggle(
            _("Even steps"), key="even", **IN_ADDRESS,
            help=_(
                "Each frame differs as much from the one before, as the dataset's classifier sees it (where there is "
                "none, by its pixels). The walk is drawn twice for it: once to measure it."
            ),
        )  # fmt: skip
        st.button(_("Clear"), icon=":material/backspace:", on_click=_clear, disabled=not st.session_state["stops"])
    return current()


def _one(label: str, key: str, options: tuple[str, ...], help: str) -> None:
    st.session_state.setdefault(key, options[0])
    st.segmented_control(
        label, options, format_func=lambda name: _(LABELS[name]), required=True, key=key, help=help,
        persist_state="session",
    )  # fmt: skip


def _clear() -> None:
    st.session_state["stops"] = []


def _address(walking: Walking) -> None:
    chosen = walking.address()
    give("stops", chosen["stops"])
    for name, options in (("through", THROUGH), ("way", WAYS)):
        give(name, chosen[name], options[0])


def _play(model: "Model", samples: "Samples", walking: Walking, address_of_grid: dict[str, Any]) -> None:
    from gan_core import films, walks

    of_classes = walking.through == "classes"
    labels = () if samples.labels is None else dict.fromkeys(samples.labels.tolist())
    if not walking.stops or (not of_classes and len(walking.stops) < 2):
        st.info(_("Click a picture in the grid.") if of_classes else _("Click at least two pictures in the grid."))
        return
    if of_classes and len(labels) < 2:
        st.info(_("Choose at least two classes in the sidebar."), icon=":material/category:")
        return
    stops = len(labels) if of_classes else len(walking.stops)
    frames = walks.frames_of(stops, walking.of_leg, walking.closed)
    to_draw = walks.to_draw(stops, walking.of_leg, walking.closed, walking.evenly)
    wishes.refuse_too_many(to_draw, hosting().most_pictures)
    query = urlencode(address_of_grid | walking.address() | {"lang": language()}, doseq=True)
    size = samples.images.shape[1]
    walk_player(f"live/walk?{query}", frames, size, walking.closed, _alt(model, samples, walking, list(labels)))
    name = f"walk-{paths.file_name(model.metadata.name)}"
    drawn_files(
        [
            DrawnFile(form.upper(), f"live/walk.{form}?{query}", f"{name}.{form}", form != "mp4" or films.can_mp4())
            for form in films.FORMS
        ],
        key="walk-files",
    )
    if not films.can_mp4():
        st.caption(
            _(
                "MP4 needs the package av, which is not installed: `pip install {packages}`.",
                packages=paths.optional("video"),
            )
        )


def _alt(model: "Model", samples: "Samples", walking: Walking, labels: list[int]) -> str:
    if walking.through == "classes":
        return _(
            "Film of picture {number} through the classes {classes}",
            number=walking.stops[0],
            classes=", ".join(model.classes[label] for label in labels),
        )
    return _("Film from picture to picture: {stops}", stops=", ".join(map(str, walking.stops)))
