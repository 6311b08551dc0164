"""The store's tests run in SQLite and in a real Postgres, one for each process of pytest."""

import pytest

from gan_core.store import evaluations, runs
from tests import postgres

IN_A_STORE = {"store", "people", "evaluations", "eve", "room", "hosted", "in_class"}
"""Fixtures of tests that use one."""


def pytest_configure(config):
    config.addinivalue_line("markers", "only_sqlite: about SQLite's own file, or what it makes of a full disk")


def pytest_generate_tests(metafunc):
    if IN_A_STORE & set(metafunc.fixturenames) and not metafunc.definition.get_closest_marker("only_sqlite"):
        metafunc.parametrize("database", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(scope="session")
def postgres_server():
    with postgres.postgres() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server):
    """A database without tables."""
    postgres.drop_tables(postgres_server)
    return postgres_server


@pytest.fixture(autouse=True)
def database(request, own_place, monkeypatch):
    """The one that GAN_WORKBENCH_DATABASE names, without any run."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield "sqlite"
        return
    url = request.getfixturevalue("postgres_server")
    postgres.empty_tables(url)
    monkeypatch.setenv("GAN_WORKBENCH_DATABASE", url)
    _forget_stores()
    yield "postgres"
    runs.default_store().engine.dispose()
    _forget_stores()


def _forget_stores():
    """Their address stays the same, but not what is in them."""
    runs._store.cache_clear()
    evaluations._evaluations.cache_clear()
