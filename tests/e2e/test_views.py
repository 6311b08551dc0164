"""The pages in the browser as one looks at a run that has ended, on one server for all: nothing here changes it."""

import csv
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from gan_core.store.runs import Run
from tests.e2e import axe
from tests.e2e.steps import DESK, PHONE, curves, fits, go_to, no_error_on, press, train, wait_until, x_range, zoom

PAGES = ("/", "/learn", "/train", "/runs", "/generate", "/evaluate")


@pytest.fixture
def server(lasting_server):
    return lasting_server


@pytest.fixture(autouse=True)
def in_its_place(own_place, lasting_server, monkeypatch) -> None:
    """What a test trains, it trains into the server's store."""
    lasting_server.share_its_place(monkeypatch)


@pytest.fixture(scope="module")
def a_run(lasting_server) -> Run:
    with pytest.MonkeyPatch.context() as monkeypatch:
        lasting_server.share_its_place(monkeypatch)
        return train(kimg=6)


def test_a_chart_is_smoothed_scaled_and_taken_over_another_axis(visit, a_run):
    page = visit(f"/train?run={a_run.id}&smooth=0")
    chart = page.locator(".live-chart").first
    expect(curves(page).first).to_be_visible()
    assert chart.evaluate("chart => chart.data.length") == 2
    page.get_by_text("steps", exact=True).click()
    expect(chart.locator(".xtitle")).to_have_text("generator steps")
    page.get_by_text("Log axis").click()
    wait_until(page, lambda: chart.evaluate("chart => chart.layout.yaxis.type") == "log", "the log axis")
    page.get_by_role("slider").first.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    wait_until(page, lambda: chart.evaluate("chart => chart.data.length") == 4, "raw and smoothed curves")
    raw, smoothed = chart.evaluate("chart => [chart.data[0].y, chart.data[1].y]")
    assert max(smoothed) - min(smoothed) < max(raw) - min(raw)
    for wanted in ("x=step", "log=true", "smooth=0.4"):
        assert wanted in page.url
    no_error_on(page)


def test_a_link_opens_the_same_charts_in_another_browser(visit, a_run):
    page = visit(f"/train?run={a_run.id}&x=seconds&smooth=0.9&charts=verdicts%2Cspeed")
    expect(page.locator(".live-charts figcaption")).to_have_text(["Discriminator output", "Speed"])
    expect(page.locator(".xtitle").first).to_have_text("seconds of training")
    expect(page.get_by_role("slider").first).to_have_value("0.9")
    assert f"run={a_run.id}" in page.url


def test_choices_survive_a_change_of_pages(visit, a_run):
    page = visit("/train")
    page.get_by_text("seconds", exact=True).click()
    expect(page.locator(".xtitle").first).to_have_text("seconds of training")
    go_to(page, "Generate")
    expect(page.get_by_alt_text("pictures drawn by").first).to_be_visible()
    assert "x=seconds" not in page.url
    go_to(page, "Train")
    expect(page.locator(".xtitle").first).to_have_text("seconds of training")
    wait_until(page, lambda: "x=seconds" in page.url, "the link to say so again")


# Noted by the page itself: few pictures are played in less time than it takes to ask for them.
FRAMES = """image => {
    window.played = [];
    const note = () => window.played.push(image.getAttribute("src"));
    new MutationObserver(note).observe(image, { attributeFilter: ["src"] });
}"""


def test_the_time_machine_shows_what_was_drawn_before(visit, a_run):
    page = visit(f"/train?run={a_run.id}")
    machine = page.locator(".time-machine")
    picture = machine.get_by_alt_text("Pictures that run").first
    expect(picture).to_be_visible()
    now = picture.get_attribute("src")
    slider = page.get_by_label("Time machine")
    slider.focus()
    page.keyboard.press("Home")
    first = picture.get_attribute("src")
    assert first != now
    wait_until(page, lambda: picture.evaluate("image => image.naturalWidth") > 100, "the first picture")
    picture.evaluate(FRAMES)
    machine.get_by_role("button", name=re.compile("Play")).click()
    wait_until(page, lambda: picture.get_attribute("src") == now, "the end")
    expect(machine.get_by_role("button", name=re.compile("Play"))).to_be_visible()
    frames = page.evaluate("window.played")
    assert frames[-1] == now and set(frames) - {first, now}


