"""Every dataset becomes two tensors, and whatever is wrong with it one sentence."""

import errno
import gzip
import hashlib
import http.server
import os
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10, MNIST

from gan_core.config import make_config
from gan_core.datasets.loading import DIGITS_FILE, load_dataset, normalise
from gan_core.errors import WorkbenchError
from gan_core.jobs import job


def load(tmp_path, **changes):
    return load_dataset(make_config(**{"batch_size": 2} | changes), tmp_path)


def test_digits_need_no_download_and_are_balanced(tmp_path):
    digits = load(tmp_path, dataset="digits")
    assert digits.images.shape == (5000, 1, 28, 28)
    assert digits.images.dtype == torch.uint8
    assert digits.labels.bincount().tolist() == [500] * 10
    assert digits.spec.classes == tuple("0123456789")


def test_digits_file_is_small_enough_to_ship():
    assert DIGITS_FILE.stat().st_size <= 1_300_000


def test_digits_are_legible(tmp_path):
    """A digit's nearest other digit is of its own class nearly always: labels belong to pictures."""
    digits = load(tmp_path, dataset="digits")
    pixels = digits.images.flatten(1).float()
    distances = torch.cdist(pixels[::10], pixels)
    distances[torch.arange(500), torch.arange(0, 5000, 10)] = torch.inf
    nearest = digits.labels[distances.argmin(dim=1)]
    assert (nearest == digits.labels[::10]).float().mean() > 0.9


def test_pixels_are_scaled_to_the_range_of_tanh():
    assert normalise(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1, 1]


