"""A captured step is the eager one: the same weights to the last bit, here without the graph that a GPU replays."""

from types import SimpleNamespace

import pytest
import torch

from gan_core.config import ImageSpec, changeable, make_config
from gan_core.datasets.loading import Dataset
from gan_core.presets import preset_config
from gan_core.training import captured
from gan_core.training.gan import Gan
from gan_core.training.loop import training_step
from tests.conftest import small_config

CPU = torch.device("cpu")
SPEC = ImageSpec(size=28, channels=1, classes=tuple("0123456789"))
STEPS = 12
SMALL = {
    "batch_size": 4,
    "generator_width": 4,
    "discriminator_width": 4,
    "generator_layers": (16,),
    "discriminator_layers": (16,),
    "device": "cpu",
    "precision": "float32",
}


def eager(gan):
    return training_step


def without_graph(gan):
    return captured.CapturedStep(gan, graphs=False)


def batches(gan):
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8, generator=random)
    return Dataset(images, torch.arange(64) % 10, SPEC).batches(gan.config.batch_size, gan.config.seed, gan.batches)


def learned(config, step_of, steps=STEPS, changes=None, gan=None):
    """A GAN after so many steps whose rates fall, and what the last step saw.

    Args:
        changes: hyperparameters that change halfway.
    """
    gan = gan or Gan(config, SPEC, CPU)
    take_step, real = step_of(gan), batches(gan)
    for number in range(steps):
        if changes and number == steps // 2:
            for name, value in changes.items():
                gan.change(name, value)
        gan.set_progress(number / steps)
        step = take_step(gan, real)
    return gan, step


def largest_difference(one, other):
    states = [one.model_state() | one.resume_state(), other.model_state() | other.resume_state()]
    assert states[0].keys() == states[1].keys()
    return max((states[0][name].double() - tensor.double()).abs().max() for name, tensor in states[1].items())


@pytest.mark.parametrize(
    "config",
    [
        *(
            make_config(preset_config(name), **SMALL)
            for name in ("minute", "sngan-small", "wgan-gp-small", "gan-keras-small", "dcgan-small", "wgan-small")
        ),
        make_config(preset_config("r3gan"), penalty_every=2, **SMALL),
        small_config(optimizer="sgd", augmentation="colour, translation, cutout", ema_decay=0),
    ],
    ids=lambda config: f"{config.network} {config.loss}",
)
def test_a_captured_step_is_the_eager_one(config):
    (one, seen), (other, also_seen) = learned(config, eager), learned(config, without_graph)
    assert (one.step, one.batches) == (other.step, other.batches) == (STEPS, STEPS * config.n_critic)
    assert largest_difference(one, other) == 0
    for network, same in ((one.generator, other.generator), (one.discriminator, other.discriminator)):
        for weight, also in zip(network.parameters(), same.parameters(), strict=True):
            assert torch.equal(weight.grad, also.grad)
    assert all(torch.equal(tensor, also) for tensor, also in zip(seen, also_seen, strict=True))


def test_each_kind_of_step_is_captured_by_itself():
    """With R1 at each third batch and two batches a step, it falls on the second, on none and on the first."""
    gan = Gan(small_config(r1_gamma=1, penalty_every=3, n_critic=2, discriminator_normalisation="none"), SPEC, CPU)
    take_step, real, kinds = without_graph(gan), batches(gan), []
    for _ in range(3):
        kinds.append(take_step.next_kind())
        take_step(gan, real)
    assert kinds == [(False, False), (True, False), (False, True)]
    for _ in range(3 * captured.WARM_UP_STEPS):
        take_step(gan, real)
    assert set(take_step.captures) == set(kinds)


CHANGES = {"n_critic": 2, "generator_learning_rate": 1e-4, "discriminator_learning_rate": 3e-4}


def test_what_may_change_while_a_run_learns_changes_the_captured_step():
    """A rate stands in a tensor, n_critic makes another kind; whatever else may change must become one of the two."""
    assert set(changeable()) == set(CHANGES)
    one, _ = learned(small_config(), eager, changes=CHANGES)
    other, _ = learned(small_config(), without_graph, changes=CHANGES)
    assert one.batches == other.batches == STEPS // 2 * 3
    assert largest_difference(one, other) == 0


def test_a_captured_run_is_resumed_exactly():
    """In the midst of its captured steps, where the resumed one warms up anew."""
    config = make_config(preset_config("r3gan"), penalty_every=2, **SMALL)
    gan, _ = learned(config, without_graph)
    resumed = Gan(config, SPEC, CPU)
    resumed.restore(gan.model_state(), gan.resume_state(), gan.step, gan.batches)
    learned(config, without_graph, gan=resumed)
    whole, _ = learned(config, eager, gan=learned(config, eager)[0])
    assert (resumed.step, resumed.batches) == (whole.step, whole.batches) == (2 * STEPS, 2 * STEPS)
    assert largest_difference(whole, resumed) == 0


def test_a_capture_that_fails_makes_the_steps_eager_and_is_logged(caplog, monkeypatch):
    def refuse():
        raise RuntimeError("no graphs here")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", refuse)
    config = make_config(preset_config("minute"), **SMALL)
    one, _ = learned(config, eager)
    other, _ = learned(config, captured.CapturedStep)
    assert largest_difference(one, other) == 0
    assert [record.getMessage() for record in caplog.records] == [
        "The training step cannot be captured, so it is taken without a graph: no graphs here"
    ]


def test_a_growing_network_and_a_processor_take_eager_steps():
    assert captured.step_of(Gan(small_config(), SPEC, CPU)) is training_step
    gan = SimpleNamespace(device=torch.device("cuda"), config=preset_config("minute"))
    assert captured.can_be_captured(gan)
    gan.config = preset_config("pggan")
    assert not captured.can_be_captured(gan)
    assert captured.step_of(gan) is training_step
