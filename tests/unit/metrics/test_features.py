"""What networks see in pictures; Inception with weights of no meaning, in the file format of the true ones."""

import hashlib
import pickle

import numpy as np
import pytest
import torch
from torch_fidelity import feature_extractor_inceptionv3 as theirs

from gan_core import paths
from gan_core.datasets.loading import load_dataset
from gan_core.datasets.table import DATASETS
from gan_core.errors import WorkbenchError
from gan_core.metrics import features
from gan_core.metrics.classifier import classifier_digest, load_classifier
from gan_core.metrics.features import choose_extractor, extract
from tests.conftest import small_config

CPU = torch.device("cpu")
NOWHERE = "http://127.0.0.1:9/weights-inception-00000000.pth"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file like torch-fidelity's, 100 MB, of random numbers."""
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        network = theirs.FeatureExtractorInceptionV3("inception", ["2048"])
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    dataset = load_dataset(small_config(), tmp_path_factory.mktemp("data"))
    return dataset.images[::4].permute(0, 2, 3, 1).numpy()


def test_the_classifier_sees_pixels_as_it_learnt_them(digits):
    found = extract(digits, choose_extractor("digits"), CPU)
    logits, seen = load_classifier("digits")(torch.from_numpy(digits[:9]).permute(0, 3, 1, 2) / 127.5 - 1)
    torch.testing.assert_close(found.features[:9], seen, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(found.logits[:9], logits, rtol=1e-3, atol=1e-3)
    assert len(found.features) == len(digits)


def test_more_pictures_do_not_change_what_is_seen_in_the_first(digits):
    extractor = choose_extractor("digits")
    first = extract(digits[: extractor.chunk], extractor, CPU)
    assert torch.equal(extract(digits, extractor, CPU).features[: extractor.chunk], first.features)


def test_progress_is_told_and_can_end_the_work(digits):
    status_text = []
    extract(digits, choose_extractor("digits"), CPU, status_text.append)
    assert status_text == sorted(status_text)
    assert status_text[-1] == 1

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(digits, choose_extractor("digits"), CPU, stop)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_named_dataset_has_its_classifier_by_default(dataset):
    chosen = choose_extractor(dataset)
    assert (chosen.name, chosen.digest) == ("classifier", classifier_digest(dataset))


def test_a_folder_has_inception_by_default(weights):
    assert choose_extractor("folder:cats", weights_path=weights).name == "inception"


def test_features_that_there_are_not_are_one_sentence():
    with pytest.raises(WorkbenchError, match=r"pixels.*classifier, inception"):
        choose_extractor("digits", "pixels")
    with pytest.raises(WorkbenchError, match="no classifier for folder:cats"):
        choose_extractor("folder:cats", "classifier")


def test_inception_sees_what_torch_fidelity_sees(weights):
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    network = theirs.FeatureExtractorInceptionV3(
        "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=weights
    )
    extractor = features.inception(weights)
    colour = extract(pixels.permute(0, 2, 3, 1).numpy(), extractor, CPU)
    for ours, expected in zip(colour, network(pixels), strict=True):
        torch.testing.assert_close(ours, expected)
    assert colour.features.shape == (2, 2048)
    grey = extract(pixels[:, :1].permute(0, 2, 3, 1).numpy(), extractor, CPU)
    torch.testing.assert_close(grey.features, network(pixels[:, :1].repeat(1, 3, 1, 1))[0])
    assert extractor.digest == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert not features.is_published(extractor)


def test_only_the_weights_of_the_papers_are_the_published_ones(weights):
    extractor = features.inception(weights)
    assert features.is_published(extractor._replace(digest="6726825d" + 56 * "0"))
    assert not features.is_published(choose_extractor("digits")._replace(digest="6726825d" + 56 * "0"))


def test_inception_is_downloaded_once(weights, monkeypatch):
    begins = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    served = weights.rename(weights.with_name(f"weights-inception-{begins}.pth"))
    monkeypatch.setattr(theirs, "URL_INCEPTION_V3", served.as_uri())
    status_text = []
    extractor = features.inception(on_progress=status_text.append)
    served.rename(weights)
    assert (paths.data() / "inception.pth").stat().st_size > 90e6
    assert "Downloading inception.pth" in str(status_text[0])
    assert features.inception().digest == extractor.digest  # without the server


def test_without_internet_address_and_place_are_named(monkeypatch):
    monkeypatch.setattr(theirs, "URL_INCEPTION_V3", NOWHERE)
    with pytest.raises(WorkbenchError, match=r"127\.0\.0\.1.*inception\.pth"):
        features.inception()


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("a stranger's code ran",))


@pytest.mark.parametrize(
    "content", [pickle.dumps(Harmful(), protocol=2), b"no weights", None], ids=["harmful", "other", "none"]
)
def test_a_file_of_something_else_is_one_sentence_and_never_run(tmp_path, content):
    path = tmp_path / "weights.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WorkbenchError, match=r"weights\.pth does not hold Inception's weights"):
        features.inception(path)


def test_weights_of_another_network_are_one_sentence(tmp_path):
    torch.save({"layer": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WorkbenchError, match="does not hold"):
        features.inception(tmp_path / "other.pth")


def test_pictures_are_left_as_they_are(digits):
    before = digits.copy()
    extract(digits, choose_extractor("digits"), CPU)
    assert np.array_equal(before, digits)
