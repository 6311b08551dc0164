"""The runs' queue in the store: fair turns, what each person has had, when a turn will come, and a teacher's word."""

import math
from types import SimpleNamespace

import pytest

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.people import People
from gan_core.store.rights import Visitor
from gan_core.store.run_queue import (
    BESIDE_SECONDS,
    GAP_SECONDS,
    GUESSED_SECONDS,
    MOST_BESIDE_SECONDS,
    MOST_RESTARTS,
    Turn,
    experience_of,
    seconds_to_train,
)
from gan_core.store.tables import Person, State
from gan_core.store.turns import HALF_LIFE_SECONDS
from gan_core.text import Text
from tests.conftest import small_config

MORE = BESIDE_SECONDS + GAP_SECONDS
"""What a run takes besides its training."""
A_MINUTE = {"minutes": 1, "kimg": None}


@pytest.fixture
def clock(monkeypatch):
    """The clock on the wall, set by hand: `clock.now += 60`."""
    clock = SimpleNamespace(now=1_000_000.0)
    for module in ("queue", "run_queue", "runs", "evaluations"):
        monkeypatch.setattr(f"gan_core.store.{module}.now", lambda session: clock.now)
    monkeypatch.setattr("gan_core.store.people.time", SimpleNamespace(time=lambda: clock.now))
    return clock


@pytest.fixture
def class_of(store, hosted, clock):
    """The store as each of so many students uses it, in a class on one slot."""

    def gather(count, slots=1):
        hosted("class", class_code="abc", slots=slots, most_active_of_one=100)
        people = [People(store.engine).enter_class(f"key {n}", "abc", f"student {n}") for n in range(count)]
        return [store.acting_for(person) for person in people]

    return gather


def about(seconds):
    """The clock on the wall is exact to a ten-millionth."""
    return pytest.approx(seconds, abs=1e-6)


def used(store, person):
    with store.session() as session:
        return session.get(Person, person).used_seconds


def work_for(store, clock, seconds, owner="me"):
    """Claim a run, and end it after so many seconds."""
    run = store.claim(owner)
    clock.now += seconds
    assert store.end(run.id, owner, State.FINISHED)
    return run


def test_who_has_had_nothing_comes_before_who_has_had_a_run(store, clock, class_of):
    eager, patient = class_of(2)
    first, second = (eager.create(small_config(), "cgan") for _ in range(2))
    clock.now += 1
    third = patient.create(small_config(), "cgan")
    assert work_for(store, clock, 20).id == first.id
    assert [work_for(store, clock, 5).id for _ in range(2)] == [third.id, second.id]


def test_in_the_mode_personal_the_first_comes_first(store):
    runs = [store.create(small_config(**A_MINUTE), "cgan") for _ in range(3)]
    turns = [store.turn(run) for run in runs]
    assert [turn.place for turn in turns] == [1, 2, 3]
    assert [turn.seconds for turn in turns] == pytest.approx([0, 60 + MORE, 2 * (60 + MORE)])
    assert [store.claim("me").id for _ in runs] == [run.id for run in runs]


def test_what_somebody_has_had_fades_and_is_noted_once(store, clock, class_of):
    (student,) = class_of(1)
    student.create(small_config(), "cgan")
    run = work_for(store, clock, 100)
    assert used(store, student.by.person) == pytest.approx(100, rel=0.02)
    assert not store.end(run.id, "me", State.STOPPED)  # it has ended
    assert used(store, student.by.person) == pytest.approx(100, rel=0.02)
    clock.now += HALF_LIFE_SECONDS
    student.create(small_config(), "cgan")
    work_for(store, clock, 0)
    assert used(store, student.by.person) == pytest.approx(50, rel=0.02)


def test_deleting_a_run_does_not_give_its_time_back(store, clock, class_of):
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    work_for(store, clock, 100)
    student.delete(run.id)
    assert used(store, student.by.person) == pytest.approx(100, rel=0.02)


def watched_for_half_a_minute(store, clock, class_of):
    """A student's run in work, and the student's store."""
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    store.claim("me")
    clock.now += 30
    store.heartbeat(run.id, "me")
    store.mark_interrupted()
    return run, student


def test_a_run_that_vanished_counts_up_to_its_last_heartbeat(store, clock, class_of, pass_time):
    run, student = watched_for_half_a_minute(store, clock, class_of)
    clock.now += 3600
    pass_time(3600)
    store.mark_interrupted()
    assert store.get(run.id).state == State.QUEUED
    before = used(store, student.by.person)
    assert before == pytest.approx(30 / 4, rel=0.02)  # an hour ago: two half-lives


