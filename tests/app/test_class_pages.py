"""A class's pages: the wall, the task, the teacher's page; and their routes."""

import json
import re
import zipfile

import pytest
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from gan_core import paths
from gan_core.exercises import EXERCISES, SEEDS
from gan_core.presets import PRESETS
from gan_core.store import class_export
from gan_core.store.classroom import Classroom
from gan_core.store.people import default_people
from gan_core.store.runs import State
from pages.parts import visitors
from pages.parts.live import class_routes
from tests import asgi
from tests.app.conftest import button_named, components, trained, words_of


@pytest.fixture
def people(in_class, no_worker, browser, monkeypatch):
    """A teacher and a student, each known by a browser's key that is the name; and which of them looks."""
    for route in (class_routes._wall, class_routes._notice):
        route.cache_clear()
    default_people().enter_as_teacher("Teacher", "password", "Teacher")
    default_people().enter_class("Eve", "code", "<b>Eve</b> *x*")
    browser["key"] = "Teacher"
    monkeypatch.setattr(visitors, "key_of", lambda connection: connection.headers.get("test-key", ""))
    return browser


@pytest.fixture
def room(people, store):
    return Classroom(store.acting_for(default_people().visitor("Teacher")))


@pytest.fixture
def open_as(open_page, people):
    def open_it(who: str, page: str, **link: str) -> AppTest:
        people["key"] = who
        app = open_page(page, **link)
        assert not app.exception
        return app

    return open_it


def ask(path, who):
    return asgi.ask(Starlette(routes=class_routes.class_routes()), path, test_key=who)


def data_of(app, part):
    return next(data for data in components(app) if part in data)


def errors(app):
    return [error.value for error in app.error]


# The wall


def test_the_wall_shows_everybody_in_the_order_of_the_address(open_as, store):
    trained(store.acting_for(default_people().visitor("Eve")))
    shown = data_of(open_as("Eve", "wall.py", order="score"), "tiles")
    assert [(tile["name"], tile["preset"]) for tile in shown["tiles"]] == [("<b>Eve</b> *x*", "cgan")]
    assert shown["order"] == "score"
    assert data_of(open_as("Eve", "wall.py", order="<script>"), "tiles")["order"] == "name"


def test_the_wall_is_asked_for_by_who_is_in_the_class_alone(people, store):
    trained(store.acting_for(default_people().visitor("Eve")))
    assert [tile["trained"] for tile in json.loads(ask("/live/wall", "Eve").body)] == ["12 s"]
    assert [ask(path, "nobody").status for path in ("/live/wall", "/live/notice", "/live/class.zip")] == [204, 204, 404]
    assert ask("/live/wall", "nobody").body == b""


def test_alone_on_ones_own_computer_there_is_no_wall(open_page):
    assert not [data for data in components(open_page("home.py")) if "notice" in data]
    front = (paths.PROJECT / "pages" / "front.py").read_text()
    assert front.index("if in_class") < front.index('"wall.py"')


# The task


def test_a_student_finds_the_task_begins_it_and_trains_for_it(open_as, room, store):
    task = room.set_task("minute", ["batch_size"], "Which *batch*?", minutes=5)
    home = open_as("Eve", "home.py")
    assert "Which *batch*?" in words_of(home) and "You may change: Batch size" in words_of(home)
    button_named(home, "Begin").click().run()
    assert not home.exception and home.sidebar.button, "on Train"
    app = open_as("Eve", "train.py")
    button_named(app, "Begin").click().run()
    free = {widget.label for widget in (*app.sidebar.number_input, *app.sidebar.selectbox) if not widget.disabled}
    assert free == {"Batch size (images)"}
    next(widget for widget in app.sidebar.number_input if widget.label == "Batch size (images)").set_value(64).run()
    next(button for button in app.sidebar.button if button.label == "Train").click().run()
    assert not app.exception and not errors(app)
    run = store.all_runs()[0]
    assert (run.task_id, store.find(run.name).config.batch_size) == (task.id, 64)


