"""Nobody is kept from reading a lesson, on a desk and on a phone."""

import pytest

from pages.parts.learn.lessons import LESSONS
from tests.e2e import axe


@pytest.fixture(scope="module")
def server(lasting_server):
    return lasting_server


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_no_barriers_and_fits_a_phone(lesson, name):
    wide = lesson(name)
    assert axe.barriers(wide) == []
    phone = lesson(name, width=390, height=844, locale="es-ES", color_scheme="dark")
    assert axe.barriers(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
