"""Two processes that learn from half a batch each are one that learns from all of it. Two real ones, once for all."""

import subprocess
import sys

import pytest
import torch

from gan_core import paths
from gan_core.seeds import stream
from gan_core.training import loop
from gan_core.training.gan import Gan
from tests.conftest import small_config
from tests.unit.training.two_ranks import CASES, CPU, gradients, new

TOLERANCE, OF_CONVOLUTIONS = 1e-6, 1e-5
"""The length of the difference, as a share of the gradient's. One process that learns from two halves of a batch, one
after the other, is as far as 5e-6 from the whole: a convolution sums eight pictures in another order than sixteen."""


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What the two found."""
    folder = tmp_path_factory.mktemp("ranks")
    start = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "tests.unit.training.two_ranks"]
    done = subprocess.run(
        [sys.executable, "-m", *start, folder], cwd=paths.PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


class OfBoth(Gan):
    """Draws what the two ranks draw, each for its half of the batch."""

    def __init__(self, *args):
        super().__init__(*args)
        other = torch.Generator().manual_seed(stream(self.config.seed, "latents", 0, 1))
        self.both = self.random, other

    def drawn_by_both(self, draw):
        halves = []
        for number, self.random in enumerate(self.both):  # noqa: B020
            halves.append(draw(number))
        return torch.cat(halves)

    def latents(self, count):
        return self.drawn_by_both(lambda number: super(OfBoth, self).latents(count // 2))

    def uniform(self, count):
        return self.drawn_by_both(lambda number: super(OfBoth, self).uniform(count // 2))

    def augment(self, images):
        return self.drawn_by_both(lambda number: super(OfBoth, self).augment(images.chunk(2)[number]))


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_one_process_with_the_whole_batch(ranks, case):
    _, dataset = new(small_config(**CASES[case]))
    whole = OfBoth(small_config(**CASES[case]), dataset.spec, CPU)
    config = whole.config
    loop.training_step(whole, dataset.batches(config.batch_size, config.seed, mirror=config.mirror))
    for network, wanted in gradients(whole).items():
        found = [rank[f"{case}.{network}"] for rank in ranks]
        assert torch.equal(*found), "both step alike"
        tolerance = TOLERANCE if config.network == "mlp" else OF_CONVOLUTIONS
        assert (found[0] - wanted).norm() <= tolerance * wanted.norm()
        assert wanted.abs().max() > 0


def test_all_ranks_have_the_same_weights(ranks):
    names = [name for name in ranks[0] if name.startswith(("whole.", "resumed.")) and "weight" in name]
    assert names
    assert all(torch.equal(ranks[0][name], ranks[1][name]) for name in names)


def test_resumed_with_as_many_ranks_a_run_is_bit_for_bit_the_one_that_went_on(ranks):
    whole = {name: tensor for name, tensor in ranks[0].items() if name.startswith("whole.")}
    assert whole
    assert all(torch.equal(tensor, ranks[0][name.replace("whole", "resumed")]) for name, tensor in whole.items())


def test_each_rank_draws_its_own(ranks):
    streams = {stream(3, "latents", step, rank) for step in range(20) for rank in range(8)}
    assert len(streams) == 160
    assert not torch.equal(ranks[0]["whole.random.cpu"], ranks[1]["whole.random.cpu"])