def test_what_a_run_did_can_be_taken_home(visit, a_run):
    page = visit(f"/train?run={a_run.id}")
    expect(curves(page).first).to_be_visible()
    film = Image.open(download(page, "How it learned, as GIF"))
    assert film.n_frames == len(a_run.grid_steps) > 5
    rows = list(csv.DictReader(io.StringIO(download(page, "Metrics as CSV").read_text())))
    assert float(rows[-1]["kimg"]) <= 6.1 and "generator_loss" in rows[0]
    page.keyboard.press("Escape")
    page.locator(".live-chart").first.hover()
    with page.expect_download() as saved:
        page.locator(".live-chart").first.locator("[data-title='Download as HTML']").click()
    html = saved.value.path().read_text(encoding="utf-8")
    assert "Plotly.newPlot" in html and len(html) > 1_000_000
    with page.expect_download() as saved:
        page.locator(".live-chart").first.locator("[data-title*='PNG'], [data-title*='png']").first.click()
    assert Image.open(saved.value.path()).width > 400


def test_a_runs_report_is_a_page_for_everybody_and_a_file_that_needs_nothing(visit, a_run, server):
    page = visit(f"/runs?runs={a_run.id}", locale="es-ES")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Informe").click()
    report = opened.value
    expect(report.get_by_role("heading", name=f"Ejecución {a_run.id}: cgan")).to_be_visible()
    with report.expect_download() as saved:
        report.get_by_role("link", name="Descargar esta página").click()
    report.context.set_offline(True)
    report.goto(saved.value.path().rename(server.folder / "report.html").as_uri())
    expect(report.locator(".scatterlayer .js-line").first).to_be_visible()
    pictures = report.locator("img")
    assert pictures.count() > 3 and all(pictures.evaluate_all("all => all.map(image => image.naturalWidth > 0)"))
    for colours in ("light", "dark"):
        report.emulate_media(color_scheme=colours)
        assert axe.barriers(report) == []
    report.set_viewport_size(PHONE)
    report.wait_for_function("document.documentElement.scrollWidth <= innerWidth")


def download(page: Page, label: str):
    if not page.get_by_test_id("stPopoverBody").is_visible():
        press(page, "Download")
    with page.expect_download() as saved:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name=label).click()
    return saved.value.path()


def test_runs_are_compared_side_by_side_by_a_link(visit, a_run):
    other = train(kimg=5, batch_size=32)
    page = visit(f"/runs?runs={a_run.id},{other.id}")
    expect(page.locator(".time-machine img")).to_have_count(2)
    expect(page.get_by_test_id("stTable")).to_contain_text("Batch size")
    chart = page.locator(".live-chart").first
    wait_until(page, lambda: chart.evaluate("chart => (chart.data ?? []).length") == 8, "the curves of both")
    no_error_on(page)


def test_a_model_is_drawn_with_from_a_page_whose_address_holds_a_sliders_value(visit, a_run):
    page = visit(f"/train?run={a_run.id}&smooth=0")
    press(page, "Draw with it")
    expect(page.get_by_alt_text("pictures drawn by").first).to_be_visible()
    assert "model=run" in page.url


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desktop"])
def test_a_chart_is_made_large_and_small_again_and_keeps_its_zoom(visit, a_run, size):
    page = visit(f"/train?run={a_run.id}", **size)
    chart, button = page.locator(".live-chart").first, page.get_by_role("button", name="Losses")
    chart.scroll_into_view_if_needed()
    expect(curves(page).first).to_be_attached()
    zoomed, small = zoom(page, chart), chart.bounding_box()
    for make_large, make_small in (
        (button.click, button.click),
        (lambda: button.press("Enter"), lambda: page.keyboard.press("Escape")),
    ):
        make_large()
        expect(button).to_have_attribute("aria-expanded", "true")
        wait_until(page, lambda: drawn_height(chart) > 1.5 * small["height"], "a large chart")
        fits(page, "with a large chart")
        make_small()
        expect(button).to_have_attribute("aria-expanded", "false")
        wait_until(page, lambda: drawn_height(chart) == pytest.approx(small["height"], abs=1), "a small chart")
    assert x_range(chart) == zoomed


def drawn_height(chart) -> float:
    return chart.locator(".main-svg").first.bounding_box()["height"]


def test_on_a_desk_charts_stand_two_or_three_a_row_and_the_pictures_stay_in_sight(visit, a_run):
    page = visit(f"/train?run={a_run.id}", **DESK)
    expect(curves(page).first).to_be_attached()
    assert charts_in_a_row(page) == 2
    page.locator(".live-charts figure").last.scroll_into_view_if_needed()
    expect(page.locator(".time-machine img")).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1920, "height": 1080})
    wait_until(page, lambda: charts_in_a_row(page) == 3, "three in a row")
    page.set_viewport_size(PHONE)
    wait_until(page, lambda: charts_in_a_row(page) == 1, "one in a row")


