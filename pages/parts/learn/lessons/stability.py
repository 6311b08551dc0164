"""Lesson 6: convolutions and stability, from DCGAN's guidelines to R3GAN."""

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, part, say
from pages.parts.learn.linked_code import Formula, Term, linked, show_code
from pages.parts.learn.playground.show import playground
from pages.parts.learn.questions import Answer, Question
from pages.parts.learn.training import train_here

CRITIC = "training.losses:Wasserstein.discriminator"
PENALTY = "training.regularizers:gradient_penalty"
SPECTRAL = "networks.layers:apply_spectral_norm"
PAIRS = "training.losses:Relativistic.discriminator"
R1 = "training.regularizers:r1_penalty"
R2 = "training.regularizers:r2_penalty"
WASSERSTEIN = Formula(
    "wasserstein",
    r"\min_D\; <fake> - <real> + \lambda\, <penalty>",
    {
        "fake": Term(
            r"\mathbb{E}_z[D(G(z))]",
            Text("the critic's mean output for fakes"),
            {CRITIC: "fake_logits.mean()"},
            ("distance",),
        ),
        "real": Term(
            r"\mathbb{E}_x[D(x)]",
            Text("and for real pictures; the difference is the estimated distance"),
            {CRITIC: "real_logits.mean()"},
            ("distance",),
        ),
        "penalty": Term(
            r"\mathbb{E}_{\hat{x}}\big[(\|\nabla_{\hat{x}} D(\hat{x})\|_2 - 1)^2\big]",
            Text("holds the critic's slope at 1 on the way between real pictures and fakes"),
            {PENALTY: "(lengths - 1).square().mean()"},
            ("discriminator_loss",),
        ),
    },
    (CRITIC, PENALTY),
)
SPECTRAL_NORM = Formula(
    "spectral-norm",
    r"\bar{W} = <norm>",
    {
        "norm": Term(
            r"W / \sigma(W)",
            Text("a layer's weights over their largest singular value: it can stretch no difference any more"),
            {SPECTRAL: 'register_parametrization(module, "weight", SpectralNorm(module.weight))'},
        )
    },
    (SPECTRAL,),
)
RELATIVISTIC = Formula(
    "relativistic",
    r"\min_D\; <pair> + \frac{\gamma}{2} <r1> + \frac{\gamma}{2} <r2>",
    {
        "pair": Term(
            r"\mathbb{E}\big[\log(1 + e^{-(D(x) - D(G(z)))})\big]",
            Text("of each pair, the real one should look more real than the fake"),
            {PAIRS: "softplus(fake_logits - real_logits).mean()"},
            ("discriminator_loss",),
        ),
        "r1": Term(
            r"\mathbb{E}_x\|\nabla D(x)\|^2",
            Text("R1: no slope at real pictures"),
            {R1: "squared_slopes(critic, real).mean()"},
        ),
        "r2": Term(
            r"\mathbb{E}_z\|\nabla D(G(z))\|^2",
            Text("R2: nor at fakes"),
            {R2: "squared_slopes(critic, fake).mean()"},
        ),
    },
    (PAIRS, R1, R2),
)

QUESTIONS = (
    Question(
        "slope",
        Text("Why must a Wasserstein critic's slope be bounded?"),
        (
            Answer(
                Text("Else it could make the difference as large as it likes, and it would measure nothing."),
                Text("Double the last layer's weights, and the difference doubles."),
                is_right=True,
            ),
            Answer(Text("So that its output is a probability."), Text("A critic's output has no range.")),
            Answer(Text("To make a step faster."), Text("A penalty on the slope makes a step slower.")),
        ),
    ),
    Question(
        "clipping",
        Text("Clipping the weights also bounds the slope. What is wrong with it?"),
        (
            Answer(Text("It cannot be computed."), Text("It is one line: look at `clip_weights`.")),
            Answer(
                Text("Most weights end at the limit, and the critic becomes too simple."),
                Text("Gulrajani 2017, section 3, shows it. The penalty bounds the slope alone."),
                is_right=True,
            ),
            Answer(Text("It needs a GPU."), Text("It needs next to nothing.")),
        ),
    ),
    Question(
        "second",
        Text("What is special about computing a gradient penalty?"),
        (
            Answer(
                Text("It needs the gradient of a gradient."),
                Text("Hence `create_graph=True`: the slope itself must be differentiable."),
                is_right=True,
            ),
            Answer(Text("It needs the labels."), Text("Only pictures and the critic.")),
            Answer(Text("It is computed without the critic."), Text("It is the critic's own slope.")),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    part(_("Convolutions: DCGAN's guidelines"))
    say(
        _(
            "Fully connected layers know nothing of neighbours. **Convolutions** look at small patches, the same "
            "everywhere. Radford (2015) found how they stay stable. Pictures grow and shrink by convolutions that move "
            "two pixels at a time (strides), not by pooling. Both networks have batch normalisation. The generator has "
            "ReLU, the discriminator LeakyReLU. Adam has a beta 1 of 0.5, and the first weights are small."
        )
    )
    show_code("networks.dcgan:DcganGenerator.__init__")
    part(_("Measuring a distance: WGAN"))
    say(
        _(
            "A discriminator that is sure has no slope, and the generator learns nothing (lesson 2). Arjovsky (2017) "
            "replaced the question “real or fake?” by “how far apart?”: a **critic** whose slope is bounded estimates "
            "the distance between both kinds of picture. The estimate has a slope everywhere, and the distance falls "
            "when the pictures get better. The first bound was to clip all weights to a small range after each step. "
            "Better is a penalty (Gulrajani 2017): it is large where the slope's length ∇ differs from 1, at points x̂ "
            "between real pictures and fakes; λ is its weight in the loss. To make it smaller, the gradient of a "
            "gradient is needed."
        )
    )
    linked(WASSERSTEIN)
    train_here(store, "wgan-gp-small", _("Train WGAN-GP here"), ("distance", "losses"), minutes=0.75)
    part(_("In two dimensions"))
    say(_("The start that was hopeless in lesson 2, with a critic whose slope is bounded: press Play."))
    playground(situation="cure", key="cure")
    part(_("Spectral normalisation"))
    say(
        _(
            "Another bound for the slope is built into each layer (Miyato 2018): its weights are divided by their "
            "largest singular value, the most by which the layer can stretch its input. It costs little, and unlike a "
            "penalty it has no λ to choose."
        )
    )
    linked(SPECTRAL_NORM)
    part(_("Growing"))
    say(
        _(
            "Karras (2018) began with pictures of 4 × 4 pixels, and blended in larger layers one after the other: "
            "first the rough shape, then the details. Start `pggan-small` in lesson 1 and watch its pictures."
        )
    )
    part(_("R3GAN: fewer tricks"))
    say(
        _(
            "Huang (2024) showed that most tricks can go if the loss is right: compare real pictures and fakes **in "
            "pairs**, and penalise the slope at both: R1 at the real ones, R2 at the fakes, each with the weight γ. No "
            "normalisation is left."
        )
    )
    linked(RELATIVISTIC)


LESSON = Lesson(Text("Convolutions and stability"), show, QUESTIONS)
