"""Who the visitors are, where they are told apart: by a browser's cookie, a class's code and names, or a login.

Knows nothing of torch.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from functools import lru_cache

from sqlalchemy import Engine, Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gan_core import log
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting, same_login
from gan_core.store.database import transaction
from gan_core.store.names import LONGEST_NAME, comparable, look, readable, visible
from gan_core.store.rights import OWNER, Visitor
from gan_core.store.runs import default_store
from gan_core.store.tables import Browser, EvaluationRow, Person, Run

LONGEST_LOGIN = 200
GIVE_BACK_SECONDS = 600
"""How long a name that the teacher gave back waits for whoever lost it."""
SEEN_SECONDS = 3600
"""How often it is noted that somebody is still there."""


class People:
    """All reading and writing of people. Safe to use from several threads and processes at once."""

    def __init__(self, engine: Engine):
        self.engine = engine

    def visitor(self, key: str) -> Visitor | None:
        """Whose browser that is by its cookie's key; None if it is nobody's yet. In the mode `personal`, the owner."""
        if not hosting().is_shared:
            return OWNER
        with transaction(self.engine) as session:
            person = session.scalar(_of_key(key)) if key else None
            if person and time.time() - person.seen_at > SEEN_SECONDS:
                person.seen_at = time.time()
        return _visitor(person) if person else None

    @log.asked("come in")
    def enter_class(self, key: str, code: str, name: str) -> Visitor:
        """A student comes in.

        Args:
            key: a new one, which nobody can have read yet.

        Raises WorkbenchError for a wrong code, a name that is none, and one that is taken.
        """
        # A phone begins with a capital by itself.
        if not _same(code.casefold(), hosting().class_code.get_secret_value().casefold()):
            raise WorkbenchError("This is not the code of the class; the teacher knows it.")
        return self._enter(key, name, is_teacher=False)

    @log.asked("come in as a teacher")
    def enter_as_teacher(self, key: str, password: str, name: str) -> Visitor:
        """Raises WorkbenchError for a wrong password, and for a name as `enter_class` does."""
        if not _same(password, hosting().teacher_password.get_secret_value()):
            raise WorkbenchError("This is not the teacher's password; it was printed when the server was started.")
        return self._enter(key, name, is_teacher=True)

    def log_in(self, key: str, subject: str, name: str) -> Visitor:
        """Whoever a login or a reverse proxy has named is in this browser.

        Args:
            subject: by which it is always the same, such as an e-mail address.
            name: for people to read.
        """
        subject, known_as = same_login(subject), _of_login(subject)

        def bind(session: Session) -> Person:
            person = session.scalar(select(Person).where(Person.known_as == known_as))
            if person is None:
                person = _new("", known_as)
                session.add(person)
            person.name = visible(name)[:LONGEST_NAME] or visible(subject)[:LONGEST_NAME]
            person.is_teacher = subject in hosting().teachers.split(",")
            session.flush()
            _bind(session, key, person)
            return person

        visitor = _visitor(self._once_more(bind))
        log.done(visitor.short_name, "come in")
        return visitor

    def is_anothers(self, key: str, subject: str) -> bool:
        """Whether the browser is somebody else's than whom that login names."""
        with transaction(self.engine) as session:
            person = session.scalar(_of_key(key))
        return person is not None and person.known_as != _of_login(subject)

    def is_there(self, person_id: int) -> bool:
        """Whether nobody has deleted this person."""
        with transaction(self.engine) as session:
            return session.get(Person, person_id) is not None

    def of_number(self, person_id: int) -> Visitor | None:
        """Who that is; None if somebody has deleted this person."""
        with transaction(self.engine) as session:
            person = session.get(Person, person_id)
        return _visitor(person) if person else None

    def stranger(self, key: str) -> Visitor:
        """A visitor who enters nothing, from now on known by the browser's key."""

        def bind(session: Session) -> Person:
            person = session.scalar(_of_key(key))
            if person is None:
                person = _new("", None)
                session.add(person)
                session.flush()
                # Not `_bind`: a tab that was quicker, between the two questions, is who the browser is.
                session.add(Browser(key_digest=_digest(key), person_id=person.id))
            return person

        return _visitor(self._once_more(bind))

    def _once_more(self, bind: Callable[[Session], Person]) -> Person:
        """Once more if another tab of the browser, or another browser of the person, did the same just now."""
        try:
            with transaction(self.engine) as session:
                return bind(session)
        except IntegrityError:
            with transaction(self.engine) as session:
                return bind(session)

    def leave(self, key: str) -> Visitor:
        """The browser is nobody's again; the person stays."""
        with transaction(self.engine) as session:
            session.execute(delete(Browser).where(Browser.key_digest == _digest(key)))
        return Visitor()

    def _enter(self, key: str, name: str, is_teacher: bool) -> Visitor:
        shown = readable(name)
        known_as = f"name:{comparable(shown)}"
        taken = WorkbenchError(
            "The name {name} is taken; choose another. If it is yours, the teacher can give it back to you.",
            name=shown,
        )
        try:
            with transaction(self.engine) as session:
                person = session.scalar(select(Person).where(Person.known_as == known_as))
                if person is None:
                    _refuse_look_alikes(session, shown)
                    person = _new(shown, known_as)
                    session.add(person)
                elif not (is_teacher and person.is_teacher):  # who knows the password may come in from another browser
                    self._take_over(session, person, taken)
                person.is_teacher = is_teacher
                session.flush()
                _bind(session, key, person)
        except IntegrityError as error:  # another browser took it just now
            raise taken from error
        return _visitor(person)

    def _take_over(self, session: Session, person: Person, taken: WorkbenchError) -> None:
        """A name that was given back belongs to the browser that enters it first."""
        if person.given_back_until < time.time():
            raise taken
        person.given_back_until = 0.0
        session.execute(delete(Browser).where(Browser.person_id == person.id))

    # What a teacher may do

    def give_back(self, person_id: int, by: Visitor) -> None:
        """Whoever enters this student's name within GIVE_BACK_SECONDS is this student. Raises WorkbenchError.

        A teacher's name stays: who has the code could take it.
        """
        if not by.may_everything:
            raise WorkbenchError("Only the teacher can give a name back.")
        with transaction(self.engine) as session:
            until = time.time() + GIVE_BACK_SECONDS
            student = update(Person).where(Person.id == person_id, ~Person.is_teacher)
            session.execute(student.values(given_back_until=until))
        log.done(by.short_name, f"give a name back to person {person_id}")

    def all_people(self) -> list[Person]:
        """By name."""
        with transaction(self.engine) as session:
            return list(session.scalars(select(Person).order_by(Person.name, Person.id)))

    def names(self) -> dict[int, str]:
        """Of each person who has one."""
        return {person.id: person.name for person in self.all_people() if person.name}

    def forget_unused(self, before: float) -> None:
        """Delete people without a name who have made nothing and were not here since."""
        made = select(Run.person_id).union(select(EvaluationRow.person_id))
        gone = select(Person.id).where(Person.known_as.is_(None), Person.seen_at < before, Person.id.not_in(made))
        with transaction(self.engine) as session:
            session.execute(delete(Browser).where(Browser.person_id.in_(gone)))
            session.execute(delete(Person).where(Person.id.in_(gone)))


