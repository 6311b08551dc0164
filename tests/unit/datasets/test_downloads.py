"""A download is what was asked for, or nothing."""

import hashlib
import http.client
import io
from typing import ClassVar

import pytest

from gan_core.datasets.downloads import fetch, matches
from gan_core.errors import WorkbenchError

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
    status_text = []
    fetch(["file:///nowhere", address], tmp_path / "new" / "here", SHA256, status_text.append)
    assert (tmp_path / "new" / "here").read_bytes() == CONTENT
    assert str(status_text[-1]) == "Downloading here: 0.0 of 0.0 MB"


def test_an_answer_that_breaks_off_is_no_answer(tmp_path, monkeypatch):
    class Broken(io.BytesIO):
        headers: ClassVar = {"Content-Length": "100"}

        def read(self, size):
            raise http.client.IncompleteRead(b"half", 100)

    monkeypatch.setattr("urllib.request.urlopen", lambda *arguments, **named: Broken())
    with pytest.raises(OSError, match="IncompleteRead"):
        fetch(["http://somewhere"], tmp_path / "here", SHA256, print)
    assert not list(tmp_path.iterdir())


def test_something_else_is_not_kept(tmp_path, address):
    with pytest.raises(OSError, match="not the file"):
        fetch([address], tmp_path / "new" / "here", "sha256:00000000", print)
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("in_the_way", ["new", "new/here"])
def test_what_cannot_be_written_is_told_as_such_and_no_other_address_is_tried(tmp_path, address, in_the_way):
    """A file where the folder should be, and a folder where the file should be."""
    place = tmp_path / "new" / "here"
    if in_the_way == "new":
        (tmp_path / "new").write_text("in the way")
    else:
        (place / "inside").mkdir(parents=True)
    status_text = []
    with pytest.raises(WorkbenchError, match="here could not be written"):
        fetch([address, address], place, SHA256, status_text.append)
    assert len(status_text) <= 1
    assert not list(tmp_path.rglob("*.partial"))
