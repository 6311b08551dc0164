"""Who may list and change what; on a page and in SQL alike."""

import pytest
from sqlalchemy import select

from gan_core.errors import WorkbenchError
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.rights import OWNER, Visitor, link_key
from gan_core.store.tables import EvaluationRow, Run
from tests.conftest import small_config

ANA, BEN = 1, 2
NOBODY_IN_PARTICULAR = 0
JOBS = (NOBODY_IN_PARTICULAR, ANA, BEN)
"""Whose they are."""
WHO = {
    "the owner": (OWNER, JOBS, JOBS),
    "a teacher": (Visitor(9, "T", may_everything=True, watches_all=True), JOBS, JOBS),
    "a student": (Visitor(ANA, "Ana", watches_all=True), (ANA, BEN), (ANA,)),
    "a stranger": (Visitor(ANA), (ANA,), (ANA,)),
    "a stranger with nothing": (Visitor(), (), ()),
}
each_of_them = pytest.mark.parametrize(("who", "listed", "changed"), WHO.values(), ids=WHO)


@pytest.fixture
def jobs(store, tmp_path):
    """A run and an evaluation of each."""
    model = tmp_path / "model"
    for person in JOBS:
        of_person = Visitor(person, may_everything=True)
        store.acting_for(of_person).create(small_config(), "cgan", owner="me")
        model.write_bytes(b"of %d" % person)
        EvaluationStore(store.engine).acting_for(of_person).ask(f"model {person}", model, Terms())
    with store.session() as session:
        return {table: list(session.scalars(select(table))) for table in (Run, EvaluationRow)}


@each_of_them
def test_who_may_list_what_and_the_database_says_the_same(store, jobs, who, listed, changed):
    for table, rows in jobs.items():
        assert {row.person_id for row in rows if who.may_list(row)} == set(listed)
        with store.session() as session:
            assert set(session.scalars(select(table.person_id).where(who.listed(table)))) == set(listed)


@each_of_them
def test_who_may_change_what(jobs, who, listed, changed):
    for row in jobs[Run] + jobs[EvaluationRow]:
        assert who.may_change(row) == (row.person_id in changed)
        if row.person_id in changed:
            who.refuse_change(row)
        else:
            with pytest.raises(WorkbenchError, match="belongs to somebody else"):
                who.refuse_change(row)


@each_of_them
def test_the_stores_list_and_change_by_these_rights(store, jobs, who, listed, changed):
    mine = store.acting_for(who)
    assert {run.person_id for run in mine.all_runs()} == set(listed)
    for run in jobs[Run]:
        if run.person_id in changed:
            mine.ask_to_stop(run.id)
            continue
        for act in (mine.ask_to_stop, mine.delete, mine.resume):
            with pytest.raises(WorkbenchError, match=r"(belongs to somebody else|no run)"):
                act(run.id)


@pytest.mark.parametrize(("mode", "by_name"), [("personal", False), ("class", False), ("public", True)])
def test_only_strangers_links_have_a_name_that_cannot_be_guessed(hosted, store, mode, by_name):
    run = store.create(small_config(), "cgan")
    hosted(mode)
    assert link_key(run) == (run.name if by_name else "1")