def _visitor(person: Person) -> Visitor:
    # A stranger, from when the same store was used without names, has not come into the class.
    in_class = hosting().mode == "class" and person.known_as is not None
    may_everything = person.is_teacher
    return Visitor(person.id, person.name, may_everything, watches_all=in_class or may_everything)


def _new(name: str, known_as: str | None) -> Person:
    now = time.time()
    return Person(name=name, known_as=known_as, created_at=now, seen_at=now)


def _of_key(key: str) -> Select[Person]:
    return select(Person).join(Browser, Browser.person_id == Person.id).where(Browser.key_digest == _digest(key))


def _refuse_look_alikes(session: Session, name: str) -> None:
    for taken in session.scalars(select(Person.name).where(Person.known_as.startswith("name:"))):
        if look(taken) == look(name):
            raise WorkbenchError("The name {name} looks like {taken}, which is taken.", name=name, taken=taken)


def _of_login(subject: str) -> str:
    subject = same_login(subject)
    return f"login:{subject if len(subject) <= LONGEST_LOGIN else _digest(subject)}"


def _bind(session: Session, key: str, person: Person) -> None:
    session.merge(Browser(key_digest=_digest(key), person_id=person.id))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _same(given: str, wanted: str) -> bool:
    """Compared in a time that tells nothing; without a code or password nobody comes in."""
    return bool(wanted.strip()) and hmac.compare_digest(given.strip().encode(), wanted.strip().encode())


@lru_cache(maxsize=1)
def _people(engine: Engine) -> People:
    return People(engine)


def default_people() -> People:
    """The people of the store that the environment names."""
    return _people(default_store().engine)
