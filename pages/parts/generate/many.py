"""Many pictures at once as a file, drawn while it is downloaded: no page could show them, and no one holds them."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from gan_core import paths
from pages.parts.generate import wishes
from pages.parts.generate.drawn_files import DrawnFile, drawn_files
from pages.parts.inputs import number_input
from pages.parts.language import _, language
from pages.parts.visitors import visitor

if TYPE_CHECKING:
    from gan_core.sampling import Model


def offer(address_of_grid: dict[str, Any], what: wishes.What, model: "Model") -> None:
    """A box with the number and the files."""
    most = wishes.most_at_once(visitor())
    if most < wishes.rows_of(what):
        return
    with st.expander(_("Many at once: up to {most:,} pictures as a file", most=most), icon=":material/stacks:"):
        _choose(address_of_grid, what, model, most)


@st.fragment
def _choose(address_of_grid: dict[str, Any], what: wishes.What, model: "Model", most: int) -> None:
    rows = wishes.rows_of(what)
    label, name = _("Pictures"), "total"
    if what.text:
        label, name = _("Lines"), "lines"
    elif what.classes is not None:
        label, name = _("Pictures of each class"), "count"
    key = f"many-{name}-{rows}"
    of_each = number_input(label, key, 1, most // rows, most // rows, in_address=False)
    st.caption(
        _(
            "{count:,} pictures, drawn while they are downloaded. The same settings draw the same pictures.",
            count=of_each * rows,
        )
    )
    query = urlencode(
        {key: value for key, value in address_of_grid.items() if key != "own"} | {name: of_each, "lang": language()},
        doseq=True,
    )
    file = f"{paths.file_name(model.metadata.name)}-{of_each * rows}"
    drawn_files(
        [DrawnFile(form.upper(), f"live/pictures.{form}?{query}", f"{file}.{form}") for form in ("zip", "npz")],
        key="many-files",
    )
