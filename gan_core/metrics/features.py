"""Pictures -> features: a trained network's activations, in which generated and real pictures are compared."""

import copy
import hashlib
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gan_core import paths
from gan_core.datasets.downloads import TextProgress, fetch
from gan_core.datasets.loading import normalise
from gan_core.devices import rounded_products
from gan_core.errors import WorkbenchError
from gan_core.metrics.classifier import classifier_digest, load_classifier
from gan_core.metrics.result import FEATURES


class Features(NamedTuple):
    """Of N pictures, on the CPU: features float32 [N, D] and the network's class logits float32 [N, K]."""

    features: Tensor
    logits: Tensor


class Extractor(NamedTuple):
    """A network that turns pictures into features.

    Args:
        name: one of FEATURES.
        digest: SHA-256 of its weights' file.
        network: in eval mode, on the CPU.
        apply: network and pictures uint8 [N, C, H, W] -> features [N, D] and logits [N, K].
        chunk: pictures that it processes together. Fixed, since the last digits depend on it.
    """

    name: str
    digest: str
    network: nn.Module
    apply: Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]]
    chunk: int


def choose_extractor(
    dataset: str,
    features: str | None = None,
    weights_path: Path | None = None,
    on_progress: TextProgress = lambda line: None,
) -> Extractor:
    """The extractor of that name; without one, the dataset's classifier if there is one, else Inception.

    Args:
        weights_path: Inception's weights, see `inception`.

    Raises WorkbenchError if there is none of that name, or if Inception's weights cannot be had.
    """
    if features not in (None, *FEATURES):
        raise WorkbenchError(
            "There are no features called {given}; choose one of {names}.", given=features, names=", ".join(FEATURES)
        )
    found = None if features == "inception" else classifier_of(dataset)
    if found is None and features == "classifier":
        raise WorkbenchError("There is no classifier for {dataset}; use the features inception.", dataset=dataset)
    return found or inception(weights_path, on_progress)


def classifier_of(dataset: str) -> Extractor | None:
    """The dataset's shipped classifier, None if it has none."""
    network = load_classifier(dataset)
    if network is None:
        return None
    return Extractor("classifier", classifier_digest(dataset), network, _apply_classifier, chunk=500)


def _apply_classifier(network: nn.Module, pixels: Tensor) -> tuple[Tensor, Tensor]:
    logits, features = network(normalise(pixels))
    return features, logits


def inception(weights_path: Path | None = None, on_progress: TextProgress = lambda line: None) -> Extractor:
    """The Inception network by which papers calculate FID, as torch-fidelity ported it from TensorFlow (2015-12-05).

    Args:
        weights_path: torch-fidelity's file of weights; without it, inception.pth in the data folder, downloaded once.

    Raises WorkbenchError if they cannot be downloaded or are no such weights.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = paths.expand(weights_path) if weights_path else _downloaded(on_progress)
    try:
        content = path.read_bytes()
        # torch-fidelity unpickles any file, which is unsafe: it gets one that was checked to hold only tensors.
        tensors = io.BytesIO()
        torch.save(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True), tensors)
        tensors.seek(0)
        network = FeatureExtractorInceptionV3(
            "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=tensors
        )
    except (OSError, RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise WorkbenchError(
            "{file} does not hold Inception's weights ({error}); take {address}, or delete it to download it anew.",
            file=path,
            error=str(error).partition("\n")[0][:200],
            address=_address(),
        ) from error
    return Extractor("inception", hashlib.sha256(content).hexdigest(), network, _apply_inception, chunk=50)


def _apply_inception(network: nn.Module, pixels: Tensor) -> tuple[Tensor, Tensor]:
    return network(pixels.expand(-1, 3, -1, -1))  # grey ones get the same value in all three channels


def is_published(extractor: Extractor) -> bool:
    """Whether it is the network by which papers calculate scores."""
    return extractor.name == "inception" and extractor.digest.startswith(_digest_begins())


def _address() -> str:
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    return URL_INCEPTION_V3


def _digest_begins() -> str:
    """The first digits of its SHA-256 are in the file's name, as torch.hub wants it."""
    return _address().rpartition("-")[2].removesuffix(".pth")


def _downloaded(on_progress: TextProgress) -> Path:
    path = paths.data() / "inception.pth"
    if not path.exists():
        try:
            fetch([_address()], path, f"sha256:{_digest_begins()}", on_progress)
        except OSError as error:
            raise WorkbenchError(
                "Inception's weights could not be downloaded ({reason}); without internet, get {address} elsewhere "
                "and put it at {place}, or use the features classifier.",
                reason=getattr(error, "reason", error),
                address=_address(),
                place=path,
            ) from error
    return path


@torch.no_grad()
def extract(
    images: np.ndarray, extractor: Extractor, device: torch.device, progress: Callable[[float], None] = lambda _: None
) -> Features:
    """Features of pictures, uint8 [N, H, W, C].

    Args:
        progress: called with the share done, in 0..1; what it raises ends the work.
    """
    network = copy.deepcopy(extractor.network).to(device)  # the classifier is shared
    parts = []
    # The same arithmetic on every GPU, whichever precision training in this process has chosen.
    exact_convolutions = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with rounded_products(False), exact_convolutions:
        for start in range(0, len(images), extractor.chunk):
            pixels = torch.from_numpy(images[start : start + extractor.chunk]).permute(0, 3, 1, 2)
            outputs = extractor.apply(network, pixels.to(device))
            parts.append([part.float().cpu() for part in outputs])
            progress(min(1.0, (start + extractor.chunk) / len(images)))
    return Features(*(torch.cat(part) for part in zip(*parts, strict=True)))
