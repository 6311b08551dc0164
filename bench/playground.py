"""How fast the playground learns in the browser, beside PyTorch on one thread.

python -m bench.playground

The two take turns, since other work on the machine slows down both. Of each loss: steps per second (medians), and
their ratio; generator 2-64-64-2, discriminator 2-64-64-1, batches of 128. In the browser, once without a picture and
once as a visitor sees it, with up to 30 new pictures a second. Also how long the page takes until it can be played, and
what thirty people who come within a minute cost the server.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import Browser, Page, sync_playwright
from torch import nn

from gan_core.config import ImageSpec, RunConfig, make_config
from gan_core.training.gan import Gan
from gan_core.training.loop import Batches, training_step
from pages.parts.learn.playground.settings import KNOBS
from tests.e2e import browser as browsers
from tests.e2e.server import Server

ARRIVALS = 30
TURNS = 5
STEPS = 300
LOSSES: dict[str, dict[str, Any]] = {
    "non-saturating": {"loss": "non-saturating"},
    "R1": {"loss": "non-saturating", "r1_gamma": 0.1},
    "WGAN-GP": {"loss": "wasserstein", "gradient_penalty": 1},
}
IN_BROWSER = """async ([address, settings, steps]) => {
  const { Gan } = await import(new URL(`${address}/gan.js`, document.baseURI));
  const gan = new Gan(settings);
  for (let i = 0; i < 50; i++) gan.nextStep();
  const began = performance.now();
  for (let i = 0; i < steps; i++) gan.nextStep();
  return (1000 * steps) / (performance.now() - began);
}"""
SHOWN = """async ([settings, steps]) => {
  ganPlayground.set(settings);
  let frames = 0;
  const { draw } = ganPlayground;
  ganPlayground.draw = function () { frames++; return draw.call(this); };
  ganPlayground.restart();
  await ganPlayground.until(50);
  frames = 0;
  const began = performance.now();
  await ganPlayground.until(50 + steps);
  const seconds = (performance.now() - began) / 1000;
  ganPlayground.draw = draw;
  return [steps / seconds, frames / seconds];
}"""


def settings_of(changes: dict[str, Any]) -> dict[str, Any]:
    """As gan.js takes them."""
    usual = {name: knob.usual for name, knob in KNOBS.items()}
    return usual | {"drawn": [], "generator_layers": [64, 64], "discriminator_layers": [64, 64]} | changes


def pytorch(changes: dict[str, Any]) -> float:
    """Steps per second of gan_core's own step, on one thread."""
    config = make_config(
        RunConfig(), network="mlp", conditional=False, latent_dim=2, batch_size=128, beta1=0.5, beta2=0.9,
        ema_decay=0.0, generator_normalisation="none", discriminator_normalisation="none", generator_layers=(64, 64),
        discriminator_layers=(64, 64), generator_activation="tanh", discriminator_activation="tanh", **changes,
    )  # fmt: skip
    spec = ImageSpec.model_construct(size=1, channels=2, classes=("points",))
    gan = Gan(config, spec, torch.device("cpu"))
    layers: Any = gan.generator.layers
    layers[-1] = nn.Identity()  # instead of tanh
    batches = _batches()
    for _ in range(50):
        training_step(gan, batches)
    began = time.perf_counter()
    for _ in range(STEPS):
        training_step(gan, batches)
    return STEPS / (time.perf_counter() - began)


def _batches() -> Batches:
    labels = torch.zeros(128, dtype=torch.int64)
    while True:
        yield torch.randn(128, 2, 1, 1), labels


def ready_after(page: Page, url: str) -> float:
    """Seconds from the page's opening until its first picture of the playground."""
    page.goto(url)
    page.wait_for_selector(".playground .stage[data-step]")
    return page.evaluate(
        "performance.now() / 1000 - performance.getEntriesByType('navigation')[0].responseStart / 1000"
    )


def cost_of_arrivals(server: Server, browser: Browser) -> float:
    """CPU seconds of the server for each of those who open the page in a minute, each with a browser of their own."""
    before = server.cpu_seconds()
    began = time.perf_counter()
    for number in range(ARRIVALS):
        context = browser.new_context()
        page = context.new_page()
        ready_after(page, f"{server.url}/learn")
        context.close()
        time.sleep(max(0.0, began + (number + 1) * 60 / ARRIVALS - time.perf_counter()))
    print(f"{ARRIVALS} arrivals within {time.perf_counter() - began:.0f} s")
    return (server.cpu_seconds() - before) / ARRIVALS


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        server.start()
        browser = playwright.chromium.launch(executable_path=browsers.find(), args=browsers.ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        try:
            waits = [ready_after(page, f"{server.url}/learn") for _ in range(3)]
            print(f"ready to play after {waits[0]:.2f} s; opened again, {waits[-1]:.2f} s")
            print(f"an arrival costs the server {cost_of_arrivals(server, browser):.2f} s of CPU time")
            address = page.evaluate("ganPlayground.data.address")
            for name, changes in LOSSES.items():
                compare(page, address, name, changes)
        finally:
            browser.close()
            server.stop()
    print(f"{torch.__version__=}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def compare(page: Page, address: str, name: str, changes: dict[str, Any]) -> None:
    in_browser, in_pytorch, shown = [], [], []
    for _ in range(TURNS):
        in_browser.append(page.evaluate(IN_BROWSER, [address, settings_of(changes), STEPS]))
        in_pytorch.append(pytorch(changes))
        usual = {"loss": "non-saturating", "r1_gamma": 0, "gradient_penalty": 0}
        shown.append(page.evaluate(SHOWN, [usual | changes, STEPS]))
    ratio = statistics.median(ours / theirs for ours, theirs in zip(in_browser, in_pytorch, strict=True))
    steps, frames = (statistics.median(one[i] for one in shown) for i in (0, 1))
    print(
        f"{name}: browser {statistics.median(in_browser):.0f} steps/s, PyTorch {statistics.median(in_pytorch):.0f}, "
        f"ratio {ratio:.2f}; while drawn {steps:.0f} steps/s at {frames:.0f} pictures/s"
    )


if __name__ == "__main__":
    main()