def charts_in_a_row(page: Page) -> int:
    figures = page.locator(".live-charts figure:not([hidden])")
    tops = figures.evaluate_all("figures => figures.map(figure => figure.getBoundingClientRect().top)")
    return tops.count(tops[0])


def test_an_ended_run_is_asked_about_rarely(visit, a_run):
    page = visit(f"/train?run={a_run.id}")
    expect(curves(page).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4000)
    assert len(asked) <= 1


def test_a_page_that_is_not_live_says_so_and_comes_to_life_by_itself(visit, server, a_run, console_errors):
    page = visit("/")
    page.route("**/live/poll.js*", lambda route: route.abort())
    page.goto(f"{server.url}/train?run={a_run.id}")
    expect(page.get_by_text("Not live: the page cannot reach the server")).to_be_visible()
    page.unroute("**/live/poll.js*")
    expect(curves(page).first).to_be_visible()
    expect(page.get_by_text("Not live: the page cannot reach the server")).to_be_hidden()
    console_errors.clear()


def test_a_link_draws_the_same_pictures_in_another_browser(visit, server):
    page = visit("/generate?classes=7")
    picture = page.get_by_alt_text("10 pictures drawn by")
    expect(picture).to_be_visible()
    usual = picture.get_attribute("src")
    field = page.get_by_label("Seed", exact=True)
    field.fill("12")
    field.press("Enter")
    wait_until(page, lambda: picture.get_attribute("src") != usual, "other pictures")
    drawn = picture.get_attribute("src")
    press(page, "Link")
    link = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
    assert link.startswith(f"{server.url}/generate?") and "seed=12" in link
    other = visit(link.removeprefix(server.url)).get_by_alt_text("10 pictures drawn by")
    expect(other).to_be_visible()
    assert other.get_attribute("src") == drawn


def test_a_click_on_a_picture_picks_it(visit):
    page = visit("/generate")
    picture = page.get_by_alt_text("100 pictures drawn by")
    expect(picture).to_be_visible()
    wait_until(page, lambda: picture.evaluate("image => image.complete && image.width") > 200, "the grid to be drawn")
    expect(page.locator(".picture-grid .mark")).to_be_hidden()
    side = picture.bounding_box()["width"] / 10
    picture.click(position={"x": 4.5 * side, "y": 2.5 * side})
    expect(page.get_by_label("Picture number", exact=True)).to_have_value("25")
    expect(page.get_by_role("heading", name="Picture 25", exact=True)).to_be_visible()
    mark, grid = page.locator(".picture-grid .mark"), page.locator(".picture-grid img")
    expect(mark).to_be_visible()
    outlined, whole = mark.bounding_box(), grid.bounding_box()
    assert (outlined["x"] - whole["x"]) / whole["width"] == pytest.approx(0.4, abs=0.02)
    assert (outlined["y"] - whole["y"]) / whole["height"] == pytest.approx(0.2, abs=0.02)
    no_error_on(page)


def test_the_language_is_the_browsers_and_can_be_changed(visit):
    page = visit("/", locale="es-MX")
    expect(page.get_by_role("link", name="Entrenar").first).to_be_visible()
    page.get_by_role("radio", name="EN").or_(page.get_by_role("button", name="EN", exact=True)).first.click()
    expect(page.get_by_role("link", name="Train").first).to_be_visible()
    assert "lang=en" in page.url
    go_to(page, "Generate")
    expect(page.get_by_alt_text("pictures drawn by").first).to_be_visible()
    other = visit("/train?lang=es")
    expect(other.get_by_role("button", name=re.compile("Entrenar$"))).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desktop"])
@pytest.mark.parametrize("options", [{}, {"locale": "es-ES", "color_scheme": "dark"}], ids=["en-light", "es-dark"])
def test_every_page_fits_its_screen(visit, server, a_run, size, options):
    page = visit("/", **size, **options)
    for path in PAGES:
        page.goto(server.url + path)
        expect(page.locator("h1, h2, img, figure").first).to_be_visible()
        page.wait_for_timeout(1500)
        fits(page, path)
        assert page.locator("img:not([alt])").count() == 0, path
        no_error_on(page)
