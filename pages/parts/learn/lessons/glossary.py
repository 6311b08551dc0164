"""Every term of the lessons, in a sentence or two."""

import unicodedata

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, say

TERMS: tuple[tuple[Text, Text], ...] = (
    (Text("activation"), Text("A function between layers, such as ReLU: without it, they would be one linear map.")),
    (Text("batch"), Text("The pictures that one step is computed from, all at once.")),
    (Text("batch normalisation"), Text("Each feature, minus the batch's mean, divided by its deviation. Lesson 4.")),
    (Text("class accuracy"), Text("How often a classifier sees the class that was asked for.")),
    (Text("conditional"), Text("Told which class is wanted. Lesson 5.")),
    (Text("critic"), Text("A discriminator whose output is no probability but measures a distance. Lesson 6.")),
    (Text("DiffAugment"), Text("Moves real pictures and fakes alike, or covers a part, so that few last longer.")),
    (Text("discriminator"), Text("The network that says how real a picture looks. Lesson 1.")),
    (Text("diversity"), Text("How much generated pictures differ from each other, compared with real ones.")),
    (Text("EMA"), Text("A running average of the generator's weights, which draws steadier pictures.")),
    (Text("embedding"), Text("A learnt vector for each class. Lesson 5.")),
    (Text("epoch"), Text("One pass: every training picture is shown once.")),
    (Text("fake"), Text("A generated picture.")),
    (Text("features"), Text("Numbers in which a trained network says what is in a picture. Lesson 7.")),
    (Text("FID"), Text("Fréchet distance between the features of generated and real pictures; 0 is best. Lesson 7.")),
    (Text("generator"), Text("The network that draws. Lesson 1.")),
    (Text("gradient"), Text("For each weight, how much the loss grows when the weight grows.")),
    (Text("gradient penalty"), Text("A term of the loss that bounds the critic's slope. Lesson 6.")),
    (Text("kimg"), Text("A thousand real pictures shown to the discriminator. Lesson 3.")),
    (Text("latent"), Text("The random numbers z that the generator makes a picture of.")),
    (Text("learning rate"), Text("How far a step moves the weights.")),
    (Text("logit"), Text("The discriminator's output before it is squeezed into 0 to 1. Lesson 2.")),
    (Text("loss"), Text("The number that a network's training makes small. Lesson 2.")),
    (Text("mode collapse"), Text("The generator draws few kinds of picture, or only one. Lesson 8.")),
    (Text("n_critic"), Text("Steps of the discriminator for each step of the generator.")),
    (Text("precision and recall"), Text("Do generated pictures look real? Are all real ones covered? Lesson 7.")),
    (Text("preset"), Text("A named GAN with all its settings.")),
    (Text("projection"), Text("The inner product of features and a class's embedding. Lesson 5.")),
    (Text("R1, R2"), Text("Penalties on the discriminator's slope at real pictures, and at fakes. Lesson 6.")),
    (Text("seed"), Text("The number that everything random in a run follows from.")),
    (Text("spectral normalisation"), Text("Divides a layer's weights by their largest singular value. Lesson 6.")),
)
"""In the alphabetical order of English; sorted anew in the reader's language."""


def without_accents(term: str) -> str:
    """By which terms are sorted: é stands with e."""
    return "".join(c for c in unicodedata.normalize("NFD", term.casefold()) if not unicodedata.combining(c))


def show(store: RunStore) -> None:
    """All of them."""
    entries = sorted(((_(term), _(meaning)) for term, meaning in TERMS), key=lambda entry: without_accents(entry[0]))
    say("\n".join(f"- **{term}**: {meaning}" for term, meaning in entries))


LESSON = Lesson(Text("Glossary"), show)
