"""The model as a file for other programs, or as a page of its own that draws offline."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st
from starlette.datastructures import QueryParams

from gan_core import paths
from gan_core.archives import Piece
from gan_core.jobs.export_job import exported
from gan_core.repeating import nearest_preset
from gan_core.store.runs import RunStore
from gan_core.takeaway import html_file
from gan_core.takeaway.packages import can_export
from pages.parts.code_downloads import code_downloads
from pages.parts.generate.asked import read_model
from pages.parts.generate.drawn_files import DrawnFile, drawn_files
from pages.parts.language import LANGUAGES, _, language, translate

if TYPE_CHECKING:
    from gan_core.sampling import Model

PIECE_BYTES = 2**16
COST = 10
"""As how many requests a file counts: a process of its own works for some seconds."""
FORMS = {"html": "HTML", "onnx": "ONNX"}


def offer(address_of_model: dict[str, str], model: "Model") -> None:
    """A box with both files."""
    with st.expander(_("Take the model away: a page that draws offline, or ONNX"), icon=":material/luggage:"):
        st.markdown(
            _(
                "**HTML** is a page with the model inside. It opens in any browser, without internet and without this "
                "program, draws by class, seed and truncation, and can be handed out.  \n"
                "**ONNX** is for programs without PyTorch, in any language: latents, classes and truncation go in, "
                "images come out."
            )
        )
        query = urlencode(address_of_model | {"raw": str(model.weights != "ema").lower(), "lang": language()})
        name = paths.file_name(model.metadata.name)
        files = [
            DrawnFile(label, f"live/model.{form}?{query}", f"{name}.{form}", can_export())
            for form, label in FORMS.items()
        ]
        drawn_files(files, key="model-files", begin=_("The file is being made; that takes some seconds"))
        if not can_export():
            st.caption(
                _(
                    "Both need packages that are not installed: `pip install {packages}`.",
                    packages=paths.optional("export"),
                )
            )
        st.markdown(
            _(
                "Or how it was made, without the model: as a **script** that trains such a model with torch and "
                "torchvision alone, or as a **notebook** that does it with this library and explains it."
            )
        )
        metadata = model.metadata
        with st.container(horizontal=True):
            code_downloads(metadata.name, nearest_preset(metadata.config), metadata.config, metadata.name)


def pieces(query: QueryParams, store: RunStore, form: str) -> Iterator[Piece] | None:
    """The file that a request asks for, made before the answer begins; None if there is no such form.

    Raises WorkbenchError as `exported` and `html_file.page`, and for a model that is not there.
    """
    if form not in FORMS:
        return None
    from gan_core import beside  # with torch

    path, model = read_model(query, store)
    content = exported(path, model.weights, html_file.bits_for(model) if form == "html" else 32)
    if form == "html":
        asked = query.get("lang", "")
        code = asked if asked in LANGUAGES else next(iter(LANGUAGES))
        content = html_file.page(model, content, code, lambda text: translate(code, text), beside.names_of(path))
    return (Piece(0, content[start : start + PIECE_BYTES]) for start in range(0, len(content), PIECE_BYTES))
