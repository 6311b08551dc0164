"""The HTML file that draws with a model, opened from disk in a browser without a network."""

import os
import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from gan_core import latents
from gan_core.sampling import load_model, to_pixels
from gan_core.takeaway import html_file, onnx_file
from pages.parts.language import translate
from tests.e2e import axe
from tests.e2e.steps import DESK, PHONE

SOURCE = (html_file.PAGE / "random.js").read_text(encoding="utf-8")
PIXELS = """canvas => {
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [height, width, [...data].filter((_, i) => i % 4 === 0)];
}"""


@pytest.fixture(scope="module")
def model():
    return load_model("mnist-cdcgan")


@pytest.fixture(scope="module")
def content(model):
    return onnx_file.export(model, html_file.bits_for(model))


@pytest.fixture
def take_away(model, content, tmp_path, chromium, console_errors):
    """Opens the page of that language from disk."""
    contexts = []

    def open_it(language: str = "en", viewport=DESK, **options) -> Page:
        file = tmp_path / "model.html"
        file.write_bytes(html_file.page(model, content, language, lambda text: translate(language, text)))
        contexts.append(chromium.new_context(viewport=viewport, offline=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda said: console_errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert console_errors == []


def is_drawn(page: Page, pictures: int) -> None:
    expect(page.locator(f"body[data-drawn='{pictures}']")).to_be_visible()


def drawn(page: Page) -> np.ndarray:
    """The grid's grey levels [H, W]."""
    height, width, values = page.locator("#grid canvas").evaluate(PIXELS)
    return np.array(values).reshape(height, width)


def grid_of(samples) -> np.ndarray:
    """The same of the app's pictures, a row a class."""
    rows = samples.images[..., 0].reshape(-1, samples.columns, 28, 28)
    return rows.transpose(0, 2, 1, 3).reshape(len(rows) * 28, -1).astype(int)


def slide(page: Page, label: str, value: float) -> None:
    page.get_by_label(label, exact=True).fill(str(value))


def test_it_draws_what_the_app_draws_with_the_same_seed_classes_and_truncation(take_away, model):
    page = take_away()
    is_drawn(page, 100)
    assert np.abs(drawn(page) - grid_of(model.sample())).max() <= 2
    for name in "01245689":
        page.get_by_label(name, exact=True).uncheck()
    is_drawn(page, 20)
    page.get_by_label("Seed").fill("1234567")
    slide(page, "Pictures of each class", 3)
    slide(page, "Truncation (3 is off)", 0.7)
    is_drawn(page, 6)
    expect(page.locator("output[for=truncation]")).to_have_text("0.7")
    expected = grid_of(model.sample(["3", "7"], 3, seed=1234567, truncation=0.7))
    assert np.abs(drawn(page) - expected).max() <= 2
    with page.expect_download() as kept:
        page.get_by_role("button", name="Save as PNG").click()
    assert kept.value.suggested_filename == "mnist-cdcgan-seed-1234567.png"


def test_one_picture_is_picked_changed_along_directions_and_towards_a_class(take_away, model):
    page = take_away()
    is_drawn(page, 100)
    grid = page.locator("#grid canvas")
    side = grid.bounding_box()["width"] / 10
    grid.click(position={"x": 2.5 * side, "y": 4.5 * side})
    expect(page.get_by_label("Picture number")).to_have_value("43")
    slide(page, "Direction 2", -1.5)
    page.get_by_label("Towards the class").select_option("9")
    slide(page, "Share of that class", 40)
    own = latents.latents(100, model.metadata.config.latent_dim, 0)[42]
    weights = 0.6 * torch.eye(10)[[4]] + 0.4 * torch.eye(10)[[9]]
    wanted = to_pixels(model.generator((own - 1.5 * model.directions[1])[None], weights))[0, ..., 0].astype(int)
    before = model.sample().images[42, ..., 0].astype(int)
    changed, as_drawn = page.locator("#pair canvas").all()
    for canvas, expected in ((changed, wanted), (as_drawn, before)):
        shown = np.array(canvas.evaluate(PIXELS)[2]).reshape(28, 28)
        assert np.abs(shown - expected).max() <= 2
    page.get_by_role("button", name="Back to the start").click()
    expect(page.get_by_label("Direction 2")).to_have_value("0")


def test_in_spanish_on_a_phone_it_fits_and_keeps_nobody_out(take_away):
    if not axe.SCRIPT.exists() and not os.environ.get("CI"):
        pytest.skip("no axe-core; python tests/e2e/browser.py --install")
    page = take_away("es", PHONE)
    is_drawn(page, 100)
    expect(page.get_by_role("button", name="Guardar como PNG")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Semilla").fill("-5")
    is_drawn(page, 100)
    assert not re.search(r"\{\w+\}", page.locator("body").inner_text())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert axe.barriers(page) == []


@pytest.mark.parametrize(("seed", "length"), [(0, 3), (5, 15), (7, 16), (2**31 - 1, 40), (1234, 1613)])
def test_random_numbers_are_pytorchs(chromium, seed, length):
    page = chromium.new_page()
    numbers = page.evaluate(f"(() => {{ {SOURCE}; return [...standardNormal({seed}, {length})]; }})()")
    page.close()
    assert np.abs(np.array(numbers) - latents.latents(1, length, seed)[0].numpy()).max() < 1e-5
