"""Feature maps against a forward pass by hand; gradients against a linear discriminator and finite differences."""

import pytest
import torch

from gan_core import checkpoint, inside
from gan_core.config import ImageSpec
from gan_core.datasets.loading import pictures_here
from gan_core.errors import WorkbenchError
from gan_core.networks.build import FAMILIES, build_discriminator, build_generator
from gan_core.networks.layers import Discriminator
from gan_core.training.gan import Gan
from gan_core.training.losses import LOSSES
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=("cat", "dog", "7"))
LATENTS, LABELS = torch.randn(2, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([2, 0])
IMAGES = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(1)) * 2 - 1


def generator(network="dcgan", **changes):
    torch.manual_seed(0)
    return build_generator(small_config(network=network, **changes), SPEC).eval().requires_grad_(False)


def discriminator(network="mlp", **changes):
    torch.manual_seed(0)
    config = small_config(network=network, discriminator_activation="tanh", **changes)
    return build_discriminator(config, SPEC).eval().requires_grad_(False)


class Linear(Discriminator):
    """Its logit is the sum of the pixels, each by its weight."""

    weight = torch.randn(1, 28, 28, generator=torch.Generator().manual_seed(2))

    def forward(self, images, labels):
        features = (images * self.weight).flatten(1)
        return self.output(features.sum(dim=1, keepdim=True), features, labels)


@pytest.fixture
def linear():
    made = Linear(small_config(conditional=False), SPEC)
    made.add_class_heads(1, small_config(conditional=False), SPEC)
    return made


def test_feature_maps_are_those_of_a_forward_pass_by_hand():
    network = generator()
    layers = inside.feature_maps(network, LATENTS, LABELS)
    features = network.start(network.with_label(LATENTS, LABELS)).unflatten(1, network.start_shape)
    by_hand = []
    for name, layer in network.layers.named_children():
        features = layer(features)
        if type(layer).__name__ in ("ReLU", "LeakyReLU", "Float32Tanh"):
            by_hand.append((f"layers.{name}", features))
    assert [layer.name for layer in layers] == [name for name, _features in by_hand]
    for layer, (_name, wanted) in zip(layers, by_hand, strict=True):
        assert torch.allclose(layer.features, wanted, atol=1e-6)


@pytest.mark.parametrize("network", FAMILIES)
def test_the_last_layer_of_every_family_is_the_picture_and_nobody_else_notices(network):
    """A progressive one is small before it is enlarged."""
    made = generator(network)
    layers = inside.feature_maps(made, LATENTS, LABELS)
    picture = made(LATENTS, LABELS)
    assert network == "progressive" or torch.allclose(layers[-1].features.flatten(), picture.flatten(), atol=1e-6)
    assert len(layers) > 1
    assert all(len(layer.features) == 2 for layer in layers)
    assert not any(module._forward_hooks for module in made.modules())


@pytest.mark.parametrize("network", FAMILIES)
def test_the_first_features_are_those_of_the_first_layer(network):
    made = generator(network)
    first = inside.feature_maps(made, LATENTS, LABELS)[0].features
    assert torch.allclose(inside.first_features(made, LATENTS, LABELS), first.flatten(1), atol=1e-6)


def test_a_linear_discriminators_gradient_is_its_weight_with_noise_or_without(linear):
    for noise in (0.0, 0.15):
        found = inside.saliency(linear, IMAGES, LABELS, noise=noise)
        assert torch.allclose(found, Linear.weight.expand(2, 1, 28, 28), atol=1e-5)


def test_the_gradient_is_that_of_finite_differences():
    network = discriminator().double()
    images, step = IMAGES.double(), 1e-3
    found = inside.saliency(network, images, LABELS, copies=1, noise=0.0)
    for row, column in ((3, 4), (14, 14), (20, 7)):
        moved = torch.zeros_like(images)
        moved[:, :, row, column] = step
        up, down = (inside.logits_of(network, images + sign * moved, LABELS).double() for sign in (1, -1))
        # The logits are float32.
        assert torch.allclose(found[:, 0, row, column], (up - down) / (2 * step), atol=3e-4)


def test_smoothing_averages_the_gradients_at_noisy_copies():
    network, shares = discriminator(), []
    found = inside.saliency(network, IMAGES, LABELS, seed=3, copies=2, noise=0.1, on_share=shares.append)
    random = torch.Generator().manual_seed(3)
    noisy = [IMAGES + 0.2 * torch.randn(IMAGES.shape, generator=random) for _copy in range(2)]
    plain = [inside.saliency(network, images, LABELS, copies=1, noise=0.0) for images in noisy]
    assert torch.allclose(found, (plain[0] + plain[1]) / 2, atol=1e-6)
    assert shares == [0.5, 1.0]


def test_the_discriminator_of_a_model_file_gives_the_logits_that_it_gave(tmp_path):
    config = small_config()
    gan = Gan(config, SPEC, torch.device("cpu"))
    path = tmp_path / "whole.safetensors"
    checkpoint.write_tensors(path, gan.model_state(), checkpoint.Metadata("whole", config, SPEC, 1, 1.0).to_header())
    wanted = gan.discriminator.eval()(IMAGES, LABELS).logits
    assert torch.allclose(inside.logits_of(inside.load_discriminator(path), IMAGES, LABELS), wanted, atol=1e-6)

    small = checkpoint.with_prefix("ema", gan.averaged_generator().state_dict())
    checkpoint.write_tensors(path, small, checkpoint.Metadata("small", config, SPEC, 1, 1.0).to_header())
    with pytest.raises(WorkbenchError, match="file of small holds no discriminator"):
        inside.load_discriminator(path)


@pytest.mark.parametrize("loss", LOSSES)
def test_d_of_x_is_shown_where_the_loss_trains_it(loss):
    found = inside.output_of(loss, torch.tensor([0.0, 2.0]))
    if loss in ("minimax", "non-saturating", "mean non-saturating"):
        assert torch.allclose(found, torch.tensor([0.5, 0.880797]), atol=1e-5)
    elif loss == "least-squares":
        assert found.tolist() == [0.0, 2.0]
    else:
        assert found is None


def test_real_pictures_are_looked_at_without_a_download(tmp_path):
    digits = pictures_here(small_config(dataset="mnist"), tmp_path)
    assert len(digits.images) == 5_000
    with pytest.raises(WorkbenchError, match="pictures of fashion-mnist are not on this machine yet"):
        pictures_here(small_config(dataset="fashion-mnist"), tmp_path)
