"""Lesson 7: how good is it: what the scores measure, and how each of them can lie."""

import json
from functools import cache
from pathlib import Path

import streamlit as st

from gan_core.metrics.result import SCORES
from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, Picture, figure_of, part, say
from pages.parts.learn.linked_code import Formula, Term, linked
from pages.parts.learn.questions import Answer, Question

FID = "metrics.formulas:fid"
SPOILED = Path(__file__).with_name("spoiled")
"""What `python -m bench.lessons` has measured and drawn."""
CONDITIONS = {
    "real": Text("real digits"),
    "few": Text("real digits, but only 100 of them"),
    "blurred": Text("blurred"),
    "noisy": Text("with noise"),
    "half-the-classes": Text("only the digits 0 to 4"),
    "one-of-each": Text("one picture of each digit, again and again"),
    "copied": Text("the very pictures that they are compared with"),
    "mnist-cdcgan": Text("drawn by mnist-cdcgan"),
    "mnist-gan": Text("drawn by mnist-gan"),
}
SHOWN_SCORES = ("fid", "inception_score", "precision", "recall", "class_coverage")
DISTANCE = Formula(
    "fid",
    r"\text{FID} = <means> + <spreads>",
    {
        "means": Term(
            r"\|\mu_r - \mu_g\|^2",
            Text("how far the mean features of real and of generated pictures are apart"),
            {FID: "apart @ apart"},
            ("fid",),
        ),
        "spreads": Term(
            r"\mathrm{Tr}\big(C_r + C_g - 2 (C_r C_g)^{1/2}\big)",
            Text("how much their spreads differ: generated pictures that vary too little are seen here"),
            {FID: "np.trace(a.covariance) + np.trace(b.covariance) - 2 * roots.sum()"},
            ("fid",),
        ),
    },
    (FID,),
)

QUESTIONS = (
    Question(
        "baseline",
        Text("A model has an FID of 0.03. Is that good?"),
        (
            Answer(
                Text("Yes, it is nearly 0."),
                Text("In other features it would be another number."),
            ),
            Answer(
                Text("It depends: what FID do as many real pictures reach, in the same features?"),
                Text("That is the baseline. Compare with it, never with a number from elsewhere."),
                is_right=True,
            ),
            Answer(Text("No, a good one has 1."), Text("An FID of 0 means no difference.")),
        ),
    ),
    Question(
        "one-of-each",
        Text("A model draws the same ten pictures again and again, one for each digit. Which score is 0 then?"),
        (
            Answer(Text("Recall"), Text("Next to no real picture lies near one of those ten."), is_right=True),
            Answer(Text("Precision"), Text("Those ten look real, so it stays high.")),
            Answer(Text("Classes drawn"), Text("All ten digits are there.")),
        ),
    ),
    Question(
        "copied",
        Text("A model has an FID of 0. What should you check first?"),
        (
            Answer(Text("Nothing, it is perfect."), Text("Copies of the training pictures have an FID of 0.")),
            Answer(
                Text("Whether it only repeats its training pictures."),
                Text("The Evaluate page shows each generated picture beside the nearest training picture."),
                is_right=True,
            ),
            Answer(Text("Its losses."), Text("They say nothing about copies.")),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    say(
        _(
            "Losses do not tell how good the pictures are. So pictures are compared with real ones, in the "
            "**features** of a network that was trained to classify them: numbers that say what is in a picture, not "
            "which pixel is how bright."
        )
    )
    part(_("FID"))
    say(
        _(
            "Take the features of many real and many generated pictures. Describe each cloud by its mean and its "
            "covariance. The Fréchet distance says how far the two are apart (Heusel 2017)."
        )
    )
    linked(DISTANCE)
    part(_("Spoil real pictures, and see which score notices"))
    say(
        _(
            "Two thousand five hundred digits of this program play the part of a model's pictures, and are compared "
            "with the other two thousand five hundred. No score notices everything: blurred pictures keep their "
            "Inception Score, one picture a digit keeps most of its precision, copies are perfect by all of them. The "
            "first row is the **baseline**: what real pictures get. A model cannot honestly be better than that. If "
            "its score is better, it may have copied what it was trained with; small differences are chance."
        )
    )
    _all_scores()
    part(_("What each of them means"))
    figure_of([(_(SCORES[name].title), _(SCORES[name].meaning)) for name in SHOWN_SCORES], (_("Score"), _("Meaning")))
    st.page_link("evaluate.py", label=_("Evaluate a model"), icon=":material/query_stats:")


@cache
def measured() -> dict[str, dict[str, float]]:
    """The scores of each condition, as `python -m bench.lessons` has found them."""
    found: dict[str, dict[str, float]] = json.loads((SPOILED / "scores.json").read_text(encoding="utf-8"))
    return found


def _all_scores() -> None:
    rows: list[tuple[str | Picture, ...]] = [
        (
            Picture(f"live/spoiled/{name}.webp", _(words)),
            _(words),
            *(_("{value:.3f}", value=measured()[name][score]) for score in SHOWN_SCORES),
        )
        for name, words in CONDITIONS.items()
    ]
    figure_of(rows, ("", _("Pictures"), *(_(SCORES[score].title) for score in SHOWN_SCORES)))


LESSON = Lesson(Text("How good is it?"), show, QUESTIONS)
