"""A download is what was asked for, or nothing."""

import hashlib

import pytest

from gan_core.downloads import fetch, matches

CONTENT = b"what was asked for"
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()[:8]


@pytest.fixture
def address(tmp_path):
    (tmp_path / "there").write_bytes(CONTENT)
    return (tmp_path / "there").as_uri()


def test_a_checksum_may_be_the_beginning_of_one(tmp_path):
    file = tmp_path / "file"
    assert not matches(file, SHA256)
    file.write_bytes(CONTENT)
    assert matches(file, SHA256)
    assert not matches(file, "md5:" + SHA256.partition(":")[2])


def test_the_next_address_is_tried(tmp_path, address):
    told = []
    fetch(["file:///nowhere", address], tmp_path / "new" / "here", SHA256, told.append)
    assert (tmp_path / "new" / "here").read_bytes() == CONTENT
    assert str(told[-1]) == "Downloading here: 0.0 of 0.0 MB"


def test_something_else_is_not_kept(tmp_path, address):
    with pytest.raises(OSError, match="not the file"):
        fetch([address], tmp_path / "new" / "here", "sha256:00000000", print)
    assert not list((tmp_path / "new").iterdir())
