"""Real pictures are looked at once, and again only when something about them has changed."""

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.metrics import features, reference
from gan_core.metrics.features import choose_extractor
from gan_core.metrics.reference import FEWEST, make_reference
from tests.conftest import small_config

CPU = torch.device("cpu")


def make(data_dir, dataset="digits", **changes):
    return make_reference(small_config(dataset=dataset, **changes), data_dir, CPU)


def stored():
    return list((paths.checkpoints() / "reference").glob("*.safetensors"))


@pytest.fixture
def looks(monkeypatch):
    """How many pictures were looked at, each time."""
    counts = []

    def counting(images, *rest):
        counts.append(len(images))
        return features.extract(images, *rest)

    monkeypatch.setattr(reference, "extract", counting)
    return counts


def test_real_pictures_are_looked_at_once(few_digits, tmp_path, looks):
    first, again = make(tmp_path), make(tmp_path)
    assert looks == [500, 250]
    assert first.key == again.key
    assert torch.equal(first.features, again.features)
    assert np.array_equal(first.statistics.covariance, again.statistics.covariance)
    assert torch.equal(first.unseen.found.logits, again.unseen.found.logits)


def test_the_statistics_are_mean_and_covariance_of_all(few_digits, tmp_path):
    made = make(tmp_path)
    assert made.features.shape == (500, 64)
    seen = made.features.double().numpy()
    assert made.statistics.mean == pytest.approx(seen.mean(axis=0))
    assert made.statistics.covariance == pytest.approx(np.cov(seen.T))


def test_without_test_pictures_one_half_is_compared_with_the_other(few_digits, tmp_path):
    made = make(tmp_path)
    assert made.unseen.kind == "halves"
    halves = torch.cat([made.unseen.found.features, made.unseen.against])
    assert torch.equal(halves.sum(dim=1).sort().values, made.features.sum(dim=1).sort().values)
    assert (made.unseen.labels == made.unseen.seen).double().mean() > 0.9


def test_one_other_pixel_or_label_is_another_dataset(few_digits, tmp_path):
    keys = {make(tmp_path).key}
    few_digits["images"][3, 3, 3] += 1
    np.savez(tmp_path / "few.npz", **few_digits)
    keys.add(make(tmp_path).key)
    few_digits["labels"][3] += 1
    np.savez(tmp_path / "few.npz", **few_digits)
    keys.add(make(tmp_path).key)
    assert len(keys) == len(stored()) == 3


def test_other_weights_are_another_extractor(few_digits, tmp_path, monkeypatch):
    key = make(tmp_path).key
    monkeypatch.setattr(features, "classifier_digest", lambda dataset: "another")
    assert make(tmp_path).key != key


@pytest.mark.parametrize("change", ["batch_size", "seed"])
def test_what_does_not_change_the_pictures_changes_nothing(few_digits, tmp_path, change):
    assert make(tmp_path).key == make(tmp_path, **{change: 1000}).key


def test_a_damaged_file_is_made_anew(few_digits, tmp_path, looks):
    make(tmp_path)
    (path,) = stored()
    path.write_bytes(path.read_bytes()[:-1])
    make(tmp_path)
    make(tmp_path)
    assert looks == [500, 250] * 2


def test_a_disk_that_takes_nothing_costs_time_alone(few_digits, tmp_path):
    paths.checkpoints().write_text("a file where the folder should be")
    assert make(tmp_path).features.shape == (500, 64)


def test_a_folder_without_classifier_has_no_classifier(tmp_path, monkeypatch):
    digits = choose_extractor("digits")
    monkeypatch.setattr(features, "inception", lambda *_: digits._replace(name="inception"))
    put_pictures(tmp_path / "cats", FEWEST)
    made = make(tmp_path, f"folder:{tmp_path / 'cats'}", image_size=28, channels=1)
    assert (made.extractor.name, made.classifier) == ("inception", None)
    assert made.unseen.seen.tolist() == [-1] * (FEWEST // 2)


def test_too_few_pictures_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "inception", lambda *_: choose_extractor("digits"))
    put_pictures(tmp_path / "cats", FEWEST - 1)
    with pytest.raises(WorkbenchError, match=r": 19; scores need 20"):
        make(tmp_path, f"folder:{tmp_path / 'cats'}", image_size=28, channels=1)


def put_pictures(folder, count):
    folder.mkdir()
    for number in range(count):
        Image.new("L", (28, 28), number).save(folder / f"{number}.png")
