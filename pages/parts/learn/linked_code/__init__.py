"""A formula, the lines of the library that compute it, and the curves that it draws: pointing at one lights the others.

The formula is KaTeX's, by Streamlit. A term is found in it by its colour, which its lines of code have too.
"""

import re
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from gan_core.text import Text
from pages.parts.component import ELEMENTS, component
from pages.parts.language import _
from pages.parts.learn.source import pieces, source_of

COLOURS = {
    "#1a66bd": "#6cb0ff",
    "#b34a05": "#ff9a57",
    "#127548": "#4fd39a",
    "#9a2f9a": "#e58ae5",
    "#75600b": "#d9bd4a",
    "#5f4fc4": "#a99cff",
}
"""Of a formula's terms, in their order: on a light ground, and in their place on a dark one."""
_component = component(Path(__file__).parent, '<div class="linked-code"></div>', ELEMENTS)


class Term(NamedTuple):
    """A part of a formula.

    Args:
        latex: as it is written.
        meaning: what it says, in a few words.
        code: where it stands in the library: "module:name", and the text there.
        metrics: the curves that show it, by their names in gan_core/monitor/charts.py.
    """

    latex: str
    meaning: Text
    code: dict[str, str]
    metrics: tuple[str, ...] = ()


class Formula(NamedTuple):
    """A formula whose terms are known.

    Args:
        name: of its place on the page; letters and hyphens.
        latex: with <term> where a term stands.
        terms: by their names in `latex`.
        shown: the code that is shown, in this order, as "module:name".
    """

    name: str
    latex: str
    terms: dict[str, Term]
    shown: tuple[str, ...]

    @property
    def coloured(self) -> str:
        """The formula in LaTeX, each term in its colour."""
        latex = self.latex
        for (name, term), colour in zip(self.terms.items(), COLOURS, strict=False):
            latex = latex.replace(f"<{name}>", rf"\textcolor{{{colour}}}{{{term.latex}}}")
        return latex


def linked(formula: Formula) -> None:
    """The formula, what its terms mean, and its code."""
    with st.container(key=f"formula-{formula.name}"):
        st.latex(formula.coloured)
        _show(formula)


def show_code(*places: str) -> None:
    """Functions or classes of the library, each as "module:name", without a formula."""
    _show(Formula(re.sub("[^A-Za-z0-9]+", "-", " ".join(places)), "", {}, places))


def _show(formula: Formula) -> None:
    _component(
        data={
            "terms": [
                {
                    "name": name,
                    "colour": colour,
                    "in_the_dark": COLOURS[colour],
                    "meaning": _(term.meaning),
                    "metrics": term.metrics,
                }
                for (name, term), colour in zip(formula.terms.items(), COLOURS, strict=False)
            ],
            "blocks": [_block(formula, place) for place in formula.shown],
            "words": {"terms": _("What the terms mean"), "code": _("The code that runs: {place}")},
        },
        key=f"code-{formula.name}",
        height="content",
    )


def _block(formula: Formula, place: str) -> dict[str, object]:
    marked = tuple((name, term.code[place]) for name, term in formula.terms.items() if place in term.code)
    source = source_of(place)
    return {"place": f"{source.file}:{source.line}", "pieces": [list(piece) for piece in pieces(place, marked)]}
