"""A run shows itself in a notebook, while it learns and afterwards; the kernel is a stand-in."""

import base64
import io
import re
import sys
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import gan_core
from gan_core import notebook
from tests.conftest import small_config


class Shown(list):
    """What was displayed in one place of the notebook, the newest last."""

    def update(self, content):
        self.append(content)


@pytest.fixture
def kernel(monkeypatch):
    """As in a notebook's kernel; holds the places where something was displayed."""
    places = []

    def display(content, display_id):
        assert display_id is True
        places.append(Shown([content]))
        return places[-1]

    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    ipython.display = ModuleType("IPython.display")
    ipython.display.display, ipython.display.HTML = display, str
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return places


def train():
    return gan_core.train("cgan", **small_config(dataset="few-digits").model_dump(exclude={"minutes"}))


def test_a_notebook_shows_a_run_while_it_learns_in_one_place(kernel):
    run = train()
    (place,) = kernel
    assert len(place) > 1
    assert "running" in place[0] and "finished" in place[-1]
    assert "<svg" in place[-1]
    assert place[-1] == run._repr_html_()


def test_a_run_is_a_picture_of_what_it_draws(store):
    run = train()
    shown = run._repr_html_()
    picture = Image.open(io.BytesIO(base64.b64decode(re.search('webp;base64,([^"]*)', shown)[1])))
    assert Image.open(io.BytesIO(run._repr_png_())).size == picture.size


def test_a_script_shows_nothing_and_needs_no_ipython(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.delitem(sys.modules, "IPython")
    run = store.create(small_config(), "cgan")
    notebook.live(store, run)({"progress": 1})


def test_a_terminals_ipython_is_no_notebook(kernel, store):
    sys.modules["IPython"].get_ipython = lambda: SimpleNamespace()
    notebook.live(store, store.create(small_config(), "cgan"))
    assert kernel == []


def test_a_run_without_curves_or_pictures_is_a_line(store):
    run = store.create(small_config(dataset="folder:/tmp/<script>"), "cgan")
    assert run._repr_png_() is None
    assert "queued" in run._repr_html_()
    assert "<script>" not in run._repr_html_()


def test_samples_are_a_picture():
    drawn = gan_core.load("mnist-gan").sample(count=6)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(drawn._repr_png_()))), np.asarray(drawn.picture()))


def test_a_chart_is_well_formed_and_spans_its_curves():
    from gan_core.monitor.charts import CHARTS
    from gan_core.monitor.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, svg

    kimg = np.linspace(0, 8, 50)
    fake = np.where(kimg > 4, np.nan, kimg)  # what is no number leaves a gap
    metrics = {"kimg": kimg, "real_output": np.ones(50), "fake_output": fake / 4}
    drawn = ElementTree.fromstring(svg(CHARTS["outputs"], metrics))
    real, generated = (
        np.array([point.split(",") for point in line.attrib["points"].split()], dtype=float)
        for line in drawn.iter("{http://www.w3.org/2000/svg}polyline")
    )
    assert (real[0, 0], real[-1, 0]) == (LEFT, WIDTH - RIGHT)
    assert len(generated) == np.isfinite(fake).sum()
    height = HEIGHT - TOP - BOTTOM
    assert generated[0, 1] - real[0, 1] == pytest.approx(height / 1.06, abs=0.11)  # from 0 to 1, of -0.03 to 1.03
