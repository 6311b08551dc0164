"""Pages through AppTest: the real script, no browser."""

import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan_core import paths
from gan_core.jobs import app_worker
from pages.parts import visitors
from pages.parts.edge import JOINER
from tests.conftest import METRICS, small_config

PAGES = ("home.py", "learn.py", "train.py", "runs.py", "experiments.py", "generate.py", "evaluate.py")


class NoEstimator:
    """Answers nothing: the helper process that would is tested elsewhere."""

    def ask(self, config):
        return None

    def prepare(self):
        pass


@pytest.fixture
def no_worker(monkeypatch):
    """Runs stay queued and speeds unmeasured: what does either is tested elsewhere."""
    monkeypatch.setattr(app_worker, "ensure_worker", lambda store: None)
    monkeypatch.setattr("pages.parts.train.cost.default_estimator", NoEstimator)
    monkeypatch.setattr("pages.parts.ready.default_estimator", NoEstimator)


@pytest.fixture
def browser(monkeypatch):
    """The browser before the pages: browser["key"] is the key that it brings.

    Not `browser_key` is replaced: a module that is imported meanwhile would keep the replacement for all later tests.
    """
    brought = {"key": ""}
    monkeypatch.setattr(visitors, "_read", lambda cookie: brought["key"])
    return brought


@pytest.fixture
def open_page(no_worker):
    def open_it(page: str = "train.py", **link: str) -> AppTest:
        """The page as a new visitor opens it, perhaps by a link."""
        app = AppTest.from_file(str(paths.PROJECT / "pages" / "front.py"), default_timeout=60)
        for name, value in link.items():
            app.query_params[name] = value
        app.switch_page(page).run()
        return app

    return open_it


def trained(store, steps=100, **changes):
    """A run as its owner left it in training, without the training."""
    run = store.create(small_config(**changes), "cgan", owner="me")
    rows = np.linspace(0, 1, steps)[:, None] * np.ones(len(METRICS))
    store.write_metrics(run.id, 0, list(METRICS), rows[:512])
    store.report(run.id, "me", step=steps, kimg=1.6, seconds=12.0, progress=0.5, images_per_second=133.0)
    return run


def words_of(app: AppTest) -> str:
    """All that the page says, in one string, as a reader sees it."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.error, app.success)
    said = [str(element.value) for kind in (*kinds, app.warning) for element in kind]
    said += [html.proto.body for html in app.get("html")]
    said += [text for component in components(app) for text in _strings(component)]
    return as_read("\n".join(said))


def as_read(text: str) -> str:
    """Without what keeps a name from being Markdown."""
    return re.sub(r"\\(.)", r"\1", text).replace(JOINER, "")


def components(app: AppTest) -> list[dict]:
    """What our own components were given to show."""
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


def _strings(data):
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value)


def button_named(app, label):
    return next((button for button in app.main.button if button.label == label), None)
