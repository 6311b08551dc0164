"""Takes docs/screenshots from the running app: make screenshots

Every page, light and dark, in both languages, at desktop and phone width, over runs that are trained for it first.
"""

import io
import os
import tempfile
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gan_core import paths
from gan_core.store.evaluations import Terms, default_evaluations
from gan_core.store.runs import Run
from pages.parts.language import LANGUAGES
from tests.e2e import browser as browsers
from tests.e2e.server import Server

PLACE = paths.PROJECT / "docs" / "screenshots"
SIZES = {"desktop": {"width": 1400, "height": 1000}, "phone": {"width": 390, "height": 844}}
TALLEST = 3000
PAGES = {
    "home": "/",
    "learn": "/learn",
    "train": "/train?run={second.id}&compare={first.id}",
    "runs": "/runs?runs={second.id},{first.id}",
    "generate": "/generate",
    "evaluate": "/evaluate?evaluated=run:{first.name},run:{second.name}&look=run:{second.name}",
}
RUNS = ({}, {"batch_size": 128, "generator_learning_rate": 0.001, "score_every": 10})


COLOURS = ("light", "dark")
LOOKS = list(product(LANGUAGES, COLOURS))


def _file(page: str, size: str, language: str, colours: str) -> str:
    return f"{page}-{size}-{language}-{colours}.webp"


def train(minutes: float) -> list[Run]:
    """The runs that the pictures show, the second with another batch size and learning rate, and scored meanwhile."""
    import gan_core

    return [gan_core.train("minute", minutes=minutes, **changes) for changes in RUNS]


def evaluate(run: Run) -> None:
    """On the terms that the page begins with."""
    from gan_core.jobs import evaluate_job, job

    evaluations = default_evaluations()
    evaluations.ask(f"run:{run.name}", run.checkpoint_path, Terms(), Path(run.data_dir))
    evaluate_job.evaluate_claimed(evaluations, evaluations.claim(job.new_owner()))


def take(browser: Browser, address: str, size: str, language: str, colours: str, whole: bool = True) -> Image.Image:
    """A picture of the whole page, or of what a screen shows of it."""
    context = browser.new_context(viewport=SIZES[size], locale=language, color_scheme=colours)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("h1, .live-status, img").first).to_be_visible(timeout=60_000)
    page.wait_for_timeout(4000)
    if whole:
        _show_all(page, SIZES[size]["width"])
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return picture


def _show_all(page: Page, width: int) -> None:
    height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(TALLEST, max(height, 844))})
    page.wait_for_timeout(1500)


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        os.environ |= {name: server.environment[name] for name in ("GAN_WORKBENCH_CHECKPOINTS", "GAN_WORKBENCH_DATA")}
        first, second = runs = train(minutes=1)
        for run in runs:
            evaluate(run)
        server.start()
        browser = playwright.chromium.launch(executable_path=browsers.find(), args=browsers.ARGUMENTS)
        try:
            for name, size, language, colours in product(PAGES, SIZES, LANGUAGES, COLOURS):
                address = server.url + PAGES[name].format(first=first, second=second)
                take(browser, address, size, language, colours).save(PLACE / _file(name, size, language, colours))
            readme = server.url + PAGES["train"].format(first=first, second=second)
            take(browser, readme, "desktop", "en", "light", whole=False).save(PLACE / "train.webp")
        finally:
            browser.close()
            server.stop()
    _gallery()


def _gallery() -> None:
    """A page that shows them all."""
    lines = ["# Every page", "", "Taken from the running app by `make screenshots`.", ""]
    for name in PAGES:
        lines += [f"## {name.capitalize()}", ""]
        for size in SIZES:
            files = [
                f"{name}-{size}-{language}-{colours}.webp" for language in LANGUAGES for colours in ("light", "dark")
            ]
            width = 200 if size == "phone" else 420
            lines += [" ".join(f'<img src="{file}" width="{width}" alt="{file[:-5]}">' for file in files), ""]
    (PLACE / "README.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
