"""What is left when every process of a class dies at once: runs go on by themselves, people are who they were."""

import time

import pytest

from bench.class_people import Notes, gather
from bench.survival import integrity
from gan_core.store.tables import State
from tests.e2e.server import Server

PATIENCE_SECONDS = 120


@pytest.fixture
def class_server(hosted, tmp_path):
    hosted("class", slots=1)
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


def wait_for(condition, what, watching=()):
    """With pages that are open meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        for one in watching:
            one.tick()
        time.sleep(0.25)


def test_when_all_is_killed_no_run_is_lost_and_everybody_is_who_they_were(class_server, store):
    notes = Notes()
    _teacher, first, second = gather(class_server, 2, notes)
    for student, minutes in ((first, 10), (second, 0.05)):
        student.arrive()
        student.train(minutes)
    in_training, waiting = (student.query["run"] for student in (first, second))
    wait_for(lambda: store.find(in_training).step > 0, "the first steps", [first])
    for process in (*class_server.trainers(), *class_server.workers()):
        process.kill()
    class_server.kill()
    class_server.start()
    for student in (first, second):
        student.arrive()  # as a page that connects again: with the same cookie
    wait_for(lambda: store.find(waiting).state == State.FINISHED, "the run that waited", [first, second])
    wait_for(lambda: store.find(in_training).sessions == 2, "the run that was in training, again", [first])
    assert store.find(in_training).state == State.RUNNING
    assert integrity(store) == "ok"
    assert notes.errors == []
