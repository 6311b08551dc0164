"""Who is who: by a class's code and names, by a login, by a cookie alone; and what is forgotten."""

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from gan_core.errors import WorkbenchError
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.names import LONGEST_NAME
from gan_core.store.people import GIVE_BACK_SECONDS, SEEN_SECONDS, People, _new, default_people
from gan_core.store.rights import OWNER
from gan_core.store.tables import Browser, Person
from tests.conftest import small_config


@pytest.fixture
def people(in_class) -> People:
    return default_people()


@pytest.fixture
def later(monkeypatch):
    """Sets the clock by which people are counted forward, by seconds from now."""

    def set_forward(seconds: float) -> None:
        monkeypatch.setattr("gan_core.store.people.time", SimpleNamespace(time=lambda: time.time() + seconds))

    return set_forward


@pytest.mark.parametrize(
    "alike",
    [
        "ZOË ÁLVAREZ", "zoe\u0308 a\u0301lvarez", "Ｚｏë Álvarez", " Zoë  Álvarez ", "Zoë\u00a0Álvarez",
        "Zo\u200bë Álvarez", "Zoë Álvarez\u2060", "\u202eZoë Álvarez", "Zoë\u3164Álvarez\u3164",
        "Zoë Álvarez\ufe0f", "Zo\u034fë Álvarez",
        "Zoë\u2800Álvarez\u2800", "Zoë \u115fÁlvarez\uffa0", "Zoë Álvarez\U000e0100", "Zo\u180eë Álvarez",
        "Zoë \u17b4Álvarez", "Zo\u00adë Álvarez", "Zoë Álvarez\U000e0041",
    ],
)  # fmt: skip
def test_a_name_is_taken_for_all_that_look_like_it(people, alike):
    people.enter_class("her key", "code", "Zoë Álvarez")
    with pytest.raises(WorkbenchError, match="is taken"):
        people.enter_class("another key", "code", alike)
    with pytest.raises(WorkbenchError, match="is taken"):
        people.enter_as_teacher("another key", "password", alike)
    assert len(people.all_people()) == 1


def test_a_name_of_another_alphabet_that_looks_like_a_taken_one_is_taken_too(people):
    people.enter_class("her key", "code", "Capa")
    for come_in, secret in ((people.enter_class, "code"), (people.enter_as_teacher, "password")):
        with pytest.raises(WorkbenchError, match="looks like Capa"):
            come_in("another key", secret, "Сара")
    assert [person.name for person in people.all_people()] == ["Capa"]


@pytest.mark.parametrize("nothing", ["", " ", "\u3164\u2800", "\ufe0f\u034f", "...", "\u202e", "x" * 41])
def test_a_name_that_nobody_can_read_is_none(people, nothing):
    with pytest.raises(WorkbenchError, match="Enter a name"):
        people.enter_class("a key", "code", nothing)
    assert people.all_people() == []


@pytest.mark.parametrize(("code", "password"), [("", ""), ("codes", "Password"), ("code code", "code"), ("cödé", "\0")])
def test_without_the_very_code_or_password_nobody_comes_in(people, code, password):
    with pytest.raises(WorkbenchError, match="code of the class"):
        people.enter_class("a key", code, "Ana")
    with pytest.raises(WorkbenchError, match="teacher's password"):
        people.enter_as_teacher("a key", password, "Ana")
    assert people.all_people() == []


def test_where_no_code_or_password_is_set_none_opens(hosted):
    hosted("class", class_code="", teacher_password="")
    for enter in (default_people().enter_class, default_people().enter_as_teacher):
        with pytest.raises(WorkbenchError, match="This is not"):
            enter("a key", "", "Ana")


def test_a_browser_is_known_again_by_its_key(people):
    ana = people.enter_class("her key", " code ", "Ana")
    assert (people.visitor("her key"), people.visitor("another"), people.visitor("")) == (ana, None, None)
    assert not ana.may_everything and ana.watches_all


def test_a_stranger_from_when_no_names_were_entered_has_not_come_into_the_class(people):
    stranger = people.stranger("a key")
    assert (stranger.watches_all, people.visitor("a key")) == (False, stranger)


def test_a_deleted_person_is_not_there(people):
    ana = people.enter_class("her key", "code", "Ana")
    assert people.is_there(ana.person) and not people.is_there(ana.person + 1)


