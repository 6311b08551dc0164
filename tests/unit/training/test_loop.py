"""The algorithm: what a step does, exact resume, and that it learns, judged by what it draws."""

import itertools
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gan_core import checkpoint, sampling
from gan_core.config import make_config
from gan_core.datasets import loading
from gan_core.datasets.table import DATASETS
from gan_core.errors import WorkbenchError
from gan_core.presets import PRESETS
from gan_core.training import loop
from gan_core.training.gan import OPTIMIZERS, Gan
from gan_core.training.losses import LOSSES
from tests.conftest import small_config

CPU = torch.device("cpu")


def digits(config):
    return loading.load_dataset(config, Path())


def new_gan(config):
    return Gan(config, digits(config).spec, CPU)


def steps(gan, count):
    config = gan.config
    batches = dataset_of(gan.spec).batches(config.batch_size, config.seed, gan.batches, config.mirror)
    return [loop.training_step(gan, batches) for _ in range(count)]


@cache
def dataset_of(spec):
    """The digits, or random pictures if they are to look otherwise."""
    if (spec.size, spec.channels) == (28, 1):
        return loading.load_dataset(small_config(), Path())
    random = torch.Generator().manual_seed(0)  # of its own: torch's other one decides on dropout
    images = torch.randint(0, 256, (64, spec.channels, spec.size, spec.size), generator=random, dtype=torch.uint8)
    return loading.Dataset(images, torch.arange(64) % len(spec.classes), spec)


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def copy_of(state: dict) -> dict:
    return {name: tensor.clone() for name, tensor in state.items()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_moves_both_networks_with_every_optimizer(optimizer, loss):
    gan = new_gan(small_config(optimizer=optimizer, loss=loss, conditional=True))
    before = copy_of(gan.model_state())
    steps(gan, 2)
    after = gan.model_state()
    moved = {name.split(".")[0] for name in after if not torch.equal(before[name], after[name])}
    assert moved == {"generator", "discriminator", "ema"}
    assert all(tensor.isfinite().all() for tensor in after.values())


def test_the_discriminator_takes_n_critic_steps_for_each_of_the_generator():
    config = small_config(n_critic=3)
    gan = new_gan(config)
    taken = {"generator": 0, "discriminator": 0}
    for name, optimizer in (("generator", gan.generator_optimizer), ("discriminator", gan.discriminator_optimizer)):
        optimizer.register_step_post_hook(lambda *_, name=name: taken.__setitem__(name, taken[name] + 1))
    steps(gan, 2)
    assert taken == {"generator": 2, "discriminator": 6}
    assert (gan.batches, gan.images) == (6, 6 * config.batch_size)


def test_only_the_fakes_that_the_generator_learns_from_have_a_graph():
    gan, graphs = new_gan(small_config(n_critic=3)), []
    gan.generator.register_forward_hook(lambda network, inputs, images: graphs.append(images.requires_grad))
    steps(gan, 2)
    assert graphs == [False, False, True] * 2


def test_a_changed_learning_rate_is_the_length_of_the_next_step():
    """With plain SGD a step is rate times gradient: ten times the rate, from the same place, goes ten times as far."""
    config = small_config(
        optimizer="sgd", generator_normalisation="none", discriminator_normalisation="none",
        generator_learning_rate=1e-3, discriminator_learning_rate=1e-12,
    )  # fmt: skip
    gan, twin = new_gan(config), new_gan(config)
    twin.change("generator_learning_rate", 1e-2)
    before = copy_of(gan.generator.state_dict())
    steps(gan, 1)
    steps(twin, 1)
    assert twin.config == config.model_copy(update={"generator_learning_rate": 1e-2})
    for name, start in before.items():
        near, far = gan.generator.state_dict()[name] - start, twin.generator.state_dict()[name] - start
        torch.testing.assert_close(far, 10 * near, rtol=1e-3, atol=1e-6)


def test_n_critic_changes_between_two_steps():
    gan = new_gan(small_config())
    steps(gan, 2)
    gan.change("n_critic", 3.0)
    steps(gan, 2)
    assert (gan.step, gan.batches) == (4, 2 * 1 + 2 * 3)


def test_a_change_that_is_refused_changes_nothing():
    gan = new_gan(small_config())
    with pytest.raises(WorkbenchError, match="generator_learning_rate"):
        gan.change("generator_learning_rate", -1)
    assert gan.config == small_config()


def test_a_plain_gradient_step_is_the_papers():
    """One step of SGD, worked out by hand from the loss's formula, without the code under test."""
    config = small_config(
        optimizer="sgd", loss="non-saturating", conditional=False, generator_normalisation="none",
        discriminator_normalisation="none", generator_learning_rate=0.1, discriminator_learning_rate=0.2,
    )  # fmt: skip
    gan, twin = new_gan(config), new_gan(config)
    steps(gan, 1)

    real = next(digits(config).batches(config.batch_size, config.seed))[0]
    fake = twin.generator(twin.latents(config.batch_size), None)
    value = (
        twin.discriminator(real, None).logits.sigmoid().log().mean()
        + (1 - twin.discriminator(fake.detach(), None).logits.sigmoid()).log().mean()
    )
    ascend(twin.discriminator, value, 0.2)
    wanted = twin.discriminator(fake, None).logits.sigmoid().log().mean()
    ascend(twin.generator, wanted, 0.1)

    for ours, by_hand in ((gan.generator, twin.generator), (gan.discriminator, twin.discriminator)):
        for a, b in zip(ours.parameters(), by_hand.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_the_discriminator_gets_no_gradient_from_the_generators_step():
    gan = new_gan(small_config())
    real, labels = next(digits(gan.config).batches(gan.config.batch_size, 0))
    loop.generator_step(gan, real, gan.generator(gan.latents(len(real)), labels), labels)
    assert all(weight.grad is None for weight in gan.discriminator.parameters())
    assert all(weight.grad is not None for weight in gan.generator.parameters())


def ascend(network: nn.Module, value: torch.Tensor, rate: float) -> None:
    gradients = torch.autograd.grad(value, list(network.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            parameter += rate * gradient


def test_an_auxiliary_classifier_learns_from_real_images_and_the_generator_from_it():
    """Both losses grow by weight times -E[log P(c | x)], worked out by hand."""
    plain = small_config(auxiliary_classifier=0, conditional=True)
    gan = new_gan(plain.model_copy(update={"auxiliary_classifier": 2.0}))
    twin = new_gan(plain.model_copy(update={"auxiliary_classifier": 2.0}))
    step = steps(gan, 1)[0]
    real, labels = next(digits(plain).batches(plain.batch_size, plain.seed))
    fake = twin.generator(twin.latents(len(real)), labels)
    of_real, of_fake = loop.discriminate(twin, real, fake, labels)
    picked = torch.arange(len(labels)), labels
    classes = -of_real.class_logits.log_softmax(dim=1)[picked].mean()
    game = -of_real.logits.sigmoid().log().mean() - (1 - of_fake.logits.sigmoid()).log().mean()
    torch.testing.assert_close(step.discriminator_loss, game + 2 * classes, rtol=1e-4, atol=1e-6)
    assert gan.generator_optimizer.state and not torch.equal(
        gan.discriminator.classifier.weight, twin.discriminator.classifier.weight
    )


@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_real_and_fake_are_judged_as_if_each_were_alone(normalisation):
    gan = new_gan(small_config(discriminator_normalisation=normalisation))
    real, labels = next(digits(gan.config).batches(gan.config.batch_size, 0))
    fake = torch.randn_like(real)
    of_real, of_fake = loop.discriminate(gan, real, fake, labels)
    torch.testing.assert_close(of_real.logits, gan.discriminator(real, labels).logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(of_fake.logits, gan.discriminator(fake, labels).logits, rtol=1e-4, atol=1e-5)


def test_the_classifier_learns_from_fakes_too_if_asked():
    """Odena 2017, eq. 2: -E[log P(c | x)] of real images and of fake ones, worked out by hand."""
    config = small_config(auxiliary_classifier=2.0, classify_fakes=True, discriminator_conditioning="none")
    gan, twin = new_gan(config), new_gan(config)
    step = steps(gan, 1)[0]
    real, labels = next(digits(config).batches(config.batch_size, config.seed))
    of_real, of_fake = loop.discriminate(twin, real, twin.generator(twin.latents(len(real)), labels), labels)
    picked = torch.arange(len(labels)), labels
    classes = sum(-answer.class_logits.log_softmax(dim=1)[picked].mean() for answer in (of_real, of_fake))
    game = -of_real.logits.sigmoid().log().mean() - (1 - of_fake.logits.sigmoid()).log().mean()
    torch.testing.assert_close(step.discriminator_loss, game + 2 * classes, rtol=1e-4, atol=1e-6)


def test_a_relativistic_generator_is_judged_against_the_real_images():
    config = small_config(loss="relativistic", discriminator_normalisation="none", optimizer="sgd")
    gan, twin = new_gan(config), new_gan(config)
    step = steps(gan, 1)[0]
    real, labels = next(digits(config).batches(config.batch_size, config.seed))
    fake = twin.generator(twin.latents(len(real)), labels)
    twin.discriminator.load_state_dict(gan.discriminator.state_dict())
    apart = twin.discriminator(fake, labels).logits - twin.discriminator(real, labels).logits
    torch.testing.assert_close(step.generator_loss, -apart.sigmoid().log().mean(), rtol=1e-4, atol=1e-6)


def test_lazy_penalties_come_at_one_step_of_so_many_and_as_many_times_as_strong():
    config = small_config(r1_gamma=0.5, penalty_every=3, discriminator_normalisation="none")
    gan = new_gan(config)
    real, labels = next(digits(config).batches(config.batch_size, 0))
    once = gan.config.model_copy(update={"penalty_every": 1})
    found = []
    for gan.batches in range(1, 7):
        found.append(float(torch.as_tensor(loop.gradient_penalties(gan, real, real, labels)).detach()))
    gan.config = once
    each = loop.gradient_penalties(gan, real, real, labels).item()
    assert found == pytest.approx([0, 0, 3 * each, 0, 0, 3 * each])


def test_penalties_are_computed_in_float32_where_the_rest_is_not():
    gan = new_gan(small_config(precision="bfloat16", r1_gamma=1, r2_gamma=1, gradient_penalty=1))
    step = steps(gan, 2)[-1]
    assert torch.equal(step.real_logits, step.real_logits.bfloat16().float()), "the rest is in bfloat16"
    assert step.discriminator_loss.isfinite()


def test_clipped_weights_stay_clipped():
    gan = new_gan(small_config(loss="wasserstein", weight_clipping=0.01, discriminator_normalisation="none"))
    steps(gan, 2)
    assert max(weight.abs().max().item() for weight in gan.discriminator.parameters()) == pytest.approx(0.01)


def test_what_is_shown_is_changed_alike_for_real_and_fake_and_noise_ends_with_the_budget():
    gan = new_gan(small_config(instance_noise=0.5))
    images = torch.zeros(64, 1, 28, 28)
    assert gan.augment(images).std().item() == pytest.approx(0.5, rel=0.05)
    gan.set_progress(0.8)
    assert gan.augment(images).std().item() == pytest.approx(0.1, rel=0.05)
    gan.set_progress(1.0)
    assert torch.equal(gan.augment(images), images)


def test_learning_rates_fall_in_a_straight_line_over_the_last_share_of_the_budget():
    gan = new_gan(small_config(learning_rate_decay=0.4, generator_learning_rate=0.1, discriminator_learning_rate=0.2))
    for spent, share in ((0, 1), (0.6, 1), (0.8, 0.5), (0.9, 0.25), (1, 0)):
        gan.set_progress(spent)
        assert gan.generator_optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * share)
        assert gan.discriminator_optimizer.param_groups[0]["lr"] == pytest.approx(0.2 * share)
    gan.set_progress(0.8)
    gan.change("generator_learning_rate", 0.3)
    assert gan.generator_optimizer.param_groups[0]["lr"] == pytest.approx(0.15)


def test_without_decay_learning_rates_stay():
    gan = new_gan(small_config(generator_learning_rate=0.1))
    gan.set_progress(1)
    assert gan.generator_optimizer.param_groups[0]["lr"] == 0.1


def test_learning_rates_are_separate():
    gan = new_gan(small_config(optimizer="sgd", generator_learning_rate=1e-12, generator_normalisation="none"))
    before = copy_of(gan.model_state())
    steps(gan, 1)
    after = gan.model_state()
    largest = {
        network: max((after[n] - before[n]).abs().max() for n in after if n.startswith(network) and "weight" in n)
        for network in ("generator", "discriminator")
    }
    assert largest["generator"] < 1e-9 < 1e-6 < largest["discriminator"]


@pytest.mark.parametrize(("share", "inverse"), [(0.2, 5), (0.25, 4), (1, 1)])
def test_the_average_follows_its_formula_in_weights_and_in_batch_norm_buffers(share, inverse):
    gan = new_gan(small_config(ema_decay=0.7, ema_share=share, generator_normalisation="batch"))
    averaged = None
    for number in range(4):
        steps(gan, 1)
        current = {n: t.clone() for n, t in gan.generator.state_dict().items() if t.is_floating_point()}
        decay = min(0.7, (1 + number) / (1 + inverse + number))
        # The first average is a copy: there is nothing yet to average with.
        averaged = current if averaged is None else {n: decay * averaged[n] + (1 - decay) * current[n] for n in current}
    for name, tensor in averaged.items():
        torch.testing.assert_close(gan.averaged_generator().state_dict()[name], tensor)
    assert any("running_mean" in name for name in averaged)


def test_the_average_is_torchs_own_and_counts_batches_as_the_generator_does():
    gan = new_gan(small_config(ema_decay=0.7, generator_normalisation="batch"))
    reference = AveragedModel(gan.generator, use_buffers=True)
    for number in range(4):
        steps(gan, 1)
        reference.multi_avg_fn = get_ema_multi_avg_fn(min(0.7, (1 + number) / (6 + number)))
        reference.update_parameters(gan.generator)
    ours, torchs = gan.averaged_generator().state_dict(), reference.module.state_dict()
    assert all(torch.equal(ours[name], torchs[name]) for name in ours if ours[name].is_floating_point())
    assert ours["layers.1.num_batches_tracked"].item() == 4


class Travels(TorchDispatchMode):
    """Notes what has to do with tensors of two devices: a GPU and the CPU would wait for each other."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, made)) if isinstance(leaf, torch.Tensor)]
        if len({tensor.device for tensor in tensors}) > 1:
            self.seen.append(str(function))
        return made


WITHOUT_WAITING = {
    **{name: preset.config for name, preset in PRESETS.items()},
    "random changes": small_config(
        augmentation="colour, translation, cutout", instance_noise=0.1, dropout=0.5, r1_gamma=1, gradient_penalty=1
    ),
    "told by batch normalisation": small_config(network="dcgan", generator_conditioning="batch normalisation"),
    **{name: small_config(optimizer=name) for name in OPTIMIZERS},
}


@pytest.mark.parametrize("config", WITHOUT_WAITING.values(), ids=WITHOUT_WAITING)
def test_no_step_makes_a_gpu_wait(config):
    """On torch's meta device, which has no numbers to look at and tells each copy from or to the CPU."""
    paper = torch.device("meta")
    config = make_config(
        config, latent_dim=8, generator_layers=(16,), discriminator_layers=(16,), generator_width=4,
        discriminator_width=4, batch_size=4, growth_kimg=0.01, precision="float32",
    )  # fmt: skip
    spec = digits(small_config()).spec
    with paper:
        gan = Gan(config, spec, paper)
        images = torch.zeros(8, 1, 28, 28, dtype=torch.uint8)
        batches = loading.Dataset(images, torch.zeros(8, dtype=torch.long), spec).batches(4, 0, mirror=True)
        next(batches)  # the order of an epoch comes from the CPU
    with Travels() as travels:
        batch = next(batches)
        for _ in range(2):
            loop.training_step(gan, itertools.repeat(batch))
    assert travels.seen == []


def test_without_decay_the_average_is_the_generator():
    gan = new_gan(small_config(ema_decay=0))
    steps(gan, 3)
    assert same(gan.averaged_generator().state_dict(), gan.generator.state_dict())


RESUMABLE = [
    {"network": "mlp", "optimizer": "adam"},
    {"network": "mlp", "optimizer": "adamw", "n_critic": 2},
    {"network": "mlp", "optimizer": "rmsprop", "discriminator_normalisation": "batch"},
    {"network": "mlp", "optimizer": "sgd", "conditional": False},
    {"network": "dcgan", "optimizer": "adam"},
    {"network": "compact", "optimizer": "adam", "auxiliary_classifier": 1.0},
    {"network": "dcgan", "optimizer": "adam", "discriminator_normalisation": "batch", "generator_width": 16},
    {"dropout": 0.5, "instance_noise": 0.1, "augmentation": "colour, translation, cutout", "mirror": True},
    {"network": "dcgan", "r1_gamma": 1, "r2_gamma": 1, "penalty_every": 3, "gradient_penalty": 1},
]


@pytest.mark.parametrize("changes", RESUMABLE, ids=lambda changes: "-".join(map(str, changes.values())))
def test_a_resumed_run_has_bit_for_bit_the_weights_of_one_that_never_stopped(tmp_path, changes):
    config = small_config(**changes)
    goes_on_exactly(tmp_path, config, digits(config).spec, before=4, after=2)


def goes_on_exactly(tmp_path, config, spec, before, after):
    """Train in one go and with a checkpoint in between; both must be the same. Returns the checkpoint and the GAN."""
    whole = Gan(config, spec, CPU)
    steps(whole, before + after)

    first = Gan(config, spec, CPU)
    steps(first, before)
    metadata = checkpoint.Metadata("run", config, first.spec, first.step, 1.0, first.images)
    path = checkpoint.save_run(tmp_path, metadata, first.model_state(), first.resume_state())
    torch.manual_seed(99)  # another process, another chance
    second = Gan(config, spec, CPU)
    resume = checkpoint.read_tensors(checkpoint.resume_path(path))
    second.restore(checkpoint.read_tensors(path), resume, metadata.step, first.batches)
    steps(second, after)

    assert same(whole.model_state(), second.model_state())
    assert same(whole.resume_state(), second.resume_state())
    return path, first


def shrunk(preset):
    """The preset with all its choices, in networks so small that a step takes some milliseconds."""
    return make_config(
        PRESETS[preset].config, latent_dim=8, generator_layers=(16,), discriminator_layers=(16,), generator_width=4,
        discriminator_width=4, batch_size=4, growth_kimg=0.01, device="cpu", minutes=None, kimg=1,
    )  # fmt: skip


@pytest.mark.parametrize(("size", "channels"), sorted({(named.size, named.channels) for named in DATASETS.values()}))
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_takes_20_steps_on_every_datasets_pictures_and_goes_on_exactly(tmp_path, preset, size, channels):
    """In the middle of a fade, for the one that grows."""
    config, spec = shrunk(preset), loading.ImageSpec(size=size, channels=channels, classes=tuple("0123456789"))
    path, gan = goes_on_exactly(tmp_path, config, spec, before=13, after=7)
    model = sampling.load_model(path)
    latents, labels = torch.randn(3, 8), torch.tensor([0, 4, 9])
    drawn = sampling.draw(model.generator, latents, labels)
    assert drawn.shape == (3, size, size, channels)
    assert (drawn == sampling.draw(gan.averaged_generator(), latents, labels)).all()


def test_a_growing_gan_resumes_in_the_middle_of_a_fade(tmp_path):
    config = small_config(network="progressive", growth_kimg=0.05)
    _path, gan = goes_on_exactly(tmp_path, config, digits(config).spec, before=5, after=3)
    assert gan.generator.grown == gan.averaged_generator().grown == gan.discriminator.grown == pytest.approx(0.6)


def test_the_chance_of_apples_gpus_is_kept_too(monkeypatch):
    drawn = []
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: torch.arange(3, dtype=torch.uint8))
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state: drawn.append(state.tolist()))
    gan = new_gan(small_config())
    steps(gan, 1)
    gan.device = torch.device("mps")
    gan.restore(gan.model_state(), gan.resume_state(), gan.step, gan.batches)
    assert drawn == [[0, 1, 2]]


def test_a_run_goes_on_on_another_kind_of_device():
    first = new_gan(small_config())
    steps(first, 2)
    resume = first.resume_state()
    resume["random.latents.cuda"] = resume.pop("random.latents.cpu")[:16].clone()  # a GPU's state has 16 bytes
    second = new_gan(first.config)
    second.restore(first.model_state(), resume, first.step, first.batches)
    steps(second, 1)
    assert (second.step, second.batches) == (3, 3)


def test_a_minute_of_digits_is_learnt_as_far_as_drawing_goes():
    """30,000 images of the default preset. Judged by the nearest of the 5,000 real digits to each picture drawn."""
    config = make_config(kimg=30, minutes=None, device="cpu")
    dataset = digits(config)
    gan = Gan(config, dataset.spec, CPU)
    labels = torch.arange(10).repeat_interleave(30)
    latents = sampling.latents(len(labels), config.latent_dim, seed=1)

    def share_drawn_as_asked() -> float:
        drawn = torch.from_numpy(sampling.draw(gan.averaged_generator(), latents, labels))
        distances = torch.cdist(drawn.flatten(1).float(), dataset.images.flatten(1).float())
        return (dataset.labels[distances.argmin(dim=1)] == labels).float().mean().item()

    assert share_drawn_as_asked() < 0.3
    steps(gan, 30_000 // config.batch_size)
    assert share_drawn_as_asked() > 0.75
    drawn = torch.from_numpy(sampling.draw(gan.averaged_generator(), latents, labels)).flatten(1).float()
    within_a_class = torch.stack([torch.pdist(drawn[labels == label]).mean() for label in range(10)])
    assert within_a_class.min() > 500, "one picture a class, again and again, is not learning"
