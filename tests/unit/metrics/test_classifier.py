"""The shipped classifiers know their classes, and the script that made them makes one."""

import json

import pytest
import safetensors
import torch
from PIL import Image

from gan_core.config import make_config
from gan_core.datasets.loading import load_dataset, normalise
from gan_core.errors import WorkbenchError
from gan_core.metrics import train_classifier
from gan_core.metrics.classifier import CLASSIFIERS, Classifier, classifier_digest, load, load_classifier

SHIPPED = {"mnist": (1, 28, 64), "fashion-mnist": (1, 28, 64), "cifar10": (3, 32, 128)}


def digits(tmp_path):
    return load_dataset(make_config(dataset="digits"), tmp_path)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_named_dataset_has_a_classifier(name):
    channels, size, features = SHIPPED[name]
    logits, seen = load_classifier(name)(torch.rand(3, channels, size, size) * 2 - 1)
    assert logits.shape == (3, 10)
    assert seen.shape == (3, features)
    assert seen.min() >= 0


def test_the_shipped_files_are_small():
    assert sum(file.stat().st_size for file in CLASSIFIERS.iterdir()) < 5_000_000


def test_digits_are_classified_nearly_all_right(tmp_path):
    dataset = digits(tmp_path)
    some = dataset._replace(images=dataset.images[::3], labels=dataset.labels[::3])
    assert train_classifier.accuracy(load_classifier("digits"), some) >= 0.99


def test_a_folder_has_no_classifier():
    assert load_classifier("folder:mnist") is None
    assert load_classifier("folder:../classifiers/mnist") is None
    assert classifier_digest("folder:mnist") == ""


def test_a_loaded_classifier_learns_nothing():
    classifier = load_classifier("mnist")
    assert not classifier.training
    assert not any(parameter.requires_grad for parameter in classifier.parameters())
    assert not classifier(torch.zeros(1, 1, 28, 28))[0].requires_grad


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_seen_in_a_picture_does_not_depend_on_the_others(name):
    channels, size, _ = SHIPPED[name]
    images = torch.rand(8, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for together, alone in zip(load_classifier(name)(images), load_classifier(name)(images[5:6]), strict=True):
        torch.testing.assert_close(together[5:6], alone, rtol=1e-3, atol=1e-3)


def test_the_digest_is_of_the_file_and_its_own():
    digests = {name: classifier_digest(name) for name in SHIPPED}
    assert classifier_digest("digits") == digests["mnist"]
    assert len(set(digests.values())) == 3
    assert all(len(digest) == 64 for digest in digests.values())


def test_whitened_patches_are_uncorrelated_and_of_one_deviation():
    blurred = torch.nn.functional.avg_pool2d(torch.randn(50, 3, 34, 34), 3, stride=1)
    classifier = Classifier(3, 10, (8, 8))
    classifier.whiten(blurred)
    filtered = classifier.whitening(blurred)[:, :12].transpose(0, 1).flatten(1)
    # 1e-3 is added to each variance, so the weakest directions come out a little below 1.
    torch.testing.assert_close(filtered.cov(), torch.eye(12), rtol=0, atol=0.25)
    assert (filtered.cov() - filtered.cov().diag().diag()).abs().max() < 1e-3


# The script


def test_some_steps_of_training_know_digits_better_than_chance(tmp_path):
    dataset = digits(tmp_path)
    recipe = train_classifier.RECIPES["mnist"]._replace(widths=(8, 16, 16), epochs=1)
    before = Classifier(1, 10, recipe.widths).eval()
    classifier = train_classifier.train(dataset, recipe)
    assert not classifier.training
    assert train_classifier.accuracy(before, dataset) < 0.5 < train_classifier.accuracy(classifier, dataset)


def test_training_depends_on_nothing_but_data_and_recipe(tmp_path):
    recipe = train_classifier.RECIPES["fashion-mnist"]._replace(widths=(8, 8), epochs=0.1)
    first, second = (train_classifier.train(digits(tmp_path), recipe).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", train_classifier.RECIPES)
def test_augmented_images_stay_images(name):
    channels, size, _ = SHIPPED[name]
    images = torch.rand(16, channels, size, size) * 2 - 1
    changed = train_classifier.augment(images, train_classifier.RECIPES[name], 24)
    assert changed.shape == (16, channels, 24, 24)
    assert changed.abs().max() <= 1
    assert changed.std() > 0.1


def test_without_turning_or_zoom_augmentation_moves_whole_pixels(tmp_path):
    images = normalise(digits(tmp_path).images[:8])
    moved = train_classifier.augment(images, train_classifier.Recipe((8,), epochs=1, shift=2), 28)
    for before, after in zip(images[:, 0], moved[:, 0], strict=True):
        shifted = [before.roll((down, across), (0, 1)) for down in range(-2, 3) for across in range(-2, 3)]
        assert min((other - after)[2:-2, 2:-2].abs().max() for other in shifted) < 1e-3


def test_the_script_trains_on_folders_and_writes_only_where_it_is_told(tmp_path, capsys):
    for number, colour in enumerate(["red", "blue"]):
        folder = tmp_path / "pictures" / f"class {number}"
        folder.mkdir(parents=True)
        for picture in range(70):
            Image.new("RGB", (32, 32), colour).save(folder / f"{picture}.png")
    shipped = {file: file.stat().st_mtime_ns for file in CLASSIFIERS.iterdir()}
    folders = [f"--{part}-folder={tmp_path / 'pictures'}" for part in ("train", "test")]
    train_classifier.main(["cifar10", *folders, "--epochs=1", f"--to={tmp_path / 'new.safetensors'}"])
    assert "of 140 test pictures right" in capsys.readouterr().out
    assert load(tmp_path / "new.safetensors").architecture["classes"] == 2
    assert {file: file.stat().st_mtime_ns for file in CLASSIFIERS.iterdir()} == shipped


def test_the_script_without_data_says_what_is_missing(tmp_path):
    with pytest.raises(WorkbenchError, match="no folder"):
        train_classifier.main(["cifar10", f"--test-folder={tmp_path / 'nowhere'}", f"--to={tmp_path / 'new'}"])


def test_a_file_says_of_what_it_is():
    for name in SHIPPED:
        with safetensors.safe_open(CLASSIFIERS / f"{name}.safetensors", framework="pt") as file:
            assert file.metadata()["dataset"] == name
            assert json.loads(file.metadata()["network"])["channels"] == SHIPPED[name][0]
