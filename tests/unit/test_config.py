"""Every hyperparameter is checked, whoever gives it, and a refusal is a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from gan_core.config import RunConfig, changeable, has_effect, make_config, settings
from gan_core.errors import WorkbenchError
from gan_core.presets import DEFAULT_PRESET, PRESETS, expected, preset_config
from gan_core.validation import LONGEST_TEXT, problems


def test_the_presets_are_there_and_minute_is_the_default():
    courses = {
        *("gan-keras", "gan-pytorch", "cgan", "dcgan", "cdcgan", "lsgan", "wgan", "wgan-gp", "acgan", "pggan", "sngan"),
        *("r3gan", "minute"),
    }
    assert {name.removesuffix("-small") for name in PRESETS} == courses
    assert DEFAULT_PRESET == "minute"


def test_a_checkpoint_from_before_conditioning_was_a_choice_means_what_its_networks_did():
    assert RunConfig(network="mlp").discriminator_conditioning == "concatenate"
    assert RunConfig(network="dcgan").discriminator_conditioning == "projection"
    assert RunConfig(network="mlp", discriminator_conditioning="projection").discriminator_conditioning == "projection"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"gradient_penalty": 10, "discriminator_normalisation": "batch"}, "discriminator_normalisation"),
        ({"r1_gamma": 1, "discriminator_normalisation": "batch"}, "discriminator_normalisation"),
        ({"r2_gamma": 1, "discriminator_normalisation": "batch"}, "discriminator_normalisation"),
        ({"weight_clipping": 0.01, "discriminator_normalisation": "spectral"}, "weight_clipping"),
        ({"loss": "wasserstein", "discriminator_normalisation": "none"}, "loss"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "label_smoothing"),
        ({"batch_size": 64, "devices": 3}, "devices"),
        ({"batch_size": 4, "devices": 4}, "devices"),
        ({"discriminator_conditioning": "none"}, "discriminator_conditioning"),
        (
            {"generator_conditioning": "batch normalisation", "generator_normalisation": "none"},
            "generator_conditioning",
        ),
        ({"generator_conditioning": "batch normalisation", "network": "r3gan"}, "generator_conditioning"),
    ],
)
def test_what_makes_no_sense_together_is_refused_in_words(changes, refused):
    with pytest.raises(WorkbenchError, match=f"^{refused}: "):
        make_config(**changes)


@pytest.mark.parametrize(
    "bound",
    [{"weight_clipping": 0.01}, {"gradient_penalty": 10}, {"r1_gamma": 1}, {"discriminator_normalisation": "spectral"}],
)
def test_a_critic_is_bounded_in_any_of_these_ways(bound):
    assert make_config(loss="wasserstein", **{"discriminator_normalisation": "none"} | bound).loss == "wasserstein"


def test_the_courses_settings_are_the_papers():
    wgan, penalised, sngan, acgan = map(preset_config, ("wgan", "wgan-gp", "sngan", "acgan"))
    assert (wgan.optimizer, wgan.n_critic, wgan.weight_clipping, wgan.batch_size) == ("rmsprop", 5, 0.01, 64)
    assert wgan.generator_learning_rate == wgan.discriminator_learning_rate == 5e-5
    assert (penalised.gradient_penalty, penalised.n_critic, penalised.discriminator_normalisation) == (10, 5, "none")
    assert (penalised.generator_learning_rate, penalised.beta1, penalised.beta2) == (1e-4, 0, 0.9)
    assert sngan.learning_rate_decay == 1  # from the start: `iteration_decay_start: 0` in the authors' code
    assert (sngan.loss, sngan.discriminator_conditioning, sngan.generator_conditioning) == (
        *("hinge", "projection", "batch normalisation"),
    )
    assert (acgan.discriminator_conditioning, acgan.auxiliary_classifier, acgan.classify_fakes) == ("none", 1, True)
    assert preset_config("dcgan").discriminator_normalisation == "batch"
    assert (preset_config("dcgan").generator_learning_rate, preset_config("dcgan").beta1) == (2e-4, 0.5)


def test_gan_keras_is_the_tutorials():
    config = preset_config("gan-keras")
    assert (config.generator_normalisation, config.batch_size, config.conditional) == ("batch", 128, False)
    assert (config.generator_learning_rate, config.beta1, config.beta2) == (1e-3, 0.9, 0.999)  # Adam's defaults
    assert config.grid_every == 1000


def test_gan_pytorch_is_the_tutorials():
    config = preset_config("gan-pytorch")
    assert (config.generator_normalisation, config.batch_size, config.conditional) == ("none", 64, False)
    assert (config.generator_learning_rate, config.beta1, config.beta2) == (2e-4, 0.5, 0.999)


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(WorkbenchError, match="cdcgan"):
        preset_config("stylegan9")


@pytest.mark.parametrize("name", settings())
def test_every_hyperparameter_says_what_it_is(name):
    setting = settings()[name]
    assert setting.title
    assert len(setting.help) > 20
    assert setting.group


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": "many"}, "batch_size"),
        ({"generator_layers": "256, -3"}, "generator_layers"),
        ({"generator_layers": ""}, "generator_layers"),
        ({"generator_layers": "99999"}, "generator_layers"),
        ({"generator_learning_rate": float("nan")}, "generator_learning_rate"),
        ({"generator_learning_rate": float("inf")}, "generator_learning_rate"),
        ({"loss": "wishful"}, "loss"),
        ({"dataset": "imagenet"}, "imagenet"),
        ({"dataset": "folder:"}, "folder"),
        ({"minutes": None, "kimg": None}, "never end"),
        ({"score_every": -1}, "score_every: it should be at least 0"),
        ({"minutes": 0}, "minutes"),
        ({"ema_decay": 1}, "ema_decay"),
        ({"seed": -1}, "seed"),
        ({"batchsize": 3}, "batchsize"),
    ],
)
def test_nonsense_is_refused_in_a_sentence_that_names_it(changes, words):
    with pytest.raises(WorkbenchError, match=words) as refusal:
        make_config(**changes)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", settings())
def test_a_text_of_any_length_is_refused_before_it_is_read_and_not_repeated(name):
    with pytest.raises(WorkbenchError, match=f"^{name}: it should have at most {LONGEST_TEXT} characters") as refusal:
        make_config(**{name: "7" * (LONGEST_TEXT + 1)})
    assert len(str(refusal.value)) < 200


def test_a_million_hidden_layers_are_not_split():
    class Text(str):
        def replace(self, *_arguments):
            raise AssertionError("it was about to be split")

    with pytest.raises(WorkbenchError, match="at most"):
        make_config(generator_layers=Text("256, " * 1_000_000))


@pytest.mark.parametrize("changes", [{"generator_layers": "7, " * 300}, {"loss": "x" * 900}, {"dataset": "x" * 900}])
def test_a_long_value_is_repeated_in_part(changes):
    with pytest.raises(WorkbenchError, match="…") as refusal:
        make_config(**changes)
    assert len(str(refusal.value)) < 350


def test_an_unknown_hyperparameters_long_name_is_repeated_in_part():
    with pytest.raises(WorkbenchError, match="x…: there is no such") as refusal:
        make_config(**{"x" * 100_000: 1})
    assert len(str(refusal.value)) < 2000


def test_values_come_as_people_type_them():
    config = make_config(generator_layers="64, 128", batch_size="32", conditional="false", kimg="2.5", minutes="none")
    assert config.generator_layers == (64, 128)
    assert (config.batch_size, config.conditional, config.kimg, config.minutes) == (32, False, 2.5, None)


@pytest.mark.parametrize("name", settings())
def test_every_hyperparameters_own_value_is_accepted_as_text(name):
    base = RunConfig(minutes=2, kimg=10)
    value = getattr(base, name)
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    assert getattr(make_config(base, **{name: text}), name) == value


def test_problems_are_told_by_hyperparameter():
    with pytest.raises(ValidationError) as refusal:
        RunConfig(batch_size=1, seed=-1, dataset="digits")
    assert set(problems(refusal.value)) == {"batch_size", "seed"}


def test_only_the_chosen_architectures_settings_have_an_effect():
    values = RunConfig(network="mlp").model_dump()
    assert has_effect("generator_layers", values)
    assert not has_effect("generator_width", values)
    assert has_effect("beta1", values)
    assert not has_effect("beta1", values | {"optimizer": "sgd"})
    assert not has_effect("image_size", values)
    assert has_effect("image_size", values | {"dataset": "folder:/pictures"})


def test_learning_rates_and_n_critic_may_change_while_a_run_learns():
    assert set(changeable()) == {"generator_learning_rate", "discriminator_learning_rate", "n_critic"}


def test_one_kind_of_budget_replaces_the_other():
    assert (make_config(kimg=500).minutes, make_config(kimg=500).kimg) == (None, 500)
    assert make_config(make_config(kimg=500), minutes=3).kimg is None
    assert make_config(make_config(kimg=500), seed=3).kimg == 500


def test_the_nearer_limit_ends_a_run():
    config = make_config(minutes=2, kimg=10)
    assert config.budget_spent(seconds=60, kimg=1) == 0.5
    assert config.budget_spent(seconds=60, kimg=9) == 0.9


configs = some.builds(
    make_config,
    network=some.sampled_from(["mlp", "dcgan", "compact"]),
    conditional=some.booleans(),
    latent_dim=some.integers(1, 1024),
    generator_layers=some.lists(some.integers(1, 4096), min_size=1, max_size=8),
    batch_size=some.integers(2, 4096),
    generator_learning_rate=some.floats(1e-8, 10),
    ema_decay=some.floats(0, 0.9999),
    dataset=some.one_of(some.just("mnist"), some.text(min_size=1).filter(str.strip).map(lambda t: "folder:" + t[:900])),
    minutes=some.one_of(some.none(), some.floats(0.01, 1000)),
    kimg=some.floats(0.01, 1e6),
)


@given(configs)
def test_any_valid_config_survives_json(config):
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


@given(
    some.dictionaries(
        some.sampled_from(list(settings())),
        some.one_of(some.integers(), some.floats(), some.text(max_size=20), some.none(), some.lists(some.integers())),
    )
)
def test_whatever_is_given_is_either_valid_or_refused_in_one_sentence(values):
    try:
        config = make_config(**values)
    except WorkbenchError as refusal:
        assert "\n" not in str(refusal).replace(repr(values), "")
    else:
        assert RunConfig.model_validate(config.model_dump()) == config


def test_a_preset_tells_what_a_run_that_was_no_longer_gave_and_changed_ones_tell_nothing():
    config = make_config(preset_config("minute"), dataset="mnist", seed=7, minutes=3)
    short, long = PRESETS["minute"].gives["mnist"]
    assert expected(config, kimg=short.kimg - 1) is None
    assert expected(config, kimg=long.kimg - 1) == short
    assert expected(config, kimg=1e6) == long
    assert expected(make_config(config, batch_size=16), kimg=1e6) is None
    assert expected(make_config(config, dataset="cifar10"), kimg=1e6) is None


def test_what_is_true_of_a_setting_stands_in_its_declaration():
    free = {name for name, setting in settings().items() if setting.free_when_resumed}
    assert free == {"minutes", "kimg", "device", "devices"}
    unlike = {name for name, setting in settings().items() if not setting.part_of_preset}
    how = {"device", "devices", "precision"}
    assert unlike == how | {"dataset", "minutes", "kimg", "seed", "score_every", "grid_every"}
    learning = {"generator_learning_rate", "discriminator_learning_rate", "learning_rate_decay", "beta1", "beta2"}
    no_slower = {name for name, setting in settings().items() if not setting.affects_speed}
    assert no_slower == learning | {
        *(
            "minutes",
            "kimg",
            "score_every",
            "grid_every",
            "seed",
            "ema_decay",
            "ema_share",
            "drift",
            "label_smoothing",
            "growth_kimg",
        )
    }
