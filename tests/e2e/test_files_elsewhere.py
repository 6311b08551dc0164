"""A server whose runs another machine trains: each has a folder of its own, and both an object store."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from gan_core import common_place, paths
from gan_core.store.runs import default_store
from tests import object_store
from tests.e2e.server import Server
from tests.e2e.steps import badge, grid, no_error_on, press, start_training, wait_until


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A machine with a worker, which has the list of runs and the object store in common with the server."""
    with object_store.object_store() as environment:
        object_store.make_bucket(environment)
        common = {
            "GAN_WORKBENCH_FILES": f"s3://{object_store.BUCKET}/common",
            "GAN_WORKBENCH_DATABASE": f"sqlite:///{tmp_path}/runs.db",
        }
        for name, value in (environment | common).items():
            monkeypatch.setenv(name, value)
        machine = Server(tmp_path / "elsewhere")
        machine.folder.mkdir()
        with (machine.folder / "log").open("wb") as log:
            # By the name of the app's own worker, so that the server starts none.
            command = [sys.executable, "-m", "gan_core", "worker", "--of-app"]
            subprocess.Popen(command, cwd=paths.PROJECT, env=machine.environment, stdout=log, stderr=log)
        yield machine
        machine.stop()


def shown_width(page):
    return page.get_by_alt_text("Pictures that run").evaluate("image => image.complete && image.naturalWidth")


def test_a_run_of_another_machine_is_watched_drawn_with_and_deleted(elsewhere, server, visit):
    page = visit()
    start_training(page)
    run = default_store().get(1)
    here = server.folder / "checkpoints" / run.name
    first = grid(page)
    wait_until(page, lambda: grid(page) != first, "a newer picture")
    wait_until(page, lambda: shown_width(page) > 100, "the newer picture to be drawn")
    assert (elsewhere.folder / "checkpoints" / run.name / "log.txt").exists()
    fetched = {path.name for path in here.iterdir()}  # and "samples", once a picture was kept
    assert {"live.webp", "fetched.json"} <= fetched <= {"live.webp", "fetched.json", "samples"}

    moments = page.locator(".time-machine input")
    wait_until(page, lambda: int(moments.get_attribute("max")) > 1, "two kept pictures")
    press(page, "Stop")
    expect(badge(page, "stopped")).to_be_visible()
    moments.fill("0")
    wait_until(page, lambda: "/grid/" in grid(page) and shown_width(page) > 100, "the first picture that was kept")
    press(page, "Draw with it")
    expect(page.locator("img[alt*='drawn by']").first).to_be_visible()
    assert list(here.glob("*.safetensors"))
    no_error_on(page)

    page.goto(f"{server.url}/train?run={run.id}")
    page.get_by_role("button", name=re.compile("Delete$")).click()
    page.get_by_role("button", name=re.compile("Delete for good$")).click()
    wait_until(page, lambda: default_store().get(run.id) is None and not here.exists(), "the run to be gone")
    assert common_place.look_through(run.folder) == {}
