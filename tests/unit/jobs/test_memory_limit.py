"""A run that takes more memory than it may is refused it by the system, and says so; no other process suffers."""

import sys

import psutil
import pytest
import torch

from gan_core.errors import WorkbenchError
from gan_core.jobs import worker
from gan_core.jobs.engines import ThisMachine
from gan_core.jobs.memory_limit import within_memory
from gan_core.store.tables import State
from gan_core.text import Text
from tests.conftest import small_config
from tests.unit.jobs.test_worker import end_all, wait_for

CPU = torch.device("cpu")
LESS = Text("less")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit it")


@on_linux
def test_what_fits_is_given_and_what_does_not_is_refused_in_words(hosted):
    hosted("class", most_memory_gib=0.25)
    with within_memory(CPU, LESS):
        torch.zeros(2**28 * 3 // 4, dtype=torch.uint8)
    said = r"more memory than the 0\.25 GiB that it may take here; choose less"
    with pytest.raises(WorkbenchError, match=said), within_memory(CPU, LESS):
        torch.zeros(2**28 * 5 // 4, dtype=torch.uint8)
    torch.zeros(2**28 * 5 // 4, dtype=torch.uint8)  # the limit has ended with the run


@on_linux
def test_python_and_numpy_are_refused_in_the_same_words(hosted):
    hosted("class", most_memory_gib=0.25)
    with pytest.raises(WorkbenchError, match="that it may take here"), within_memory(CPU, LESS):
        bytearray(2**29)


def test_ones_own_computer_has_no_limit_but_its_memory():
    with within_memory(CPU, LESS):
        torch.zeros(2**29, dtype=torch.uint8)
    with pytest.raises(WorkbenchError, match="memory is too small"), within_memory(CPU, LESS):
        torch.empty(psutil.virtual_memory().total * 2**10, dtype=torch.uint8)


def test_an_error_that_is_not_about_memory_stays_what_it_is(hosted):
    hosted("class")
    with pytest.raises(RuntimeError, match="shapes"), within_memory(CPU, LESS):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


@on_linux
@pytest.mark.parametrize("minutes", [None, 1], ids=["by a process of its own", "forked from one that waits"])
def test_a_run_beyond_the_limit_fails_and_the_next_one_is_trained(hosted, store, tmp_path, minutes):
    hosted("class", most_memory_gib=0.26, most_parameters="inf")
    budget = {"minutes": minutes, "kimg": None if minutes else 1.0}
    wide = small_config(network="dcgan", generator_width=96, discriminator_width=96, batch_size=256, **budget)
    too_large = store.create(wide, "dcgan")
    next_one = store.create(small_config(), "cgan")
    hands = worker.Worker(store, ThisMachine(1, worker.Warm(tmp_path / "warm.log")))
    hands.engine.get_ready(somebody_looks=True, in_work=False)
    wait_for(lambda: not hands.supervise(), "both runs", 120)
    failed, after = store.get(too_large.id), store.get(next_one.id)
    assert failed.state == State.FAILED
    assert "more memory than the 0.26 GiB that it may take here" in str(failed.status_text)
    assert after.state == State.FINISHED
    hands.engine.close()
    end_all(hands)