def test_a_browser_is_anothers_if_somebody_else_is_known_by_it(hosted):
    hosted("class", login="oidc")
    people = default_people()
    people.log_in("a key", "ana@school.example", "Ana")
    people.stranger("a stranger's")
    subjects = ("Ana@school.example", "ben@school.example")
    assert [people.is_anothers("a key", subject) for subject in subjects] == [False, True]
    assert [people.is_anothers(key, "ana@school.example") for key in ("a stranger's", "new")] == [True, False]


def test_a_teacher_may_everything_comes_in_anywhere_and_keeps_the_name(people):
    teacher = people.enter_as_teacher("a key", "password", "Ms Lovelace")
    assert teacher.may_everything and people.enter_as_teacher("another", "password", "Ms Lovelace") == teacher
    with pytest.raises(WorkbenchError, match="is taken"):
        people.enter_class("third", "code", "Ms Lovelace")


def test_a_browser_that_left_is_nobodys_and_the_name_stays_taken(people):
    people.enter_class("her key", "code", "Ana")
    people.leave("her key")
    assert people.visitor("her key") is None
    with pytest.raises(WorkbenchError, match="is taken"):
        people.enter_class("her key", "code", "Ana")


def test_a_name_that_was_given_back_is_the_next_browsers_and_no_longer_the_old_ones(people):
    teacher = people.enter_as_teacher("teacher", "password", "Ms Lovelace")
    ana = people.enter_class("lost", "code", "Ana")
    with pytest.raises(WorkbenchError, match="Only the teacher"):
        people.give_back(ana.person, by=ana)
    people.give_back(ana.person, by=teacher)
    assert people.visitor("lost") == ana, "until somebody enters it"
    assert people.enter_class("new", "code", "ana") == ana
    assert people.visitor("lost") is None
    with pytest.raises(WorkbenchError, match="is taken"):
        people.enter_class("third", "code", "Ana")


@pytest.mark.parametrize(("seconds_later", "is_open"), [(GIVE_BACK_SECONDS - 5, True), (GIVE_BACK_SECONDS + 5, False)])
def test_a_name_waits_for_whoever_lost_it_only_for_a_while(people, later, seconds_later, is_open):
    ana = people.enter_class("lost", "code", "Ana")
    people.give_back(ana.person, by=OWNER)
    later(seconds_later)
    if is_open:
        assert people.enter_class("new", "code", "Ana") == ana
    else:
        with pytest.raises(WorkbenchError, match="is taken"):
            people.enter_class("new", "code", "Ana")


def at_once(act, browsers: list[str]) -> list:
    """What each browser got, or the exception, when all of them did it at the same moment."""
    ready = threading.Barrier(len(browsers))

    def do(key):
        ready.wait()
        try:
            return act(key)
        except WorkbenchError as error:
            return error

    with ThreadPoolExecutor(len(browsers)) as pool:
        return list(pool.map(do, browsers))


def test_of_browsers_that_enter_a_name_at_once_one_gets_it(people):
    got = at_once(lambda key: people.enter_class(key, "code", "Ana"), [f"key {n}" for n in range(6)])
    refused = [str(one) for one in got if isinstance(one, WorkbenchError)]
    assert len(refused) == 5 and all("is taken" in one for one in refused)
    assert len(people.all_people()) == 1


def test_the_tabs_of_a_strangers_browser_are_one_person_even_if_they_open_at_once(hosted):
    hosted("public")
    got = at_once(lambda _tab: default_people().stranger("a key"), ["tab"] * 6)
    assert len(set(got)) == 1 and len(default_people().all_people()) == 1
    assert not got[0].watches_all and not got[0].may_everything


def test_a_tab_that_was_quicker_between_two_questions_is_who_the_browser_is(hosted, monkeypatch):
    hosted("public")
    quicker = []

    def overtaken(*person: object) -> Person:
        monkeypatch.setattr("gan_core.store.people._new", _new)
        quicker.append(default_people().stranger("a key"))
        return _new(*person)

    monkeypatch.setattr("gan_core.store.people._new", overtaken)
    assert default_people().stranger("a key") == quicker[0]
    assert len(default_people().all_people()) == 1


def test_a_login_in_several_browsers_at_once_is_one_person(hosted):
    hosted("class", login="oidc")
    got = at_once(lambda key: default_people().log_in(key, "ana@school.example", "Ana"), [f"key {n}" for n in range(6)])
    assert len(set(got)) == 1 and len(default_people().all_people()) == 1