def test_an_epoch_shows_each_image_once_and_the_next_in_another_order(tmp_path):
    digits = load(tmp_path)
    numbered = digits._replace(images=torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1), labels=torch.arange(10))
    batches = numbered.batches(batch_size=5, seed=3)
    epochs = [torch.cat([next(batches)[1], next(batches)[1]]).tolist() for _ in range(3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_batches_go_on_from_any_number(tmp_path):
    digits = load(tmp_path)
    whole = digits.batches(batch_size=2048, seed=1)
    skipped = [next(whole) for _ in range(5)][-1]
    assert torch.equal(next(digits.batches(batch_size=2048, seed=1, first=4))[0], skipped[0])


def test_mirrored_pictures_are_the_same_ones_of_an_epoch_whenever_it_is_shown(tmp_path):
    digits = load(tmp_path)
    plain = next(digits.batches(64, seed=1))[0]
    mirrored = next(digits.batches(64, seed=1, mirror=True))[0]
    turned = (plain != mirrored).flatten(1).any(dim=1)
    assert 16 < turned.sum() < 48
    assert torch.equal(mirrored[turned], plain[turned].flip(3))
    later = digits.batches(64, seed=1, mirror=True)
    fifth = [next(later) for _ in range(5)][-1]
    assert torch.equal(next(digits.batches(64, seed=1, first=4, mirror=True))[0], fifth[0])


# A folder of pictures


def put_pictures(folder, count=4, size=(40, 30), mode="RGB", colour=(200, 10, 30)):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new(mode, size, colour).save(folder / f"{number}.png")


def test_a_sub_folder_is_a_class(tmp_path):
    put_pictures(tmp_path / "pets" / "cats", count=3)
    put_pictures(tmp_path / "pets" / "dogs", count=2)
    (tmp_path / "pets" / "empty").mkdir()
    (tmp_path / "pets" / "notes.txt").write_text("not a picture")
    pets = load(tmp_path, dataset=f"folder:{tmp_path / 'pets'}")
    assert pets.spec.classes == ("cats", "dogs")
    assert pets.labels.tolist() == [0, 0, 0, 1, 1]
    assert pets.images.shape == (5, 3, 32, 32)
    assert pets.images[0, :, 16, 16].tolist() == [200, 10, 30]


def test_a_folder_without_sub_folders_is_one_class_and_can_be_grey_and_small(tmp_path):
    put_pictures(tmp_path / "cats")
    cats = load(tmp_path, dataset=f"folder:{tmp_path / 'cats'}", channels=1, image_size=28)
    assert cats.images.shape == (4, 1, 28, 28)
    assert cats.spec.classes == ("cats",)


def test_grey_pictures_become_colour_when_asked(tmp_path):
    put_pictures(tmp_path / "cats", mode="L", colour=77)
    assert load(tmp_path, dataset=f"folder:{tmp_path / 'cats'}").images[0, :, 0, 0].tolist() == [77, 77, 77]


@pytest.mark.parametrize("missing", ["nowhere", "empty"])
def test_a_missing_or_empty_folder_is_one_sentence(tmp_path, missing):
    (tmp_path / "empty").mkdir()
    with pytest.raises(WorkbenchError, match=missing):
        load(tmp_path, dataset=f"folder:{tmp_path / missing}")


@pytest.mark.parametrize("name", ["~no-such-user/pictures", "bad\0name"])
def test_a_folder_that_cannot_be_looked_up_is_one_sentence(tmp_path, name):
    with pytest.raises(WorkbenchError, match="folder"):
        load(tmp_path, dataset=f"folder:{name}")


def test_too_many_classes_are_one_sentence(tmp_path):
    for number in range(1001):
        put_pictures(tmp_path / "many" / str(number), count=1, size=(4, 4))
    with pytest.raises(WorkbenchError, match="1001 sub-folders"):
        load(tmp_path, dataset=f"folder:{tmp_path / 'many'}")


def test_a_truncated_picture_is_named(tmp_path):
    put_pictures(tmp_path / "cats", size=(64, 64))
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cats" / "half.png")
    whole = (tmp_path / "cats" / "half.png").read_bytes()
    (tmp_path / "cats" / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WorkbenchError, match=r"half\.png"):
        load(tmp_path, dataset=f"folder:{tmp_path / 'cats'}")


def test_fewer_pictures_than_a_batch_is_one_sentence(tmp_path):
    put_pictures(tmp_path / "cats", count=3)
    with pytest.raises(WorkbenchError, match="fewer than a batch of 64"):
        load(tmp_path, dataset=f"folder:{tmp_path / 'cats'}", batch_size=64)


# Named datasets, from a server of our own in place of the internet


def idx_bytes(array: np.ndarray) -> bytes:
    """The MNIST file format: magic number, sizes, bytes."""
    sizes = b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A local mirror with a tiny MNIST: 5 training and 2 test pictures."""
    served = tmp_path / "mirror"
    served.mkdir()
    resources = []
    for part, count in (("train", 5), ("t10k", 2)):
        images = np.full((count, 28, 28), 9, dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8)
        for name, array in ((f"{part}-images-idx3-ubyte.gz", images), (f"{part}-labels-idx1-ubyte.gz", labels)):
            content = gzip.compress(idx_bytes(array))
            (served / name).write_bytes(content)
            resources.append((name, hashlib.md5(content).hexdigest()))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=served)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    yield served
    server.shutdown()
    server.server_close()


def test_a_download_is_told_and_kept(tmp_path, mirror):
    status_text = []
    config = make_config(dataset="mnist", batch_size=2)
    mnist = load_dataset(config, tmp_path / "data", status_text.append)
    assert mnist.labels.tolist() == [0, 1, 2, 3, 4]
    assert any("Downloading train-images-idx3-ubyte.gz: 0.0 of 0.0 MB" in str(line) for line in status_text)
    for file in mirror.iterdir():
        file.unlink()
    assert len(load_dataset(config, tmp_path / "data").images) == 5  # a second time, without the mirror


def test_the_test_pictures_are_others_and_come_with_the_same_download(tmp_path, mirror):
    config = make_config(dataset="mnist", batch_size=2)
    assert load_dataset(config, tmp_path / "data", train=False).labels.tolist() == [0, 1]
    assert load_dataset(config, tmp_path / "data").labels.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["digits", "folder:pictures"])
def test_what_has_no_test_pictures_says_so(tmp_path, name):
    with pytest.raises(WorkbenchError, match="no test pictures; choose one of mnist, fashion-mnist, cifar10"):
        load_dataset(make_config(dataset=name), tmp_path, train=False)


def test_archives_put_there_by_hand_are_used(tmp_path, mirror):
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in mirror.iterdir():
        file.rename(raw / file.name)
    assert len(load(tmp_path / "data", dataset="mnist").images) == 5


def test_a_damaged_archive_is_named_where_there_is_no_internet(tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in mirror.iterdir():
        file.rename(raw / file.name)
    (raw / "t10k-labels-idx1-ubyte.gz").write_bytes(b"half of it")
    with pytest.raises(WorkbenchError, match=r"t10k-labels-idx1-ubyte\.gz is damaged"):
        load(tmp_path / "data", dataset="mnist")
    assert (raw / "t10k-labels-idx1-ubyte.gz").read_bytes() == b"half of it"


def test_a_damaged_download_is_not_kept(tmp_path, mirror):
    (mirror / "train-images-idx3-ubyte.gz").write_bytes(b"not what was asked for")
    with pytest.raises(WorkbenchError, match="could not be downloaded"):
        load(tmp_path / "data", dataset="mnist")
    assert not list((tmp_path / "data").rglob("train-images*"))


def test_without_internet_the_files_and_their_place_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(WorkbenchError, match=r"train-images-idx3-ubyte\.gz.*MNIST.raw"):
        load(tmp_path, dataset="mnist")
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(WorkbenchError, match=r"cifar-10-python\.tar\.gz"):
        load(tmp_path, dataset="cifar10")


def test_a_truncated_file_of_a_named_dataset_is_one_sentence(tmp_path, mirror):
    load(tmp_path / "data", dataset="mnist")
    images = tmp_path / "data" / "MNIST" / "raw" / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:1000])
    with pytest.raises(WorkbenchError, match="damaged"):
        load(tmp_path / "data", dataset="mnist")


def put_mnist(data_dir, images, labels, name="MNIST"):
    """MNIST's four files, or those of another dataset of its family, unpacked, with these pictures and labels."""
    raw = data_dir / name / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        ((400, 28, 28), np.zeros(100), "pictures: 400, labels: 100"),
        ((100, 28, 28), np.zeros(400), "pictures: 100, labels: 400"),
        ((12, 28, 28), np.arange(12), "a label 11, but only 10 classes"),
        ((10, 20, 28), np.arange(10), "pictures of 28 × 20 pixels instead of 28 × 28"),
        ((10, 32, 32), np.arange(10), "pictures of 32 × 32 pixels instead of 28 × 28"),
        ((10, 9, 9), np.arange(10), "pictures of 9 × 9 pixels instead of 28 × 28"),
    ],
)
def test_mnist_files_that_disagree_are_one_sentence(tmp_path, images, labels, words):
    put_mnist(tmp_path, np.zeros(images, np.uint8), labels.astype(np.uint8))
    with pytest.raises(WorkbenchError, match=words) as refusal:
        load(tmp_path, dataset="mnist")
    assert str(tmp_path / "MNIST" / "raw") in str(refusal.value)
    assert "do not fit" in str(refusal.value)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\0\0\x0a\3" + bytes(12), b"\0\0\x0d\3" + bytes(16), b"\0\0\x08\1" + bytes(12)]
)
def test_whatever_is_wrong_within_a_file_is_damage(tmp_path, content):
    put_mnist(tmp_path, np.zeros((4, 28, 28), np.uint8), np.zeros(4, np.uint8))
    (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(WorkbenchError, match=r"mnist in .*raw are damaged \(.+\); delete them"):
        load(tmp_path, dataset="mnist")


# A data folder that cannot be written: each cause has its own sentence


def test_a_file_where_the_data_folder_should_be_is_named(tmp_path, mirror):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(WorkbenchError, match=r"data.* could not be written .*choose another place"):
        load(tmp_path / "data", dataset="mnist")


@pytest.mark.skipif(not os.access("/proc/self", os.R_OK), reason="no folder here that even root may not write")
def test_a_system_folder_is_no_data_folder(mirror):
    with pytest.raises(WorkbenchError, match=r"/proc/self/MNIST.* could not be written"):
        load(Path("/proc/self"), dataset="mnist")


CAUSES = [
    (errno.EACCES, "no permission"),
    (errno.EROFS, "no permission"),
    (errno.ENOSPC, "disk is full"),
    (errno.EDQUOT, "disk is full"),
    (errno.EIO, "choose another place"),
]


@pytest.mark.parametrize(("number", "words"), CAUSES)
def test_what_keeps_a_download_from_being_written_is_told(tmp_path, mirror, monkeypatch, number, words):
    def refuse(*arguments, **named):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(WorkbenchError, match=rf"train-images-idx3-ubyte\.gz could not be written.*{words}"):
        load(tmp_path / "data", dataset="mnist")
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("number", "words"), CAUSES[2:])
def test_what_keeps_an_archive_from_being_unpacked_is_told_and_leaves_no_half_file(
    tmp_path, mirror, monkeypatch, number, words
):
    replace = Path.replace

    def refuse(path, target):
        if target.suffix == ".gz":
            return replace(path, target)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched, pytest.raises(WorkbenchError, match=f"ubyte could not be written.*{words}"):
        patched.setattr(Path, "replace", refuse)
        load(tmp_path / "data", dataset="mnist")
    assert all(path.suffix == ".gz" for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert len(load(tmp_path / "data", dataset="mnist").images) == 5


@pytest.mark.parametrize(("number", "words"), CAUSES)
def test_what_keeps_cifars_archive_from_being_unpacked_is_told(tmp_path, monkeypatch, number, words):
    def refuse(*arguments, **named):
        raise OSError(number, os.strerror(number), str(tmp_path / "unpacked"))

    (tmp_path / CIFAR10.filename).write_bytes(b"archive")
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(b"archive").hexdigest())
    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", refuse)
    with pytest.raises(WorkbenchError, match=f"unpacked could not be written.*{words}"):
        load(tmp_path, dataset="cifar10")


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    def refuse(path, *arguments):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    put_mnist(tmp_path, np.zeros((4, 28, 28), np.uint8), np.zeros(4, np.uint8))
    monkeypatch.setattr("torchvision.datasets.mnist.read_image_file", refuse)
    with pytest.raises(WorkbenchError, match=r"train-images-idx3-ubyte cannot be read \(Permission denied\)"):
        load(tmp_path, dataset="mnist")


def test_a_reader_that_is_told_to_stop_stops(tmp_path, mirror):
    def stop(line):
        raise job.Stopped

    with pytest.raises(job.Stopped):
        load_dataset(make_config(dataset="mnist"), tmp_path / "data", stop)
