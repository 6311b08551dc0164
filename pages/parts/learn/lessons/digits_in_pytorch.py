"""Lesson 3: a GAN on digits in PyTorch: the two networks, the loop around the step, and what one reads from it."""

import streamlit as st

from gan_core.monitor.charts import CHARTS
from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, figure_of, part, say
from pages.parts.learn.linked_code import Formula, Term, linked, show_code
from pages.parts.learn.questions import Answer, Question
from pages.parts.learn.training import train_here

GENERATOR = "networks.mlp:MlpGenerator"
DISCRIMINATOR = "networks.mlp:MlpDiscriminator"
LIBRARY = """import gan_core

run = gan_core.train("gan-pytorch", minutes=0.5)
model = gan_core.load(run.checkpoint_path)
model.sample(count=16).png()
"""
NETWORKS = Formula(
    "two-networks",
    r"G(z) = <tanh>\big(<out>\, <hidden>(\cdots z)\big) \qquad D(x) = <logit>\big(\cdots x\big)",
    {
        "tanh": Term(
            r"\tanh", Text("the last layer: pixels between -1, black, and 1, white"), {GENERATOR: "Float32Tanh()"}
        ),
        "out": Term(
            "W_{\\text{out}}",
            Text("as many outputs as the picture has pixels: 28 × 28 = 784"),
            {GENERATOR: "nn.Linear(config.generator_layers[-1], spec.channels * spec.size * spec.size)"},
        ),
        "hidden": Term(
            r"\phi",
            Text("hidden layers: a linear map, then an activation that bends it"),
            {
                GENERATOR: "yield from activation(config.generator_activation)",
                DISCRIMINATOR: "yield from activation(config.discriminator_activation, config.dropout)",
            },
        ),
        "logit": Term(
            r"w^{\top}\phi",
            Text("one number: the logit"),
            {DISCRIMINATOR: "nn.Linear(features, 1)"},
            ("real_output", "fake_output"),
        ),
    },
    (GENERATOR, DISCRIMINATOR),
)

QUESTIONS = (
    Question(
        "outputs",
        Text("How many numbers does the generator's last linear layer put out for a grey picture of 28 × 28 pixels?"),
        (
            Answer(Text("28"), Text("A row has 28 pixels, and there are 28 rows.")),
            Answer(Text("100"), Text("That is the size of the latent, which goes in.")),
            Answer(Text("784"), Text("One for each pixel."), is_right=True),
        ),
    ),
    Question(
        "tanh",
        Text("Why does the generator end with tanh?"),
        (
            Answer(
                Text("Real pictures are scaled to [-1, 1], and so must fakes be."),
                Text("Else the discriminator could tell them apart by their range alone."),
                is_right=True,
            ),
            Answer(Text("It makes training faster than any other."), Text("It is there for its range of values.")),
            Answer(Text("So that each pixel is a probability."), Text("Those would lie between 0 and 1.")),
        ),
    ),
    Question(
        "kimg",
        Text("A run is at 30 kimg. What does that mean?"),
        (
            Answer(Text("It has drawn 30 pictures."), Text("k stands for a thousand.")),
            Answer(
                Text("The discriminator was shown 30,000 real pictures."),
                Text("So runs with different batch sizes can be compared."),
                is_right=True,
            ),
            Answer(Text("It has taken 30,000 steps."), Text("A step shows a whole batch, such as 64 pictures.")),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    say(
        _(
            "The simplest GAN has two fully connected networks. The generator takes 100 random numbers, the "
            "**latent**, through three hidden layers to the 784 pixels of a digit. The discriminator takes the 784 "
            "pixels through two hidden layers to one number."
        )
    )
    linked(NETWORKS)
    part(_("The loop"))
    say(
        _(
            "Around the step of lesson 1 there is little else: take the next step until the budget is used up, and "
            "record what it computed. The **budget** is a time, or a number of real pictures."
        )
    )
    show_code("training.loop:train")
    say(_("From Python, the whole of it is four lines:"))
    st.code(LIBRARY, language="python", wrap_lines=True)
    part(_("What one reads from it"))
    say(_("While it trains, these are recorded at each step. No single one says whether the pictures are good."))
    shown = ("losses", "outputs", "diversity", "gradients", "speed")
    figure_of([(_(CHARTS[name].title), _(CHARTS[name].note)) for name in shown], (_("Chart"), _("What it shows")))
    train_here(store, "gan-pytorch", _("Train it here"), ("losses", "outputs"), minutes=0.5)


LESSON = Lesson(Text("A GAN on digits in PyTorch"), show, QUESTIONS)
