"""What is too large for those who share a machine is refused before any of it is made; by a run as by its estimate."""

import pytest

from gan_core.errors import WorkbenchError
from gan_core.estimates import memory, probe
from gan_core.jobs import train_job
from gan_core.store.tables import State
from tests.conftest import small_config

WIDE = {"generator_layers": (4096,), "discriminator_layers": (4096,)}


def refused(config):
    with pytest.raises(WorkbenchError) as error:
        memory.refuse_beyond_limits(config)
    return str(error.value)


def test_nothing_is_too_large_on_ones_own_computer():
    memory.refuse_beyond_limits(small_config(**WIDE, batch_size=512))


def test_parameters_are_counted_exactly_and_as_many_as_allowed_are_allowed(hosted):
    config = small_config()
    most = memory.parameters(config, memory.shape_of(config)[1])
    hosted("class", most_parameters=most)
    memory.refuse_beyond_limits(config)
    hosted("class", most_parameters=most - 1)
    assert f"{most:,} parameters, more than the {most - 1:,} that a run may have here" in refused(config)


@pytest.mark.parametrize(
    ("changes", "smaller"),
    [({"network": "dcgan", "batch_size": 512}, "a smaller batch size"), (WIDE, "narrower networks")],
    ids=str,
)
def test_memory_is_reckoned_from_shapes_and_the_largest_part_named(hosted, changes, smaller):
    config = small_config(**changes)
    count, spec = memory.shape_of(config)
    most = memory.needed(config, spec, count).all / 2**30
    hosted("class", most_parameters="inf", most_memory_gib=most * 1.001)
    memory.refuse_beyond_limits(config)
    hosted("class", most_parameters="inf", most_memory_gib=most * 0.999)
    said = refused(config)
    assert f"about {most:,.1f} GiB of memory, more than the {most * 0.999:g} GiB" in said
    assert f"choose {smaller}" in said


def test_a_growing_network_counts_full_grown(hosted):
    config = small_config(network="progressive", growth_kimg=1e6, discriminator_normalisation="none")
    hosted("class", most_parameters=100)
    assert f"{memory.parameters(memory.full_grown(config), memory.shape_of(config)[1]):,} parameters" in refused(config)


def test_a_run_and_its_estimate_are_refused_in_the_same_words(hosted, store, monkeypatch):
    hosted("public", most_parameters=1_000)
    monkeypatch.setattr(probe, "_seconds_a_step", lambda *begun: pytest.fail("it was measured"))
    said = refused(small_config())
    with pytest.raises(WorkbenchError) as of_estimate:
        probe.measure(small_config())
    run = store.create(small_config(), "cgan", owner="me")
    with pytest.raises(WorkbenchError) as of_run:
        train_job.train_run(store, run)
    assert str(of_estimate.value) == str(of_run.value) == said
    failed = store.get(run.id)
    assert (failed.state, failed.step, str(failed.status_text)) == (State.FAILED, 0, said)
