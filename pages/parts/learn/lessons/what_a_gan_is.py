"""Lesson 1: two networks, one step, and where the idea has gone since 2014."""

import streamlit as st

from gan_core.limits import within_budget
from gan_core.presets import PRESETS, preset_config
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.error_box import errors_in_words
from pages.parts.home.sections import how_it_learns
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, part, say
from pages.parts.learn.linked_code import Formula, Term, linked
from pages.parts.learn.playground.show import playground
from pages.parts.learn.questions import Answer, Question
from pages.parts.links import to_page
from pages.parts.rates import count_request

STEP = "training.loop:training_step"
ALGORITHM = Formula(
    "one-step",
    r"\theta_D \leftarrow \theta_D - \eta_D\, \nabla_{\theta_D} <critic>\big(x,\, <fake>\big)"
    r"\qquad \theta_G \leftarrow \theta_G - \eta_G\, \nabla_{\theta_G} <generator>\big(G(z)\big)",
    {
        "fake": Term(
            "G(z)",
            Text("the generator draws fakes from random numbers z, the latent"),
            {STEP: "fake = gan.generator(gan.latents(len(real)), labels)"},
        ),
        "critic": Term(
            "L_D",
            Text("the discriminator's loss: large where it takes fakes for real ones, or real ones for fakes"),
            {
                STEP: "discriminator_loss, real_logits, fake_logits = discriminator_step(gan, real, fake.detach(), "
                "labels)"
            },
            ("discriminator_loss",),
        ),
        "generator": Term(
            "L_G",
            Text("the generator's loss: large where the discriminator sees through its fakes"),
            {STEP: "generator_loss = generator_step(gan, real, fake, labels)"},
            ("generator_loss",),
        ),
    },
    (STEP,),
)

TIMELINE: tuple[tuple[str, str, Text], ...] = (
    ("2014", "gan-pytorch", Text("**GAN** (Goodfellow). Two fully connected networks play against each other.")),
    ("2014", "cgan", Text("**Conditional GAN** (Mirza & Osindero). Both networks are told which class is wanted.")),
    ("2015", "dcgan", Text("**DCGAN** (Radford). Convolutions, and rules by which they stay stable.")),
    ("2017", "acgan", Text("**ACGAN** (Odena). The discriminator also guesses the class.")),
    ("2017", "lsgan", Text("**LSGAN** (Mao). Squared errors: fakes that are far off still teach.")),
    ("2017", "wgan", Text("**WGAN** (Arjovsky). A critic measures how far the fakes are from the real ones.")),
    ("2017", "wgan-gp", Text("**WGAN-GP** (Gulrajani). A penalty on the critic's slope instead of clipped weights.")),
    ("2018", "pggan", Text("**Progressive growing** (Karras). First small pictures, then larger ones.")),
    ("2018", "sngan", Text("**SNGAN** (Miyato). Each layer is divided by its largest singular value.")),
    ("2024", "r3gan", Text("**R3GAN** (Huang). Real and fake are compared in pairs, with two simple penalties.")),
)
"""Year in which it was published, preset, and what was new."""

QUESTIONS = (
    Question(
        "who-sees",
        Text("Which of the two networks ever sees a real picture?"),
        (
            Answer(Text("Both."), Text("The generator only ever gets random numbers.")),
            Answer(
                Text("Only the discriminator."),
                Text("The generator learns about real pictures through the discriminator's gradient alone."),
                is_right=True,
            ),
            Answer(Text("Only the generator."), Text("It gets random numbers, and never a picture.")),
        ),
    ),
    Question(
        "detach",
        Text("Why does the discriminator's step get `fake.detach()`?"),
        (
            Answer(
                Text("So that its loss does not change the generator."),
                Text("In this step only the discriminator learns; the way back to the generator is cut."),
                is_right=True,
            ),
            Answer(Text("So that the fakes are brighter."), Text("The pictures stay the same, only gradients stop.")),
            Answer(
                Text("So that the fakes are drawn once more."),
                Text("They are the same tensors. Only the way back to the generator is cut."),
            ),
        ),
    ),
    Question(
        "end",
        Text("When has a GAN finished learning?"),
        (
            Answer(
                Text("When both losses are zero."),
                Text("What one network wins, the other loses: they cannot both reach zero."),
            ),
            Answer(
                Text("No loss says so. You look at the pictures, and measure them."),
                Text("A loss measures the opponent as much as the network itself. Lesson 7 shows what to measure."),
                is_right=True,
            ),
            Answer(
                Text("When the discriminator is always right."),
                Text("Then the generator gets next to nothing to learn from. Lesson 2 shows why."),
            ),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    say(
        _(
            "A **generative adversarial network** learns to draw by a game. The **generator** makes pictures from "
            "random numbers. The **discriminator** is shown real pictures and the generator's, and says how real each "
            "one looks. The discriminator learns to tell them apart. The generator learns to make pictures that the "
            "discriminator takes for real."
        )
    )
    how_it_learns()
    part(_("One step"))
    say(
        _(
            "Training repeats one step, thousands of times: first the discriminator learns from a batch of real "
            "pictures and a batch of fakes, then the generator learns from what the discriminator says of its fakes. "
            "In the formula, θ stands for all weights of a network, η for its learning rate, ∇ for the gradient, and x "
            "for a real picture. Point at a part of it, or at a line of the code, to see what belongs together."
        )
    )
    linked(ALGORITHM)
    part(_("In two dimensions"))
    say(
        _(
            "Here a GAN learns points in place of pictures, in your browser, so that everything can be seen. Press One "
            "step, with slow motion, and follow what happens; then press Play."
        )
    )
    playground(situation="healthy", key="healthy")
    part(_("From 2014 to today"))
    say(
        _(
            "Each of these starts with one click, on the digits that are part of this program. Those named “small” "
            "have the same idea with narrower networks, for a computer without a GPU."
        )
    )
    _timeline(store)


def _timeline(store: RunStore) -> None:
    for year, preset, words in TIMELINE:
        with st.container(horizontal=True, vertical_alignment="center", key=f"year-{preset}"):
            st.markdown(f"**{year}**", width=60)
            st.markdown(_(words), width="stretch")
            for name in (preset, f"{preset}-small"):
                if name in PRESETS and st.button(name, icon=":material/play_arrow:", key=f"start-{name}"):
                    _start(store, name)


def _start(store: RunStore, preset: str) -> None:
    with errors_in_words():
        count_request()
        run = store.create(within_budget(preset_config(preset)), preset)
        to_page("train.py", run=link_key(run))


LESSON = Lesson(Text("What a GAN is"), show, QUESTIONS)
