"""What somebody asks of a store is one line with a short name, done or refused; no cookie, key or code is in it."""

import logging

import pytest

from gan_core import log
from gan_core.errors import WorkbenchError
from gan_core.store.people import People
from gan_core.store.rights import OWNER, Visitor
from tests.conftest import small_config

KEY, CODE, PASSWORD = "key-of-a-cookie", "code-of-a-class", "password-of-a-teacher"
ANA, BEN = Visitor(1, "Ana", watches_all=True), Visitor(2, "Ben", watches_all=True)


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, log.logger.name)
    return lambda: [record.getMessage() for record in caplog.records]


def test_who_asked_for_what_and_who_was_refused(store, lines):
    run = store.acting_for(ANA).create(small_config(), "cgan")
    with pytest.raises(WorkbenchError):
        store.acting_for(BEN).ask_to_stop(run.id)
    store.acting_for(ANA).ask_to_stop(run.id)
    store.acting_for(ANA).resume(run.id)
    store.ask_to_stop(run.id)
    store.delete(run.id)
    made, refused, *rest = lines()
    assert made == f"person 1 'Ana': make run {run.id}"
    assert refused.startswith(f"person 2 'Ben': stop run {run.id}: refused: This belongs to somebody else")
    assert rest == [
        f"person 1 'Ana': stop run {run.id}",
        f"person 1 'Ana': resume run {run.id}",
        f"owner: stop run {run.id}",
        f"owner: delete run {run.id}",
    ]


def test_whoever_comes_in_is_named_and_what_they_entered_is_not(hosted, store, lines):
    hosted("class", class_code=CODE, teacher_password=PASSWORD)
    people = People(store.engine)
    for enter, secret, name in ((people.enter_class, CODE, "Ana"), (people.enter_as_teacher, PASSWORD, "Ms L")):
        with pytest.raises(WorkbenchError):
            enter(KEY, f"not {secret}", name)
        enter(KEY, secret, name)
    people.give_back(1, OWNER)
    people.log_in(KEY, "ben@example.org", "Ben")
    said = lines()
    assert [line.partition(": refused")[0] for line in said] == [
        "somebody: come in",
        "person 1 'Ana': come in",
        "somebody: come in as a teacher",
        "person 2 'Ms L': come in as a teacher",
        "owner: give a name back to person 1",
        "person 3 'Ben': come in",
    ]
    assert not any(secret in line for secret in (KEY, CODE, PASSWORD) for line in said)


@pytest.mark.parametrize("name", ["a\nowner: delete run 1", "\x1b[2Jnothing", "a\u2028b", "x" * 1000])
def test_a_name_is_one_short_line_whatever_is_in_it(name):
    record = logging.LogRecord("", logging.INFO, "", 0, "%s: make run 1", (Visitor(3, name).short_name,), None)
    line = log.OneLine("%(message)s").format(record)
    assert line.isprintable()
    assert line.startswith("person 3 '") and line.endswith(": make run 1")
    assert len(line) < 100
    raw = logging.LogRecord("", logging.INFO, "", 0, name, (), None)
    assert log.OneLine("%(message)s").format(raw).isprintable(), "nor does a sentence with it break the line"


def test_nothing_is_written_where_nobody_has_set_it_up(store, capfd):
    store.create(small_config(), "cgan")
    assert capfd.readouterr() == ("", "")
