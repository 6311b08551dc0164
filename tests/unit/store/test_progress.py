"""What people have answered in the lessons, in the store."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gan_core.errors import WorkbenchError
from gan_core.store import progress
from gan_core.store.classroom import Classroom
from gan_core.store.people import default_people
from gan_core.store.rights import Visitor


@pytest.fixture
def eve(in_class, store):
    return store.acting_for(default_people().enter_class("eve", "code", "Eve"))


def test_what_two_browsers_of_a_person_have_becomes_one_and_right_stays_right(eve):
    progress.add_progress(eve, {"the-loss/balance": "right", "exercise/a/expected": "worse"})
    merged = progress.add_progress(eve, {"the-loss/balance": "tried", "exercise/a/expected": "better"})
    assert merged == progress.progress_of(eve) == {"the-loss/balance": "right", "exercise/a/expected": "better"}


def test_everybody_has_their_own_and_can_forget_it(eve, store):
    progress.add_progress(eve, {"a": "right"})
    bob = store.acting_for(default_people().enter_class("bob", "code", "Bob"))
    assert progress.progress_of(bob) == {}
    progress.forget_progress(eve)
    assert progress.progress_of(eve) == {}


def test_of_people_without_a_name_nothing_is_kept(eve, store, hosted):
    nobody = store.acting_for(Visitor(7))
    for store_of_one in (nobody, store):
        with pytest.raises(WorkbenchError, match="name"):
            progress.add_progress(store_of_one, {"a": "right"})
    hosted("public")
    assert not progress.keeps_progress(eve.by)


@given(some.binary(max_size=200) | some.text(max_size=200).map(str.encode))
def test_what_is_no_answer_of_a_lesson_is_refused(content):
    try:
        answers = progress.read_answers(content)
    except WorkbenchError:
        return
    assert all(isinstance(text, str) for item in answers.items() for text in item)


@pytest.mark.parametrize(
    "content", [b"[" * 8000, b'{"a": 1}', b'{"<b>": "right"}', b'{"a": "' + b"x" * 30 + b'"}', b" " * 8001, b"[]"]
)
def test_nonsense_is_refused(content):
    with pytest.raises(WorkbenchError, match="no answers"):
        progress.read_answers(content)


def test_a_person_cannot_fill_the_store(eve):
    for start in range(0, 150, 50):
        progress.add_progress(eve, {f"{number:030}": "right" for number in range(start, start + 50)})
    with pytest.raises(WorkbenchError):
        progress.add_progress(eve, {f"{number:030}": "right" for number in range(150, 250)})
    assert len(json.dumps(progress.progress_of(eve))) <= progress.MOST_BYTES


def test_it_goes_with_the_class(eve, store):
    progress.add_progress(eve, {"a": "right"})
    teacher = default_people().enter_as_teacher("t", "password", "T")
    Classroom(store.acting_for(teacher)).delete_all()
    assert progress.progress_of(eve) == {}
