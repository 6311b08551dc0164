"""A run made again by what its report says is the same run."""

import shlex

import pytest
from click.testing import CliRunner

import gan_core
from gan_core.__main__ import cli
from gan_core.config import make_config
from gan_core.presets import DEFAULT_PRESET, preset_config
from gan_core.repeating import changed_settings, command, python
from tests.conftest import small_config

CHANGES = [
    {},
    {"kimg": 25},
    {"minutes": 3, "kimg": 25},
    {"generator_layers": (64, 128), "seed": 7, "conditional": False},
    {"augmentation": "translation, cutout", "generator_activation": "gelu", "r1_gamma": 0.1},
]


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("preset", ["cgan", "minute"])
def test_what_is_told_a_terminal_and_what_is_told_python_give_the_same_config(preset, changes, monkeypatch):
    config, asked = make_config(preset_config(preset), **changes), []
    monkeypatch.setattr("gan_core.store.runs.RunStore.create", lambda self, found, *_rest, **_more: asked.append(found))
    monkeypatch.setattr("gan_core.jobs.train_job.train_run", lambda *_given, **_named: None)
    CliRunner().invoke(cli, shlex.split(command(preset, config))[3:])
    exec(python(preset, config), {"gan_core": gan_core})
    assert asked == [config, config]


def test_only_what_differs_from_the_preset_is_named():
    config = make_config(preset_config("cgan"), seed=7)
    assert changed_settings("cgan", config) == {"seed": 7}
    assert changed_settings("cgan", preset_config("cgan")) == {}


def test_of_a_preset_that_is_gone_the_differences_from_the_usual_one_are_named():
    assert command("gone; rm -rf /", preset_config(DEFAULT_PRESET)).endswith(f"--preset {DEFAULT_PRESET}")


def test_a_folder_of_pictures_is_named_without_where_it_lies():
    config = small_config(dataset="folder:/home/ana/my cats", image_size=32, channels=3, conditional=False)
    assert "'dataset=folder:my cats'" in command("cgan", config) and "ana" not in python("cgan", config)
