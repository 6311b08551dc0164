"""Nothing serious or critical by axe-core, on every page with data, light and dark; by keyboard; in its language."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import gan_core
from gan_core.errors import WorkbenchError
from gan_core.experiments import make_experiment
from gan_core.jobs import evaluate_job, job
from gan_core.store.evaluations import Terms, default_evaluations
from gan_core.store.experiments import Experiments
from gan_core.store.runs import Run, State, default_store
from tests.conftest import small_config
from tests.e2e import axe
from tests.e2e.steps import curves, is_quiet, no_error_on, press

SCHEMES = ("light", "dark")
TERMS = Terms(samples=1000)
WHY_IT_FAILED = "The folder of pictures is gone."


@pytest.fixture(autouse=True)
def axe_is_there() -> None:
    if not axe.SCRIPT.exists() and not os.environ.get("CI"):
        pytest.skip("no axe-core; python tests/e2e/browser.py --install")
    assert axe.SCRIPT.exists(), "no axe-core: in CI that is a failure, or these tests would never run"


@pytest.fixture
def two_runs(server) -> list[Run]:
    """Two that learned and are evaluated, the second also scored while it learned; a third that failed; and an
    experiment with the second and one that was stopped.
    """
    small = small_config(conditional=True, kimg=3)
    runs = [gan_core.train("cgan", **dict(small) | changes) for changes in ({}, {"score_every": 1.5})]
    evaluations = default_evaluations()
    for run in runs:
        evaluations.ask(f"run:{run.name}", run.checkpoint_path, TERMS, Path(run.data_dir))
        evaluate_job.evaluate_claimed(evaluations, evaluations.claim(job.new_owner()))
    failed = default_store().create(small, "cgan", owner="me")
    default_store().end(failed.id, "me", State.FAILED, WorkbenchError(WHY_IT_FAILED).text)
    experiments = Experiments(default_store())
    asked = experiments.make(make_experiment("cgan", runs[1].config, {"batch_size": ["16", "32"]}, seeds=1))
    experiments.train_missing(asked)
    experiments.stop(asked)
    return runs


def home(page: Page) -> None:
    expect(page.get_by_alt_text("What run 1 draws")).to_be_visible()


def train(page: Page) -> None:
    expect(curves(page).first).to_be_visible()
    expect(page.locator(".st-key-estimate")).to_contain_text("Parameters")


def enlarged(page: Page) -> None:
    train(page)
    press(page, "Losses")
    expect(page.locator("figure:popover-open .js-line").first).to_be_visible()


def failed(page: Page) -> None:
    expect(page.get_by_text(WHY_IT_FAILED)).to_be_visible()
    expect(page.locator(".st-key-estimate")).to_contain_text("Parameters")


def settings(page: Page) -> None:
    train(page)
    for part in page.get_by_test_id("stSidebar").get_by_test_id("stExpander").locator("summary").all():
        part.click()
    press(page, "Download")
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()


def deleting(page: Page) -> None:
    train(page)
    press(page, "Delete")
    expect(page.get_by_role("dialog")).to_be_visible()


def runs(page: Page) -> None:
    expect(curves(page).first).to_be_visible()
    expect(page.get_by_test_id("stTable")).to_be_visible()


def generate(page: Page) -> None:
    expect(page.locator(".picture-grid img")).to_be_visible()


def walk(page: Page) -> None:
    generate(page)
    expect(page.get_by_label("Place on the walk")).to_have_attribute("aria-valuetext", "Frame 1 of 181")
    expect(page.locator(".walk-player progress")).to_be_hidden()


def evaluate(page: Page) -> None:
    expect(page.get_by_role("heading", name="Nearest training pictures")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)


def experiment(page: Page) -> None:
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page.locator(".time-machine img")).to_be_visible()


def test_no_page_keeps_anybody_from_using_it(visit, server, two_runs):
    models = ",".join(f"run:{run.name}" for run in two_runs)
    views = [
        ("/", home),
        ("/train?run=2&compare=1", train),
        ("/train?run=1", enlarged),
        ("/train?run=1", settings),
        ("/train?run=1", deleting),
        ("/train?run=3", failed),
        ("/runs?runs=1,2", runs),
        ("/experiments?experiment=1", experiment),
        ("/generate", generate),
        ("/generate?one=true&pic=25", generate),
        ("/generate?walk=true", walk),
        (f"/evaluate?evaluated={models}&samples={TERMS.samples}&look=run:{two_runs[1].name}", evaluate),
    ]
    found = {}
    page = visit("/")
    for address, is_there in views:
        page.emulate_media(color_scheme=SCHEMES[0])
        page.goto(server.url + address)
        is_there(page)
        for colours in SCHEMES:
            page.emulate_media(color_scheme=colours)
            expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", colours)
            is_quiet(page)
            found[colours, is_there.__name__, address] = axe.barriers(page)
        no_error_on(page)
    assert {view: barriers for view, barriers in found.items() if barriers} == {}


@pytest.mark.usefixtures("in_class")
def test_the_way_into_a_class_keeps_nobody_out(visit):
    for colours in SCHEMES:
        page = visit("/?code=code", color_scheme=colours)
        page.get_by_text("I am the teacher").click()
        expect(page.get_by_label("The teacher's password")).to_be_visible()
        is_quiet(page)
        assert axe.barriers(page) == []
        page.get_by_label("Your name").first.fill(f"Ana {colours}")
        press(page, "Come in")
        page.locator(".st-key-who button").click()
        expect(page.get_by_role("button", name="Leave")).to_be_visible()
        is_quiet(page)
        assert axe.barriers(page) == []


def test_a_chart_has_its_name_before_it_is_drawn(visit, server):
    gan_core.train("cgan", **dict(small_config(conditional=True)))
    page = visit("/train?run=1")
    expect(curves(page).first).to_be_attached()  # of a run this short it is a point, which shows nothing
    not_drawn = page.locator(".live-chart:not(.js-plotly-plot)")
    names = not_drawn.evaluate_all("charts => charts.map(chart => chart.getAttribute('aria-label'))")
    assert names and all(names)


def test_a_picture_of_the_grid_is_picked_by_keyboard(visit):
    page = visit("/generate")
    grid, mark = page.locator(".picture-grid img"), page.locator(".picture-grid .mark")
    expect(grid).to_be_visible()
    expect(mark).to_be_hidden()
    page.get_by_role("slider", name="Picture to change").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    outlined, whole = mark.bounding_box(), grid.bounding_box()
    assert (outlined["x"] - whole["x"]) / whole["width"] == pytest.approx(0.2, abs=0.02)
    assert (outlined["y"] - whole["y"]) / whole["height"] == pytest.approx(0.2, abs=0.02)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Picture 23", exact=True)).to_be_visible()


def test_a_screen_reader_is_told_the_language_of_the_page(visit):
    page = visit("/", locale="es-ES")
    expect(page.get_by_role("link", name="Entrenar").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.get_by_role("radio", name="EN").click()
    expect(page.get_by_role("link", name="Train").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
