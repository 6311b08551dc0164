"""Every term of the lessons, in a sentence or two."""

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import streamlit as st

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, say


class Term(NamedTuple):
    """A word that a newcomer has to be told.

    Args:
        meaning: in a sentence or two.
        lesson: the name of the lesson where it first appears, whose beginning explains it; "" if none has it.
    """

    word: Text
    meaning: Text
    lesson: str = ""


TERMS = (
    Term(
        Text("activation"),
        Text("A function between layers, such as ReLU: without it, they would be one linear map."),
        "digits-in-pytorch",
    ),
    Term(Text("batch"), Text("The pictures that one step is computed from, all at once."), "what-a-gan-is"),
    Term(
        Text("batch normalisation"),
        Text("Each feature, minus the batch's mean, divided by its deviation. Lesson 4."),
        "the-keras-gan",
    ),
    Term(Text("baseline"), Text("What something is compared with."), "how-good-it-is"),
    Term(
        Text("beta 1"),
        Text("How much of its last steps the optimizer Adam keeps going: 0 for none, 0.9 for some ten steps."),
        "the-keras-gan",
    ),
    Term(Text("class accuracy"), Text("How often a classifier sees the class that was asked for.")),
    Term(Text("conditional"), Text("Told which class is wanted. Lesson 5."), "what-a-gan-is"),
    Term(
        Text("critic"),
        Text("A discriminator whose output is no probability but measures a distance. Lesson 6."),
        "what-a-gan-is",
    ),
    Term(
        Text("DiffAugment"),
        Text(
            "Real pictures and fakes are moved, coloured or partly covered alike, before the discriminator sees them. "
            "So it cannot learn a few training pictures by heart."
        ),
        "what-goes-wrong",
    ),
    Term(Text("discriminator"), Text("The network that says how real a picture looks. Lesson 1."), "what-a-gan-is"),
    Term(
        Text("diversity"),
        Text("How much generated pictures differ from each other, compared with real ones."),
        "what-goes-wrong",
    ),
    Term(
        Text("EMA"),
        Text("A running average of the generator's weights, which draws steadier pictures."),
        "the-keras-gan",
    ),
    Term(
        Text("convolution"),
        Text("A layer that looks at small patches of a picture, with the same weights everywhere. Lesson 6."),
        "what-a-gan-is",
    ),
    Term(
        Text("dropout"),
        Text("A share of the values, chosen at random, is set to 0 in each training step."),
        "the-keras-gan",
    ),
    Term(Text("embedding"), Text("A learnt vector for each class. Lesson 5."), "conditional"),
    Term(Text("epoch"), Text("One pass: every training picture is shown once.")),
    Term(Text("fake"), Text("A generated picture."), "what-a-gan-is"),
    Term(
        Text("features"),
        Text("Numbers in which a trained network says what is in a picture. Lesson 7."),
        "conditional",
    ),
    Term(
        Text("FID"),
        Text("Fréchet distance between the features of generated and real pictures; 0 is best. Lesson 7."),
        "how-good-it-is",
    ),
    Term(Text("generator"), Text("The network that draws. Lesson 1."), "what-a-gan-is"),
    Term(Text("gradient"), Text("For each weight, how much the loss grows when the weight grows."), "what-a-gan-is"),
    Term(Text("gradient penalty"), Text("A term of the loss that bounds the critic's slope. Lesson 6."), "stability"),
    Term(Text("kimg"), Text("A thousand real pictures shown to the discriminator. Lesson 3."), "digits-in-pytorch"),
    Term(
        Text("label smoothing"),
        Text("Real pictures count as real to a share below 1, such as 0.9. Lesson 4."),
        "the-keras-gan",
    ),
    Term(Text("latent"), Text("The random numbers z that the generator makes a picture of."), "what-a-gan-is"),
    Term(Text("learning rate"), Text("How far a step moves the weights."), "what-a-gan-is"),
    Term(Text("logit"), Text("The discriminator's output before it is squeezed into 0 to 1. Lesson 2."), "the-loss"),
    Term(Text("loss"), Text("The number that a network's training makes small. Lesson 2."), "what-a-gan-is"),
    Term(
        Text("mode"),
        Text("A kind of picture that is frequent among the real ones; in the playground, one of the clusters."),
        "what-goes-wrong",
    ),
    Term(
        Text("mode collapse"),
        Text("The generator draws few kinds of picture, or only one. Lesson 8."),
        "what-goes-wrong",
    ),
    Term(Text("n_critic"), Text("Steps of the discriminator for each step of the generator.")),
    Term(Text("optimizer"), Text("The rule that makes a step of a gradient, such as SGD or Adam."), "the-loss"),
    Term(
        Text("precision and recall"),
        Text("Do generated pictures look real? Are all real ones covered? Lesson 7."),
        "how-good-it-is",
    ),
    Term(Text("preset"), Text("A named GAN with all its settings.")),
    Term(Text("projection"), Text("The inner product of features and a class's embedding. Lesson 5."), "conditional"),
    Term(
        Text("R1, R2"),
        Text("Penalties on the discriminator's slope at real pictures, and at fakes. Lesson 6."),
        "stability",
    ),
    Term(Text("seed"), Text("The number that everything random in a run follows from."), "conditional"),
    Term(
        Text("spectral normalisation"),
        Text("Divides a layer's weights by their largest singular value. Lesson 6."),
        "stability",
    ),
)


def without_accents(term: str) -> str:
    """By which terms are sorted: é stands with e."""
    return "".join(c for c in unicodedata.normalize("NFD", term.casefold()) if not unicodedata.combining(c))


def show(store: RunStore) -> None:
    """All of them."""
    _say(TERMS)


def show_new_words(lesson: str) -> None:
    """Those that first appear in the lesson of that name, folded together."""
    new = _sorted(term for term in TERMS if term.lesson == lesson)
    if new:
        words = ", ".join(_(term.word) for term in new)
        with st.expander(_("New words here: {words}", words=words), icon=":material/menu_book:"):
            _say(new)


def _say(terms: Iterable[Term]) -> None:
    say("\n".join(f"- **{_(term.word)}**: {_(term.meaning)}" for term in _sorted(terms)))


def _sorted(terms: Iterable[Term]) -> list[Term]:
    """In the alphabetical order of the reader's language."""
    return sorted(terms, key=lambda term: without_accents(_(term.word)))


LESSON = Lesson(Text("Glossary"), show)
