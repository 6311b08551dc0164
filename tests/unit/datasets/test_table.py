"""What the table says of the datasets is true of them, and an entry is all that a new one takes."""

import numpy as np
import pytest
from torchvision import datasets as torchvision_datasets

from gan_core.config import ImageSpec, make_config
from gan_core.datasets.loading import load_dataset
from gan_core.datasets.table import DATASETS, NamedDataset, dataset_name, has_test_set
from gan_core.errors import WorkbenchError
from gan_core.estimates import memory, probe
from gan_core.metrics.classifier import load_classifier, shipped_file
from gan_core.metrics.features import choose_extractor
from tests.conftest import small_config
from tests.unit.datasets.test_loading import put_mnist

KMNIST = NamedDataset(
    title="KMNIST: 60,000 letters in the hand of old Japan",
    images=60_000,
    size=28,
    channels=1,
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    has_test_set=True,
    classifier="",
    torchvision="KMNIST",
)


def test_the_digits_are_what_the_table_says_of_them(tmp_path):
    digits, said = load_dataset(make_config(dataset="digits"), tmp_path), DATASETS["digits"]
    assert digits.images.shape == (said.images, said.channels, said.size, said.size)
    assert digits.labels.unique().tolist() == list(range(len(said.classes)))


@pytest.mark.parametrize("name", [name for name, named in DATASETS.items() if named.torchvision])
def test_what_is_downloaded_has_a_class_of_torchvision_and_its_class_names(name):
    kind = getattr(torchvision_datasets, DATASETS[name].torchvision)
    assert issubclass(kind, torchvision_datasets.MNIST | torchvision_datasets.CIFAR10)
    names = getattr(kind, "classes", DATASETS[name].classes)  # CIFAR-10's stand in its files alone
    assert tuple(said.partition(" - ")[0] for said in names) == DATASETS[name].classes  # MNIST's are "0 - zero"


@pytest.mark.parametrize("name", [name for name, named in DATASETS.items() if named.classifier])
def test_a_classifier_that_is_named_is_there_and_knows_the_classes(name):
    assert shipped_file(DATASETS[name].classifier).is_file()
    architecture = load_classifier(name).architecture
    assert (architecture["channels"], architecture["classes"]) == (DATASETS[name].channels, len(DATASETS[name].classes))


@pytest.mark.parametrize("name", DATASETS)
def test_networks_can_be_made_for_every_dataset(name):
    assert ImageSpec.named(name).classes == DATASETS[name].classes


@pytest.mark.parametrize(
    ("dataset", "said"),
    [("mnist", "mnist"), ("folder:/my pictures/cats", "cats"), ("folder:cats", "cats"), ("folder:/", "folder:/")],
)
def test_a_folder_is_called_by_its_own_name(dataset, said):
    assert dataset_name(dataset) == said


@pytest.fixture
def kmnist(monkeypatch):
    monkeypatch.setitem(DATASETS, "kmnist", KMNIST)


def test_a_new_entry_is_validated_loaded_and_has_a_test_set(kmnist, tmp_path):
    assert has_test_set("kmnist")
    put_mnist(tmp_path, np.full((12, 28, 28), 7, np.uint8), (np.arange(12) % 10).astype(np.uint8), "KMNIST")
    for train in (True, False):
        pictures = load_dataset(make_config(dataset="kmnist", batch_size=2), tmp_path, train=train)
        assert pictures.images.shape == (12, 1, 28, 28)
        assert pictures.spec.classes == KMNIST.classes
    with pytest.raises(
        WorkbenchError, match="choose digits, few-digits, mnist, fashion-mnist, cifar10, kmnist or folder:PATH"
    ):
        make_config(dataset="emnist")
    with pytest.raises(WorkbenchError, match="fashion-mnist, cifar10, kmnist"):
        load_dataset(make_config(dataset="digits"), tmp_path, train=False)


def test_a_new_entry_that_is_not_there_is_looked_for_where_torchvision_knows(kmnist, tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision_datasets.KMNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(WorkbenchError, match=r"kmnist could not be downloaded.*KMNIST.raw"):
        load_dataset(make_config(dataset="kmnist"), tmp_path)


def test_a_new_entrys_cost_is_estimated(kmnist):
    count, spec = memory.shape_of(small_config(dataset="kmnist"))
    assert (count, spec.size, spec.channels, spec.classes) == (60_000, 28, 1, KMNIST.classes)
    assert "estimate" in probe.answer(small_config(dataset="kmnist").model_dump_json())


def test_a_new_entry_is_evaluated_with_inception_until_it_has_a_classifier(kmnist, tmp_path):
    with pytest.raises(WorkbenchError, match=r"no_inception\.pth"):
        choose_extractor("kmnist", weights_path=tmp_path / "no_inception.pth")
    with pytest.raises(WorkbenchError, match="no classifier for kmnist"):
        choose_extractor("kmnist", "classifier")
    load_classifier.cache_clear()  # it remembers that there was none


def test_a_new_entry_with_a_classifier_is_evaluated_with_that(monkeypatch):
    monkeypatch.setitem(DATASETS, "kmnist", KMNIST._replace(classifier="mnist"))
    load_classifier.cache_clear()
    assert choose_extractor("kmnist").name == "classifier"
    load_classifier.cache_clear()
