"""Which names are one to whoever reads them, and that a name of any alphabet is one."""

import pytest

from gan_core.errors import WorkbenchError
from gan_core.store.names import look, readable


@pytest.mark.parametrize(
    "name",
    [
        "Zoë Álvarez", "Анна Иванова", "Ελένη", "李小龍", "山田 たろう", "ヤマダ・タロウ", "김철수", "محمد", "דוד",
        "अनिता", "ชาญ", "Անի", "Ana Иванова", "Anna-Мария", "O\u02bbahu Kalākaua", "Ana李", "R2-D2 №7", "Ｚｏe",
    ],
)  # fmt: skip
def test_a_name_of_any_alphabet_is_one(name):
    assert readable(name) == name


@pytest.mark.parametrize("name", ["Аna", "Anа Diaz", "Rοsa", "Eva Мaria", "Ꭺna", "Αнна", "Lеo7"])
def test_a_word_of_letters_from_two_alphabets_is_no_name(name):
    with pytest.raises(WorkbenchError, match="two alphabets"):
        readable(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Сара", "Capa"), ("АНА", "AHA"), ("ANA", "АNА"), ("Ольга Соса", "Ольга Coca"), ("ΑΝΑ", "Ana"),
        ("Оскар", "Ocкap"), ("Ali", "AIi"), ("Ali", "A1i"), ("OTTO", "0TT0"), ("Eva", "Evɑ"), ("Їва", "Ïвa"),
        ("Ёва", "Ëвa"), ("Ｃара", "Capa"),
    ],
)  # fmt: skip
def test_names_that_look_alike_have_one_look(one, other):
    assert look(one) == look(other)


@pytest.mark.parametrize(("one", "other"), [("Анна", "Anna"), ("Ana", "Aná"), ("Ена", "Eha"), ("Rosa", "Rose")])
def test_names_that_differ_to_the_eye_have_two_looks(one, other):
    assert look(one) != look(other)