def test_who_leaves_the_task_may_change_all_again_and_the_run_is_not_of_it(open_as, room, store):
    room.set_task("minute", [])
    app = open_as("Eve", "train.py")
    button_named(app, "Begin").click().run()
    button_named(app, "Leave the task").click().run()
    assert not any(widget.disabled for widget in app.sidebar.number_input)
    next(button for button in app.sidebar.button if button.label == "Train").click().run()
    assert store.all_runs()[0].task_id == 0


def test_a_task_that_is_over_is_not_offered(open_as, room):
    room.set_task("minute", [], "Do this")
    room.end_task()
    assert "Do this" not in words_of(open_as("Eve", "home.py"))


def test_who_trains_just_as_the_task_ends_reads_that_the_run_does_not_count(open_as, room, store):
    room.set_task("minute", [], "Do this")
    app = open_as("Eve", "train.py")
    button_named(app, "Begin").click().run()
    room.end_task()
    next(button for button in app.sidebar.button if button.label == "Train").click().run()
    assert store.all_runs()[0].task_id == 0
    assert "does not count for it" in words_of(app)
    assert "does not count for it" in words_of(app.run()), "until it has been read"
    button_named(app, "Leave the task").click().run()
    assert "does not count for it" not in words_of(app) and not app.exception


def test_an_exercise_as_the_task_leads_to_it_and_its_runs_are_for_the_task(open_as, room, store):
    name, exercise = next(iter(EXERCISES.items()))
    task = room.set_exercise(name)
    app = open_as("Eve", "home.py")
    assert exercise.title.template in words_of(app)
    button_named(app, "Begin").click().run()
    app.switch_page("learn.py").run()  # where the browser is by now
    next(radio for radio in app.radio if "expect" in radio.label).set_value("better").run()
    button_named(app, "Train 6 runs").click().run()
    assert not app.exception and not errors(app)
    assert [run.task_id for run in store.all_runs()] == [task.id] * 3, "no more at a time of one student"
    assert "To be trained besides: 3" in words_of(app)


def test_who_does_the_tasks_exercise_without_beginning_the_task_has_done_it_all_the_same(open_as, room, store):
    name = next(iter(EXERCISES))
    task = room.set_exercise(name)
    app = open_as("Eve", "learn.py", lesson="exercises", exercise=name)
    next(radio for radio in app.radio if "expect" in radio.label).set_value("better").run()
    button_named(app, "Train 6 runs").click().run()
    assert {run.task_id for run in store.all_runs()} == {task.id}


def test_a_class_trains_a_baseline_once(open_as, store):
    name, exercise = next(iter(EXERCISES.items()))
    bob = store.acting_for(default_people().enter_class("Bob", "code", "Bob"))
    for seed in SEEDS:
        bob.create(exercise.baseline(seed), exercise.preset)
    assert button_named(open_as("Eve", "learn.py", lesson="exercises", exercise=name), "Train 3 runs")


# The teacher's page


def test_the_teacher_sets_an_exercise_and_sees_what_each_has_changed_of_it(open_as, room, store):
    name, exercise = next(iter(EXERCISES.items()))
    app = open_as("Teacher", "teach.py")
    app.selectbox(key="task-preset").set_value(f"exercise:{name}")
    button_named(app, "Set this task").click().run()
    task = room.task()
    assert (task.exercise, task.preset, tuple(task.free)) == (name, exercise.preset, exercise.free)
    eve = store.acting_for(default_people().visitor("Eve"))
    eve.create(exercise.variant(exercise.suggestion, seed=2), exercise.preset, task_id=task.id)
    table = open_as("Teacher", "teach.py").dataframe[0].value
    assert table.iloc[0]["changed"] == "Generator's hidden layers 16 → 256, 512"


def test_a_student_finds_no_way_to_the_teachers_page(open_as):
    app = open_as("Eve", "home.py")
    people_page = AppTest.from_file(str(paths.PROJECT / "pages" / "teach.py"), default_timeout=60).run()
    assert not app.exception
    assert errors(people_page) and not people_page.tabs