# Logins


@pytest.mark.parametrize(
    ("subject", "is_teacher"),
    [
        ("ana@school.example", True),
        ("ANA@School.example", True),
        ("ben@school.example", False),
        ("", False),
        ("\u212aate@school.example", False),  # the sign of kelvin
        ("kate@school.example", True),
        ("ana@school.example,kate@school.example", False),
    ],
)
def test_a_teacher_is_who_is_listed(hosted, subject, is_teacher):
    hosted("class", login="oidc", teachers=" Ana@school.example, kate@school.example ,")
    assert default_people().log_in("a key", subject, "Somebody").may_everything == is_teacher


def test_a_login_is_the_same_person_in_any_browser_with_the_newest_name(hosted):
    hosted("public", login="oidc", teachers="ana@school.example")
    people = default_people()
    first = people.log_in("a key", "ana@school.example", "Ana")
    hosted("public", login="oidc", teachers="")  # and a teacher no longer
    again = people.log_in("another", "Ana@school.example", "Ana *G*\n\u202e")
    assert (first.person, first.may_everything) == (again.person, True)
    assert (again.name, again.may_everything) == ("Ana *G*", False)


def test_long_subjects_that_begin_alike_are_different_people_and_a_long_name_is_cut(hosted):
    hosted("class", login="oidc")
    one, other = (default_people().log_in(end, "x" * 400 + end, "n" * 5000) for end in "ab")
    assert one.person != other.person
    assert len(one.name) == LONGEST_NAME


def test_who_logs_in_in_anothers_browser_has_it(hosted):
    hosted("class", login="oidc")
    people = default_people()
    ana, ben = (people.log_in("a key", f"{name}@school.example", name) for name in ("Ana", "Ben"))
    assert people.visitor("a key") == ben != ana


def test_a_login_is_no_name_that_can_be_entered(hosted):
    hosted("class", class_code="code", login="oidc")
    ana = default_people().log_in("a key", "ana@school.example", "Ana")
    entered = [default_people().enter_class(name, "code", name) for name in ("ana@school.example", "login:ana", "Ana")]
    assert ana.person not in {one.person for one in entered}


# What is kept


def test_a_cookies_key_is_not_in_the_database(people, store):
    people.enter_class("a very secret key", "code", "Ana")
    with store.session() as session:
        (browser,) = session.scalars(select(Browser))
    assert browser.key_digest == hashlib.sha256(b"a very secret key").hexdigest()


def test_it_is_noted_to_the_hour_when_somebody_was_last_here(people, later):
    people.enter_class("a key", "code", "Ana")
    came = people.all_people()[0].seen_at
    later(SEEN_SECONDS - 60)
    people.visitor("a key")
    assert people.all_people()[0].seen_at == came
    later(SEEN_SECONDS + 60)
    people.visitor("a key")
    assert people.all_people()[0].seen_at == pytest.approx(came + SEEN_SECONDS + 60, abs=30)


def test_strangers_who_made_nothing_and_stayed_away_are_forgotten_and_no_one_else(hosted, store, later, tmp_path):
    hosted("public")
    people = default_people()
    gone, maker, judge = (people.stranger(key) for key in ("gone", "maker", "judge"))
    named = people.log_in("named", "ana@school.example", "Ana")
    store.acting_for(maker).create(small_config(), "cgan", owner="me")
    model = tmp_path / "model"
    model.write_bytes(b"a model")
    EvaluationStore(store.engine).acting_for(judge).ask("model", model, Terms(samples=1000))
    later(1000)
    here = people.stranger("here")
    people.forget_unused(time.time() + 500)
    kept = {person.id for person in people.all_people()}
    assert kept == {maker.person, judge.person, named.person, here.person}
    assert people.visitor("gone") is None
    assert people.stranger("gone").person > max(kept | {gone.person}), "a number is never another's"


def test_in_the_mode_personal_every_browser_is_the_owners(store):
    assert default_people().visitor("") == default_people().visitor("any") == OWNER


def test_a_teachers_name_is_not_anothers_who_is_written_with_other_letters(hosted):
    hosted("class", login="oidc", teachers="Teacher@Example.com, straße@example.com")
    people = default_people()
    for subject, may in (("teacher@EXAMPLE.com", True), ("straße@example.com", True), ("strasse@example.com", False)):
        assert people.log_in(f"key of {subject}", subject, "").may_everything is may
