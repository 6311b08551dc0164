"""Whose turn is next, and when: by closed forms, and by what must hold of any queue."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gan_core.store.turns import HALF_LIFE_SECONDS, InWork, Waiting, by_turn, counted, decayed, forecast

MEAN_LIFE = HALF_LIFE_SECONDS / math.log(2)


def waiting(person, count=1, seconds=15.0, first_id=1, queued_at=0.0):
    """Jobs of a person, asked for a second apart."""
    return [Waiting(first_id + n, person, queued_at + n, seconds) for n in range(count)]


def turns_of(*people, seconds=15.0):
    """A job each for a list of people, asked for in that order."""
    return [Waiting(n, person, n, seconds) for n, person in enumerate(people, start=1)]


def next_turn(*queue):
    return next(by_turn(*queue), None)


def people_in_order(jobs, begins):
    person = {job.id: job.person for job in jobs}
    return [person[number] for number in begins]


def test_what_somebody_had_counts_half_after_the_half_life():
    assert decayed(100, 0) == 100
    assert decayed(100, HALF_LIFE_SECONDS) == pytest.approx(50)
    assert decayed(100, 3 * HALF_LIFE_SECONDS) == pytest.approx(12.5)
    assert decayed(100, -5) == 100  # a clock was set back


def test_a_job_counts_its_decayed_past_and_all_its_future():
    assert counted(InWork(1, 0, 60), now=0) == pytest.approx(60)
    # The integral of 2^(-age / h) from age 0 to h is h / (2 ln 2).
    long_past = InWork(1, 0, HALF_LIFE_SECONDS)
    assert counted(long_past, now=HALF_LIFE_SECONDS) == pytest.approx(MEAN_LIFE / 2)
    assert counted(long_past, now=2 * HALF_LIFE_SECONDS) == pytest.approx(MEAN_LIFE / 4)
    assert counted(InWork(1, 0, HALF_LIFE_SECONDS + 100), now=HALF_LIFE_SECONDS) == pytest.approx(MEAN_LIFE / 2 + 100)


@given(some.floats(0, 1e5), some.floats(0, 1e5), some.floats(0, 1e6))
def test_two_parts_of_a_job_count_as_much_as_the_whole(first, second, later):
    whole = InWork(1, 0, first + second)
    parts = InWork(1, 0, first), InWork(1, first, first + second)
    now = first + second + later
    assert sum(counted(part, now) for part in parts) == pytest.approx(counted(whole, now), abs=1e-6)


@given(some.floats(0, 1e5), some.floats(0, 1e6))
def test_no_job_counts_more_than_its_seconds(seconds, now):
    assert counted(InWork(1, 0, seconds), now) <= seconds + 1e-6


def test_nobody_waits_for_nobody():
    assert next_turn([], [], {}, 0) is None
    assert forecast([], [InWork(1, 0, 9)], 2, {}, 5) == {}


def test_of_one_persons_jobs_the_first_comes_first():
    assert forecast(waiting(0, 4, seconds=10), [], 1, {}, 100) == {1: 0, 2: 10, 3: 20, 4: 30}


def test_who_had_least_is_next_and_of_equals_who_has_waited_longest():
    jobs = turns_of(1, 2, 3)
    assert next_turn(jobs, [], {1: 30, 2: 10, 3: 20}, 0).person == 2
    assert next_turn(jobs, [], {1: 30, 2: 10}, 0).person == 3
    assert next_turn(jobs, [], {}, 0).person == 1
    assert next_turn(jobs, [], {1: 5, 2: 5, 3: 5}, 0).person == 1


def test_nobody_waits_behind_one_persons_twenty():
    twenty, one = waiting(1, 20), waiting(2, first_id=21, queued_at=100)
    begins = forecast([*twenty, *one], [], 1, {}, 100)
    assert begins[21] == 15  # the first of the twenty has waited longer
    assert [begins[job.id] for job in twenty] == [0, *range(30, 15 * 21, 15)]


def test_what_is_in_work_counts_with_all_that_it_will_take():
    """Two slots that become free together do not both go to one person, though neither has had anything yet."""
    begun = [InWork(1, 0, 600)]
    assert next_turn([*waiting(1), *waiting(2, first_id=2)], begun, {2: 500}, 0).person == 2
    assert next_turn([*waiting(1), *waiting(2, first_id=2)], begun, {2: 700}, 0).person == 1


def test_turns_interleave_on_several_slots():
    jobs = [*waiting(1, 3), *waiting(2, 3, first_id=4), *waiting(3, 3, first_id=7)]
    begins = forecast(jobs, [], 2, {}, 10)
    assert people_in_order(jobs, begins)[:3] == [1, 2, 3]
    assert list(begins.values()) == [0, 0, 15, 15, 30, 30, 45, 45, 60]


def test_who_had_much_is_behind_until_the_others_have_had_as_much():
    jobs = [*waiting(1, 2), *waiting(2, 4, first_id=3, queued_at=50)]
    assert people_in_order(jobs, forecast(jobs, [], 1, {1: 50}, 60)) == [2, 2, 2, 2, 1, 1]
    assert people_in_order(jobs, forecast(jobs, [], 1, {1: 40}, 60)) == [2, 2, 2, 1, 2, 1]


def test_what_was_long_ago_counts_nothing_any_more():
    jobs = [*waiting(1), *waiting(2, first_id=2, queued_at=50)]
    in_work = [InWork(3, 0, 20 * HALF_LIFE_SECONDS)]
    assert people_in_order(jobs, forecast(jobs, in_work, 1, {1: 1e-3, 2: 0.0}, 0)) == [2, 1]
    # Far behind the one in work, both have had next to nothing; the order is still by what they had.
    assert list(forecast(jobs, in_work, 1, {1: 1e-3}, 0).values()) == [
        20 * HALF_LIFE_SECONDS,
        20 * HALF_LIFE_SECONDS + 15,
    ]


def test_a_slot_is_free_when_what_is_in_work_ends():
    in_work = [InWork(9, 0, 130), InWork(8, 0, 107)]
    assert forecast(waiting(1, 3, seconds=40), in_work, 2, {}, 100) == {1: 7, 2: 30, 3: 47}
    assert forecast(waiting(1, 2), [InWork(9, 0, 50)], 1, {}, 100) == {1: 0, 2: 15}  # it should have ended by now


def test_more_in_work_than_slots_take_no_slot_from_anybody():
    assert forecast(waiting(1), [InWork(9, 0, 110), InWork(9, 0, 120)], 1, {}, 100) == {1: 10}


def test_who_is_put_first_comes_before_all_and_the_last_one_put_foremost():
    jobs = turns_of(1, 2, 3, 4)
    jobs[2] = jobs[2]._replace(put_first_at=70)
    jobs[3] = jobs[3]._replace(put_first_at=80)
    assert list(forecast(jobs, [], 1, {3: 1000, 4: 1000}, 100)) == [4, 3, 1, 2]
    assert next_turn(jobs, [], {4: 1000}, 100).id == 4


def test_who_has_just_been_taken_is_in_work_when_the_next_one_is_looked_for():
    jobs = [*waiting(1, 3, seconds=100), *waiting(2, first_id=4, queued_at=50)]
    assert [job.id for job in by_turn(jobs, [], {}, 100)] == [1, 4, 2, 3]


queues = some.lists(some.tuples(some.integers(0, 4), some.floats(1, 600)), max_size=25).map(
    lambda asked: [Waiting(n, person, n, seconds) for n, (person, seconds) in enumerate(asked, start=1)]
)


@given(queues, some.integers(1, 4))
def test_the_forecast_is_what_comes_if_each_takes_as_long_as_foreseen(jobs, slots):
    foreseen = forecast(jobs, [], slots, {}, 0.0)
    left, in_work, begun = list(jobs), [], {}
    now = 0.0
    while left:
        while left and sum(job.ends_at > now for job in in_work) < slots:
            job = next_turn(left, in_work, {}, now)
            left.remove(job)
            in_work.append(InWork(job.person, now, now + job.seconds))
            begun[job.id] = now
        now = min((job.ends_at for job in in_work if job.ends_at > now), default=now)
    assert begun == foreseen
    assert list(begun) == list(foreseen)


@given(some.lists(some.integers(1, 5), max_size=30), some.integers(1, 3))
def test_with_jobs_of_one_length_nobodys_next_comes_before_anybodys_earlier_one(people, slots):
    """Unless it is nearly so long ago that it counts less: each has had nothing, and half an hour is long."""
    jobs = turns_of(*people, seconds=1.0)
    order = people_in_order(jobs, forecast(jobs, [], slots, {}, 100.0))
    numbered = [order[: place + 1].count(person) for place, person in enumerate(order)]
    assert numbered == sorted(numbered)


@given(queues, some.integers(1, 4))
def test_no_slot_is_idle_and_each_job_has_one_turn(jobs, slots):
    begins = forecast(jobs, [], slots, {}, 0.0)
    assert sorted(begins) == [job.id for job in jobs]
    assert list(begins.values()) == sorted(begins.values())
    seconds = {job.id: job.seconds for job in jobs}
    for begin in begins.values():
        at_work = sum(start <= begin < start + seconds[number] for number, start in begins.items())
        assert at_work <= slots
        if any(later > begin for later in begins.values()):
            assert at_work == slots
