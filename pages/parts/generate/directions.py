"""The directions along which one picture is changed: how they were found, and the names that somebody gave them."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.text import Text
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.links import give, one_of, take
from pages.parts.models import Choice, may_change, refuse_change
from pages.parts.rates import count_request
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.sampling import Model

KINDS = ("sefa", "pca")
LABELS = {"sefa": Text("First layer (SeFa)"), "pca": Text("First features (PCA)")}


def kind() -> str:
    """Which of KINDS is chosen."""
    found: str = st.session_state.get("by") or KINDS[0]
    return found


def of(model: "Model") -> "Tensor":
    """The chosen ones, [K, latent_dim]."""
    return model.principal_directions if kind() == "pca" else model.directions


def choose_kind(numbers: range) -> None:
    """Another kind begins at the picture as it was drawn."""
    take("by", one_of(KINDS))
    st.session_state.setdefault("by", KINDS[0])
    st.segmented_control(
        _("Directions"), KINDS, format_func=lambda name: _(LABELS[name]), required=True, key="by",
        persist_state="session", on_change=back, args=(numbers,),
        help=_(
            "SeFa: along which the generator's first layer changes most (Shen & Zhou 2021). PCA: along which the "
            "features behind it vary most from picture to picture (GANSpace, Härkönen 2020)."
        ),
    )  # fmt: skip
    give("by", kind(), KINDS[0])


def back(numbers: range) -> None:
    """All sliders in the middle."""
    for number in numbers:
        st.session_state[f"d{number}"] = 0.0


def names_given(choice: Choice, numbers: range) -> dict[int, str]:
    """By number, as somebody wrote them, so not as Markdown. None where they cannot be read: they only help."""
    try:
        names = _names(str(choice.path), str(paths.checkpoints()))
    except WorkbenchError:
        return {}
    return {number: names[f"{kind()}-{number}"] for number in numbers if f"{kind()}-{number}" in names}


@st.cache_data(ttl=30, max_entries=100, show_spinner=False)
def _names(model: str, checkpoints: str) -> dict[str, str]:
    """For some seconds: a slider that moves asks often, and the file may lie elsewhere."""
    from gan_core import beside

    return beside.names_of(Path(model))


def offer_names(choice: Choice, model: "Model", numbers: range) -> None:
    """A form for those who may change the model."""
    if not may_change(choice.key, store_of_visitor()):
        return
    from gan_core import beside

    with st.popover(_("Name the directions"), icon=":material/label:"), errors_in_words():
        # As this reader found them: what somebody else writes meanwhile is not taken back by a field left empty.
        names, asked = st.session_state.setdefault(f"names {choice.key}", beside.names_of(choice.path)), {}
        with st.form(f"names-{choice.key}-{model.metadata.step}-{kind()}", border=False):
            for number in numbers:
                direction = f"{kind()}-{number}"
                asked[direction] = st.text_input(
                    _("Direction {number}", number=number), names.get(direction, ""), max_chars=beside.LONGEST_NAME,
                    placeholder=_("What it changes, such as: slant"), key=f"{choice.key}-{direction}",
                )  # fmt: skip
            st.caption(_("The names are kept beside the model's file; everybody who draws with it sees them."))
            if st.form_submit_button(_("Keep the names"), type="primary"):
                _keep(choice, {one: name for one, name in asked.items() if name != names.get(one, "")})


def _keep(choice: Choice, asked: dict[str, str]) -> None:
    from gan_core import beside

    with errors_in_words():
        count_request()
        refuse_change(choice.key, store_of_visitor())
        beside.give_names(choice.path, {direction: " ".join(name.split()) for direction, name in asked.items()})
        _names.clear()
        st.session_state.pop(f"names {choice.key}", None)
        st.rerun()
