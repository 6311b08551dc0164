"""Evaluating a model that was just trained, and cancelling: in a browser, with the real worker and real networks."""

import csv
import math
import re

import pytest
from playwright.sync_api import Page, expect

import gan_core
from gan_core.store.runs import Run
from tests.conftest import small_config
from tests.e2e.steps import DESK, PHONE, fits, no_error_on, press

EVALUATION_MS = 300_000


@pytest.fixture
def a_run(server) -> Run:
    return gan_core.train("cgan", **dict(small_config(conditional=True, kimg=6)))


def evaluate(page: Page) -> None:
    page.get_by_test_id("stSidebar").get_by_role("button", name=re.compile("Evaluate$")).click()


def test_a_trained_model_is_evaluated_and_another_evaluation_cancelled(visit, a_run):
    page = visit(f"/evaluate?evaluated=run:{a_run.name}&samples=1000")
    evaluate(page)
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible(timeout=EVALUATION_MS)
    expect(page.locator(".js-plotly-plot .heatmaplayer image").first).to_be_visible()
    expect(page.get_by_alt_text("Most convincing: 7")).to_be_visible()
    expect(page.get_by_text("Not comparable with numbers in papers")).to_be_visible()
    with page.expect_download() as saved:
        press(page, "Scores as CSV")
    with saved.value.path().open(encoding="utf-8") as file:
        model, baseline = csv.DictReader(file)
    assert float(model["fid"]) > float(baseline["fid"]) >= 0
    assert 0 <= float(model["accuracy"]) <= 1 and math.isfinite(float(model["kid"]))
    no_error_on(page)
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        page.wait_for_timeout(1000)
        fits(page, "evaluate")

    page = visit(f"/evaluate?evaluated=run:{a_run.name}&samples=50000")  # so many that none is ready before the click
    expect(page.get_by_text("not been evaluated like this yet")).to_be_visible()
    evaluate(page)
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    press(page, "Cancel")
    expect(page.get_by_text("cancelled", exact=False).last).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    no_error_on(page)
