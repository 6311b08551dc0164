"""Lesson 8: what goes wrong: four failures, each trained with one click and mended by the reader."""

from typing import Any, NamedTuple

import streamlit as st

from gan_core.store.runs import RunStore
from gan_core.text import Text
from pages.parts.language import _
from pages.parts.learn.lessons.lesson import Lesson, part, say
from pages.parts.learn.playground.show import playground
from pages.parts.learn.questions import Answer, Question
from pages.parts.learn.training import lesson_config, train_here
from pages.parts.links import to_page
from pages.parts.sharp_pictures import show_pixels
from pages.parts.train.config_form import take_run


class Failure(NamedTuple):
    """A GAN that fails, and what mends it.

    Args:
        look: what to look at while it trains.
        why: why it happens, and which setting to change.
        kind: what the diagnosis of its curves calls it (gan_core/monitor/diagnosis.py); "" if curves do not show it.
        charts: of gan_core/monitor/charts.py, that show it.
        changes: of the preset, that make it fail.
        cure: one set of changes that mends it.
    """

    title: Text
    look: Text
    why: Text
    kind: str
    preset: str
    charts: tuple[str, ...]
    changes: dict[str, Any]
    cure: dict[str, Any]


FAILURES = {
    "winner": Failure(
        Text("A discriminator that wins"),
        Text("Its accuracy goes to 1 and stays there. The generator's loss climbs, and the pictures stay noise."),
        Text(
            "The discriminator learns faster than the generator can follow. Slow it down: a smaller learning rate for "
            "it alone, a beta 1 of 0.5, dropout, label smoothing, or noise on what it sees."
        ),
        "discriminator winning",
        "gan-keras",
        ("accuracies", "losses"),
        {"kimg": 60},
        {"beta1": 0.5, "dropout": 0.3, "label_smoothing": 0.2},
    ),
    "collapse": Failure(
        Text("Mode collapse"),
        Text("All pictures become alike, whatever the latent is. The diversity falls towards 0."),
        Text(
            "The generator learns much faster than the discriminator. One picture that passes for real is enough. "
            "When the discriminator finds it out, the generator jumps to another. Make the generator's learning rate "
            "smaller, or the discriminator's larger."
        ),
        "collapsed",
        "gan-pytorch",
        ("diversity", "outputs"),
        {"kimg": 60, "generator_learning_rate": 2e-3},
        {"generator_learning_rate": 2e-4},
    ),
    "divergence": Failure(
        Text("Divergence"),
        Text("The losses grow without end, by powers of ten, and the pictures become black and white noise."),
        Text(
            "This critic of a Wasserstein GAN may have weights up to 1. That hardly bounds its slope, so it makes its "
            "difference larger and larger (lesson 6). Arjovsky (2017) clips at 0.01."
        ),
        "diverged",
        "wgan-small",
        ("losses", "distance"),
        {"kimg": 60, "weight_clipping": 1.0},
        {"weight_clipping": 0.01},
    ),
    "memorising": Failure(
        Text("Memorising"),
        Text("The pictures get sharp quickly. Compare them with the twenty training pictures: they are the same."),
        Text(
            "Twenty pictures are too few. The discriminator knows each by heart, and only copies pass. More pictures "
            "help most: choose the dataset digits. If there are no more, DiffAugment moves them a little, so that "
            "each counts for many."
        ),
        "",
        "gan-pytorch",
        ("losses", "diversity"),
        {"kimg": 60, "dataset": "few-digits", "batch_size": 20},
        {"dataset": "digits"},
    ),
}

QUESTIONS = (
    Question(
        "diversity",
        Text("Every picture shows the same 1. Which chart would have told you?"),
        (
            Answer(Text("Losses"), Text("They may look healthy while it happens.")),
            Answer(Text("Diversity"), Text("It compares how much generated and real pictures differ."), is_right=True),
            Answer(Text("Speed"), Text("It trains as fast as before.")),
        ),
    ),
    Question(
        "first-aid",
        Text("The losses are numbers with nine digits. What do you try first?"),
        (
            Answer(Text("Train longer."), Text("It does not come back from there.")),
            Answer(
                Text("Smaller learning rates; for a critic, a bound for its slope."),
                Text("That is what the diagnosis under a run's state says, too."),
                is_right=True,
            ),
            Answer(Text("A larger batch."), Text("It makes steps steadier, not smaller.")),
        ),
    ),
    Question(
        "copies",
        Text("How do you find out that a GAN only repeats its training pictures?"),
        (
            Answer(Text("By its FID."), Text("It would be very good.")),
            Answer(Text("By its losses."), Text("They look like those of a good GAN.")),
            Answer(
                Text("By the nearest training picture beside each generated one."),
                Text("The Evaluate page shows both, and their distance beside that of real test pictures."),
                is_right=True,
            ),
        ),
    ),
)


def show(store: RunStore) -> None:
    """The lesson."""
    say(
        _(
            "Nobody trains GANs without seeing them fail. Here are four failures. Train each, watch it happen, and "
            "then mend it: the button below each explanation puts its settings into the form of the Train page."
        )
    )
    for name, failure in FAILURES.items():
        part(_(failure.title))
        say(_(failure.look))
        train_here(store, failure.preset, _("Make it fail"), failure.charts, **failure.changes)
        if name == "memorising":
            _show_training_pictures()
        with st.expander(_("Why it happens, and what mends it")):
            say(_(failure.why))
            if st.button(_("Mend it yourself"), icon=":material/build:", key=f"mend-{name}"):
                take_run(failure.preset, lesson_config(failure.preset, **failure.changes))
                to_page("train.py")
    _in_two_dimensions()


def _in_two_dimensions() -> None:
    part(_("In two dimensions"))
    say(
        _(
            "Mode collapse as it happens. Press Play; then make the generator's learning rate smaller, and watch it "
            "mend."
        )
    )
    playground(situation="collapse", key="collapse")


def _show_training_pictures() -> None:
    show_pixels(
        "live/spoiled/few-digits.webp", alt=_("The twenty training pictures"), width="280px",
        caption=_("The twenty training pictures"),
    )  # fmt: skip


LESSON = Lesson(Text("What goes wrong"), show, QUESTIONS)
