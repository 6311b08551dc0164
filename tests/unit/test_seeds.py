"""One seed, many streams: no two alike, and the same on every machine."""

from itertools import product

import numpy as np
import torch

from gan_core import sampling
from gan_core.datasets.loading import Dataset
from gan_core.seeds import stream
from gan_core.training import gan as gan_module
from gan_core.training.gan import Gan
from tests.conftest import small_config
from tests.unit.training.test_loop import CPU, digits


def test_no_two_streams_are_alike_whatever_their_seeds_uses_and_epochs():
    streams = [stream(*key) for key in product(range(20), ("weights", "latents", "batches"), range(20))]
    lowest = {number % 2**32 for number in streams}  # of which torch's generator for the CPU is made
    assert len(lowest) == len(streams)


def test_a_stream_is_that_child_of_numpys_seed_sequence():
    assert stream(7, "weights") == np.random.SeedSequence(7).spawn(1)[0].spawn(1)[0].generate_state(1, np.uint64)[0]


def test_latents_are_neither_the_first_weights_nor_those_of_the_grid(monkeypatch):
    config, drawn_for_weights = small_config(seed=3), []
    build = gan_module.build_generator

    def build_and_look(*args):
        state = torch.get_rng_state()
        drawn_for_weights.append(torch.randn(4, config.latent_dim))
        torch.set_rng_state(state)
        return build(*args)

    monkeypatch.setattr(gan_module, "build_generator", build_and_look)
    gan = Gan(config, digits(config).spec, CPU)
    latents = gan.latents(4)
    grid = sampling.latents(4, config.latent_dim, config.seed)
    assert not torch.equal(latents, drawn_for_weights[0])
    assert not torch.equal(latents, grid)
    assert not torch.equal(grid, drawn_for_weights[0])


def test_the_second_epoch_of_a_seed_is_not_the_first_of_the_next():
    numbered = Dataset(torch.zeros(64, 1, 28, 28, dtype=torch.uint8), torch.arange(64), digits(small_config()).spec)
    second = next(numbered.batches(batch_size=64, seed=0, first=1))[1]
    assert not torch.equal(second, next(numbered.batches(batch_size=64, seed=1))[1])
