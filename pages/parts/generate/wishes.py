"""What the Generate page is asked to draw, and how. Every wish is a widget whose key is its name in the address."""

import random
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.rights import Visitor
from pages.parts.inputs import IN_ADDRESS, LARGEST_SEED, number_input
from pages.parts.language import _
from pages.parts.links import whole_number

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.sampling import Model, OnShare, Order, Samples

MOST_OF_EACH = 500
MOST_AT_ONCE = 10_000
CLASSES_AT_FIRST = 10
LONGEST_TEXT = 60
LONGEST_OWN = 4_000
"""Characters; a latent of 1,024 numbers has 2,732."""
TRUNCATION_OFF = 3.0
"""The slider's right end. There truncation would change next to nothing: 0.3 % of the numbers lie beyond."""


class How(NamedTuple):
    """Seed, truncation (None is off) and kind of weights."""

    seed: int
    truncation: float | None
    weights: str


class Own(NamedTuple):
    """The nearest that a model can draw to a picture of one's own.

    Args:
        latent: as `latents.to_text` writes it.
        label: its class's number.
    """

    latent: str
    label: int

    def to_text(self) -> str:
        return f"{self.label}.{self.latent}"

    @classmethod
    def from_text(cls, text: str) -> "Own | None":
        """The inverse; None of a text that is none."""
        label, _dot, latent = text[:LONGEST_OWN].partition(".")
        number = whole_number(label)
        return cls(latent, number) if number is not None and latent else None


class What(NamedTuple):
    """Classes by name (None if the model knows none), or a text to write; how many of each; and one's own, if any."""

    classes: list[str] | None
    text: str
    of_each: int
    own: Own | None = None


def new_seed() -> None:
    """For a dice button: other pictures with the same settings."""
    st.session_state["seed"] = random.randrange(1_000_000)


def choose_how() -> How:
    """Drawn before the model is loaded, so that weights which it lacks can be given up again."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = number_input(
            _("Seed"), "seed", 0, LARGEST_SEED, 0,
            help=_("The same model, settings and seed give the same pictures, on every computer."),
        )  # fmt: skip
        st.button(_("New"), icon=":material/casino:", on_click=new_seed, key="dice", help=_("Another seed"))
    truncation = st.slider(
        _("Truncation (3 is off)"), 0.0, TRUNCATION_OFF, TRUNCATION_OFF, 0.1, key="t", format="%.1f", **IN_ADDRESS,
        help=_(
            "Pulls the latents towards 0. The pictures become more typical, often better, and more alike (truncation "
            "trick, Brock 2019)."
        ),
    )  # fmt: skip
    raw = st.toggle(
        _("Raw weights"), key="raw", **IN_ADDRESS,
        help=_(
            "Pictures are usually drawn with the running average of the generator's weights (EMA), since they look "
            "best. The raw weights are those after the last training step."
        ),
    )  # fmt: skip
    return How(seed, None if truncation >= TRUNCATION_OFF else truncation, "generator" if raw else "ema")


def choose_what(model: "Model") -> What:
    if not model.classes:
        st.caption(_("This model is unconditional: you cannot choose a class."))
        return What(None, "", number_input(_("Pictures"), "total", 1, MOST_OF_EACH, 100))
    text = _choose_text() if model.can_write else ""
    if text:
        return What(None, text, number_input(_("Lines"), "lines", 1, MOST_OF_EACH, 5))
    classes = _choose_classes(model)
    return What(classes, "", number_input(_("Pictures of each class"), "count", 1, MOST_OF_EACH, 10))


def _choose_text() -> str:
    return st.text_input(
        _("Write"), placeholder="2026", max_chars=LONGEST_TEXT, key="text", **IN_ADDRESS,
        help=_("A text in the model's handwriting, instead of classes."),
    ).strip()  # fmt: skip


def _choose_classes(model: "Model") -> list[str]:
    usual = list(model.classes[:CLASSES_AT_FIRST])
    # The choice from another model's classes makes no sense here, even where some have the same names.
    if st.session_state.setdefault("classes-of", model.classes) != model.classes:
        st.session_state["classes-of"] = model.classes
        st.session_state["classes"] = usual
    return st.multiselect(_("Classes"), model.classes, default=usual, key="classes", **IN_ADDRESS)


def draw(model: "Model", what: What, how: How, on_share: "OnShare") -> "Samples":
    """Raises WorkbenchError as `order`, and for more pictures than a page can show."""
    refuse_too_many(what.of_each * rows_of(what), hosting().most_pictures)
    return model.draw(order(model, what, how.seed, how.truncation), on_share)


def order(model: "Model", what: What, seed: int, truncation: float | None) -> "Order":
    """What is to be drawn. Raises WorkbenchError for a class or a text that the model cannot draw."""
    if what.text:
        asked = model.order_of_text(what.text, what.of_each, seed, truncation)
    else:
        asked = model.order(what.classes, what.of_each, seed, truncation)
    return asked.with_own(*read_own(what.own, model)) if what.own else asked


def read_own(own: "Own", model: "Model") -> tuple["Tensor", int]:
    """Latent and label. Raises WorkbenchError for those of no picture of this model."""
    from gan_core.latents import from_text

    if own.label >= max(1, len(model.classes)):
        raise WorkbenchError("The picture of one's own in this link is none of this model's; it is left out.")
    return from_text(own.latent, model.metadata.config.latent_dim), own.label


def rows_of(what: What) -> int:
    """How many pictures there are where one of each is asked for."""
    return len(what.text) or len(what.classes or [1])


def refuse_too_many(count: int, most: float) -> None:
    """Raises WorkbenchError for more pictures than may be drawn at a time."""
    if count > most:
        raise WorkbenchError(
            "That would be {count:,} pictures; possible: {most:,.0f}. Ask for fewer.", count=count, most=most
        )


def most_at_once(who: Visitor) -> int:
    """How many pictures one file may hold."""
    return MOST_AT_ONCE if who.may_everything else int(min(MOST_AT_ONCE, hosting().most_pictures))


def address(what: What, how: How) -> dict[str, Any]:
    """A link's parameters: all that the pictures depend on, defaults too."""
    if what.text:
        asked: dict[str, Any] = {"text": what.text, "lines": what.of_each}
    elif what.classes is not None:
        asked = {"classes": what.classes, "count": what.of_each}
    else:
        asked = {"total": what.of_each}
    truncation = TRUNCATION_OFF if how.truncation is None else how.truncation
    if what.own:
        asked |= {"own": what.own.to_text()}
    return asked | {"seed": how.seed, "t": f"{truncation:g}", "raw": str(how.weights != "ema").lower()}
