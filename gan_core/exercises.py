"""The exercises: a baseline and what its reader changes, each trained from several seeds. Knows nothing of torch.

To add one is to add an entry to EXERCISES; `python -m bench.exercises NAME` says what comes of it.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from gan_core.config import RunConfig, make_config
from gan_core.presets import preset_config
from gan_core.text import Text

SEEDS = (0, 1, 2)
"""Of the baseline's and of the variant's runs. Three are the fewest whose spread says something."""

Score = Literal["fid", "accuracy"]


class Exercise(NamedTuple):
    """What is trained, and what is asked.

    Args:
        title: as lists have it.
        task: what to do, and what to think about before.
        why: what is behind the answer; shown after it.
        preset: what the baseline begins with.
        kimg: the length of every run. A budget in images gives the same figures on a slow and on a fast machine.
        fixed: what both have that differs from the preset.
        free: the settings that the reader changes.
        suggestion: values for them that are worth a try; others keep the baseline's.
        lesson: the name of the lesson that ends with it; "" for one that stands for itself.
        judged_by: the score that decides.
    """

    title: Text
    task: Text
    why: Text
    preset: str
    kimg: float
    fixed: Mapping[str, Any]
    free: tuple[str, ...]
    suggestion: Mapping[str, Any]
    lesson: str = ""
    judged_by: Score = "fid"

    def baseline(self, seed: int = SEEDS[0]) -> RunConfig:
        """What is compared with. It is scored once, at its end."""
        budget = {"kimg": self.kimg, "score_every": self.kimg}
        return make_config(preset_config(self.preset), **{"dataset": "digits"} | dict(self.fixed) | budget, seed=seed)

    def variant(self, changes: Mapping[str, Any], seed: int = SEEDS[0]) -> RunConfig:
        """The baseline with the reader's changes.

        Raises WorkbenchError for a value that is refused, and for a setting that is not the reader's to change.
        """
        return make_config(self.baseline(seed), **{name: changes[name] for name in self.free if name in changes})


_NARROW = {"generator_layers": (128,), "discriminator_layers": (128,), "batch_size": 32}
"""Fully connected networks that learn digits within some seconds on one core."""
_FAST = _NARROW | {"generator_learning_rate": 2e-3, "discriminator_learning_rate": 2e-3}
_STEADY = _NARROW | {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3, "ema_decay": 0.999}

EXERCISES = {
    "more-neurons": Exercise(
        title=Text("More layers and neurons in the generator"),
        task=Text(
            "The baseline's generator has one hidden layer with 16 neurons. Give it more neurons, or more layers: "
            "write a number for each layer, with commas between them."
        ),
        why=Text(
            "All that the generator knows of digits passes through its hidden layers. Sixteen neurons can only mix "
            "sixteen pictures; more of them draw finer strokes and more kinds of them. The discriminator stays the "
            "same, so the game is not lost for the other side. Many more need more training, and cost speed."
        ),
        preset="cgan",
        kimg=40,
        fixed=_FAST | {"discriminator_conditioning": "projection", "generator_layers": (16,)},
        free=("generator_layers",),
        suggestion={"generator_layers": (256, 512)},
    ),
    "other-activations": Exercise(
        title=Text("Other activations in either network"),
        task=Text(
            "After each hidden layer stands an activation. The baseline has relu in the generator, leaky_relu in the "
            "discriminator, and no normalisation. Choose another one for the generator, for the discriminator, or for "
            "both."
        ),
        why=Text(
            "A sigmoid squeezes everything between 0 and 1, and its slope is a quarter at most. So each such layer "
            "makes the gradient smaller that comes back to the ones before it; relu lets it pass wherever it is not 0. "
            "Batch normalisation repairs much of that: with it, the same change was within the noise when we tried."
        ),
        preset="cgan",
        kimg=40,
        fixed=_FAST
        | {
            "discriminator_conditioning": "projection",
            "generator_layers": (128, 128),
            "generator_normalisation": "none",
        },
        free=("generator_activation", "discriminator_activation"),
        suggestion={"generator_activation": "sigmoid"},
    ),
    "another-dataset": Exercise(
        title=Text("Another dataset, in colour too"),
        task=Text(
            "The same GAN sees as many pictures, but others. mnist has twelve times as many digits, fashion-mnist "
            "pieces of clothing, cifar10 photographs in colour. What is not on the computer yet is downloaded. Judge "
            "by class accuracy: FIDs of two datasets cannot be compared, since each is measured by a classifier of its "
            "own."
        ),
        why=Text(
            "Photographs differ in far more ways than digits do: colour, background, size and position. A few thousand "
            "of them are enough for a colour and a blur, not for a shape that a classifier recognises."
        ),
        preset="minute",
        kimg=6,
        fixed={},
        free=("dataset",),
        suggestion={"dataset": "cifar10"},
        judged_by="accuracy",
    ),
    "discriminator-steps": Exercise(
        title=Text("A discriminator that learns more often"),
        task=Text(
            "In the baseline both networks learn in turn, a step each. Let the discriminator take several steps for "
            "each step of the generator. All runs see as many real pictures."
        ),
        why=Text(
            "As many real pictures with five steps of the discriminator leave the generator a fifth of its steps, and "
            "a stronger opponent, which is sure of everything and so says little about what to change. That is no law: "
            "a critic that measures a distance, as in WGAN, is trained in this way."
        ),
        preset="gan-pytorch",
        kimg=60,
        fixed=_STEADY,
        free=("n_critic",),
        suggestion={"n_critic": 5},
        lesson="what-a-gan-is",
    ),
    "minimax": Exercise(
        title=Text("The loss that saturates"),
        task=Text(
            "The baseline's generator has the non-saturating loss. Lesson 2 shows that the minimax loss has next to no "
            "slope while the discriminator sees through every fake. Try it, or one of the others."
        ),
        why=Text(
            "Adam divides each step by the usual size of the gradient. So a small gradient leads as far as a large "
            "one, as long as it points in the right direction, and the slope of the loss counts for less than it "
            "seems. With SGD, or where the gradient vanishes altogether, the loss decides: the playground shows it."
        ),
        preset="gan-pytorch",
        kimg=60,
        fixed=_STEADY | {"loss": "non-saturating"},
        free=("loss",),
        suggestion={"loss": "minimax"},
        lesson="the-loss",
    ),
    "batch-size": Exercise(
        title=Text("Smaller batches"),
        task=Text(
            "The baseline learns from 128 pictures in each step. Take fewer, or more. All runs see as many pictures, "
            "so smaller batches mean more steps."
        ),
        why=Text(
            "As many pictures in batches a quarter as large are four times as many steps. Each goes in a rougher "
            "direction, but a young GAN needs many steps more than exact ones. One that has learned for long may gain "
            "from larger batches."
        ),
        preset="gan-pytorch",
        kimg=60,
        fixed=_STEADY | {"batch_size": 128},
        free=("batch_size",),
        suggestion={"batch_size": 32},
        lesson="digits-in-pytorch",
    ),
    "keras-balance": Exercise(
        title=Text("What brings the Keras tutorials' GAN into balance"),
        task=Text(
            "At these settings the discriminator wins. Help the generator: less momentum (beta 1), dropout in the "
            "discriminator, label smoothing, or an average of the weights (EMA)."
        ),
        why=Text(
            "With a beta 1 of 0.9, Adam goes on for some ten steps in a direction that was right before. But in a game "
            "the right direction turns with every step of the opponent. Radford 2015 found 0.5 to be stable, and many "
            "GANs since take 0.5 or 0."
        ),
        preset="gan-keras",
        kimg=60,
        fixed=_NARROW,
        free=("beta1", "dropout", "label_smoothing", "ema_decay"),
        suggestion={"beta1": 0.5},
        lesson="the-keras-gan",
    ),
    "label-in-the-discriminator": Exercise(
        title=Text("How the discriminator learns of the label"),
        task=Text(
            "The baseline concatenates the label to the picture, as the first conditional GAN did. Try projection, or "
            "an auxiliary classifier with a weight between 0.2 and 1, and see whether digits come as they were asked "
            "for."
        ),
        why=Text(
            "Concatenated, ten numbers stand beside 784 pixels, and the discriminator must find out by itself that "
            "they belong together. Projection compares the label with what the picture shows at once: the inner "
            "product of both is a part of the output (Miyato & Koyama 2018)."
        ),
        preset="cgan",
        kimg=40,
        fixed=_FAST,
        free=("discriminator_conditioning", "auxiliary_classifier"),
        suggestion={"discriminator_conditioning": "projection"},
        lesson="conditional",
        judged_by="accuracy",
    ),
    "convolutions": Exercise(
        title=Text("Convolutions in place of fully connected layers"),
        task=Text(
            "The baseline has fully connected layers in both networks. Choose convolutions: dcgan is the classic, "
            "compact a smaller one of this program. The others take much longer."
        ),
        why=Text(
            "A fully connected layer must learn a stroke anew for every place in the picture. A convolution has the "
            "same few weights everywhere, so each picture teaches it many times over. Fewer parameters take more "
            "arithmetic: each is used at every place."
        ),
        preset="minute",
        kimg=6,
        fixed={"network": "mlp"},
        free=("network",),
        suggestion={"network": "compact"},
        lesson="stability",
    ),
    "average-of-weights": Exercise(
        title=Text("Drawing without the average of the weights"),
        task=Text(
            "Pictures are drawn, and scored, with an average of the generator's last weights (EMA). Training itself "
            "does not use it. Switch it off by a decay of 0, or let it remember longer."
        ),
        why=Text(
            "The same training is scored, but at another point: the last weights are where the last step of a game has "
            "thrown them, the average is in the middle of many such places. A score says how good these weights are, "
            "not how good the idea is. Look at what was measured before you believe a number."
        ),
        preset="minute",
        kimg=6,
        fixed={},
        free=("ema_decay", "ema_share"),
        suggestion={"ema_decay": 0.0},
        lesson="how-good-it-is",
    ),
    "mend-the-discriminator": Exercise(
        title=Text("Mend a GAN whose discriminator learns too fast"),
        task=Text(
            "Here the discriminator's learning rate is 0.03, and something goes wrong. Mend it: by another learning "
            "rate, fewer or more of its steps, label smoothing, or noise on what it sees."
        ),
        why=Text(
            "With steps that are too large the discriminator jumps past what would be right, and what it tells the "
            "generator is another thing after every step. Slower, it becomes an opponent that can be followed. Look at "
            "the curves of both: the losses of the broken one are the more restless."
        ),
        preset="minute",
        kimg=6,
        fixed={"discriminator_learning_rate": 0.03},
        free=("discriminator_learning_rate", "n_critic", "label_smoothing", "instance_noise"),
        suggestion={"discriminator_learning_rate": 0.004},
        lesson="what-goes-wrong",
    ),
}
