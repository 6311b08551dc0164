"""A class from its code to the wall: a teacher and three students, each with a browser of their own."""

import pytest
from playwright.sync_api import Page, expect

from gan_core.store.classroom import Classroom
from gan_core.store.people import default_people
from gan_core.store.rights import OWNER
from gan_core.store.runs import default_store
from tests.e2e.steps import PHONE, badge, go_to, open_list, press, press_train

SIX_SECONDS = 0.1
NAMES = ("Ana", "<b>Eve</b>", "*x*")


def try_to_come_in(page: Page, name: str) -> None:
    """The code stands in the address that the teacher has shown."""
    page.get_by_label("Your name").first.fill(name)
    press(page, "Come in")


def come_in(page: Page, name: str) -> Page:
    try_to_come_in(page, name)
    expect(page.get_by_role("button", name=name)).to_be_visible()
    return page


def come_in_by_hand(page: Page, name: str) -> None:
    page.get_by_label("Code of the class").fill("code")
    come_in(page, name)


def set_task(teacher: Page, words: str, free: str) -> None:
    go_to(teacher, "Teach")
    teacher.get_by_label("What the students are to do").fill(words)
    what = teacher.get_by_role("combobox", name="What may be changed")
    open_list(what)
    what.fill(free)
    teacher.get_by_role("option", name=free, exact=True).click()
    teacher.keyboard.press("Escape")
    press(teacher, "Set this task")


def say(teacher: Page, words: str) -> None:
    press(teacher, "Say something to all")
    teacher.get_by_label("A sentence for everybody").fill(words)
    press(teacher, "Say it")
    expect(teacher.locator(".class-notice .said")).to_be_visible()
    teacher.keyboard.press("Escape")


def give_name_back(teacher: Page, name: str) -> None:
    teacher.get_by_role("tab", name="Students").click()
    table = teacher.locator("[class*=st-key-students] .dvn-scroller").first
    expect(table).to_be_visible()
    row = [person.name for person in default_people().all_people() if not person.is_teacher].index(name)
    table.click(position={"x": 15, "y": 38 + 35 * row + 17})  # a canvas: its boxes are no elements
    press(teacher, "Give the name back")
    expect(teacher.get_by_text(f"{name} can come in again")).to_be_visible()


@pytest.mark.usefixtures("in_class")
def test_a_class_from_its_code_to_the_wall(visit):
    teacher = visit("/")
    teacher.get_by_text("I am the teacher").click()
    teacher.get_by_label("Your name").last.fill("Teacher")
    teacher.get_by_label("The teacher's password").fill("password")
    press(teacher, "Come in as the teacher")
    ana, eve, x = students = [come_in(visit("/train?code=code"), name) for name in NAMES]

    set_task(teacher, "Which *batch* is best?", "Training time")
    expect(ana.get_by_text("Which *batch* is best?")).to_be_visible()  # she has only waited
    press(ana, "Begin")
    expect(ana.get_by_label("Batch size (images)", exact=True)).to_be_disabled()
    for student in students:
        press_train(student, SIX_SECONDS)
    teacher.get_by_role("link", name="Class").first.click()
    tiles = teacher.locator(".wall .tile")
    expect(tiles.locator(".name")).to_have_text(sorted(NAMES))
    expect(tiles.locator("img:visible")).to_have_count(3)
    for student in students:
        expect(badge(student, "finished")).to_be_visible()
    tiles.first.get_by_role("button", name="large").click()
    expect(teacher.locator(".wall dialog")).to_be_visible()
    teacher.keyboard.press("Escape")
    expect(teacher.locator(".wall dialog")).to_be_hidden()

    go_to(teacher, "Teach")
    expect(teacher.get_by_text("Results: 1")).to_be_visible()
    # What a screen reader is told of a table that is drawn on a canvas.
    expect(teacher.locator("[role=gridcell]").filter(has_text="Training time 1 → 0.1")).to_have_count(1)
    teacher.get_by_role("tab", name="Queue").click()
    press(teacher, "Pause the queue")
    press_train(eve, SIX_SECONDS)
    expect(badge(eve, "queued")).to_be_visible()
    expect(eve.locator(".class-notice .paused")).to_be_visible()
    assert default_store().claim("a worker") is None
    press(teacher, "Let the queue go on")
    expect(badge(eve, "finished")).to_be_visible()

    say(teacher, "Look at <i>Ana's</i>")
    expect(x.get_by_text("Look at <i>Ana's</i>")).to_be_visible()

    with_a_new_browser = visit("/train?code=code")
    try_to_come_in(with_a_new_browser, "Ana")
    expect(with_a_new_browser.get_by_text("The name Ana is taken")).to_be_visible()
    give_name_back(teacher, "Ana")
    try_to_come_in(with_a_new_browser, "Ana")
    expect(badge(with_a_new_browser, "finished")).to_be_visible()
    expect(ana.get_by_text("Welcome to the class")).to_be_visible()
    expect(ana.get_by_text("your name was given back")).to_be_visible()
    assert len({run.person_id for run in default_store().all_runs()}) == 3


@pytest.mark.usefixtures("in_class")
def test_whoever_is_no_longer_known_is_told_why_and_a_browser_is_one_person_in_all_its_tabs(visit, server):
    page = come_in(visit("/?code=code"), "Ana")
    assert "code=" not in page.url
    page.context.clear_cookies()
    expect(page.get_by_text("this browser has lost its cookie")).to_be_visible()
    come_in_by_hand(page, "Ben")

    other = page.context.new_page()
    other.goto(server.url)
    other.get_by_role("button", name="Ben").click()
    press(other, "Leave")
    expect(other.get_by_text("The name Ben and its runs stay")).to_be_visible()
    press(other, "Stay")
    expect(other.get_by_text("The name Ben and its runs stay")).to_have_count(0)
    press(other, "Leave")
    press(other, "Leave for good")
    expect(other.get_by_text("Welcome to the class")).to_be_visible()
    expect(page.get_by_text("you have left in another tab")).to_be_visible()

    come_in_by_hand(other, "Cleo")
    page.get_by_label("Your name").first.fill("Dan")
    page.get_by_label("Code of the class").fill("code")
    press(page, "Come in")
    expect(page.get_by_text("In another tab of this browser Cleo has come in")).to_be_visible()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the tab is looked at
    expect(page.get_by_role("button", name="Cleo")).to_be_visible()
    expect(page.get_by_text("All its tabs are theirs")).to_be_visible()

    Classroom(default_store().acting_for(OWNER)).delete_all()
    for tab in (page, other):
        expect(tab.get_by_text("The class has ended")).to_be_visible()


@pytest.mark.usefixtures("in_class")
def test_on_a_phone_name_and_language_make_room_for_the_open_sidebar(visit):
    page = come_in(visit("/?code=code", **PHONE), "Ana")  # a page that has nothing of its own in the sidebar
    parts = [page.locator(".st-key-lang"), page.locator(".st-key-who")]
    for part in parts:
        expect(part).to_be_visible()
    page.get_by_role("button", name="Expand sidebar").click()
    for part in parts:
        expect(part).to_be_hidden()
    go_to(page, "Train")
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()  # which nothing covers
    for part in parts:
        expect(part).to_be_visible()
