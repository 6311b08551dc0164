"""A run as a notebook: a valid file, whose cells run one after the other and make the same run again."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

from gan_core import paths
from gan_core.config import make_config
from gan_core.presets import PRESETS
from gan_core.repeating import nearest_preset
from gan_core.takeaway.notebook import notebook

TINY = {"kimg": 0.064, "generator_layers": (16,), "discriminator_layers": (16,), "batch_size": 16, "device": "cpu"}


def cells(made, kind):
    read = nbformat.reads(made.decode(), as_version=4)
    nbformat.validate(read)
    return [cell.source for cell in read.cells if cell.cell_type == kind]


@pytest.mark.parametrize("preset", PRESETS)
def test_of_every_preset_it_is_a_valid_notebook(preset):
    made = notebook("mnist-cdcgan", preset, make_config(PRESETS[preset].config, seed=7))
    assert "seed=7" in cells(made, "code")[-1]
    assert "| Seed | 0 | 7 |" in cells(made, "markdown")[0]


def test_its_cells_load_a_model_explain_it_and_repeat_the_run(tmp_path):
    config = make_config(PRESETS["cgan"].config, **TINY, seed=3)
    written = "\n".join(cells(notebook("mnist-cdcgan", "cgan", config), "code"))
    looked_at = "\nprint('loaded', type(model).__name__, run.state, run.config_json)"
    place = os.environ | {"GAN_WORKBENCH_CHECKPOINTS": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", written + looked_at], cwd=paths.PROJECT, env=place, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert "class MlpGenerator(Generator):" in ended.stdout
    assert "class NonSaturating(Minimax):" in ended.stdout
    loaded = ended.stdout.partition("loaded ")[2]
    assert loaded.startswith("Model finished ")
    assert json.loads(loaded.removeprefix("Model finished ")) == json.loads(config.model_dump_json())


def test_a_folder_of_pictures_is_named_and_not_where_it_lies():
    made = notebook("run", "minute", make_config(dataset="folder:/home/somebody/cats", image_size=28))
    assert "dataset='folder:cats'" in made.decode()
    assert "somebody" not in made.decode()


def test_a_strange_name_is_text_and_nothing_else():
    name = '"""$name</script>\\' + "\n# %%\n[x](javascript:1)"
    made = notebook(name, name, make_config())
    assert len(cells(made, "code")) == 4
    assert cells(made, "markdown")[0].startswith('# """\\$name\\</script\\>\\\\ \\# %% \\[x\\](javascript:1)\n')


@pytest.mark.parametrize("preset", PRESETS)
def test_the_preset_of_a_model_is_found_by_its_settings(preset):
    assert nearest_preset(make_config(PRESETS[preset].config, seed=5, minutes=3)) == preset
