"""What can be set in the playground, declared once: the form, the address and the notebook follow.

Names, and what they mean, are those of gan_core.config.RunConfig, as far as it has them.
"""

from typing import NamedTuple

from gan_core.text import Text

Value = str | float
Options = dict[Value, Text | str]


class Knob(NamedTuple):
    """One setting: a list to choose from.

    Attributes:
        options: the values, each with its name; a name "" is the value itself.
        usual: the value at first.
        restarts: whether another value lets everything begin anew.
    """

    title: Text
    group: str
    options: Options
    usual: Value
    restarts: bool = False


GROUPS = {
    "data": Text("Data"),
    "game": Text("Game"),
    "generator": Text("Generator"),
    "discriminator": Text("Discriminator"),
    "more": Text("More"),
}


def _plain(*values: Value) -> Options:
    return dict.fromkeys(values, "")


SHAPES: Options = {
    "ring": Text("Ring of eight"),
    "moons": Text("Two moons"),
    "spiral": Text("Spiral"),
    "clusters": Text("Two clusters"),
    "line": Text("A line"),
    "drawn": Text("Drawn by you"),
}
LOSSES: Options = {
    "minimax": Text("Minimax"),
    "non-saturating": Text("Non-saturating"),
    "least-squares": Text("Least squares"),
    "hinge": Text("Hinge"),
    "wasserstein": Text("Wasserstein"),
}
ACTIVATIONS = _plain("tanh", "relu", "leaky_relu", "sigmoid")
LAYERS: Options = {
    sizes: sizes.replace("-", " · ") for sizes in ("16", "64", "16-16", "32-32", "64-64", "128-128", "64-64-64")
}
RATES = _plain(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.03, 0.1)
OPTIMIZERS: Options = {"adam": "Adam", "sgd": "SGD"}
WITHOUT: Options = {0: Text("none")}

KNOBS = {
    "shape": Knob(Text("Shape"), "data", SHAPES, "ring"),
    "batch_size": Knob(Text("Batch size"), "data", _plain(16, 32, 64, 128, 256), 128),
    "loss": Knob(Text("Loss"), "game", LOSSES, "non-saturating"),
    "n_critic": Knob(Text("Discriminator steps"), "game", _plain(1, 2, 3, 5), 1),
    "gradient_penalty": Knob(Text("Gradient penalty"), "game", WITHOUT | _plain(0.1, 1, 10), 0),
    "r1_gamma": Knob(Text("R1"), "game", WITHOUT | _plain(0.01, 0.02, 0.1, 1), 0),
    "weight_clipping": Knob(Text("Weight clipping"), "game", WITHOUT | _plain(0.01, 0.1, 0.3), 0),
    "generator_layers": Knob(Text("Hidden layers"), "generator", LAYERS, "64-64"),
    "generator_activation": Knob(Text("Activation"), "generator", ACTIVATIONS, "tanh"),
    "generator_optimizer": Knob(Text("Optimizer"), "generator", OPTIMIZERS, "adam"),
    "generator_learning_rate": Knob(Text("Learning rate"), "generator", RATES, 0.002),
    "discriminator_layers": Knob(Text("Hidden layers"), "discriminator", LAYERS, "64-64"),
    "discriminator_activation": Knob(Text("Activation"), "discriminator", ACTIVATIONS, "tanh"),
    "discriminator_optimizer": Knob(Text("Optimizer"), "discriminator", OPTIMIZERS, "adam"),
    "discriminator_learning_rate": Knob(Text("Learning rate"), "discriminator", RATES, 0.002),
    "beta1": Knob(Text("Beta 1"), "more", _plain(0, 0.5, 0.9), 0.5),
    "beta2": Knob(Text("Beta 2"), "more", _plain(0.9, 0.99, 0.999), 0.9),
    "ema_decay": Knob(Text("EMA decay"), "more", WITHOUT | _plain(0.9, 0.99, 0.999), 0),
    "seed": Knob(Text("Seed"), "more", _plain(*range(10)), 0, restarts=True),
    "start": Knob(
        Text("The generator begins"), "more", {"usual": Text("as usual"), "far": Text("far away")}, "usual",
        restarts=True,
    ),
    "head_start": Knob(
        Text("Steps of the discriminator alone, first"), "more", WITHOUT | _plain(100, 300), 0, restarts=True
    ),
}  # fmt: skip


_FOR_CURVES: dict[str, Value] = {
    "generator_activation": "leaky_relu", "discriminator_activation": "leaky_relu", "r1_gamma": 0.02,
    "generator_learning_rate": 0.001, "ema_decay": 0.99,
}  # fmt: skip
CURVED = {"moons": _FOR_CURVES, "spiral": _FOR_CURVES}
"""Shapes that the usual settings do not learn, with changes that do: all of it in about 1,600 steps."""


class Situation(NamedTuple):
    """Settings that show one thing, and a sentence on what to look at and why it happens."""

    title: Text
    text: Text
    settings: dict[str, Value]


_FAR: dict[str, Value] = {"start": "far", "head_start": 300}

SITUATIONS = {
    "healthy": Situation(
        Text("Healthy"),
        Text(
            "Look at the points: within a thousand steps they reach all eight clusters, and the discriminator's output "
            "comes near 0.5 everywhere. Both networks learn equally fast, so each finds something left to learn."
        ),
        {},
    ),
    "collapse": Situation(
        Text("Collapse"),
        Text(
            "Look at the number of modes: all points run together and hop from place to place. The generator learns "
            "six times as fast as the discriminator, so it goes to the one spot that looks most real just now, and is "
            "gone before the discriminator has learnt to refuse that spot."
        ),
        {
            "generator_learning_rate": 0.003, "discriminator_learning_rate": 0.0005, "beta1": 0.9,
            "generator_activation": "leaky_relu", "discriminator_activation": "leaky_relu",
        },
    ),
    "vanishing": Situation(
        Text("Vanishing gradient"),
        Text(
            "Look at |∇G|: it falls to nearly nothing, no arrow is seen, and the points stay where they are. The "
            "discriminator was trained first and is sure of itself, and log(1 − D(G(z))) is flat where D is near 0. "
            "Now choose the non-saturating loss and start again: the gradient is there, and the points move."
        ),
        _FAR | {
            "loss": "minimax", "n_critic": 5, "generator_optimizer": "sgd", "generator_learning_rate": 0.01,
        },
    ),
    "cure": Situation(
        Text("The cure"),
        Text(
            "Look at the arrows: from the same hopeless start the points find all eight clusters. A Wasserstein critic "
            "has no flat ends, and the gradient penalty holds its slope near 1, so that it shows the way from far off."
        ),
        _FAR | {"loss": "wasserstein", "gradient_penalty": 1, "n_critic": 3},
    ),
}  # fmt: skip
