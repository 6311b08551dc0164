"""A server that is told to end, as by systemd or Docker: pages say so, and no run is lost."""

import os
import signal

import psutil
import pytest
from playwright.sync_api import expect

from gan_core.store.tables import State
from tests.e2e.server import PATIENCE_SECONDS
from tests.e2e.steps import badge, press_train
from tests.unit.jobs.test_worker import wait_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
SAYS = "The server is being restarted"


def start_run(store, page, minutes):
    press_train(page, minutes)
    expect(badge(page, "running")).to_be_visible()
    wait_for(lambda: store.get(1) and store.get(1).step > 0, "the first steps")


def says_so(page):
    """At its next look, or, if the server has ended by then, in the box that Streamlit shows."""
    expect(page.get_by_text(SAYS).or_(page.get_by_role("dialog")).first).to_be_visible()


@pytest.fixture
def public(monkeypatch):
    monkeypatch.setenv("GAN_WORKBENCH_MODE", "public")


def test_where_strangers_share_a_server_what_trains_is_saved_and_goes_on_after_its_restart(
    public, store, server, visit, console_errors
):
    page = visit()
    start_run(store, page, minutes=2)
    server.process.terminate()
    says_so(page)
    assert server.process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    saved = store.get(1)
    assert (saved.state, bool(saved.checkpoint)) == (State.QUEUED, True)
    box = page.get_by_role("dialog")
    expect(box).to_be_visible()
    assert SAYS in box.evaluate("box => getComputedStyle(box.querySelector(':scope > div'), '::before').content")
    expect(box.get_by_text("streamlit run")).to_be_hidden()
    server.start()
    wait_for(lambda: store.get(1).sessions == 2 and store.get(1).step > saved.step, "the run to go on")
    expect(badge(page, "running")).to_be_visible()
    page.close()
    console_errors.clear()  # of a server that was away


def test_on_ones_own_computer_a_run_outlives_its_server(store, server, visit, console_errors):
    page = visit()
    start_run(store, page, minutes=60)
    [trainer] = server.trainers()
    server.process.terminate()
    says_so(page)
    server.process.wait(PATIENCE_SECONDS)
    step = store.get(1).step
    wait_for(lambda: store.get(1).step > step, "further steps")
    assert trainer.is_running() and trainer.status() != psutil.STATUS_ZOMBIE
    assert store.get(1).sessions == 1
    page.close()
    console_errors.clear()  # of a server that is away