def test_a_run_whose_computer_slept_counts_what_it_had_before_and_after(store, clock, class_of, pass_time):
    run, student = watched_for_half_a_minute(store, clock, class_of)
    pass_time(60)
    store.mark_interrupted()
    store.heartbeat(run.id, "me")  # it woke up
    clock.now += 10
    assert store.end(run.id, "me", State.FINISHED)
    assert used(store, student.by.person) == pytest.approx(40, rel=0.02)


def test_a_run_that_was_marked_ends_without_counting_again(store, clock, class_of, pass_time):
    run, student = watched_for_half_a_minute(store, clock, class_of)
    pass_time(60)
    store.mark_interrupted()
    clock.now += 100
    assert store.end(run.id, "me", State.FINISHED)
    assert used(store, student.by.person) == pytest.approx(30, rel=0.05)


def test_runs_of_nobody_in_particular_count_as_one_persons(store, clock, class_of):
    (student,) = class_of(1)
    nobodys = [store.create(small_config(), "cgan") for _ in range(3)]
    work_for(store, clock, 20)
    theirs = student.create(small_config(), "cgan")
    assert [work_for(store, clock, 30).id for _ in range(3)] == [theirs.id, nobodys[1].id, nobodys[2].id]


def test_evaluations_take_turns_in_the_same_way(store, clock, class_of, tmp_path):
    stores = [EvaluationStore(store.engine).acting_for(one.by) for one in class_of(2)]
    checkpoint = tmp_path / "model.safetensors"
    checkpoint.write_bytes(b"weights")
    asked = [stores[0].ask("a", checkpoint, Terms("classifier", 1000, seed)).id for seed in range(2)]
    clock.now += 1
    asked.append(stores[1].ask("b", checkpoint, Terms("classifier", 1000, 0)).id)
    everybodys = EvaluationStore(store.engine)
    assert [work_for(everybodys, clock, 20).id for _ in asked] == [asked[0], asked[2], asked[1]]


# When a turn comes


def test_two_slots_begin_at_once_and_the_third_when_one_ends(store, clock, class_of):
    students = class_of(3, slots=2)
    runs = [student.create(small_config(**A_MINUTE), "cgan") for student in students]
    assert [store.turn(run) for run in runs] == [(1, 0), (2, 0), (3, about(60 + MORE))]


def test_a_told_time_follows_what_is_in_training(store, clock, class_of):
    first, second = class_of(2)
    running = first.create(small_config(**A_MINUTE), "cgan")
    waiting = second.create(small_config(**A_MINUTE), "cgan")
    store.claim("app@here/me")
    clock.now += 10
    assert store.turn(waiting) == (1, about(50 + MORE))
    store.report(running.id, "app@here/me", seconds_left=42.0)  # it came late to its first step
    assert store.turn(waiting) == (1, about(42 + MORE / 2))
    store.end(running.id, "app@here/me", State.STOPPED)
    assert store.turn(waiting) == (1, about(0))
    store.claim("app@here/me")
    assert store.turn(store.get(waiting.id)) is None


def test_what_the_command_line_trains_takes_no_place_of_the_queue(store, clock):
    store.create(small_config(**A_MINUTE), "cgan", owner="laptop-123")
    assert store.turn_of_new(60) == (1, about(0))


def test_a_run_that_is_not_asked_for_yet_is_told_when_it_would_begin(store, clock, class_of):
    eager, newcomer = class_of(2)
    for _ in range(3):
        eager.create(small_config(**A_MINUTE), "cgan")
    assert eager.turn_of_new(5) == (4, about(3 * (60 + MORE)))
    assert newcomer.turn_of_new(5) == (2, about(60 + MORE))
    assert store.acting_for(Visitor()).turn_of_new(5) == (2, about(60 + MORE))  # has made nothing yet
    assert store.waiting() == 3


def test_a_run_of_unknown_speed_is_taken_for_what_ran_here(store, clock):
    store.create(small_config(), "cgan")
    behind = store.create(small_config(), "cgan")
    assert store.turn(behind).seconds == about(GUESSED_SECONDS + GAP_SECONDS)
    work_for(store, clock, 33)
    store.create(small_config(), "cgan")
    assert store.turn_of_new(None) == (3, about(2 * (33 + GAP_SECONDS)))


def test_a_run_whose_time_was_estimated_is_taken_for_that(store, clock):
    store.create(small_config(), "cgan", estimated_seconds=7.0)
    assert store.turn_of_new(None).seconds == about(7 + MORE)


