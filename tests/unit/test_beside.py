"""What is kept beside a model file is found again, and nonsense there is nothing."""

import pytest

from gan_core import beside, paths
from gan_core.beside import TruncationCost
from gan_core.errors import WorkbenchError

COST = TruncationCost(200, "ema", [0.9, 0.7], [0.1, 0.6])


def test_names_are_kept_changed_and_taken_away(tmp_path):
    model = tmp_path / "model-000000009.safetensors"
    assert beside.names_of(model) == {}
    beside.give_names(model, {"sefa-1": "slant", "pca-1": "größer", "sefa-2": ""})
    beside.give_names(model, {"sefa-1": "", "sefa-3": "weight"})
    assert beside.names_of(model) == {"pca-1": "größer", "sefa-3": "weight"}
    assert [path.name for path in tmp_path.iterdir()] == ["model-000000009.directions.json"]


def test_a_name_that_is_too_long_is_refused_and_the_others_stay(tmp_path):
    model = tmp_path / "model.safetensors"
    beside.give_names(model, {"sefa-1": "x" * beside.LONGEST_NAME})
    with pytest.raises(WorkbenchError, match="may have 40 characters"):
        beside.give_names(model, {"sefa-2": "x" * 41})
    assert list(beside.names_of(model)) == ["sefa-1"]


def test_what_truncation_costs_is_kept_for_each_kind_of_weights(tmp_path):
    model = tmp_path / "model.safetensors"
    assert beside.truncation_cost(model, "ema") is None
    beside.keep_truncation_cost(model, COST._replace(pictures=20))
    beside.keep_truncation_cost(model, COST)
    beside.keep_truncation_cost(model, COST._replace(weights="generator"))
    assert beside.truncation_cost(model, "ema") == COST
    assert beside.truncation_cost(model, "generator").weights == "generator"


@pytest.mark.parametrize(
    "content", ["", "null", "[1]", '{"sefa-1": 7}', '{"sefa-1": "%s"}' % ("x" * 41), "{" * 10_000, " " * 30_000 + "{}"]
)
def test_nonsense_in_the_file_is_nothing(tmp_path, content):
    for kind in ("directions", "truncation"):
        (tmp_path / f"model.{kind}.json").write_text(content)
    assert beside.names_of(tmp_path / "model.safetensors") == {}
    assert beside.truncation_cost(tmp_path / "model.safetensors", "ema") is None


def test_a_shipped_models_names_are_among_the_runs():
    model = paths.PRETRAINED / "mnist-gan.safetensors"
    beside.give_names(model, {"sefa-1": "slant"})
    assert [path.parent for path in beside.all_of(model) if path.exists()] == [paths.checkpoints() / "shipped"]
    assert beside.names_of(model) == {"sefa-1": "slant"}
