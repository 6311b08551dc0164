"""python -m gan_core export: which file is made of which model, and what is refused."""

import pytest
from click.testing import CliRunner

from gan_core.__main__ import cli
from gan_core.errors import WorkbenchError
from gan_core.takeaway import onnx_file
from tests.conftest import small_config


@pytest.fixture
def export(tmp_path, monkeypatch):
    """Runs the command; what is asked of the exporter, which does not run, is its answer."""

    def run(name, *options):
        asked = []
        monkeypatch.setattr(
            onnx_file, "export", lambda model, bits: asked.append((model.metadata.name, model.weights, bits)) or b"onnx"
        )
        done = CliRunner().invoke(cli, ["export", "mnist-gan", "--out", str(tmp_path / name), *options])
        if done.exception:
            raise done.exception
        assert done.output.splitlines()[-1] == str(tmp_path / name)
        return asked, (tmp_path / name).read_bytes()

    return run


def test_the_files_name_says_what_it_becomes(export):
    assert export("a.onnx") == ([("mnist-gan", "ema", 32)], b"onnx")
    assert export("a.onnx", "--bits", "8") == ([("mnist-gan", "ema", 8)], b"onnx")
    asked, content = export("a.html")
    assert asked == [("mnist-gan", "ema", 16)]
    assert content.startswith(b"<!doctype html>")


def test_a_run_that_has_no_model_yet_is_told_so(store, tmp_path):
    store.create(small_config(), "cgan")
    done = CliRunner().invoke(cli, ["export", "1", "--out", str(tmp_path / "a.onnx")])
    assert str(done.exception) == "Run 1 has no checkpoint yet."


def test_another_name_is_refused_before_anything_is_done(export):
    with pytest.raises(WorkbenchError, match=r"ends in \.onnx, \.html, \.pt, \.py or \.ipynb"):
        export("a.bin")
