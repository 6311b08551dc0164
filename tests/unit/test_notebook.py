"""The library in four lines, as the README shows them."""

import gan_core
from gan_core.store.runs import State


def test_train_load_and_sample_in_four_lines():
    run = gan_core.train("cgan", kimg=0.2, minutes=None, generator_layers=(16,), discriminator_layers=(16,))
    model = gan_core.load(run.checkpoint_path)
    samples = model.sample(classes=[7, 3], count=2)
    assert run.state == State.FINISHED
    assert samples.images.shape == (4, 28, 28, 1)
    assert samples.picture().size == (2 * 28 * 3, 2 * 28 * 3)
