"""How a run is made again, as files: a script that stands alone, and a notebook."""

from typing import Literal

import streamlit as st

from gan_core import paths
from gan_core.config import RunConfig
from gan_core.standalone.script import refusal, script
from gan_core.takeaway.notebook import notebook
from gan_core.text import Text
from pages.parts.edge import file_or_reason
from pages.parts.language import _, language, translate

SCRIPT = Text("Repeats the run with PyTorch alone: the lines of this program that its settings use, in one file.")


def code_downloads(
    name: str, preset: str, config: RunConfig, file: str, width: Literal["content", "stretch"] = "content"
) -> None:
    """A button for each.

    Args:
        name: the run's or the model's.
        file: what the files are called, without their endings.
    """
    spoken, file = language(), paths.file_name(file)  # at the click there is no page to ask

    def say(text: Text) -> str:
        return translate(spoken, text)

    st.download_button(
        _("Notebook"), file_or_reason(lambda: notebook(name, preset, config, say)), f"{file}.ipynb",
        "application/x-ipynb+json", icon=":material/menu_book:", width=width, on_click="ignore",
        help=_("Loads what was learnt, explains it, repeats the run in four lines. For the folder of this program."),
    )  # fmt: skip
    st.download_button(
        _("Script"), file_or_reason(lambda: script(config, name)), f"{file}.py", "text/x-python",
        icon=":material/code:", width=width, on_click="ignore",
        help=_(refusal(config) or SCRIPT), disabled=bool(refusal(config)),
    )  # fmt: skip
