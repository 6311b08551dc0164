"""Shapes over all choices, parameter counts of the tutorials, and what conditioning and normalisation do."""

import re
from itertools import product
from typing import get_args

import pytest
import torch

from gan_core.config import BATCH_NORMALISED, Activation, ImageSpec, make_config
from gan_core.growth import GROWN
from gan_core.networks.build import FAMILIES, build_discriminator, build_generator
from gan_core.networks.layers import ConditionalBatchNorm
from gan_core.presets import preset_config

NETWORKS, SIZES, CHANNELS, CONDITIONAL = tuple(FAMILIES), (28, 32), (1, 3), (True, False)
SMALL = {"generator_layers": (16, 8), "discriminator_layers": (8, 4), "generator_width": 4, "discriminator_width": 4}


def spec_of(size: int = 28, channels: int = 1, classes: int = 10) -> ImageSpec:
    return ImageSpec(size=size, channels=channels, classes=tuple(map(str, range(classes))))


def parameters(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("network", "generator_normalisation", "discriminator_normalisation"),
    [
        *product(BATCH_NORMALISED, ["none", "batch"], ["none", "batch", "spectral"]),
        *((network, "none", "none") for network in NETWORKS if network not in BATCH_NORMALISED),
    ],
)
@pytest.mark.parametrize(("size", "channels", "conditional"), product(SIZES, CHANNELS, CONDITIONAL))
def test_every_combination_generates_images_and_gives_a_logit_for_each(
    network, size, channels, conditional, generator_normalisation, discriminator_normalisation
):
    config = make_config(
        network=network,
        conditional=conditional,
        generator_normalisation=generator_normalisation,
        discriminator_normalisation=discriminator_normalisation,
        **SMALL,
    )
    spec = spec_of(size, channels, classes=7)
    labels = torch.tensor([0, 6, 3])
    images = build_generator(config, spec)(torch.randn(3, config.latent_dim), labels)
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1
    assert build_discriminator(config, spec)(images, labels).logits.shape == (3,)


@pytest.mark.parametrize("activation", get_args(Activation))
@pytest.mark.parametrize("network", NETWORKS)
def test_every_activation_is_in_both_networks(activation, network):
    config = make_config(network=network, generator_activation=activation, discriminator_activation=activation, **SMALL)
    name = activation.replace("_", "").lower()
    for build in (build_generator, build_discriminator):
        kinds = {type(module).__name__.lower() for module in build(config, spec_of()).modules()}
        assert name in kinds


def test_the_tutorials_networks_have_their_counts():
    """100 -> 256 -> 512 -> 1024 -> 784 and 784 -> 512 -> 256 -> 1, weights and biases, counted by hand."""
    generator = sum(before * after + after for before, after in [(100, 256), (256, 512), (512, 1024), (1024, 784)])
    discriminator = sum(before * after + after for before, after in [(784, 512), (512, 256), (256, 1)])
    plain, keras = preset_config("gan-pytorch"), preset_config("gan-keras")
    assert parameters(build_generator(plain, spec_of())) == generator == 1_486_352
    assert parameters(build_discriminator(plain, spec_of())) == discriminator == 533_505
    # Batch normalisation adds a scale and a shift for each hidden neuron.
    assert parameters(build_generator(keras, spec_of())) == generator + 2 * (256 + 512 + 1024)


def test_keras_momentum_of_0_8_is_0_2_in_torch():
    generator = build_generator(preset_config("gan-keras"), spec_of())
    norms = [module for module in generator.modules() if isinstance(module, torch.nn.BatchNorm1d)]
    assert [norm.momentum for norm in norms] == [0.2] * 3


@pytest.mark.parametrize("network", NETWORKS)
def test_conditional_networks_heed_the_label_and_others_do_not(network):
    for conditional in (True, False):
        config = make_config(network=network, conditional=conditional, **SMALL)
        generator = build_generator(config, spec_of()).eval()
        discriminator = build_discriminator(config, spec_of()).eval()
        latents = torch.randn(1, config.latent_dim)
        zero, seven = torch.tensor([0]), torch.tensor([7])
        assert torch.equal(generator(latents, zero), generator(latents, seven)) is not conditional
        images = torch.randn(1, 1, 28, 28)
        assert torch.equal(discriminator(images, zero).logits, discriminator(images, seven).logits) is not conditional


