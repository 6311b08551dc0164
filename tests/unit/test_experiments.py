"""Which runs an experiment has, and what is refused."""

import pytest

from gan_core.errors import WorkbenchError
from gan_core.experiments import MOST_RUNS, make_experiment, offered, read_values, values_in_a_line
from tests.conftest import small_config

BASE = small_config()


def test_every_combination_is_trained_from_every_seed():
    found = make_experiment(
        "cgan", small_config(seed=7), {"generator_layers": ["8", "8, 16"], "beta1": ["0", "0.5"]}, 2
    )
    assert found.variants == [
        {"generator_layers": "8", "beta1": "0"},
        {"generator_layers": "8", "beta1": "0.5"},
        {"generator_layers": "8, 16", "beta1": "0"},
        {"generator_layers": "8, 16", "beta1": "0.5"},
    ]
    configs = found.all_configs()
    assert [(config.generator_layers, config.beta1, config.seed) for config in configs[3:6]] == [
        ((8,), 0.5, 8), ((8, 16), 0.0, 7), ((8, 16), 0.0, 8)
    ]  # fmt: skip
    assert {config.batch_size for config in configs} == {BASE.batch_size}


def test_the_baseline_has_the_bases_own_values_else_it_is_the_first():
    assert make_experiment("cgan", BASE, {"batch_size": ["8", "16"]}).baseline == 1
    assert make_experiment("cgan", BASE, {"batch_size": ["8", "32"]}).baseline == 0


def test_a_value_that_is_written_twice_is_one():
    found = make_experiment("cgan", BASE, {"beta1": ["0.5", "0.50", " .5 "], "generator_layers": ["8,16", "8, 16"]})
    assert found.vary == {"beta1": ("0.5",), "generator_layers": ("8, 16",)}


@pytest.mark.parametrize(
    ("name", "values", "kept"),
    [
        ("mirror", ["true", "yes", "1", "false"], ("true", "false")),
        ("batch_size", ["16", "016", "16.0"], ("16",)),
        ("generator_layers", ["64, 128", "064,128.0", "64;128"], ("64, 128",)),
        ("kimg", ["1234567", "1234568"], ("1234567", "1234568")),
        ("beta1", ["0.1234567", "0.1234568", "1.234568e-1"], ("0.1234567", "0.1234568")),
    ],
)
def test_values_are_one_only_if_a_config_would_have_the_same(name, values, kept):
    found = make_experiment("cgan", BASE, {name: values})
    assert found.vary == {name: kept}
    assert len(set(found.all_configs())) == 3 * len(kept)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "", "1" * 5000, "\0", "<b>1</b>"])
def test_no_number_is_refused_in_words(value):
    with pytest.raises(WorkbenchError, match="beta1: it should"):
        make_experiment("cgan", BASE, {"beta1": ["0.5", value]})


def test_several_layers_are_read_and_written_with_a_dash():
    assert read_values("generator_layers", "64, 128,64-128,") == ["64", "128", "64, 128"]
    assert values_in_a_line("generator_layers", ["64", "64, 128"]) == "64, 64-128"
    assert read_values("augmentation", "translation, cutout") == ["translation, cutout"]
    assert read_values("loss", "hinge,  wasserstein") == ["hinge", "wasserstein"]
    assert read_values("generator_learning_rate", "1e-3, 0.002") == ["1e-3", "0.002"]


@pytest.mark.parametrize(
    ("vary", "seeds", "words"),
    [
        ({"nonsense": ["1"]}, 3, "there is no such hyperparameter"),
        ({"seed": ["1", "2"]}, 3, "cannot be varied"),
        ({"batch_size": []}, 3, "at least one value"),
        ({"batch_size": ["16", "many"]}, 3, "[Bb]atch"),
        ({"loss": ["hinge", "nonsense"]}, 3, "[Ll]oss"),
        ({"batch_size": ["16"]}, 0, "1 to 20 seeds"),
        ({"batch_size": [str(size) for size in range(16, 417)]}, 3, "1,203 runs"),
    ],
)
def test_what_could_not_be_trained_is_refused_in_words(vary, seeds, words):
    with pytest.raises(WorkbenchError, match=words):
        make_experiment("cgan", BASE, vary, seeds)


def test_a_setting_that_changes_nothing_is_neither_offered_nor_taken():
    assert "generator_layers" in offered(BASE)
    assert "generator_width" not in offered(BASE)
    with pytest.raises(WorkbenchError, match=r"no effect.*needs Architecture to be dcgan, compact"):
        make_experiment("cgan", BASE, {"generator_width": ["4", "8"]})


def test_a_setting_that_matters_in_some_of_the_variants_is_taken():
    vary = {"network": ["mlp", "compact"], "generator_width": ["4", "8"]}
    assert len(make_experiment("cgan", BASE, vary).variants) == 4


def test_as_many_runs_as_there_may_be_are_read():
    sizes = [str(size) for size in range(16, 16 + MOST_RUNS)]
    assert len(make_experiment("cgan", BASE, {"batch_size": sizes}, 1).all_configs()) == MOST_RUNS
