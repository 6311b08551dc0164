"""The number of threads is the one that trains fastest now; a run that must be repeatable keeps its own."""

import itertools
import os

import pytest
import torch

from gan_core.jobs import threads, train_job
from tests.conftest import small_config


class Machine:
    """Takes so many seconds for a step, by the number of threads in use; `used` has every step's."""

    def __init__(self, most, seconds):
        self.seconds, self.used = seconds, []
        self.choice = threads.choose(most, self.use)
        next(self.choice)

    def use(self, count):
        self.count = count

    def train(self, seconds):
        began = self.spent()
        while self.spent() - began < seconds:
            taken = self.seconds[self.count]
            self.used.append((self.count, taken))
            self.choice.send(taken)

    def spent(self):
        return sum(taken for _, taken in self.used)

    def share(self, count, since=0):
        """Of the seconds, how many were with this number of threads."""
        taken = self.used[since:]
        return sum(t for c, t in taken if c == count) / sum(t for _, t in taken)


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 0.020, 2: 0.015}, 2),
        ({1: 0.020, 2: 0.080}, 1),
        ({1: 2.0, 2: 3.0}, 1),
        ({1: 0.020, 2: 0.012, 4: 0.014, 8: 0.030}, 2),
        ({1: 0.8, 3: 0.3, 6: 0.2}, 6),
    ],
    ids=["two cores", "one of them busy", "slow steps", "small networks on eight cores", "six cores"],
)
def test_most_of_a_training_has_the_fastest_number_of_threads(seconds, best):
    machine = Machine(max(seconds), seconds)
    machine.train(100 * max(seconds.values()) + 60)
    assert machine.share(best) > 0.8


def test_the_choice_follows_what_else_the_machine_does():
    idle, busy = {1: 0.020, 2: 0.015}, {1: 0.021, 2: 0.080}
    machine = Machine(2, idle)
    for state, best in ((idle, 2), (busy, 1), (idle, 2)):
        machine.seconds = state
        machine.train(30)
        since = len(machine.used)
        machine.train(60)
        assert machine.share(best, since) > 0.8


def test_a_few_slow_steps_do_not_decide():
    machine = Machine(2, {1: 0.020, 2: 0.015})
    slow = itertools.cycle([1, 1, 1, 30])
    machine.seconds = type("Uneven", (), {"__getitem__": lambda _, count: {1: 0.020, 2: 0.015}[count] * next(slow)})()
    machine.train(60)
    assert machine.share(2) > 0.8


def test_one_core_has_one_thread():
    machine = Machine(1, {1: 0.02})
    machine.train(5)
    assert machine.share(1) == 1


def test_every_step_is_recorded_and_the_number_of_threads_is_as_before_in_the_end():
    before, seen = torch.get_num_threads(), []
    with threads.tuned(seen.append) as record:
        for step in ("a", "b", "c"):
            record(step)
    assert seen == ["a", "b", "c"]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("budget", "tries"), [({"kimg": None, "minutes": 0.01}, True), ({"kimg": 0.32}, False)], ids=["minutes", "kimg"]
)
def test_only_a_budget_in_time_tries_threads_since_another_number_rounds_otherwise(store, monkeypatch, budget, tries):
    monkeypatch.setenv(threads.WAITING, threads.BRIEFLY)  # which such a run changes, for this process alone
    tried, choose = [], threads.choose
    monkeypatch.setattr(threads, "choose", lambda *asked: tried.append(asked) or choose(*asked))
    run = store.create(small_config(**budget), "minute", owner="me")
    train_job.train_run(store, run)
    assert bool(tried) == tries


@pytest.mark.parametrize(("own", "kept"), [(None, threads.AWAKE), ("77", "77")], ids=["ours", "the user's own"])
def test_how_threads_wait_is_ours_to_say_unless_the_user_has(monkeypatch, own, kept):
    monkeypatch.delenv(threads.WAITING, raising=False)
    if own:
        monkeypatch.setenv(threads.WAITING, own)
    threads.wait_briefly()
    assert os.environ[threads.WAITING] == (own or threads.BRIEFLY)
    threads.stay_awake()
    assert os.environ[threads.WAITING] == kept
