"""Logging in: by an OpenID Connect provider, and by the header of the real nginx."""

import json
import re
from collections.abc import Iterator

import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from playwright.sync_api import Page, expect

from gan_core.store.people import default_people
from gan_core.store.runs import default_store
from pages.parts.edge import JOINER
from pages.parts.visitors import COOKIE
from tests.e2e.steps import badge, curves, is_quiet, no_error_on, press, press_train
from tests.proxies import nginx

SIX_SECONDS = 0.1
PEOPLE = {
    "ana": {"email": "ana@school.example", "email_verified": True, "name": "Ana *García*"},
    "ben": {"email": "ben@school.example", "email_verified": True, "name": "Ben"},
    "teacher": {"email": "Teacher@School.example", "email_verified": True, "name": "Ms Lovelace"},
    "eve": {"email": "teacher@school.example", "email_verified": False, "name": "Ms Lovelace"},
    "max": {"email": "teacher@school.example", "name": "Ms Lovelace"},
}
SECRETS = """
[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "a secret of forty letters or thereabouts"
client_id = "workbench"
client_secret = "anything"
server_metadata_url = "http://localhost:{provider}/.well-known/openid-configuration"
"""


@pytest.fixture
def a_provider(hosted, monkeypatch, tmp_path) -> Iterator[None]:
    """A class whose people log in with it, and the secrets of the app, in no folder of the project."""
    people = [User(sub=sub, claims=claims) for sub, claims in PEOPLE.items()]
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as provider:
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(SECRETS.format(provider=provider.server_port))
        monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
        hosted("class", login="oidc", teachers="teacher@school.example, nobody@school.example")
        yield


PROVIDERS_LOOKS = re.compile("cdn.jsdelivr.net|favicon.ico")
"""From the internet, and a file it has not: no errors of ours in the console."""


def log_in(page: Page, sub: str) -> None:
    page.context.route(PROVIDERS_LOOKS, lambda route: route.fulfill(body=""))
    press(page, "Log in")
    page.get_by_role("button", name=sub, exact=True).click()


def name_tag(page: Page):
    return page.locator(".st-key-who button")


def leave(page: Page) -> None:
    is_quiet(page)  # a click on what is just being drawn anew is lost
    name_tag(page).click()
    press(page, "Leave")
    press(page, "End session")  # on the provider's page, where Streamlit sends people


def key_of(page: Page) -> str:
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == COOKIE)


def status(page: Page, path: str) -> int:
    """What one of our own routes answers to that browser."""
    return page.context.request.get(path).status


@pytest.mark.usefixtures("a_provider")
def test_who_logs_in_is_the_same_person_again_with_the_same_runs(visit, server):
    page = visit("/")
    assert default_people().all_people() == []
    log_in(page, "ana")
    expect(name_tag(page)).to_contain_text("Ana *García*")
    page.goto(f"{server.url}/train")
    press_train(page, SIX_SECONDS)
    expect(badge(page, "finished")).to_be_visible()
    expect(curves(page).first).to_be_visible()
    (ana,) = default_people().all_people()
    assert [run.person_id for run in default_store().all_runs()] == [ana.id]
    run = f"{server.url}/live/1"
    assert status(page, run) == 200
    before = key_of(page)

    leave(page)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert status(page, run) == 404
    log_in(page, "ana")
    expect(name_tag(page)).to_be_visible()
    assert status(page, run) == 200
    assert key_of(page) != before, "who has read the old key in this browser would be Ana too"
    assert [person.id for person in default_people().all_people()] == [ana.id]
    page.goto(f"{server.url}/train?run=1")
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    no_error_on(page)


@pytest.mark.usefixtures("a_provider")
def test_a_listed_teacher_has_the_teachers_rights_and_an_address_that_is_not_verified_makes_none(visit):
    teacher = visit("/")
    log_in(teacher, "teacher")
    expect(teacher.get_by_role("link", name="Teach").first).to_be_visible()
    for sub in ("eve", "max"):
        page = visit("/")
        log_in(page, sub)
        expect(name_tag(page)).to_contain_text("Ms Lovelace")
        expect(page.get_by_role("link", name="Runs").first).to_be_visible()
        expect(page.get_by_role("link", name="Teach")).to_have_count(0)
    assert [person.is_teacher for person in default_people().all_people()] == [True, False, False]


@pytest.mark.usefixtures("a_provider")
def test_a_tab_from_before_another_person_logged_in_is_nobodys(visit, server):
    of_ana = visit("/")
    log_in(of_ana, "ana")
    expect(name_tag(of_ana)).to_contain_text("Ana")
    other = of_ana.context.new_page()
    other.goto(server.url)
    leave(other)
    log_in(other, "ben")
    expect(name_tag(other)).to_contain_text("Ben")
    of_ana.get_by_role("link", name="Runs").first.click()
    expect(of_ana.get_by_text("Load this page anew")).to_be_visible()
    expect(name_tag(of_ana)).to_have_count(0)
    of_ana.reload()
    expect(name_tag(of_ana)).to_contain_text("Ben")


# A proxy's header


@pytest.fixture
def named_by_a_proxy(hosted, monkeypatch) -> None:
    hosted("class", login="proxy", teachers="teacher@school.example")
    monkeypatch.setenv("STREAMLIT_SERVER_TRUSTED_USER_HEADERS", json.dumps({"X-Forwarded-User": "email"}))


@pytest.fixture
def through_nginx(named_by_a_proxy, server, tmp_path) -> Iterator[str]:
    """The address of nginx, which asks for a name and a password."""
    passwords = tmp_path / "passwords"
    passwords.write_text("".join(f"{name}:{{PLAIN}}{name}\n" for name in ("ana@school.example", "ben@school.example")))
    changes = {
        'X-Forwarded-User ""': "X-Forwarded-User $remote_user",
        "server_tokens off;": f'server_tokens off; auth_basic "class"; auth_basic_user_file {passwords};',
    }
    with nginx(tmp_path, server.port, changes) as address:
        yield address


@pytest.mark.parametrize("server", ["gan"], indirect=True)
def test_the_proxys_header_says_who_it_is_and_no_client_can(through_nginx, visit, server):
    straight = visit("/")
    expect(straight.get_by_text("The server in front of this page should say who you are")).to_be_visible()

    server.url = through_nginx
    pages = {}
    for name in ("ana", "ben"):
        subject = f"{name}@school.example"
        pages[name] = visit(
            "/train",
            ignore_https_errors=True,
            http_credentials={"username": subject, "password": subject},
            extra_http_headers={"X-Forwarded-User": "teacher@school.example"},
        )
        expect(name_tag(pages[name])).to_contain_text(subject.replace("@", f"@{JOINER}"))
        expect(pages[name].get_by_role("link", name="Teach")).to_have_count(0)
    ana = pages["ana"]
    press_train(ana, SIX_SECONDS)
    expect(badge(ana, "finished")).to_be_visible()
    people = {person.name: person for person in default_people().all_people()}
    assert set(people) == {"ana@school.example", "ben@school.example"}
    assert [run.person_id for run in default_store().all_runs()] == [people["ana@school.example"].id]
    assert [status(page, f"{server.url}/live/1") for page in pages.values()] == [200, 200]
    name_tag(ana).click()
    expect(ana.get_by_text("Logged in as ana@school.example")).to_be_visible()
    expect(ana.get_by_role("button", name="Leave")).to_have_count(0)
