"""Opening a store makes its tables, or brings an older one's up to date."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.experiments import make_experiment
from gan_core.store.database import MIGRATIONS, open_database
from gan_core.store.experiments import Experiments
from gan_core.store.migrations.versions import first_tables
from gan_core.store.runs import RunStore
from gan_core.store.runs_by_settings import runs_with
from gan_core.store.tables import REVISION, VERSION_TABLE, Base
from tests.conftest import small_config

OLD = Path(__file__).parents[1] / "old" / "runs.db"


def differences(engine):
    """Between the database and `tables`, in Alembic's words."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return compare_metadata(context, Base.metadata)


def test_the_migrations_make_the_tables_that_the_program_knows(store):
    assert differences(store.engine) == []
    engine = store.engine
    with engine.connect() as connection:
        assert connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")).all() == [REVISION]


def test_the_programs_revision_is_the_last_migration():
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION


def test_a_database_from_before_there_were_revisions_gets_all_that_is_missing(tmp_path):
    shutil.copy(OLD, tmp_path / "runs.db")
    engine = open_database(f"sqlite:///{tmp_path / 'runs.db'}")
    assert differences(engine) == []
    with engine.connect() as connection:
        row = connection.execute(text("SELECT person_id, task_id, step, started_at FROM runs")).one()
    assert row == (0, 0, 40, 0.0)


def test_the_same_in_postgres(postgres_url):
    engine = create_engine(postgres_url)
    first_tables.TABLES.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO people (name, is_teacher, created_at, seen_at, given_back_until, "
                "used_seconds, used_at) VALUES ('Ana', true, 1, 2, 3, 4, 5)"
            )
        )
        connection.execute(text("ALTER TABLE people DROP COLUMN is_teacher, DROP COLUMN used_at"))
        connection.execute(text("ALTER TABLE runs DROP COLUMN message, DROP COLUMN person_id, DROP COLUMN ended_at"))
        connection.execute(text("DROP TABLE tasks"))
    again = open_database(postgres_url)
    assert differences(again) == []
    with again.connect() as connection:
        assert connection.execute(text("SELECT name, is_teacher, used_at FROM people")).one() == ("Ana", False, 0)


def test_what_other_programs_have_in_the_database_stays(tmp_path):
    """Optuna keeps its own revision, by Alembic too."""
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    with create_engine(url).begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('v3.0.0.d')"))
    engine = open_database(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "v3.0.0.d"
    assert inspect(engine).has_table("runs")


def test_runs_and_experiments_from_before_a_hyperparameter_came_are_found_again(store):
    asked = make_experiment("cgan", small_config(), {"beta1": ["0", "0.5"]}, 1)
    experiments = Experiments(store)
    row = experiments.make(asked)
    experiments.train_missing(row)
    with store.engine.begin() as connection:
        for table in ("runs", "experiments"):
            connection.exec_driver_sql(f"UPDATE {table} SET config_json = replace(config_json, '\"devices\":1,', '')")
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0003'"))
    assert None in runs_with(store, asked.all_configs())
    again = RunStore(store.engine.url)
    assert Experiments(again).make(asked).id == row.id
    assert None not in runs_with(again, asked.all_configs())


def test_a_store_of_a_newer_version_is_left_alone(store):
    with store.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(WorkbenchError, match="newer version"):
        open_database(store.engine.url)
    with store.engine.begin() as connection:
        assert connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) == "9999"
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{REVISION}'"))


@pytest.mark.only_sqlite
def test_a_store_that_is_up_to_date_is_opened_without_alembic(store):
    store.create(small_config(), "minute")
    program = "import sys; from gan_core.store.runs import default_store; assert len(default_store().all_runs()) == 1; "
    program += "sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT).returncode == 0
