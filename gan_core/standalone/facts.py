"""What is known of a config beyond what the library's source shows."""

from types import SimpleNamespace
from typing import Any, NamedTuple

from gan_core.config import ImageSpec, RunConfig

UNKNOWN = object()
SOMETHING = SimpleNamespace()
"""Stands for any object of which no more is known than that it is there."""
LAYER_HELPERS = frozenset(
    (
        "activation", "normalisation", "batch_norm", "rows_of", "build_generator", "build_discriminator", "autocast",
        "discriminate", "doublings", "normalise", "weights_of",
    )
)  # fmt: skip
"""Functions that choose, or do little: a script has what they come to."""
LOGITS_ALONE = {
    "DiscriminatorOutput": "Tensor",
    "DiscriminatorOutput(logits.float(), class_logits)": "logits.float()",
    "gan.discriminator(torch.cat([real, fake]), torch.cat([labels, labels])).halves()":
        "gan.discriminator(torch.cat([real, fake]), torch.cat([labels, labels])).chunk(2)",
    "of_real.logits": "real_logits",
    "of_fake.logits": "fake_logits",
    "of_real": "real_logits",
    "of_fake": "fake_logits",
    "gan.discriminator(images, labels).logits": "gan.discriminator(images, labels)",
    "gan.discriminator(gan.augment(real), labels).logits": "gan.discriminator(gan.augment(real), labels)",
}  # fmt: skip
"""Without an auxiliary classifier a discriminator's output is its logits."""


class Facts(NamedTuple):
    """What is known of a config beyond what the source shows.

    Args:
        names: values of names, wherever they stand; objects of settings are left out where they are handed on.
        texts: values of expressions, as ast.unparse writes them.
        instead: expressions in place of others, as ast.unparse writes them; "" leaves a statement out.
        parameters: of a function or Class.method, expressions in place of parameters.
        constants: the names of constants in place of an attribute of an object of settings.
        inlined: functions of the library whose value stands where they are called.
        left_out: methods that are not needed.
        without_labels: networks' modules that are given no labels.
        spliced: calls without arguments, in place of which the method's statements stand.
        folded: networks' attributes whose value stands in their place.
        beginnings: of a function or Class.method, what comes first.
        words: in docstrings, words in place of others.
    """

    names: dict[str, Any]
    texts: dict[str, Any]
    instead: dict[str, str]
    parameters: dict[str, dict[str, str]]
    constants: dict[str, Any]
    inlined: frozenset[str]
    left_out: frozenset[str]
    without_labels: frozenset[str]
    spliced: frozenset[str]
    folded: frozenset[str]
    beginnings: dict[str, str]
    words: dict[str, str]

    def is_settings(self, value: Any) -> bool:
        """Whether a value is the config or the pictures' spec, which a script has as constants."""
        return value is not UNKNOWN and any(value is self.names[name] for name in ("config", "spec"))


