"""A walk in the browser: chosen, played, scrubbed, kept as a film; and many pictures, and the model, as a file."""

import re
import zipfile

import av
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.steps import is_quiet, no_error_on, press, wait_until


@pytest.fixture
def server(lasting_server):
    return lasting_server


def frame(page: Page) -> int:
    """Which one is shown, from 1."""
    said = page.get_by_label("Place on the walk").get_attribute("aria-valuetext")
    return int(re.fullmatch(r"Frame (\d+) of \d+", said)[1])


def canvas(page: Page) -> str:
    return page.locator(".walk-player canvas").evaluate("canvas => canvas.toDataURL()")


def is_whole(page: Page, frames: int) -> None:
    expect(page.get_by_label("Place on the walk")).to_have_attribute("aria-valuetext", f"Frame 1 of {frames}")
    expect(page.locator(".walk-player progress")).to_be_hidden()


def test_a_walk_is_chosen_played_scrubbed_and_kept(visit, tmp_path):
    page = visit("/generate?walk=true&stops=1,12&frames=20&classes=3&classes=7")
    is_whole(page, 21)
    slider, repeat = page.get_by_label("Place on the walk"), page.get_by_label("Back and forth")

    press(page, "Play")
    wait_until(page, lambda: frame(page) == 21, "the film's end")
    expect(page.get_by_role("button", name=re.compile("Play$"))).to_be_visible()
    last = canvas(page)
    slider.fill("0")
    assert frame(page) == 1 and canvas(page) != last
    slider.press("ArrowRight")
    assert frame(page) == 2

    repeat.check()
    press(page, "Play")
    page.evaluate("""() => {
      const slider = document.querySelector(".walk-player [type=range]");
      window.seen = [];
      const note = () => { window.seen.push(Number(slider.value)); requestAnimationFrame(note); };
      note();
    }""")
    back = "window.seen.some((place, i) => place < window.seen[i - 1] && place > 0)"
    wait_until(page, lambda: page.evaluate(back), "the way back")
    press(page, "Pause")

    is_quiet(page)
    grid = page.locator(".picture-grid img")
    side = grid.bounding_box()["width"] / 10
    grid.click(position={"x": 4.5 * side, "y": 0.5 * side})
    expect(page).to_have_url(re.compile("stops=1%2C12%2C5"))
    expect(page.locator(".picture-grid .stop")).to_have_text(["1", "2", "3"])
    is_whole(page, 41)
    keep_films(page, tmp_path, 41)
    no_error_on(page)


def keep_films(page: Page, folder, frames: int) -> None:
    for form in ("mp4", "gif", "webp"):
        with page.expect_download() as kept:
            page.get_by_role("button", name=form.upper(), exact=True).click()
        file = folder / kept.value.suggested_filename
        kept.value.save_as(file)
        assert file.name == f"walk-mnist-cdcgan.{form}"
        expect(page.get_by_text(f"{file.name} is in your downloads")).to_be_visible()
        if form == "mp4":
            with av.open(str(file)) as film:
                assert sum(1 for _picture in film.decode(video=0)) == frames
        else:
            with Image.open(file) as film:
                assert (film.n_frames, film.size) == (frames, (112, 112))


def test_many_pictures_are_cancelled_and_kept(visit, tmp_path):
    page = visit("/generate?model=shipped:mnist-gan&total=12")
    is_quiet(page)
    page.get_by_text("Many at once").click()
    files = page.locator(".drawn-files").filter(has_text="NPZ")
    files.get_by_role("button", name="ZIP").click()
    files.get_by_role("button", name="Cancel").click()
    expect(files.get_by_text("Cancelled")).to_be_visible()
    expect(files.get_by_role("progressbar")).to_be_hidden()

    field = page.get_by_label("Pictures", exact=True).last
    field.fill("250")
    field.press("Enter")
    expect(page.get_by_text("250 pictures, drawn while they are downloaded")).to_be_visible()
    is_quiet(page)
    with page.expect_download() as kept:
        files.get_by_role("button", name="ZIP").click()
    kept.value.save_as(tmp_path / "many.zip")
    assert kept.value.suggested_filename == "mnist-gan-250.zip"
    with zipfile.ZipFile(tmp_path / "many.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 251
    no_error_on(page)


def test_the_model_is_kept_as_a_page(visit, tmp_path):
    page = visit("/generate?model=shipped:mnist-gan&total=12")
    is_quiet(page)
    page.get_by_text("Take the model away").click()
    files = page.locator(".drawn-files").filter(has_text="ONNX")
    with page.expect_download() as kept:
        files.get_by_role("button", name="HTML").click()
        expect(files.get_by_text("The file is being made")).to_be_visible()
    kept.value.save_as(tmp_path / "model.html")
    assert kept.value.suggested_filename == "mnist-gan.html"
    assert (tmp_path / "model.html").stat().st_size < 12_000_000
    expect(files.get_by_text("mnist-gan.html is in your downloads")).to_be_visible()
    no_error_on(page)
