"""What the server does for the playground: its scripts, and the same in PyTorch."""

import ast
import gzip
import inspect
import json
import re
from urllib.parse import urlencode

import pytest
import torch
from starlette.applications import Starlette

from gan_core import paths
from gan_core.config import RunConfig
from gan_core.training import loop, losses, regularizers
from pages.parts.learn.playground import in_pytorch
from pages.parts.learn.playground.routes import FOLDER, address, playground_routes, scripts
from pages.parts.learn.playground.settings import CURVED, GROUPS, KNOBS, LOSSES, SHAPES, SITUATIONS
from tests import asgi


def get(path: str, asked: dict[str, str] | None = None) -> asgi.Answer:
    return asgi.ask(Starlette(routes=playground_routes()), path, query=urlencode(asked or {}))


def notebook(asked: dict[str, str] | None = None) -> dict:
    return json.loads(get("/playground/notebook", asked).body)


def test_all_scripts_together_are_small():
    assert sum(len(script) for script in scripts().values()) <= 40_000


def test_a_script_may_be_kept_for_ever():
    answer = get(f"/{address()}/gan.js")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == (FOLDER / "gan.js").read_bytes()
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    for name in ("nothing.js", "settings.py", "../gan.js"):
        assert get(f"/{address()}/{name}").status == 404


def test_scripts_take_nothing_from_elsewhere():
    taken = {name for path in FOLDER.glob("*.js") for name in re.findall(r'from "([^"]*)"', path.read_text("utf-8"))}
    assert all((FOLDER / name).exists() and name.startswith("./") for name in taken)
    assert not [path.name for path in FOLDER.glob("*.js") if "http" in path.read_text("utf-8")]


def test_settings_fit_one_another():
    for knob in KNOBS.values():
        assert knob.usual in knob.options
        assert knob.group in GROUPS
    for changes in (*(situation.settings for situation in SITUATIONS.values()), *CURVED.values()):
        assert all(value in KNOBS[name].options for name, value in changes.items())
    assert set(in_pytorch.CONFIG) <= RunConfig.model_fields.keys()
    assert set(LOSSES) <= losses.LOSSES.keys()
    assert set(CURVED) < set(SHAPES)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_lines_shown_are_the_lines_that_run(loss):
    asked = {"loss": loss, "gradient_penalty": "1", "r1_gamma": "1", "weight_clipping": "0.1"}
    shown = in_pytorch.lines_for(in_pytorch.read_choices(asked))
    known = losses.LOSSES[loss]
    functions = [known.discriminator, known.generator, regularizers.squared_slopes, regularizers.gradient_penalty]
    functions += [regularizers.r1_penalty, regularizers.clip_weights]
    functions += [loop.training_step, loop.discriminator_step, loop.generator_step, loop.optimizer_step]
    for lines, function in zip(shown, functions, strict=True):
        function = inspect.unwrap(function)
        source, first = inspect.getsourcelines(function)
        assert (paths.PROJECT / lines.file).samefile(inspect.getsourcefile(function))
        assert lines.line == first
        assert lines.code.endswith("".join(source).rstrip())


def test_a_page_that_shows_lines_loads_no_torch():
    tree = ast.parse(inspect.getsource(in_pytorch))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "gan_core.training" not in " ".join(filter(None, imported))


CASES = {
    "usual": {},
    "the cure": {name: str(value) for name, value in SITUATIONS["cure"].settings.items()},
    "vanishing": {name: str(value) for name, value in SITUATIONS["vanishing"].settings.items()},
    "clipping": {"loss": "wasserstein", "weight_clipping": "0.1", "shape": "spiral"},
    "drawn": {"loss": "hinge", "shape": "drawn", "drawn": "100,-20,0,50,7", "r1_gamma": "0.1", "ema_decay": "0.99"},
    "nothing drawn": {"shape": "drawn", "loss": "least-squares"},
}


def run(notebook: dict) -> dict:
    """Its cells, one after the other; what they named."""
    names: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(cell["source"], names)
    return names


@pytest.mark.parametrize("asked", CASES.values(), ids=CASES)
def test_the_notebook_runs(asked, capsys):
    torch.manual_seed(0)
    names = run(notebook(asked | {"steps": "5", "lang": "es"}))
    config, gan = names["config"], names["gan"]
    assert gan.step == 5
    assert config.loss == asked.get("loss", "non-saturating")
    assert "step 5: loss of D" in capsys.readouterr().out
    optimizer = "SGD" if asked.get("generator_optimizer") == "sgd" else "Adam"
    assert type(gan.generator_optimizer).__name__ == optimizer
    points = names["generate"](64)
    assert points.shape == (64, 2)
    assert (points.mean() > 1.5) == (asked.get("start") == "far")  # after so few steps


def test_the_notebooks_shapes_are_the_playgrounds():
    """Both are written down: shapes.js has as many centres, as a browser test sees."""
    made = notebook()
    names = run(made | {"cells": made["cells"][:4]})
    counts = {shape: len(centres) for shape, (centres, _deviation) in names["SHAPES"].items()}
    assert counts == {"ring": 8, "moons": 24, "spiral": 24, "clusters": 2, "line": 16, "drawn": 0}


def test_what_an_address_says_beyond_the_options_is_passed_over():
    asked = {"loss": "__import__('os')", "seed": "10**9", "drawn": "1,2,x;3," * 1000, "steps": "9" * 50, "lang": "<b>"}
    source = "\n".join(cell["source"] for cell in notebook(asked)["cells"])
    assert "__import__" not in source and "<b>" not in source
    assert "loss='non-saturating'" in source
    assert len(source) < 10_000
    assert get("/playground/lines", asked).status == 200
