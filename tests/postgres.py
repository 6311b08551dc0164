"""A real Postgres, as deploy/compose.yaml has it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from tests.proxies import PATIENCE_SECONDS, PLACES

DEBIANS = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Yields its address. It listens to this machine alone, and refuses to run as root.

    A test that needs it where it is not installed is skipped, but fails in CI.
    """
    initdb = shutil.which("initdb", path=os.pathsep.join([*DEBIANS, PLACES]))
    if initdb is None and not os.environ.get("CI"):
        pytest.skip("no Postgres")
    assert initdb, "no Postgres: in CI that is a failure, or these tests would never run"
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "nobody")
    data = folder / "data"
    initialise = [initdb, "--no-sync", "-A", "trust", "-U", "gan", "-D", data]
    subprocess.run(initialise, cwd=folder, check=True, stdout=subprocess.DEVNULL, **user)
    serve = [Path(initdb).with_name("postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(serve, cwd=folder, stdout=log, stderr=log, **user)
    try:
        url = f"postgresql+psycopg://gan@/postgres?host={folder}"
        _wait_for(url)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # the "fast" end: it waits for no connection
        server.wait()
        shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(OperationalError), create_engine(url, poolclass=NullPool).connect():
            return
        assert time.monotonic() < deadline, "Postgres did not start"
        time.sleep(0.05)


@contextlib.contextmanager
def _alone(url: str) -> Iterator:
    """A connection, after all others were ended: what a test left open would keep tables locked."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        mine = "usename = 'gan' AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"))
        yield connection


def drop_tables(url: str) -> None:
    with _alone(url) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def empty_tables(url: str) -> None:
    """Forget all rows and begin all numbers anew; to make the tables anew takes ten times as long."""
    with _alone(url) as connection:
        names = set(inspect(connection).get_table_names()) - {"gan_workbench_version"}
        if names:
            connection.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