@pytest.mark.parametrize(
    ("ended", "beside", "typical"),
    [
        ([], BESIDE_SECONDS, GUESSED_SECONDS),
        ([(20.0, None)], BESIDE_SECONDS, 20),
        ([(18.0, 15.0), (17.0, 15.0), (90.0, 15.0)], 3, 18),  # one of them met another program
        ([(10.0, 15.0)], 0, 10),
        ([(400.0, 15.0)], MOST_BESIDE_SECONDS, 400),
    ],
)
def test_what_a_run_takes_besides_its_training_is_learnt_from_those_that_ended(ended, beside, typical):
    found = experience_of(ended)
    assert found.takes(100.0) == about(100 + beside + GAP_SECONDS)
    assert found.takes(None) == about(typical + GAP_SECONDS)


def test_what_slows_all_runs_is_told_to_who_waits(store, clock):
    waiting = [store.create(small_config(**A_MINUTE), "cgan") for _ in range(3)]
    assert store.turn(waiting[2]).seconds == about(2 * (60 + MORE))
    work_for(store, clock, 64)
    assert store.turn(waiting[2]).seconds == about(64 + GAP_SECONDS)


@pytest.mark.parametrize(
    ("budget", "estimated", "done", "left"),
    [
        ({"minutes": 2, "kimg": None}, None, (0, 0), 120),
        ({"minutes": 2, "kimg": None}, None, (90, 5), 30),
        ({"minutes": 2, "kimg": None}, None, (150, 5), 0),
        ({"kimg": 10}, None, (0, 0), None),
        ({"kimg": 10}, 50.0, (0, 0), 50),
        ({"kimg": 10}, 50.0, (20, 5), 20),  # as fast as it was
        ({"minutes": 1, "kimg": 10}, 200.0, (0, 0), 60),
        ({"minutes": 1, "kimg": 10}, None, (10, 9), 10 / 9),
    ],
)
def test_how_long_a_run_is_still_to_be_trained(budget, estimated, done, left):
    found = seconds_to_train(small_config(**budget), estimated, *done)
    assert found == (left if left is None else pytest.approx(left))


def test_an_extended_run_waits_for_what_is_left_alone(store, clock):
    run = store.create(small_config(**A_MINUTE), "cgan")
    store.claim("me")
    store.report(run.id, "me", seconds=60.0, kimg=6.0)
    store.end(run.id, "me", State.FINISHED)
    store.extend(run.id, minutes=1.5)
    assert store.turn_of_new(None).seconds == about(30 + MORE)


# Whose process has died

KILLED = Text("Killed. {remedy}")


def kill(store, run, owner="me"):
    """The worker finds the run's process dead."""
    assert store.claim(owner).id == run.id
    store.interrupt(run.id, owner, KILLED)
    return store.get(run.id)


def test_a_visitors_run_goes_on_by_itself_in_its_old_place(store, clock, class_of):
    (student,) = class_of(1)
    run = student.create(small_config(**A_MINUTE), "cgan")
    store.claim("me")
    store.report(run.id, "me", seconds=40.0, kimg=5.0, seconds_left=20.0)
    clock.now += 60
    store.interrupt(run.id, "me", KILLED)
    again = store.get(run.id)
    assert (again.state, again.queued_at, again.ended_at) == (State.QUEUED, run.queued_at, None)
    assert str(again.status_text).startswith("Killed. It waits in the queue again")
    assert student.turn_of_new(5).seconds == about(20 + MORE), "it takes what is left of it"
    assert used(store, student.by.person) == pytest.approx(60, rel=0.02)


def test_a_run_that_goes_on_by_itself_lets_those_go_first_who_have_had_less(store, clock, class_of):
    unlucky, other = class_of(2)
    run = unlucky.create(small_config(), "cgan")
    clock.now += 1
    others = other.create(small_config(), "cgan")
    store.claim("me")
    clock.now += 20
    store.interrupt(run.id, "me", KILLED)
    assert [work_for(store, clock, 30).id for _ in range(2)] == [others.id, run.id]


def test_a_run_that_was_ended_with_its_worker_has_the_next_turn_whoever_has_had_less(store, clock, class_of):
    first, second = class_of(2)
    run = first.create(small_config(), "cgan")
    store.claim("me")
    clock.now += 60
    newer = second.create(small_config(), "cgan")
    assert store.queue_again(run.id, "me")
    assert [turn.place for turn in (store.turn(run), store.turn(newer))] == [1, 2]
    assert [store.claim("another").id for _ in range(2)] == [run.id, newer.id]


