"""Choose, train, watch, stop, resume, sample: as a user does, in a browser, against the real server."""

import re

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from gan_core.presets import DEFAULT_PRESET
from tests.e2e.steps import (
    badge,
    curves,
    go_to,
    grid,
    no_error_on,
    numbers,
    open_list,
    press,
    press_train,
    start_training,
    trained_steps,
    wait_until,
)


def test_the_page_opens_with_a_shipped_models_pictures(page):
    picture = page.get_by_alt_text("drawn by the shipped model")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 100
    no_error_on(page)


def test_train_watch_stop_and_resume(page):
    start_training(page)
    first_curve, first_grid, first_numbers = curves(page).first.get_attribute("d"), grid(page), numbers(page)
    wait_until(page, lambda: curves(page).first.get_attribute("d") != first_curve, "the charts to move")
    wait_until(page, lambda: grid(page) != first_grid, "the grid to change")
    wait_until(page, lambda: numbers(page) != first_numbers, "the numbers to move")
    expect(page.locator(".live-status .numbers")).to_contain_text("left")

    press(page, "Stop")
    expect(badge(page, "stopped")).to_be_visible()
    stopped_at = trained_steps()
    press(page, "Resume")
    expect(badge(page, "running")).to_be_visible()
    wait_until(page, lambda: trained_steps() > stopped_at > 0, "training to go on")
    no_error_on(page)


def test_a_reload_and_the_death_of_the_server_lose_nothing(page, server, console_errors):
    start_training(page)
    page.reload()
    expect(badge(page, "running")).to_be_visible()
    server.kill()
    training = server.trainers()
    before = trained_steps()
    wait_until(page, lambda: trained_steps() > before, "the run, gone on without the server")
    server.start()
    page.goto(f"{server.url}/train")
    expect(badge(page, "running")).to_be_visible()
    expect(curves(page).first).to_be_visible()
    console_errors.clear()  # of the time without a server
    assert server.trainers() == training
    no_error_on(page)


def test_a_killed_training_process_is_seen_and_its_run_resumed(page, server):
    start_training(page)
    server.trainers()[0].kill()
    expect(badge(page, "interrupted")).to_be_visible()
    press(page, "Resume")
    expect(badge(page, "running")).to_be_visible()


def test_a_short_run_ends_by_itself_and_its_model_can_be_drawn_with(page):
    press_train(page, minutes=0.1)
    expect(badge(page, "finished")).to_be_visible()
    go_to(page, "Generate")
    expect(page.get_by_alt_text("pictures drawn by")).to_be_visible()
    choose_model(page, f"run 1 · {DEFAULT_PRESET}")
    expect(page.get_by_text(f"00001-{DEFAULT_PRESET}-digits").first).to_be_visible()
    no_error_on(page)


def choose_model(page: Page, name: str) -> None:
    open_list(page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").locator("input").first)
    page.get_by_role("option", name=name).first.click()


def test_generate_draws_the_class_that_is_asked_for(page):
    go_to(page, "Generate")
    choose_model(page, "mnist-cdcgan")
    picture = page.get_by_alt_text("100 pictures drawn by")
    expect(picture).to_be_visible()
    box = page.get_by_test_id("stMultiSelect")
    box.get_by_role("button", name=re.compile("clear", re.IGNORECASE)).click()
    box.locator("input").fill("7")
    page.get_by_role("option", name="7", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_alt_text("10 pictures drawn by").first).to_be_visible()
    with page.expect_download() as download:
        press(page, "NPZ")
    with np.load(download.value.path()) as drawn:
        assert drawn["labels"].tolist() == [7] * 10
        assert looks_like_sevens(drawn["images"][..., 0])
    with page.expect_download() as download:
        press(page, "PNG")
    assert Image.open(download.value.path()).width == 10 * 28 * 4
    no_error_on(page)


def looks_like_sevens(images: np.ndarray) -> bool:
    """Judged by the nearest of the real digits, in most cases."""
    from gan_core.datasets.loading import DIGITS_FILE

    with np.load(DIGITS_FILE) as digits:
        real, labels = digits["images"].reshape(5000, -1).astype(float), digits["labels"]
    drawn = images.reshape(len(images), -1).astype(float)
    nearest = ((drawn[:, None] - real[None]) ** 2).sum(-1).argmin(1)
    return (labels[nearest] == 7).mean() >= 0.8


def test_a_bad_value_is_told_in_words_and_cannot_be_trained(page):
    field = page.get_by_label("Training time (minutes)", exact=True)
    field.fill("-3")
    field.press("Enter")
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("Training time")
    expect(page.get_by_role("button", name=re.compile("Train$"))).to_be_disabled()
