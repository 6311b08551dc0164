"""Models on the Hugging Face Hub: hf://OWNER/NAME, or hf://OWNER/NAME@REVISION."""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.metrics.result import Evaluation
from gan_core.takeaway.model_card import MODEL, write_folder

SCHEME = "hf://"
ADDRESS = re.compile(r"hf://(?P<repository>[\w.-]{1,96}/[\w.-]{1,96})(@(?P<revision>[\w./-]{1,200}))?")
MOST_BYTES = 2 * 10**9
"""Of a model that is downloaded. The largest preset's has 249 MB."""


def local(source: str | Path) -> str | Path:
    """What is no address on the Hub, as it is; else the model's file, downloaded or in the Hub's cache.

    Raises WorkbenchError if huggingface_hub is not installed, or if there is no such model.
    """
    address = str(source)
    if not address.startswith(SCHEME):
        return source
    repository, revision = _parts(address)
    with _said_in_words(address):
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

        size = get_hf_file_metadata(hf_hub_url(repository, MODEL, revision=revision)).size or 0
        if size > MOST_BYTES:
            raise WorkbenchError(
                "{address} has a model of {bytes:,} bytes; that is too large.", address=address, bytes=size
            )
        return Path(hf_hub_download(repository, MODEL, revision=revision))


def push(source: str | Path, address: str, evaluation: Evaluation, licence: str = "", private: bool = False) -> str:
    """Bring a model with its card and pictures to the Hub, as whoever `hf auth login` has logged in, or HF_TOKEN says.

    Args:
        source, licence: see `model_card.write_folder`.
        private: whether only its owner may see it, if it is not there yet.

    Returns its web address. Raises WorkbenchError if it cannot be brought there.
    """
    repository, revision = _parts(address)
    with _said_in_words(address), tempfile.TemporaryDirectory() as folder:
        from huggingface_hub import HfApi

        write_folder(source, Path(folder), evaluation, licence, address)
        api = HfApi()
        made = api.create_repo(repository, private=private, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=folder, revision=revision, commit_message="GAN Workbench")
    return str(made)


def check(address: str) -> None:
    """Raises WorkbenchError if it is no address on the Hub, or if huggingface_hub is not installed."""
    _parts(address)
    with _said_in_words(address):
        pass


def _parts(address: str) -> tuple[str, str | None]:
    found = ADDRESS.fullmatch(address)
    if not found:
        raise WorkbenchError("{address} is no model on the Hub; write hf://OWNER/NAME.", address=address)
    return found["repository"], found["revision"]


@contextlib.contextmanager
def _said_in_words(address: str) -> Iterator[None]:
    try:
        from huggingface_hub import errors
    except ImportError as error:
        raise WorkbenchError(
            "huggingface_hub is not installed here: pip install {packages}", packages=paths.optional("hub")
        ) from error
    # Of whichever HTTP library this release uses; not to be reached, it is the base of its answers too.
    http_error: type[Exception] = errors.HfHubHTTPError.__bases__[0]  # type: ignore[assignment]
    missing = (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError)
    try:
        yield
    except (errors.RemoteEntryNotFoundError, *missing) as error:
        raise WorkbenchError(
            "There is no model {address} with a file {file}, or it may not be read; check its name.",
            address=address,
            file=MODEL,
        ) from error
    except (http_error, errors.LocalEntryNotFoundError, errors.LocalTokenNotFoundError) as error:
        raise WorkbenchError(
            "The Hub refused {address}, or cannot be reached ({error}); see `hf auth login`.",
            address=address,
            error=str(error).partition("\n")[0],
        ) from error
