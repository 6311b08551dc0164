"""Lesson 4: the Keras tutorial's GAN: batch normalisation, the discriminator's accuracy, and a lost balance."""

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, part, say
from pages.parts.learn.linked_code import Formula, Term, linked
from pages.parts.learn.questions import Answer, Question
from pages.parts.learn.training import train_here

CONDITIONAL = "networks.layers:ConditionalBatchNorm.forward"
NORM = "networks.layers:batch_norm"
SMOOTHING = "training.regularizers:label_smoothing"
NORMALISED = Formula(
    "batch-normalisation",
    r"y = <scale> \cdot <normal> + <shift>",
    {
        "normal": Term(
            r"\frac{x - \mu_{\text{batch}}}{\sqrt{\sigma_{\text{batch}}^2 + \epsilon}}",
            Text("each feature, minus the batch's mean, divided by its standard deviation"),
            {NORM: "nn.BatchNorm2d if images else nn.BatchNorm1d", CONDITIONAL: "self.normalise(inputs)"},
        ),
        "scale": Term(
            r"\gamma",
            Text("a learnt scale; in a conditional GAN one for each class"),
            {CONDITIONAL: "scales.view(shape)"},
        ),
        "shift": Term(
            r"\beta",
            Text("a learnt shift; in a conditional GAN one for each class"),
            {CONDITIONAL: "shifts.view(shape)"},
        ),
    },
    (NORM, CONDITIONAL),
)
SMOOTHED = Formula(
    "label-smoothing",
    r"-\,t \log D(x) - (1 - t) \log(1 - D(x)) = -\log D(x) + <smooth>",
    {
        "smooth": Term(
            r"(1 - t)\, \ell(x)",
            Text(
                "what stops the discriminator from being ever surer of real pictures: the larger its logit, the more "
                "it costs"
            ),
            {SMOOTHING: "amount * real_logits.mean()"},
            ("real_output",),
        )
    },
    (SMOOTHING,),
)

QUESTIONS = (
    Question(
        "accuracy",
        Text("The discriminator's accuracy is 100 % for a long time. What does that mean?"),
        (
            Answer(Text("Training goes well."), Text("It goes well for the discriminator alone.")),
            Answer(
                Text("The generator learns little: nothing it does makes a difference."),
                Text("A discriminator that is sure gives small or erratic gradients."),
                is_right=True,
            ),
            Answer(
                Text("The generator has copied the pictures."),
                Text("Then the discriminator could not tell them apart."),
            ),
        ),
    ),
    Question(
        "half",
        Text("And if it stays at 50 % on both kinds of picture?"),
        (
            Answer(
                Text("It guesses: either the fakes are very good, or it has learnt nothing."),
                Text("Look at the pictures to know which."),
                is_right=True,
            ),
            Answer(Text("Training has failed."), Text("Guessing is normal at balance.")),
            Answer(
                Text("Half of the pictures are good."), Text("It says how often D is right, not how good they are.")
            ),
        ),
    ),
    Question(
        "separate",
        Text("Why does a discriminator with batch normalisation get real and fake pictures in separate batches?"),
        (
            Answer(Text("It is faster."), Text("One pass over both would be.")),
            Answer(
                Text("The mean of a mixed batch would tell it which pictures are fake."),
                Text("Batch normalisation lets each picture see the others of its batch."),
                is_right=True,
            ),
            Answer(Text("Memory would not suffice."), Text("A batch of 128 small pictures is no burden.")),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    say(
        _(
            "The GAN of the Keras tutorials has the same fully connected networks, with **batch normalisation** in the "
            "generator, batches of 128, and Adam as it comes: a learning rate of 0.001 and a beta 1 of 0.9. It prints "
            "the discriminator's accuracy, and keeps sample pictures every 1,000 steps."
        )
    )
    part(_("Batch normalisation"))
    say(
        _(
            "It keeps the numbers between layers at a common size, whatever the layers before have learnt. That lets "
            "deep networks learn faster. It also ties the pictures of a batch to each other."
        )
    )
    linked(NORMALISED)
    part(_("Why it loses its balance"))
    say(
        _(
            "Adam divides each gradient by its usual size, so every weight moves by about the learning rate, however "
            "small the gradient is. A beta 1 of 0.9 keeps the direction of the last ten steps. In a game, where the "
            "other network has moved meanwhile, that direction is out of date. The discriminator, whose task is the "
            "easier one, runs ahead and wins."
        ),
        _("Train it for half a minute, and watch the accuracy on both kinds of picture."),
    )
    train_here(store, "gan-keras", _("Train it as it comes"), ("accuracies", "losses"), minutes=0.5)
    part(_("What holds it"))
    say(
        _(
            "Four small changes keep the same networks in balance: a **beta 1** of 0.5, **dropout** in the "
            "discriminator, **label smoothing**, and a running average of the generator's weights (**EMA**), which "
            "draws the pictures. With label smoothing, real pictures count as real to the share t only, such as 0.9: "
            "being all too sure costs the discriminator something."
        )
    )
    linked(SMOOTHED)
    train_here(store, "gan-keras-small", _("Train the steadier one"), ("accuracies", "losses"), minutes=0.5)


LESSON = Lesson(Text("The Keras tutorial's GAN"), show, QUESTIONS)