def test_the_teacher_sets_a_task_and_sees_its_results_with_what_was_changed(open_as, room, store):
    app = open_as("Teacher", "teach.py")
    app.text_input(key="task-words").set_value("Try batch sizes")
    app.multiselect(key="task-free").set_value(["batch_size"])
    button_named(app, "Set this task").click().run()
    task = room.task()
    assert (task.preset, task.words, task.free) == ("minute", "Try batch sizes", ["batch_size"])
    config = PRESETS["minute"].config.model_copy(update={"batch_size": 64})
    run = store.acting_for(default_people().visitor("Eve")).create(config, "minute", owner="me", task_id=task.id)
    store.report(run.id, "me", last_json='{"fid": 1.5, "accuracy": 0.9}', kimg=3.0, seconds=6.0)
    table = open_as("Teacher", "teach.py").dataframe[0].value
    assert table.iloc[0].to_dict() == {
        "student": "<b>Eve</b> *x*", "run": run.id, "state": "running", "fid": 1.5, "accuracy": 0.9,
        "changed": "Batch size 32 → 64", "kimg": 3.0, "trained": "6 s",
    }  # fmt: skip


def test_what_the_teacher_says_stands_on_every_page_and_comes_to_those_that_are_open(open_as, room, people):
    app = open_as("Teacher", "teach.py")
    app.text_area(key="words-to-all").set_value("Look <b>here</b>")
    button_named(app, "Say it").click().run()
    assert data_of(open_as("Eve", "runs.py"), "notice")["notice"]["said"] == "Look <b>here</b>"
    news = json.loads(ask("/live/notice", "Eve").body)
    assert (news["said"], news["paused"], news["task"]) == ("Look <b>here</b>", False, 0)
    people["key"] = "Teacher"
    button_named(app.run(), "Take it back").click().run()
    assert room.said() == ""


def test_the_queue_is_paused_and_goes_on(open_as, store):
    app = open_as("Teacher", "teach.py")
    button_named(app, "Pause the queue").click().run()
    assert store.is_paused
    button_named(app, "Let the queue go on").click().run()
    assert not store.is_paused and not app.exception


def test_the_queues_table_stands_in_the_order_of_turns(open_as, store):
    eve = store.acting_for(default_people().visitor("Eve"))
    ended = trained(eve)
    store.end(ended.id, "me", State.FINISHED)
    waits = [eve.create(PRESETS["minute"].config, "minute").id for _ in range(2)]
    runs = trained(store.acting_for(default_people().visitor("Teacher")))
    store.put_first(waits[1])
    table = open_as("Teacher", "teach.py").dataframe[0].value
    assert table["id"].tolist() == [runs.id, *waits[::-1], ended.id]
    assert table["place"].tolist()[1:3] == [1, 2]


def test_the_order_of_the_queue_stays_while_runs_are_ticked(open_as, store):
    eve = store.acting_for(default_people().visitor("Eve"))
    waits = [eve.create(PRESETS["minute"].config, "minute").id for _ in range(2)]
    app = open_as("Teacher", "teach.py")
    store.put_first(waits[1])
    app.session_state["ticked-runs"] = [waits[0]]
    assert app.run().dataframe[0].value["id"].tolist() == waits
    # AppTest ticks nothing.
    assert app.run().dataframe[0].value["id"].tolist() == waits[::-1]


def test_the_end_of_a_class_saves_all_and_asks_before_it_deletes_all(open_as, store):
    run = trained(store.acting_for(default_people().visitor("Eve")))
    app = open_as("Teacher", "teach.py")
    assert button_named(app, "3. Delete all").disabled, "while something is in work"
    button_named(app, "1. Stop all runs").click().run()
    store.end(run.id, "me", State.STOPPED)
    button_named(app, "2. Make a ZIP of all").click().run()
    class_export.making.wait()
    assert not app.run().exception and not errors(app)
    assert zipfile.ZipFile(class_export.place()).namelist()[0] == "scores.csv"
    made = ask("/live/class.zip", "Teacher")
    assert (made.status, ask("/live/class.zip", "Eve").status) == (200, 404)
    assert re.search(r'filename="class-\d{4}-\d\d-\d\d-\d{4}.zip"', made.headers["content-disposition"])
    button_named(app, "3. Delete all").click().run()
    assert "are deleted for good" in words_of(app)  # AppTest closes the dialog: the answer is tested with the store