def test_a_run_that_dies_again_and_again_is_given_up_unless_it_gets_on(store, class_of):
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    for _ in range(MOST_RESTARTS):
        assert kill(store, run).state == State.QUEUED
    store.claim("me")
    store.report(run.id, "me", checkpoint="model-000000010.safetensors", restarts=0)  # as the recorder does
    store.interrupt(run.id, "me", KILLED)
    for _ in range(MOST_RESTARTS - 1):
        assert kill(store, run).state == State.QUEUED
    given_up = kill(store, run)
    assert given_up.state == State.INTERRUPTED
    assert str(given_up.status_text) == "Killed. Resume goes on from the last checkpoint."


def test_a_run_that_somebody_resumes_has_all_its_tries_again(store, class_of):
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    while kill(store, run).state == State.QUEUED:
        pass
    student.resume(run.id)
    assert kill(store, run).state == State.QUEUED


def test_what_somebody_asked_to_stop_does_not_go_on(store, class_of):
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    store.claim("me")
    student.ask_to_stop(run.id)
    store.interrupt(run.id, "me", KILLED)
    assert store.get(run.id).state == State.INTERRUPTED


def test_what_belongs_to_nobody_in_particular_as_in_the_mode_personal_does_not_go_on_by_itself(store):
    assert kill(store, store.create(small_config(), "cgan")).state == State.INTERRUPTED


def test_a_run_that_has_ended_does_not_begin_again(store, class_of):
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    store.claim("me")
    store.end(run.id, "me", State.FINISHED)
    store.interrupt(run.id, "me", KILLED)
    assert store.get(run.id).state == State.FINISHED


def test_whoever_was_only_silent_takes_a_run_back_unless_another_has_claimed_it(store, class_of, silence):
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    store.claim("sleeper")
    silence(store)
    assert store.get(run.id).state == State.QUEUED
    assert store.heartbeat(run.id, "sleeper")
    assert (store.get(run.id).state, store.get(run.id).message) == (State.RUNNING, "")
    silence(store)
    store.claim("other")
    assert not store.heartbeat(run.id, "sleeper")
    assert store.get(run.id).owner == "other"


# A teacher's word


def test_a_run_that_is_put_first_is_next_once(store, clock, class_of):
    class_of(1)
    first, second, third = (store.create(small_config(), "cgan") for _ in range(3))
    store.put_first(second.id)
    clock.now += 1
    store.put_first(third.id)
    assert [store.turn(run).place for run in (first, second, third)] == [3, 2, 1]
    work_for(store, clock, 5)
    store.resume(third.id)
    assert [store.claim("me").id for _ in range(3)] == [second.id, first.id, third.id]


def test_only_what_waits_is_put_first(store):
    run = store.create(small_config(), "cgan", owner="me")
    with pytest.raises(WorkbenchError, match=f"Run {run.id} does not wait"):
        store.put_first(run.id)


def test_where_no_machine_trains_nobody_is_promised_a_turn(store, monkeypatch):
    run = store.create(small_config(), "cgan")
    monkeypatch.setenv("GAN_WORKBENCH_SLOTS", "0")
    hosting.cache_clear()
    assert store.turn(run) == (1, math.inf)
    store.register_worker("ray@head", "me", slots=2)
    assert store.turn(run) == (1, 0)


def test_no_run_begins_while_the_queue_is_paused(store, hosted):
    hosted("class")
    run = store.create(small_config(), "cgan")
    store.pause()
    store.pause()
    assert store.is_paused
    assert (store.claim("me"), store.turn(run), store.turn_of_new(5)) == (None, Turn(1, None), Turn(2, None))
    store.go_on()
    store.go_on()
    assert (store.is_paused, store.claim("me").id) == (False, run.id)


def test_a_pause_ends_with_the_class_whose_teacher_could_end_it(store, hosted):
    hosted("class")
    store.pause()
    hosted("personal")
    assert not store.is_paused


def test_a_pause_is_for_runs_not_for_evaluations(store, tmp_path, hosted):
    hosted("class")
    checkpoint = tmp_path / "model.safetensors"
    checkpoint.write_bytes(b"weights")
    evaluations = EvaluationStore(store.engine)
    asked = evaluations.ask("a", checkpoint, Terms())
    store.pause()
    assert evaluations.claim("me").id == asked.id


@pytest.mark.parametrize("word", ["pause", "go_on", "put_first"])
def test_only_a_teacher_orders_the_queue(store, class_of, word):
    (student,) = class_of(1)
    run = student.create(small_config(), "cgan")
    with pytest.raises(WorkbenchError, match="Only the teacher"):
        getattr(student, word)(*([run.id] if word == "put_first" else []))
