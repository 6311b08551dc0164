"""Lesson 5: conditional GANs: where the label goes in, and drawing a digit that was asked for."""

import streamlit as st

from gan_core import paths
from gan_core.pictures import grid, png
from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, part, say
from pages.parts.learn.linked_code import Formula, Term, linked, show_code
from pages.parts.learn.questions import Answer, Question
from pages.parts.learn.training import train_here
from pages.parts.models import load
from pages.parts.rates import count_request
from pages.parts.sharp_pictures import show_pixels

MODEL = "mnist-cdcgan"
DRAWN = 16
CONCATENATED = "networks.layers:Generator.with_label"
OUTPUT = "networks.layers:Discriminator.output"
LABEL_IN = Formula(
    "label-concatenated",
    r"G(z, c) = G\big(<both>\big)",
    {
        "both": Term(
            r"[\,z;\ \text{one-hot}(c)\,]",
            Text("the latent, and beside it ten numbers of which the wanted class is 1 and all others are 0"),
            {CONCATENATED: "torch.cat([latents, self.one_hot(labels)], dim=1)"},
        )
    },
    (CONCATENATED,),
)
PROJECTION = Formula(
    "projection",
    r"\ell(x, c) = <looks> + <fits>",
    {
        "looks": Term(
            r"\psi(\phi(x))",
            Text("does it look real at all?"),
            {OUTPUT: "logits = unconditional.squeeze(1)"},
            ("real_output", "fake_output"),
        ),
        "fits": Term(
            r"v_c^{\top} \phi(x)",
            Text("does it look like class c? An inner product with that class's learnt vector, its embedding"),
            {OUTPUT: "(self.label_embedding(labels) * features).sum(dim=1)"},
            ("accuracy",),
        ),
    },
    (OUTPUT,),
)

QUESTIONS = (
    Question(
        "both-networks",
        Text("What happens if only the generator is told the class, and the discriminator is not?"),
        (
            Answer(
                Text("The generator may ignore it: any digit passes that looks real."),
                Text("Only a discriminator that knows what was asked for can punish the wrong digit."),
                is_right=True,
            ),
            Answer(Text("Training fails at once."), Text("It trains, but the class means nothing.")),
            Answer(Text("It learns twice as fast."), Text("The class would mean nothing to it.")),
        ),
    ),
    Question(
        "same-latent",
        Text("You draw a 3 and a 7 with the same latent. What is alike?"),
        (
            Answer(Text("Nothing."), Text("Try it above: the same seed, another digit.")),
            Answer(
                Text("The style: slant, thickness, size."),
                Text("What the class does not say is left to the latent."),
                is_right=True,
            ),
            Answer(Text("The picture."), Text("The class changes it.")),
        ),
    ),
    Question(
        "embedding",
        Text("What is an embedding of a label?"),
        (
            Answer(Text("A picture of it."), Text("It is a list of numbers.")),
            Answer(
                Text("A vector for each class, which is learnt."),
                Text("Multiplying a one-hot label by a matrix takes one of its rows."),
                is_right=True,
            ),
            Answer(Text("The label written in binary."), Text("The numbers are learnt, not given.")),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    say(
        _(
            "A plain GAN draws any digit it likes. A **conditional** GAN is told which one is wanted: both networks "
            "get the label c. The generator has to draw that class; the discriminator judges whether the picture is "
            "real **and** of that class."
        )
    )
    part(_("Draw a digit that was asked for"))
    drawn = st.container()
    part(_("How the label gets into the generator"))
    say(_("The simplest way is to write the label beside the latent (Mirza & Osindero 2014)."))
    linked(LABEL_IN)
    say(
        _(
            "Another way is **conditional batch normalisation**: each class has its own scale and shift at every layer "
            "(Dumoulin 2017)."
        )
    )
    show_code("networks.layers:ConditionalBatchNorm")
    part(_("How the label gets into the discriminator"))
    say(
        _(
            "There the label can be written beside the picture, too. Better is the **projection** (Miyato & Koyama "
            "2018): the logit is a sum of two judgements. φ(x) are the features that the discriminator sees in the "
            "picture, ψ is its last layer, v the class's embedding."
        )
    )
    linked(PROJECTION)
    part(_("See it"))
    say(_("This conditional GAN of small convolutions is the one that the Train page begins with."))
    train_here(store, "minute", _("Train it here"), ("outputs", "class_accuracy"), minutes=0.5, score_every=5)
    with drawn, errors_in_words():  # last, since the first reader waits for torch
        _draw()


def _draw() -> None:
    digit = st.pills(_("Digit"), list(range(10)), default=7, required=True, key="asked-digit", persist_state="session")
    seed = st.number_input(_("Seed"), 0, 10_000, 0, key="asked-seed", width=120)
    with st.spinner(_("Loading the model")):
        drawn = _drawn(int(digit), int(seed))
    show_pixels(drawn, alt=_("The digit {digit}, drawn by the shipped model", digit=digit))
    st.caption(_("The same seed gives the same latents, so the handwriting stays when the digit changes."))


@st.cache_data(show_spinner=False, max_entries=200)
def _drawn(digit: int, seed: int) -> bytes:
    count_request()  # what is kept costs nothing
    samples = load(paths.PRETRAINED / f"{MODEL}{paths.MODEL_SUFFIX}").sample([digit], DRAWN, seed)
    return png(grid(samples.images, DRAWN // 2))


LESSON = Lesson(Text("Conditional GANs"), show, QUESTIONS)
