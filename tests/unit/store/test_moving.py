"""A run store that moves to another database, without loss."""

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import delete, insert, select

from gan_core.__main__ import cli
from gan_core.errors import WorkbenchError
from gan_core.store import moving
from gan_core.store.metric_rows import CHUNK_ROWS
from gan_core.store.runs import RunStore
from gan_core.store.tables import Base, Person, Run, State
from tests.conftest import small_config

TABLES = Base.metadata.sorted_tables
VALUES = {int: 7, float: 1 / 3, str: "Añá \"2' ☺\n", bool: True, bytes: bytes(range(256))}


def content(store):
    """Every row of every table."""
    with store.session() as session:
        return {table.name: sorted(map(tuple, session.execute(select(table)))) for table in TABLES}


def fill(store):
    """Rows in every table, with a value of its own in every column; then three runs and 1,500 rows of metrics."""
    with store.session() as session:
        for table in TABLES:
            for number in range(1, 6):
                row = {column.name: VALUES[column.type.python_type] for column in table.columns}
                own = {column.name for column in table.columns if column.primary_key or column.unique}
                row |= {name: number if row[name] == 7 else f"{row[name]}{number}" for name in own}
                row.pop("id", None)  # the database gives it
                session.execute(insert(table), row)
    for _ in range(3):
        run = store.create(small_config(), "minute")
    rows = np.random.default_rng(0).normal(size=(1500, 3))
    rows[7, 1] = np.nan
    for first in range(0, 1500, CHUNK_ROWS):
        store.write_metrics(run.id, first, ["step", "kimg", "loss"], rows[first : first + CHUNK_ROWS])
    return run


@pytest.fixture
def addresses(request, tmp_path):
    """Where from and where to, by their kinds."""
    files = iter(("one", "another"))
    return [
        request.getfixturevalue("postgres_url") if kind == "postgres" else f"sqlite:///{tmp_path / next(files)}.db"
        for kind in request.param
    ]


@pytest.mark.parametrize(
    "addresses", [("sqlite", "postgres"), ("postgres", "sqlite"), ("sqlite", "sqlite")], indirect=True, ids="-".join
)
def test_every_row_arrives_and_no_number_is_given_twice(addresses, monkeypatch):
    monkeypatch.setattr(moving, "BATCH_ROWS", 2)
    source, target = addresses
    old = RunStore(source)
    last = fill(old)
    with old.session() as session:  # whose numbers stay theirs
        session.execute(delete(Run).where(Run.id == last.id))
        session.execute(delete(Person))
    shares = []
    assert moving.move_store(source, target, shares.append) == 7
    new = RunStore(target)
    assert content(new) == content(old)
    assert shares == sorted(shares) and shares[-1] == 1
    for name, values in old.read_metrics(last.id).items():
        np.testing.assert_array_equal(new.read_metrics(last.id)[name], values)
    assert new.create(small_config(), "minute").id == last.id + 1
    with new.session() as session:
        person = Person(created_at=1.0, seen_at=1.0)
        session.add(person)
        session.flush()
        assert person.id == 6
    for store in (old, new):
        store.engine.dispose()


@pytest.fixture
def old(tmp_path):
    return RunStore(f"sqlite:///{tmp_path / 'old.db'}")


def test_a_database_that_holds_something_is_refused_and_stays_as_it_is(old, store):
    old.create(small_config(), "minute")
    mine = store.create(small_config(), "cgan")
    for target in (store.engine.url.render_as_string(hide_password=False), str(old.engine.url)):
        with pytest.raises(WorkbenchError, match="holds something already"):
            moving.move_store(str(old.engine.url), target)
    assert [run.name for run in store.all_runs()] == [mine.name]


def test_a_store_in_use_does_not_move(old, tmp_path):
    run = old.create(small_config(), "minute", owner="me")
    new = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(WorkbenchError, match="1 of its runs or evaluations are in work"):
        moving.move_store(str(old.engine.url), new)
    old.end(run.id, "me", State.STOPPED)
    assert moving.move_store(str(old.engine.url), new) == 1


def test_a_store_that_is_not_there_is_one_sentence_and_is_not_made(tmp_path):
    with pytest.raises(WorkbenchError, match="no run store in"):
        moving.move_store(f"sqlite:///{tmp_path / 'nothing.db'}", f"sqlite:///{tmp_path / 'new.db'}")
    assert list(tmp_path.glob("*.db")) == []


def test_the_command_says_how_many_runs_there_are_and_how_they_are_used(old, tmp_path):
    old.create(small_config(), "minute")
    done = CliRunner().invoke(cli, ["move-store", str(old.engine.url), f"sqlite:///{tmp_path / 'new.db'}"])
    assert (done.exit_code, done.output.count("\n")) == (0, 1)
    assert "in the new list: 1. It is used once GAN_WORKBENCH_DATABASE" in done.output


def test_a_move_that_is_ended_in_the_middle_leaves_nothing_there(old, store):
    fill(old)

    def end(share):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.move_store(str(old.engine.url), store.engine.url.render_as_string(hide_password=False), end)
    assert set(map(len, content(store).values())) == {0}
