"""The page that draws offline: whole, small enough, in the language asked for, and safe whatever a model is called."""

import base64
import gzip
import hashlib
import json
import re

import pytest
import torch

from gan_core import sampling
from gan_core.checkpoint import Metadata
from gan_core.config import ImageSpec
from gan_core.errors import WorkbenchError
from gan_core.networks.build import build_generator
from gan_core.takeaway import html_file
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=("</script><script>alert(1)</script>", "2"))


def model(name="test", **changes):
    config = small_config(**changes)
    return sampling.Model(Metadata(name, config, SPEC, 9, 0.0, images=1500), build_generator(config, SPEC).eval())


def parts(page):
    """The texts of the elements with scripts and data, by their ids."""
    return dict(re.findall(r'<script type="[^"]+" id="(\w+)">(.*?)</script>', page.decode(), re.DOTALL))


def unpacked(text):
    return gzip.decompress(base64.b64decode(text))


def test_the_page_holds_the_model_the_runtime_and_its_licence_and_fetches_nothing():
    page = html_file.page(model(), b"the ONNX file")
    found = parts(page)
    assert unpacked(found["model"]) == b"the ONNX file"
    assert unpacked(found["wasm"]).startswith(b"\0asm")
    assert b"ONNX Runtime Web v" + html_file.VERSION.encode() in unpacked(found["runtime"])[:200]
    assert b"Copyright (c) Microsoft Corporation" in page and b"MIT License" in page
    shown = re.sub(rb"<script.*?</script>|<!--.*?-->", b"", page, flags=re.DOTALL)
    assert b"http:" not in shown and b"https:" not in shown and b"src=" not in shown
    assert b"default-src 'none'" in shown and b"{{" not in shown


def test_the_runtime_is_the_one_that_its_readme_names():
    readme = (html_file.RUNTIME / "README.md").read_text(encoding="utf-8")
    wasm = gzip.decompress((html_file.RUNTIME / "ort-wasm-simd-threaded.wasm.gz").read_bytes())
    script = (html_file.RUNTIME / "ort.wasm.bundle.min.mjs").read_bytes()
    assert all(hashlib.sha256(content).hexdigest() in readme for content in (wasm, script))
    assert f"`onnxruntime-web` {html_file.VERSION}," in readme


def test_what_it_says_is_in_the_language_of_whoever_makes_it():
    page = html_file.page(model(), b"", "es", lambda text: f"¡{text}!").decode()
    assert '<html lang="es">' in page
    assert "¡mlp trained on digits, 2 kimg." in page
    settings = json.loads(parts(page.encode())["page"])
    assert settings["language"] == "es"
    assert settings["words"]["direction"] == "¡Direction {number}!"


def test_names_from_outside_stay_texts():
    page = html_file.page(model("<img src=x onerror=alert(1)> {{model}}"), b"")
    assert b"<img" not in page and b"alert(1)</script>" not in page
    assert json.loads(parts(page)["page"])["classes"] == list(SPEC.classes)


def test_an_unconditional_model_has_no_classes_to_choose():
    page = html_file.page(model(conditional=False), b"")
    assert json.loads(parts(page)["page"])["classes"] == []
    assert b'<label for="count">Pictures</label>' in page


def test_the_directions_are_those_of_the_app():
    drawn_by = model()
    told = json.loads(parts(html_file.page(drawn_by, b"", names={"sefa-2": "</script>slant"}))["page"])
    directions, names = told["directions"], told["names"]
    assert names == ["", "</script>slant", *[""] * (len(directions) - 2)]
    assert torch.allclose(torch.tensor(directions), drawn_by.directions, atol=1e-5)


def test_a_page_that_would_be_too_large_is_refused_in_words():
    with pytest.raises(WorkbenchError, match=r"would have 1[34] MB, and such a file may have 12; take it as ONNX"):
        html_file.page(model(), torch.randint(256, (6_400_000,), dtype=torch.uint8).numpy().tobytes())


def test_a_large_model_has_its_weights_in_fewer_bits():
    # The last layer of the preset's generator for colour pictures alone has three million.
    widths = {"generator_layers": (256, 512, 1024)}
    colour = SPEC.model_copy(update={"size": 32, "channels": 3})
    assert html_file.bits_for(model(**widths)) == 16
    config = small_config(**widths)
    assert html_file.bits_for(sampling.Model(model().metadata, build_generator(config, colour))) == 8
