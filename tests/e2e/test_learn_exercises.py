"""An exercise in the browser, from prediction to answer, with real training on the digits."""

import os
import re

import pytest
from playwright.sync_api import expect

from gan_core import paths
from gan_core.exercises import EXERCISES, SEEDS
from gan_core.monitor.answers import answer, judge, side_of
from gan_core.store.runs import State, default_store
from gan_core.store.runs_by_settings import runs_with
from tests.e2e.steps import press

NAME = "more-neurons"
EXERCISE = EXERCISES[NAME]._replace(kimg=0.64)
SHORTER = f"""
from gan_core.exercises import EXERCISES
EXERCISES[{NAME!r}] = EXERCISES[{NAME!r}]._replace(kimg={EXERCISE.kimg})
"""
ADDRESS = f"/learn?lesson=exercises&exercise={NAME}"


@pytest.fixture
def short(server, tmp_path):
    """The server's exercise takes a second, not ten: Python runs a sitecustomize.py before anything else."""
    (tmp_path / "sitecustomize.py").write_text(SHORTER)
    server.kill()
    server.environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(paths.PROJECT)])
    server.start()


def sides(store):
    baselines = [EXERCISE.baseline(seed) for seed in SEEDS]
    variants = [EXERCISE.variant(EXERCISE.suggestion, seed) for seed in SEEDS]
    return runs_with(store, baselines), runs_with(store, variants)


def ended_before(store, config, fid):
    """A run of an earlier day, so that the test trains only one seed of both."""
    run = store.create(config, EXERCISE.preset, owner="me")
    store.report(run.id, "me", kimg=config.kimg, seconds=10.0, last_json=f'{{"fid": {fid}, "accuracy": 0.5}}')
    store.end(run.id, "me", State.FINISHED)


@pytest.mark.usefixtures("short")
def test_exercise_one_from_prediction_to_answer(visit):
    store = default_store()
    for seed in SEEDS[1:]:
        ended_before(store, EXERCISE.baseline(seed), fid=5 + seed / 10)
        ended_before(store, EXERCISE.variant(EXERCISE.suggestion, seed), fid=3 + seed / 10)
    page = visit(ADDRESS)
    train = page.get_by_role("button", name="Train 2 runs")
    expect(train).to_be_disabled()
    page.get_by_text("worse", exact=True).click()
    expect(train).to_be_enabled()
    train.click()
    told = page.get_by_text(re.compile("You expected: worse"))
    expect(told).to_be_visible(timeout=180_000)

    before, after = map(side_of, sides(store))
    found = judge(before, after, EXERCISE.judged_by)
    sentence = str(answer(before, after, EXERCISE.judged_by)).split(",")[0].rstrip(".")
    expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.locator(".time-machine figure:visible")).to_have_count(2)
    expect(page.locator(".time-machine figcaption").first).to_contain_text("Baseline")
    kept = page.evaluate("JSON.parse(localStorage['gan-workbench-answers'])")
    assert kept == {f"exercise/{NAME}/expected": "worse", f"exercise/{NAME}/found": found}

    # Whoever comes again finds what they expected, and the answer.
    page.goto(page.url.replace("&expected=worse", ""))
    expect(page.get_by_text(re.compile("You expected: worse"))).to_be_visible()
    expect(page.locator(".contents a[aria-current] + .mark")).to_have_text(f"1/{len(EXERCISES)}")


def test_the_form_shows_which_setting_is_to_be_changed(visit):
    page = visit(ADDRESS)
    page.get_by_role("button", name="Open it in the form").click()
    lit = page.locator("[class*=st-key-lit-]")
    expect(lit).to_have_count(1)
    expect(lit.get_by_role("textbox")).to_have_value("256, 512")


@pytest.mark.usefixtures("in_class")
def test_a_students_answers_are_there_in_a_browser_that_has_forgotten_them_and_are_not_the_next_ones(visit):
    page = visit("/learn?lesson=the-loss&code=code")
    page.get_by_label("Your name").first.fill("Ana")
    press(page, "Come in")
    answered = page.locator(".contents a[aria-current] + .mark")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.status == 200):
        page.get_by_label("log 4, about 1.39").check()
    expect(answered).to_have_text(re.compile("^1/"))
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(answered).to_have_text(re.compile("^1/"))
    page.get_by_role("button", name="Ana").click()
    press(page, "Leave")
    press(page, "Leave for good")
    page.get_by_label("Your name").first.fill("Ben")
    page.get_by_label("Code of the class").fill("code")
    press(page, "Come in")
    expect(page.locator(".contents a[aria-current]")).to_be_visible()
    expect(answered).to_have_count(0)
