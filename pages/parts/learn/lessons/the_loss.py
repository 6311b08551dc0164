"""Lesson 2: the loss of the game, term by term, and why the generator is trained with another one."""

import math

import streamlit as st

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, figure_of, part, say
from pages.parts.learn.linked_code import Formula, Term, linked
from pages.parts.learn.playground.show import playground
from pages.parts.learn.questions import Answer, Question
from pages.parts.learn.training import train_here

MINIMAX_D = "training.losses:Minimax.discriminator"
MINIMAX_G = "training.losses:Minimax.generator"
STRONG_G = "training.losses:NonSaturating.generator"
GAME = Formula(
    "the-game",
    r"\min_G \max_D\; V(D, G) = <real> + <fake>",
    {
        "real": Term(
            r"\mathbb{E}_x[\log D(x)]",
            Text("how sure the discriminator is that real pictures are real"),
            {MINIMAX_D: "softplus(-real_logits).mean()"},
            ("real_output",),
        ),
        "fake": Term(
            r"\mathbb{E}_z[\log(1 - D(G(z)))]",
            Text("how sure it is that fakes are fake; the only term that the generator can change"),
            {MINIMAX_D: "softplus(fake_logits).mean()", MINIMAX_G: "-softplus(fake_logits).mean()"},
            ("fake_output",),
        ),
    },
    (MINIMAX_D, MINIMAX_G),
)
STRONG = Formula(
    "non-saturating",
    r"\min_G\; <strong>",
    {
        "strong": Term(
            r"-\,\mathbb{E}_z[\log D(G(z))]",
            Text("small where the discriminator takes the fakes for real"),
            {STRONG_G: "softplus(-fake_logits).mean()"},
            ("generator_loss",),
        ),
    },
    (STRONG_G,),
)

QUESTIONS = (
    Question(
        "balance",
        Text("The discriminator says 0.5 to everything. What is its loss?"),
        (
            Answer(Text("0"), Text("A loss of 0 is that of a discriminator which is right and sure of it.")),
            Answer(Text("log 2, about 0.69"), Text("That is one of the two terms; both are log 2.")),
            Answer(
                Text("log 4, about 1.39"),
                Text("Minus log 0.5, once for each kind of picture."),
                is_right=True,
            ),
        ),
    ),
    Question(
        "saturates",
        Text("The discriminator is sure that a fake is fake. Which loss still teaches the generator?"),
        (
            Answer(Text("log(1 - D(G(z)))"), Text("Its slope there is D(G(z)) itself, which is nearly 0.")),
            Answer(Text("-log D(G(z))"), Text("Its slope there is 1 - D(G(z)), which is nearly 1."), is_right=True),
            Answer(Text("Both, equally."), Text("Move the slider to the left and compare their slopes.")),
        ),
    ),
    Question(
        "same-goal",
        Text("What do the two generator losses have in common?"),
        (
            Answer(
                Text("Both get smaller when D(G(z)) gets larger."),
                Text("They pull in the same direction, with different strength."),
                is_right=True,
            ),
            Answer(Text("Neither is ever negative."), Text("The first one is never positive.")),
            Answer(Text("Both have the same slope."), Text("They have it only where D(G(z)) is 0.5.")),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    say(
        _(
            "The two networks play for one number. The discriminator D wants it large, the generator G wants it small "
            "(Goodfellow 2014, equation 1). D(x) lies between 0, surely fake, and 1, surely real. E is the mean over "
            "many pictures, log the natural logarithm."
        )
    )
    linked(GAME)
    say(
        _(
            "In the code a discriminator puts out a **logit**, any number. D(x) is its sigmoid, 1 / (1 + exp(-logit)), "
            "which lies between 0 and 1. With softplus(a) = log(1 + exp(a)), -log D(x) = softplus(-logit) and "
            "-log(1 - D(x)) = softplus(logit), which never overflow. What is called "
            "the discriminator's loss is -V, since optimizers minimise."
        )
    )
    part(_("What its value means"))
    _three_moments()
    part(_("Why the generator gets another loss"))
    say(
        _(
            "At the start the discriminator finds every fake. Look at what the generator can learn from then. The "
            "slider is the logit that the discriminator gives to a fake."
        )
    )
    _slopes()
    linked(STRONG)
    part(_("In two dimensions"))
    say(
        _(
            "Here the discriminator was trained first and is sure of itself. Press Play, and look at the length of the "
            "generator's gradient. Then choose the other loss, and start again."
        )
    )
    playground(situation="vanishing", key="vanishing")
    part(_("See it"))
    say(
        _(
            "Train for half a minute, and watch both terms: D(x) and D(G(z)) move towards each other. Point at a term "
            "above to find its curve, or at a curve to find its term."
        )
    )
    train_here(store, "gan-pytorch", _("Train it here"), ("outputs", "losses"), minutes=0.5, loss="non-saturating")


def _three_moments() -> None:
    rows = []
    for words, real, fake in (
        (_("at balance: it says 0.5 to everything"), 0.5, 0.5),
        (_("it begins to see the difference"), 0.8, 0.2),
        (_("it wins: it is right, and sure"), 0.999, 0.001),
    ):
        value = math.log(real) + math.log(1 - fake)
        rows.append(
            (
                words,
                _("{value:g}", value=real),
                _("{value:g}", value=fake),
                _("{value:.3f}", value=value),
                _("{value:.3f}", value=-value),
            )
        )
    figure_of(rows, (_("The discriminator"), "D(x)", "D(G(z))", "V(D, G)", _("its loss, -V")))
    say(
        _(
            "At balance V is -log 4. There the generator draws exactly what real pictures are like: the discriminator "
            "has nothing left to go by (Goodfellow 2014, theorem 1)."
        )
    )


def _slopes() -> None:
    logit = st.slider(_("Logit of a fake"), -10.0, 10.0, -5.0, 0.5, key="logit-of-a-fake")
    believed = 1 / (1 + math.exp(-logit))
    rows = [
        ("log(1 - D(G(z)))", _("{value:.5f}", value=math.log1p(-believed)), _("{value:.5f}", value=believed)),
        ("-log D(G(z))", _("{value:.5f}", value=-math.log(believed)), _("{value:.5f}", value=1 - believed)),
    ]
    figure_of(rows, (_("The generator's loss"), _("its value"), _("the size of its slope")))
    say(
        _(
            "D(G(z)) is {believed:.5f}. Where the discriminator is sure, the first loss has no slope: the generator "
            "learns nothing although everything is wrong. It **saturates**. The second has the same goal, and a slope "
            "exactly there. It is called **non-saturating**, and most GANs are trained with it.",
            believed=believed,
        )
    )


LESSON = Lesson(Text("The loss"), show, QUESTIONS)
