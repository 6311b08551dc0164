"""What watching costs a server whose runs another machine trains: `python -m bench.files`, 2 minutes.

An object store on this machine (moto, in this process) is in common to both. Compared with a run of the server's own.
"""

import os
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from bench.ui import ROWS, Pretender, cpu_a_tick, watched
from gan_core.store.runs import RunStore
from tests import object_store
from tests.e2e import browser as browsers
from tests.e2e.server import Server


def measure(folder: Path, where: str) -> None:
    """With a server of its own, whose folder is called checkpoints. Pictures are written into the folder `where`."""
    os.environ["GAN_WORKBENCH_DATABASE"] = f"sqlite:///{folder}/runs.db"
    server = Server(folder)
    os.environ["GAN_WORKBENCH_CHECKPOINTS"] = str(folder / where)
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browsers.find(), args=browsers.ARGUMENTS)
            alone = cpu_a_tick(server, time.sleep)
            pretender = Pretender(RunStore(os.environ["GAN_WORKBENCH_DATABASE"]), ROWS)
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.goto(f"{server.url}/train?run={pretender.run.id}")
            expect(page.locator(".live-chart .js-line").first).to_be_visible()
            shown = page.get_by_alt_text("Pictures that run")
            page.wait_for_timeout(20_000)  # by then, all is imported and connected
            before = shown.get_attribute("src")
            for what, value in watched(f"in {where}", server, page, alone):
                print(f"{what:72} {value}", flush=True)
            assert shown.get_attribute("src") != before, "no new picture came"
            pretender.end()
            browser.close()
    finally:
        server.stop()


def main() -> None:
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), "checkpoints")
    with tempfile.TemporaryDirectory() as folder, object_store.object_store() as environment:
        object_store.make_bucket(environment)
        os.environ.update(environment, GAN_WORKBENCH_FILES=f"s3://{object_store.BUCKET}/common")
        measure(Path(folder), "elsewhere")


if __name__ == "__main__":
    main()
