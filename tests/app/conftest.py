"""Pages through AppTest: the real script, no browser."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import paths, worker

PAGES = ("train.py", "generate.py")


@pytest.fixture
def no_worker(monkeypatch):
    """Runs stay queued: what trains them is tested elsewhere."""
    monkeypatch.setattr(worker, "ensure_worker", lambda store: None)


@pytest.fixture
def open_page(no_worker):
    def open_it(page: str = "train.py") -> AppTest:
        app = AppTest.from_file(str(paths.PROJECT / "pages" / "front.py"), default_timeout=60)
        app.run()
        if page != "train.py":
            app.switch_page(page).run()
        return app

    return open_it


def words_of(app: AppTest) -> str:
    """All that the page says, in one string, as a reader sees it: without Markdown's backslashes."""
    kinds = (app.title, app.markdown, app.caption, app.info, app.error, app.success, app.warning)
    return re.sub(r"\\(.)", r"\1", "\n".join(str(element.value) for kind in kinds for element in kind))
