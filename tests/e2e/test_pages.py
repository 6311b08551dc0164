"""The pages in the browser where something is changed: a run is trained, deleted, begun anew."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.runs import Run, default_store
from tests.conftest import small_config
from tests.e2e.steps import (
    badge,
    curves,
    go_to,
    no_error_on,
    open_list,
    press,
    start_training,
    train,
    wait_until,
    x_range,
    zoom,
)


@pytest.fixture
def a_run(server):
    return train(kimg=6)


def test_zoom_and_legend_choices_survive_the_ticks(page):
    start_training(page)
    chart = page.locator(".live-chart").first
    wait_until(page, lambda: rows_of(page) > 4, "something to zoom into")
    before = x_range(chart)
    zoomed = zoom(page, chart)
    assert zoomed != before
    page.locator(".live-chart").nth(1).locator(".legendtoggle").first.click()
    hidden = page.locator(".live-chart").nth(1).locator(".traces[style*='opacity: 0.5']")
    expect(hidden).to_have_count(1)
    rows = rows_of(page)
    wait_until(page, lambda: rows_of(page) > rows + 8, "some ticks")
    assert x_range(chart) == zoomed
    expect(hidden).to_have_count(1)


def rows_of(page: Page) -> int:
    return int(page.locator(".live-charts").get_attribute("data-rows") or 0)


def test_a_run_is_changed_while_it_learns_and_the_charts_say_where(page):
    start_training(page)
    press(page, "Change")
    field = page.get_by_test_id("stPopoverBody").get_by_label("Discriminator steps", exact=True)
    field.fill("2")
    field.press("Enter")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Apply").click()
    page.keyboard.press("Escape")
    page.locator(".live-charts header").first.click()  # a small chart has a line alone
    mark = page.locator(".live-chart").first.locator(".annotation-text")
    expect(mark).to_have_text("Discriminator steps 1 → 2")
    no_error_on(page)


def test_a_deleted_run_is_gone_after_it_was_asked_for(visit, a_run):
    page = visit(f"/train?run={a_run.id}")
    press(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Train a GAN")).to_be_visible()
    expect(page.get_by_text(f"Run {a_run.id} was deleted.")).to_be_visible()
    assert not a_run.folder.exists()
    no_error_on(page)


def test_a_run_whose_checkpoint_is_gone_begins_anew_after_it_was_asked_for(visit, a_run):
    a_run.checkpoint_path.unlink()
    page = visit(f"/train?run={a_run.id}")
    expect(page.get_by_text(f"its checkpoint {a_run.checkpoint} is gone")).to_be_visible()
    press(page, "Start anew")
    page.get_by_role("dialog").get_by_role("button", name="Forget and start").click()
    wait_until(page, a_run.checkpoint_path.exists, "the run to learn as much once more")
    expect(badge(page, "finished")).to_be_visible()
    expect(page.get_by_text("is gone")).to_have_count(0)


def test_scores_that_come_while_one_watches_stand_where_they_were_measured(visit, server):
    store = default_store()
    run = store.create(small_config(), "cgan", owner="me")
    columns = ["step", "kimg", "seconds", "discriminator_loss", "generator_loss"]
    rows = np.arange(1, 21)[:, None] * np.ones(len(columns))
    store.write_metrics(run.id, 0, columns, rows[:10])
    store.report(run.id, "me", step=10, kimg=10.0, seconds=10.0)
    page = visit(f"/train?run={run.id}")
    wait_until(page, lambda: rows_of(page) == 10, "the first rows")
    fid = np.where(rows[:, :1] == 15, 0.25, np.nan)
    store.write_metrics(run.id, 0, [*columns, "fid"], np.hstack([rows, fid]))
    store.report(run.id, "me", step=20, kimg=20.0, seconds=20.0)
    chart = page.locator("figure[data-title=FID] .live-chart")
    points = "chart => (chart.data?.[0]?.y ?? []).flatMap((y, i) => (y === null ? [] : [[chart.data[0].x[i], y]]))"
    wait_until(page, lambda: chart.evaluate(points) == [[15, 0.25]], "the score at its place")


def test_another_runs_curves_stand_behind_these_until_it_is_deleted(visit, a_run):
    other = train(kimg=5, batch_size=32)
    let_diverge(a_run)
    page = visit(f"/train?run={other.id}&smooth=0")
    chart = page.locator(".live-chart").first
    wait_until(page, lambda: dashes(chart) == ["solid", "solid"], "the run's own curves")
    press(page, f"with run {a_run.id}")
    behind_them = ["dot", "dot", "solid", "solid", "dot"]  # and the other run's name in the legend
    wait_until(page, lambda: dashes(chart) == behind_them, "the other run's curves")
    assert chart.evaluate("chart => Math.max(...chart.layout.yaxis.range)") < 100  # or these curves would be flat
    expect(page.get_by_text("Batch size 16 → 32")).to_be_visible()
    expect(chart.locator(".legendtext")).to_have_text(["Discriminator", "Generator", a_run.label])
    assert f"compare={a_run.id}" in page.url
    page.get_by_text("Side by side", exact=True).click()
    expect(page.locator(".time-machine img")).to_have_count(2)
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    go_to(page, "Train")
    wait_until(page, lambda: dashes(chart) == behind_them, "the comparison again")
    default_store().delete(a_run.id)
    page.get_by_text("steps", exact=True).click()
    expect(page.get_by_text(f"Run {a_run.id} was deleted.")).to_be_visible()
    wait_until(page, lambda: dashes(chart) == ["solid", "solid"], "the run's own curves alone")
    no_error_on(page)


def let_diverge(run: Run) -> None:
    store = default_store()
    rows = store.read_metrics(run.id)
    rows["generator_loss"][-10:] = 1e6
    store.write_metrics(run.id, 0, list(rows), np.stack(list(rows.values()), axis=1)[:CHUNK_ROWS])


def dashes(chart) -> list[str]:
    return chart.evaluate("chart => (chart.data ?? []).map(({ line }) => line.dash)")


def test_an_open_page_of_a_run_that_somebody_else_deletes_says_so(visit, a_run):
    pages = visit(f"/train?run={a_run.id}"), visit(f"/runs?runs={a_run.id}")
    for page in pages:
        expect(curves(page).first).to_be_visible()
    default_store().delete(a_run.id)
    for page in pages:
        expect(page.get_by_text(f"Run {a_run.id} was deleted.")).to_be_visible()
    pages[0].wait_for_timeout(2000)
    for page in pages:
        expect(page.get_by_text(f"Run {a_run.id} was deleted.")).to_be_visible()


POLL = 'import(new URL("live/poll.js", document.baseURI))'


WATCH = f"{POLL}.then(({{ watch }}) => {{ window.news = 0; window.stop = watch(1, 'none', () => window.news++); }})"


def test_a_watch_that_is_begun_again_in_time_goes_on_asking(page):
    start_training(page)
    with page.expect_response(re.compile("lang=none")):  # which comes when nobody listens any more
        page.evaluate(f"{WATCH}.then(() => {{ window.stop(); window.stop(); }})")
    page.evaluate(WATCH)
    wait_until(page, lambda: page.evaluate("window.news") > 6, "more news than the first")


@pytest.mark.parametrize("preset", ["minute", "cgan"])
def test_a_list_far_down_the_sidebar_stays_open_when_the_estimate_comes(visit, preset):
    page = visit(f"/train?preset={preset}")
    page.get_by_test_id("stSidebar").get_by_text("Networks", exact=True).click()
    activation = page.get_by_role("combobox", name=re.compile("Generator's activation"))
    open_list(activation)
    expect(page.get_by_role("listbox")).to_be_visible()
    expect(page.locator(".st-key-estimate")).to_contain_text("Parameters")
    page.wait_for_timeout(500)  # for what comes after it
    expect(page.get_by_role("listbox")).to_be_visible()


def test_nothing_moves_when_less_can_be_promised(visit):
    """Or a list that is open further down would close."""
    page = visit("/train?preset=minute")
    expect(page.get_by_text("In an earlier trial on these digits")).to_be_visible()
    expect(page.locator(".st-key-estimate")).to_contain_text("Parameters")
    height = height_between(page)
    field = page.get_by_label("Training length (kimg)", exact=True)
    field.fill("5")
    field.press("Enter")
    expect(page.get_by_text("In an earlier trial on these digits")).to_have_count(0)
    assert height_between(page) == pytest.approx(height, abs=1)


def height_between(page: Page) -> float:
    """From the button above the estimate to the settings below it."""
    button, settings = page.get_by_role("button", name=re.compile("Train$")), page.get_by_role("heading", name="Data")
    return settings.bounding_box()["y"] - button.bounding_box()["y"]


def test_a_page_is_used_by_keyboard_alone(visit):
    page = visit("/")
    expect(page.get_by_role("button", name="Train on digits now")).to_be_visible()
    for _ in range(60):  # the whole sidebar comes first
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").endswith("Train on digits now"):
            break
    page.keyboard.press("Enter")
    expect(badge(page, "running")).to_be_visible()