def facts_of(config: RunConfig, spec: ImageSpec) -> Facts:
    """What is known of a config beyond what the source shows."""
    precision = "bfloat16" if config.precision == "bfloat16" else "float32"
    by_batch = config.discriminator_normalisation == "batch" and config.network not in ("r3gan", "progressive")
    known_of_gan = SimpleNamespace(
        config=config,
        spec=spec,
        precision=precision,
        scalars_on_device=None,
        discriminator=SimpleNamespace(uses_batch_statistics=by_batch),
    )
    output = SimpleNamespace(class_logits=SOMETHING if config.classifies else None)
    of_batch = SimpleNamespace() if config.classifies else output
    constants = {"SIZE": spec.size, "CHANNELS": spec.channels, "CLASSES": len(spec.classes)}
    constants |= {name.upper(): value for name, value in config if name != "channels"}
    texts: dict[str, Any] = {
        "isinstance(network, Growing)": False,
        "isinstance(self.generator, Growing)": False,
        "isinstance(weight, Tensor)": False,
        "device.type == 'meta'": False,
        "weight.is_meta": False,
        "labels.is_floating_point()": False,
        "images.dim() == 4": config.network != "mlp",
        "not session.asked_to_stop()": True,
        "choose_precision(config.precision, device, count)": precision,
        "session.changes(gan).items()": (),
    }
    if config.penalty_every == 1:
        texts["gan.batches % config.penalty_every == 0"] = True
    instead = {
        "len(spec.classes)": "CLASSES",
        "Activation": "str",
        "Batches": "Iterator[tuple[Tensor, Tensor]]",
        "Critic": "Callable[[Tensor], Tensor]",
        "'Discriminator'": "nn.Module",
        "spec: ImageSpec": "",
        "self.scalars().ema_weight": "self.ema_weight()",
        "self.scalars().noise": "self.noise()",
        "self.images / 1000": "self.batches * BATCH_SIZE / 1000",
        "take_step(gan, batches)": "training_step(gan, batches)",
        "gan.config.budget_spent(session.seconds(), gan.kimg)": _progress(config),
    }
    if not config.classifies:
        instead |= LOGITS_ALONE
    if precision == "float32":
        instead["Float32Tanh"] = "nn.Tanh"
    if not config.learning_rate_decay and not config.instance_noise:
        instead["gan.set_progress(progress)"] = ""
    if not config.conditional_batch_norm:
        instead["ConditionalSequential"] = "nn.Sequential"
    return Facts(
        names={
            "config": config, "spec": spec, "gan": known_of_gan, "Gan": known_of_gan,
            "Dataset": SimpleNamespace(spec=spec), "of_real": output, "of_fake": output,
            "DiscriminatorOutput": of_batch,
        },
        texts=texts,
        instead=instead,
        parameters={
            "stream": {"rank": "0"},
            "OneHot.__init__": {} if config.network in ("compact", "r3gan") else {"scale": "1.0"},
            "UpBlock.__init__": {"classes": "CLASSES" if config.conditional_batch_norm else "0"},
            "Block.__init__": _of_block(config),
            "train": {"session": "None", "take_step": "None"},
            "Dataset.batches": {
                "batch_size": "BATCH_SIZE", "seed": "SEED", "first": "0", "mirror": repr(config.mirror),
            },
        },
        constants=constants,
        inlined=LAYER_HELPERS,
        left_out=frozenset(("load_state_dict", "Dataset.to", "Gan.images")),
        beginnings={"train": "began = time.monotonic()"} if config.minutes else {},
        words=_words(config),
        spliced=frozenset(("self._make_optimizers()",)),
        folded=frozenset(("kernel", "hidden")),
        without_labels=frozenset(() if config.conditional_batch_norm else ("layers", "before", "second")),
    )  # fmt: skip


def _words(config: RunConfig) -> dict[str, str]:
    """Words of docstrings that are for all configs, and those for this one."""
    words = {
        " and, if conditional, labels": " and labels" if config.conditional else ", and labels, which have no effect,",
        ", concatenated if the config says so": ", concatenated",
        ", if the config wants it": "",
        ", as far as the config asks for them": "",
        ", if asked for": "",
        ", see `rows_of`": " int64 [N]",
        ", from batch number `first` on": "",
        ", and what networks must know of them": "",
        " or a stop is asked for": "",
        ", or the tensors that hold them while it is captured": "",
        ", or a copy if no average is asked for": "",
        ", and class_logits [N, classes] if there is an auxiliary classifier. Both are":
            " and class_logits [N, classes], both",
    }  # fmt: skip
    return words if config.classifies else words | {"DiscriminatorOutput": "logits [N]"}


def _of_block(config: RunConfig) -> dict[str, str]:
    """What is the same in R3GAN's blocks of both networks."""
    known = {} if config.dropout else {"dropout": "0.0"}
    if config.generator_activation == config.discriminator_activation:
        known["activation_name"] = repr(config.generator_activation)
    return known


def _progress(config: RunConfig) -> str:
    """The share of the budget that is spent, as the script computes it."""
    by_time = "(time.monotonic() - began) / 60 / MINUTES"
    by_images = "gan.kimg / KIMG"
    if config.minutes and config.kimg:
        return f"max({by_time}, {by_images})"
    return by_images if config.kimg else by_time
