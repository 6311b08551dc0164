"""The model as a file, from the Generate page: what is offered, and the route that has it made."""

import base64
import gzip
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import gan_core
from gan_core.errors import WorkbenchError
from gan_core.jobs import export_job
from gan_core.latents import latents, truncate
from gan_core.store.people import default_people
from gan_core.takeaway import onnx_file, packages
from gan_core.text import Text
from pages.parts.generate import take_away
from tests.app.conftest import components, words_of
from tests.app.test_generate_walks import ask, pieces

GENERATE = "generate.py"
ASKED = {"model": "shipped:mnist-cdcgan", "raw": "false", "lang": "es"}


@pytest.fixture
def made(monkeypatch):
    """What is asked for is noted, and not made."""
    asked = []

    def note(model, weights, bits):
        asked.append((model.name, weights, bits))
        return b"onnx"

    monkeypatch.setattr(take_away, "exported", note)
    return asked


def file_of(answer):
    return b"".join(content for _drawn, content in pieces(answer))


def test_both_files_are_offered_with_what_is_chosen(open_page):
    app = open_page(GENERATE, model="shipped:mnist-gan", lang="es")
    offered = next(data for data in components(app) if any("model." in f["path"] for f in data.get("files", [])))[
        "files"
    ]
    query = "model=shipped%3Amnist-gan&raw=false&lang=es"
    assert [one["path"] for one in offered] == [f"live/model.html?{query}", f"live/model.onnx?{query}"]
    assert [one["name"] for one in offered] == ["mnist-gan.html", "mnist-gan.onnx"]
    assert all(one["can_be_made"] for one in offered)


def test_where_packages_are_missing_the_page_says_which(open_page, monkeypatch):
    monkeypatch.setattr(packages, "PACKAGES", ("no_such_package",))
    app = open_page(GENERATE)
    assert "deploy/requirements-export.txt" in words_of(app)
    refused = ask("model.onnx", ASKED)
    assert (refused.status, "ONNX no está instalado" in refused.body.decode()) == (400, True)


def test_the_onnx_file_is_made_by_a_process_of_its_own_and_draws_as_the_app_does():
    model = gan_core.load("mnist-cdcgan")
    content = file_of(ask("model.onnx", ASKED))
    numbers, labels = latents(3, model.metadata.config.latent_dim, 1), torch.tensor([7, 1, 4])
    inputs = {"latents": numbers, "classes": torch.eye(10)[labels], "truncation": torch.tensor(1.1)}
    expected = model.generator(truncate(numbers, 1.1), labels).numpy()
    assert np.abs(onnx_file.run(content, inputs) - expected).max() < 1e-4


def test_the_page_is_in_the_readers_language_and_has_weights_in_16_bits(made):
    page = file_of(ask("model.html", ASKED)).decode()
    assert '<html lang="es">' in page and "Semilla" in page
    packed = re.search(r'id="model">([^<]+)<', page)[1]
    assert gzip.decompress(base64.b64decode(packed)) == b"onnx"
    ask("model.onnx", ASKED | {"lang": "<script>"})
    assert made == [
        ("mnist-cdcgan.safetensors", "ema", 16),
        ("mnist-cdcgan.safetensors", "ema", 32),
    ]


def test_a_language_that_is_none_becomes_english(made):
    assert b'<html lang="en">' in file_of(ask("model.html", ASKED | {"lang": '"><script>'}))


def test_forms_and_models_that_there_are_not_are_refused(made):
    assert ask("model.exe", ASKED).status == 404
    assert ask("model.onnx", ASKED | {"model": "shipped:../secret"}).status == 400
    assert made == []


def test_a_file_counts_as_several_requests_and_nobody_has_one_without_coming_in(made, hosted, monkeypatch):
    hosted("public", most_requests=25)
    monkeypatch.setattr("pages.parts.visitors._read", lambda cookie: cookie)
    default_people().stranger("k")
    statuses = [ask("model.onnx", ASKED, cookie="gan_workbench_visitor=k").status for _ in range(3)]
    assert statuses == [200, 200, 400]
    assert ask("model.onnx", ASKED).status == 403


# What the job is to the server


def test_the_same_model_is_made_once_until_its_file_changes(tmp_path, monkeypatch):
    started = []

    def run(command, **options):
        started.append(command)
        Path(command[-1]).write_bytes(b"%d" % len(started))
        return export_job.subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(export_job.subprocess, "run", run)
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"1")
    assert [export_job.exported(model, "ema", 32) for _ in range(2)] == [b"1", b"1"]
    assert export_job.exported(model, "ema", 16) == b"2"
    model.unlink()
    assert export_job.exported(model, "ema", 16) == b"3"


def test_what_the_job_says_is_said_and_a_silent_end_too(tmp_path, monkeypatch):
    for output, said in (
        (Text("There is no checkpoint {file}; check its name.", {"file": "x"}).to_json(), "no checkpoint x;"),
        ("", "too much memory or time"),
    ):
        ended = export_job.subprocess.CompletedProcess([], 1, output)
        monkeypatch.setattr(export_job.subprocess, "run", lambda *command, ended=ended, **options: ended)
        with pytest.raises(WorkbenchError, match=said):
            export_job.exported(tmp_path / "gone.safetensors", "ema", 32)


def test_nobody_waits_behind_many(tmp_path, monkeypatch):
    monkeypatch.setattr(export_job, "_places", export_job.threading.BoundedSemaphore(1))
    with export_job._places, pytest.raises(WorkbenchError, match="try again in a minute"):
        export_job.exported(tmp_path / "model.safetensors", "ema", 32)
