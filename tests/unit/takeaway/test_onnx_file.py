"""The ONNX file draws what the model draws, by onnxruntime; truncation within it is the library's own."""

from itertools import groupby

import numpy as np
import onnx
import pytest
import torch
from torch.special import ndtr, ndtri

from gan_core import latents
from gan_core.checkpoint import Metadata
from gan_core.config import ImageSpec, make_config
from gan_core.errors import WorkbenchError
from gan_core.networks.build import build_generator
from gan_core.presets import PRESETS, preset_config
from gan_core.sampling import Model
from gan_core.takeaway import onnx_file, packages

SPEC = ImageSpec(size=28, channels=1, classes=("cat", "dog", "7"))
SMALL = {"latent_dim": 16, "generator_width": 8, "generator_layers": (24, 16)}
INFINITY = float("inf")


def model(config, grown=9.0):
    torch.manual_seed(0)
    generator = build_generator(config, SPEC).eval().requires_grad_(False)
    for module in generator.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):  # as if it had learnt
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    for table in (one for one in generator.modules() if isinstance(one, torch.nn.Embedding)):
        table.weight.normal_()
    if config.network == "progressive":
        generator.set_extra_state(torch.tensor(grown))
    return Model(Metadata("test", config, SPEC, 9, 0.0), generator)


def generator_of(preset):
    """The settings that its generator depends on, as a text, made small: the exporter's work is the same."""
    config = make_config(preset_config(preset), **SMALL)
    names = [
        name
        for name in type(config).model_fields
        if name.startswith("generator_") and name != "generator_learning_rate"
    ]
    return str([getattr(config, name) for name in ("network", "conditional", *names)])


GROUPS = [list(group) for _key, group in groupby(sorted(PRESETS, key=generator_of), generator_of)]
"""Presets with the same generator, apart from its size."""


def images_of(content, drawn_by, numbers, threshold, labels=None):
    inputs = {"latents": numbers, "truncation": torch.tensor(threshold)}
    if drawn_by.classes:
        inputs["classes"] = torch.eye(3)[labels]
    return onnx_file.run(content, inputs)


@pytest.mark.parametrize("presets", GROUPS, ids=[",".join(group) for group in GROUPS])
def test_every_presets_file_draws_what_its_model_draws(presets):
    drawn_by = model(make_config(preset_config(presets[0]), **SMALL))
    content = onnx_file.export(drawn_by)
    numbers, labels = latents.latents(7, 16, seed=5), torch.tensor([0, 1, 2, 2, 1, 0, 1])
    for threshold in (INFINITY, 0.8):
        expected = drawn_by.generator(latents.truncate(numbers, threshold), labels).numpy()
        assert np.abs(expected).max() > 1e-3
        assert np.abs(images_of(content, drawn_by, numbers, threshold, labels) - expected).max() < 1e-4


def test_a_network_that_still_grows_is_exported_as_it_is_now():
    drawn_by = model(make_config(preset_config("pggan-small"), **SMALL), grown=1.3)
    numbers = latents.latents(2, 16, seed=5)
    drawn = images_of(onnx_file.export(drawn_by), drawn_by, numbers, INFINITY)
    assert np.abs(drawn - drawn_by.generator(numbers, torch.zeros(2)).numpy()).max() < 1e-4


@pytest.fixture(scope="module")
def conditional():
    return model(make_config(preset_config("minute"), **SMALL))


@pytest.fixture(scope="module")
def content(conditional):
    return onnx_file.export(conditional)


def test_classes_may_be_mixed(conditional, content):
    weights = torch.tensor([[0.5, 0.5, 0.0]])
    numbers = latents.latents(1, 16, seed=1)
    drawn = onnx_file.run(content, {"latents": numbers, "classes": weights, "truncation": torch.tensor(INFINITY)})
    assert np.abs(drawn - conditional.generator(numbers, weights).numpy()).max() < 1e-4


def test_the_file_says_what_it_is_and_names_no_folder(content):
    file = onnx.load_from_string(content)
    onnx.checker.check_model(file)
    said = {entry.key: entry.value for entry in file.metadata_props}
    assert said == {
        "name": "test",
        "classes": '["cat", "dog", "7"]',
        "dataset": "digits",
        "step": "9",
        "weights": "ema",
    }
    assert [one.name for one in (*file.graph.input, *file.graph.output)] == [
        "latents",
        "classes",
        "truncation",
        "images",
    ]
    assert b"gan_core" not in content


@pytest.mark.parametrize(("bits", "share", "on_average"), [(16, 0.7, 0.1), (8, 0.55, 2)])
def test_weights_in_fewer_bits_make_the_file_smaller_and_change_little(conditional, content, bits, share, on_average):
    narrow = onnx_file.export(conditional, bits)
    onnx.checker.check_model(onnx.load_from_string(narrow))
    numbers = latents.latents(9, 16, seed=2), torch.arange(9) % 3
    drawn = [images_of(one, conditional, numbers[0], INFINITY, numbers[1]) for one in (content, narrow)]
    assert len(narrow) < share * len(content)
    assert np.abs(drawn[0] - drawn[1]).mean() < on_average / 127.5


def test_rows_of_zeros_stay_zeros_in_8_bits():
    narrow, scale = onnx_file._narrowed(np.array([[0.0, 0.0], [1.0, -0.5]], np.float32), 8)
    assert (narrow * scale).tolist() == [[0, 0], [1, pytest.approx(-0.504, abs=1e-3)]]


def test_a_file_that_would_draw_something_else_is_not_handed_out(conditional, monkeypatch):
    monkeypatch.setattr(onnx_file, "run", lambda content, inputs: np.zeros((4, 1, 28, 28), np.float32))
    with pytest.raises(WorkbenchError, match="other pictures"):
        onnx_file.export(conditional)


def test_without_the_packages_one_is_told_which(monkeypatch):
    monkeypatch.setattr(packages, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(WorkbenchError, match=r"deploy/requirements-export\.txt"):
        packages.refuse_without_packages()


# The formulas


@pytest.mark.parametrize("threshold", [0.0, 0.01, 0.5, 1.0, 2.0, 3.0, 5.0, INFINITY])
def test_truncation_by_operators_of_onnx_is_the_librarys(threshold):
    normal = torch.cat([torch.linspace(-6, 6, 5001), torch.tensor([0.0, 1e-6, -1e-6])])
    squeezed = onnx_file.squeezed(normal, torch.tensor(threshold))
    assert (squeezed - latents.truncate(normal, threshold)).abs().max() < 1e-5


def test_tails_and_quantiles_keep_their_digits():
    x = torch.linspace(0, 6.5, 2001)
    assert (onnx_file.tail(x).double() / ndtr(-x.double()) - 1).abs().max() < 2e-5
    p = torch.logspace(-11, -0.31, 2001)
    assert (onnx_file.quantile(p).double() + ndtri(p.double())).abs().max() < 5e-6
