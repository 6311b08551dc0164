import pytest

from gan_core.errors import WorkbenchError
from gan_core.store.people import People, default_people


@pytest.fixture
def people(in_class) -> People:
    return default_people()


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


@pytest.mark.parametrize("nothing", ["", " ", "\u3164\u2800", "\ufe0f\u034f", "...", "\u202e", "x" * 41])
def test_a_name_that_nobody_can_read_is_none(people, nothing):
    with pytest.raises(WorkbenchError, match="Enter a name"):
        people.enter_class("a key", "code", nothing)
    assert people.all_people() == []
