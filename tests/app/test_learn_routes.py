"""What a reader's browser may ask of the store about their progress."""

import json

import pytest
from starlette.applications import Starlette

from gan_core.store.people import default_people
from gan_core.store.progress import MOST_BYTES
from pages.parts import visitors
from pages.parts.learn.routes import learn_routes
from tests import asgi

PATH = "/live/progress"


@pytest.fixture(autouse=True)
def known_by_a_header(monkeypatch):
    monkeypatch.setattr(visitors, "key_of", lambda connection: connection.headers.get("test-key", ""))


@pytest.fixture
def ask(in_class):
    for name in ("Eve", "Bob"):
        default_people().enter_class(name, "code", name)

    def ask_it(who, method="GET", answers=None, **headers):
        body = json.dumps(answers).encode() if answers is not None else b""
        return asgi.ask(Starlette(routes=learn_routes()), PATH, method=method, body=body, test_key=who, **headers)

    return ask_it


def answers_of(answer):
    return json.loads(answer.body)["answers"]


def test_what_one_browser_brings_another_of_the_person_finds_and_nobody_else(ask):
    assert answers_of(ask("Eve", "PUT", {"the-loss/balance": "right"})) == {"the-loss/balance": "right"}
    assert answers_of(ask("Eve")) == {"the-loss/balance": "right"} and answers_of(ask("Bob")) == {}
    assert answers_of(ask("Eve", "DELETE")) == answers_of(ask("Eve")) == {}


def test_whoever_is_nobody_in_the_class_has_nothing_there(ask):
    assert [ask("nobody", method, {}).status for method in ("GET", "PUT", "DELETE")] == [204] * 3


def test_on_ones_own_computer_the_browser_alone_keeps_it():
    app = Starlette(routes=learn_routes())
    assert asgi.ask(app, PATH).status == 204


def test_another_sites_page_is_refused(ask):
    for method in ("GET", "PUT", "DELETE"):
        assert ask("Eve", method, {"a": "right"}, sec_fetch_site="cross-site").status == 403
    assert answers_of(ask("Eve")) == {}


@pytest.mark.parametrize(("answers", "status"), [({"a": "x" * MOST_BYTES}, 413), ({"<b>": "right"}, 400), ([], 400)])
def test_what_is_too_long_or_no_answer_is_refused(ask, answers, status):
    assert ask("Eve", "PUT", answers).status == status and answers_of(ask("Eve")) == {}


def test_who_writes_too_often_must_wait(ask, hosted):
    hosted("class", most_requests=3)
    written = [ask("Bob", "PUT", {"a": "right"}).status for _ in range(5)]
    assert written[:3] == [200] * 3 and written[4] == 400