@pytest.mark.parametrize("conditioning", ["concatenate", "projection"])
@pytest.mark.parametrize("network", BATCH_NORMALISED)
def test_spectral_normalisation_brings_the_largest_singular_value_to_one(network, conditioning):
    changes = {"discriminator_normalisation": "spectral", "discriminator_conditioning": conditioning}
    config = make_config(network=network, **changes, **SMALL)
    discriminator = build_discriminator(config, spec_of())
    for _ in range(200):  # power iteration, one step each time it is used in training
        discriminator(torch.randn(2, 1, 28, 28), torch.tensor([0, 1]))
    weights = [m.weight for m in discriminator.eval().modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert len(weights) >= 3
    for weight in weights:
        assert torch.linalg.svdvals(weight.flatten(1))[0].item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("width", [4, 7, 8, 11, 21, 28, 44])
def test_r3gan_takes_any_width_in_groups_of_at_most_sixteen(width):
    config = make_config(preset_config("r3gan"), generator_width=width, discriminator_width=width)
    for network in (build_generator(config, spec_of()), build_discriminator(config, spec_of())):
        grouped = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size == (3, 3)]
        assert grouped
        assert all(m.in_channels // m.groups <= 16 for m in grouped if m.in_channels == m.out_channels)


@pytest.mark.parametrize("normalisation", ["none", "batch"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_discriminator_says_whether_an_images_logit_depends_on_the_others_of_its_batch(network, normalisation):
    config = make_config(network=network, discriminator_normalisation=normalisation, **SMALL)
    discriminator = build_discriminator(config, spec_of()).double()  # in float32 small differences look like rounding
    image, *others = torch.randn(7, 1, 1, 28, 28, dtype=torch.double)
    labels = torch.zeros(4, dtype=torch.long)
    logits = [discriminator(torch.cat([image, *part]), labels).logits[0] for part in (others[:3], others[3:])]
    depends = not torch.allclose(*logits, rtol=0, atol=1e-10)
    assert depends is discriminator.uses_batch_statistics


@pytest.mark.parametrize("normalisation", ["none", "spectral"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_discriminators_weights_load_by_the_names_they_had_in_older_files(network, normalisation):
    config = make_config(
        network=network, discriminator_normalisation=normalisation, discriminator_conditioning="projection", **SMALL
    )
    stored, loaded = (build_discriminator(config, spec_of()) for _ in range(2))
    loaded.load_state_dict(
        {
            re.sub("^head\\.", "verdict.", re.sub("^label_embedding\\.", "class_vectors.", name)): weight
            for name, weight in stored.state_dict().items()
        }
    )
    images, labels = torch.randn(2, 1, 28, 28), torch.tensor([0, 7])
    assert torch.equal(stored.eval()(images, labels).logits, loaded.eval()(images, labels).logits)


def test_dcgan_starts_from_radfords_normal_weights():
    config = make_config(network="dcgan", generator_width=64, discriminator_normalisation="none")
    layers = [m for m in build_generator(config, spec_of()).modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    assert layers[0].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert layers[0].weight.mean().item() == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("conditioning", ["concatenate", "projection"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_discriminator_heeds_the_label_by_concatenation_and_by_projection(network, conditioning):
    config = make_config(network=network, discriminator_conditioning=conditioning, **SMALL)
    discriminator = build_discriminator(config, spec_of()).eval()
    images = torch.randn(2, 1, 28, 28)
    zero, seven = (discriminator(images, torch.full((2,), label)).logits for label in (0, 7))
    assert not torch.equal(zero, seven)


@pytest.mark.parametrize("network", NETWORKS)
def test_without_conditioning_a_discriminator_puts_out_the_same_for_every_label(network):
    config = make_config(network=network, discriminator_conditioning="none", auxiliary_classifier=1, **SMALL)
    discriminator = build_discriminator(config, spec_of()).eval()
    images = torch.randn(2, 1, 28, 28)
    zero, seven = (discriminator(images, torch.full((2,), label)) for label in (0, 7))
    assert torch.equal(zero.logits, seven.logits) and torch.equal(zero.class_logits, seven.class_logits)


@pytest.mark.parametrize("network", BATCH_NORMALISED)
def test_conditional_batch_normalisation_begins_alike_for_all_classes_and_can_learn_them(network):
    """Dumoulin 2017: at first every class has the scale 1 and the shift 0."""
    config = make_config(network=network, generator_conditioning="batch normalisation", **SMALL)
    generator = build_generator(config, spec_of())
    latents, zero, seven = torch.randn(4, config.latent_dim), torch.zeros(4, dtype=torch.long), torch.full((4,), 7)
    assert torch.equal(generator(latents, zero), generator(latents, seven))
    generator(latents, seven).square().mean().backward()
    scales = [module.scales.weight.grad for module in generator.modules() if isinstance(module, ConditionalBatchNorm)]
    assert scales and all(grad[7].any() and not grad[:7].any() and not grad[8:].any() for grad in scales)


def test_conditional_batch_normalisation_is_its_formula():
    norm = ConditionalBatchNorm(3, images=True, classes=2)
    with torch.no_grad():
        norm.scales.weight.copy_(torch.tensor([[1.0, 2, 3], [4, 5, 6]]))
        norm.shifts.weight.copy_(torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]))
    inputs, labels = torch.randn(6, 3, 5, 5), torch.tensor([0, 1, 1, 0, 1, 0])
    centred = inputs - inputs.mean(dim=(0, 2, 3), keepdim=True)
    normalised = centred / (inputs.var(dim=(0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    scales, shifts = norm.scales.weight[labels][:, :, None, None], norm.shifts.weight[labels][:, :, None, None]
    torch.testing.assert_close(norm(inputs, labels), normalised * scales + shifts)


def test_r3gans_blocks_begin_as_if_they_were_not_there():
    """Fix-up (Zhang 2019): each block adds nothing at first."""
    config = make_config(network="r3gan", **SMALL)
    for network in (build_generator(config, spec_of()), build_discriminator(config, spec_of())):
        for block, width in zip(network.blocks, [block.layers[0].in_channels for block in network.blocks], strict=True):
            features = torch.randn(2, width, 7, 7)
            assert torch.equal(block(features), features)


@pytest.mark.parametrize("network", NETWORKS)
def test_dropout_is_in_every_discriminator_that_wants_it_and_in_no_generator(network):
    config = make_config(network=network, dropout=0.3, **SMALL)
    assert any(isinstance(module, torch.nn.Dropout) for module in build_discriminator(config, spec_of()).modules())
    assert not any(isinstance(module, torch.nn.Dropout) for module in build_generator(config, spec_of()).modules())


@pytest.mark.parametrize("network", NETWORKS)
def test_an_auxiliary_classifier_has_a_logit_for_every_class_and_only_conditional_networks_have_one(network):
    images, labels = torch.randn(3, 1, 28, 28), torch.tensor([0, 6, 3])
    for conditional in (True, False):
        config = make_config(network=network, conditional=conditional, auxiliary_classifier=1, **SMALL)
        classes = build_discriminator(config, spec_of())(images, labels).class_logits
        assert (None if classes is None else classes.shape) == ((3, 10) if conditional else None)


LAST = torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d


@pytest.mark.parametrize("network", NETWORKS)
def test_in_bfloat16_every_pixel_goes_on_learning_by_tanhs_own_gradient(network):
    """1 - tanh(x)^2, which is 0 in bfloat16 for x beyond 3.46."""
    generator = build_generator(make_config(network=network, **SMALL), spec_of(size=32))
    generator.grown = GROWN
    seen = []

    def with_numbers_of_ours(layer, inputs, output):
        seen.append(torch.linspace(-6, 6, output.numel()).view_as(output).to(output.dtype).requires_grad_())
        return seen[-1]

    for module in generator.modules():
        if isinstance(module, LAST):
            module.register_forward_hook(with_numbers_of_ours)
    with torch.autocast("cpu", torch.bfloat16):
        images = generator(torch.randn(3, 100), torch.tensor([0, 6, 3]))
    images.sum().backward()
    numbers = seen[-1]  # what the last layer gave
    assert (numbers.dtype, images.dtype) == (torch.bfloat16, torch.float32)
    wanted = 1 - numbers.detach().double().tanh().square()
    torch.testing.assert_close(numbers.grad.double(), wanted, rtol=0.01, atol=0)


def test_a_picture_that_is_faded_in_is_blended_in_float32():
    generator = build_generator(make_config(network="progressive", **SMALL), spec_of())
    generator.grown = 1.5
    blended = []
    generator.tanh.register_forward_pre_hook(lambda layer, inputs: blended.append(inputs[0].dtype))
    with torch.autocast("cpu", torch.bfloat16):
        generator(torch.randn(3, 100), torch.tensor([0, 6, 3]))
    assert blended == [torch.float32]


def test_spectral_normalisation_is_computed_in_float32_where_the_layers_are_not(monkeypatch):
    """On a GPU autocast would multiply in bfloat16; on a CPU only that it is off can be seen."""
    discriminator = build_discriminator(make_config(discriminator_normalisation="spectral", **SMALL), spec_of())
    autocasts, multiply = [], torch.mv

    def watched(*args):
        autocasts.append(torch.is_autocast_enabled("cpu"))
        return multiply(*args)

    monkeypatch.setattr(torch, "mv", watched)
    with torch.autocast("cpu", torch.bfloat16):
        output = discriminator(torch.randn(2, 1, 28, 28), torch.tensor([0, 1]))
    assert torch.equal(output.logits, output.logits.bfloat16().float()), "the layers are not"
    assert autocasts and not any(autocasts)


def test_in_r3gan_only_layers_that_an_activation_follows_have_a_bias():
    """As in the authors' code."""
    config = make_config(preset_config("r3gan"), **SMALL)
    for network in (build_generator(config, spec_of()), build_discriminator(config, spec_of())):
        layers = [module for module in network.modules() if isinstance(module, LAST)]
        with_bias = [layer for layer in layers if layer.bias is not None]
        before_activations = [layer for block in network.blocks for layer in block.layers if isinstance(layer, LAST)]
        assert with_bias == [layer for number, layer in enumerate(before_activations) if number % 3 != 2]
