"""What all tests share: a place of their own for runs and data, and short names for small configs."""

import contextlib
import os
from types import SimpleNamespace

import hypothesis
import pytest

from gan_core.config import RunConfig
from gan_core.hosting import PREFIX, hosting
from gan_core.jobs import threads
from gan_core.monitor.charts import CHARTED
from gan_core.store.queue import LOST_AFTER_SECONDS

METRICS = ("step", "kimg", "seconds", *CHARTED)

# A browser test starts servers and workers, whose processes inherit this too.
threads.wait_briefly()
# No test fails because the machine was busy for a moment.
hypothesis.settings.register_profile("patient", parent=hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("patient")
os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """No test sees or leaves anything in the project's own folders."""
    monkeypatch.setenv("GAN_WORKBENCH_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("GAN_WORKBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("GAN_WORKBENCH_DATABASE", raising=False)
    hosting.cache_clear()
    yield tmp_path
    hosting.cache_clear()


@pytest.fixture
def hosted(monkeypatch):
    """The app in that mode, with these settings: hosted("class", slots=2)."""

    def host(mode, **settings):
        for name, value in ({"mode": mode} | settings).items():
            monkeypatch.setenv(PREFIX + name.upper(), str(value))
        hosting.cache_clear()
        return hosting()

    return host


@pytest.fixture
def store():
    from gan_core.store.runs import default_store

    return default_store()


@pytest.fixture
def in_class(monkeypatch):
    """As a server in the mode `class`, with the code `code` and the teacher's password `password`."""
    from gan_core.hosting import hosting

    values = {"MODE": "class", "CLASS_CODE": "code", "TEACHER_PASSWORD": "password"}
    for name, value in values.items():
        monkeypatch.setenv(f"GAN_WORKBENCH_{name}", value)
    hosting.cache_clear()
    yield
    hosting.cache_clear()


@pytest.fixture
def count_queries(store):
    """Collects the statements that the store is asked within it."""
    from sqlalchemy import event

    @contextlib.contextmanager
    def counted():
        asked = []

        def note(connection, cursor, statement, *rest):
            asked.append(statement)

        event.listen(store.engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            event.remove(store.engine, "before_cursor_execute", note)

    return counted


@pytest.fixture
def pass_time(monkeypatch):
    """Lets seconds pass before the eyes of whoever watches for signs of life; the clock on the wall stays as it is."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("gan_core.store.heartbeats.time", SimpleNamespace(monotonic=lambda: clock.now))

    def let_pass(seconds):
        clock.now += seconds

    return let_pass


@pytest.fixture
def silence(pass_time):
    """As if nothing had been heard of the store's running jobs for long, and somebody had watched."""

    def fall_silent(store):
        store.mark_interrupted()
        pass_time(LOST_AFTER_SECONDS + 1)
        store.mark_interrupted()

    return fall_silent


def small_config(**changes) -> RunConfig:
    """A config whose run takes a second: tiny networks, few images."""
    small = {
        "network": "mlp",
        "latent_dim": 8,
        "generator_layers": (16,),
        "discriminator_layers": (16,),
        "generator_width": 4,
        "discriminator_width": 4,
        "batch_size": 16,
        "minutes": None,
        "kimg": 0.32,
        "device": "cpu",
        "precision": "float32",  # as exact on every machine
    }
    return RunConfig(**small | changes)
