"""A model as one HTML file that draws with it in any browser, offline: the model as ONNX, a runtime, and a page.

Knows nothing of torch, and needs no package of its own: `onnx_file` makes the ONNX file.
"""

import base64
import gzip
import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gan_core import paths
from gan_core.datasets.table import dataset_name
from gan_core.errors import WorkbenchError
from gan_core.text import Text

if TYPE_CHECKING:
    from gan_core.sampling import Model

RUNTIME = paths.PACKAGE_DATA / "onnxruntime-web"
VERSION = "1.30.0"
"""Of the runtime; its README says where it is from."""
PAGE = Path(__file__).parent / "page"
MOST_BYTES = 12_000_000
"""Of the file: what can be sent by mail, and opens on a phone."""
MOST_OF_16_BITS = 2_600_000
"""So many weights fit beside the runtime, which takes 5 MB: 2 bytes each, and as letters 4 for every 3."""
WORDS = {
    "loading": Text("Loading the model"),
    "failed": Text("This browser cannot draw with the model; open the file in a newer one."),
    "no_script": Text("This page draws with JavaScript; allow it for this file."),
    "classes": Text("Classes"),
    "seed": Text("Seed"),
    "new": Text("New"),
    "truncation": Text("Truncation (3 is off)"),
    "truncation_note": Text("Smaller: the pictures become more typical, often better, and more alike."),
    "pictures": Text("Pictures that the model has drawn: {count}"),
    "pick": Text("Click a picture to change it a little at a time."),
    "save": Text("Save as PNG"),
    "one": Text("One picture, a little at a time"),
    "number": Text("Picture number"),
    "changed": Text("changed"),
    "before": Text("as it was drawn"),
    "direction": Text("Direction {number}"),
    "towards": Text("Towards the class"),
    "share": Text("Share of that class"),
    "back": Text("Back to the start"),
}
OF_SCRIPT = ("failed", "pictures", "direction")
"""Those that the page's script writes."""


def bits_for(model: "Model") -> int:
    """In how many bits the page's ONNX file holds a weight: 16, or 8 if it would be too large else."""
    return 16 if sum(weights.numel() for weights in model.generator.parameters()) <= MOST_OF_16_BITS else 8


def page(
    model: "Model",
    onnx: bytes,
    language: str = "en",
    translate: Callable[[Text], str] = str,
    names: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The file's content.

    Args:
        onnx: by `onnx_file.export`, with the bits of `bits_for`.
        names: of directions, as `beside.names_of` gives them.
        language: code of what `translate` writes.
        translate: gives a text in that language, its {braces} left where it has no values.

    Raises WorkbenchError if it would have more than MOST_BYTES.
    """
    words = {name: translate(text) for name, text in WORDS.items()}
    words["count"] = translate(Text("Pictures of each class") if model.classes else Text("Pictures"))
    words |= {"title": model.metadata.name, "about": translate(_about(model)), "language": language, "version": VERSION}
    parts = {name: html.escape(word) for name, word in words.items()} | {
        "licence": (RUNTIME / "LICENSE").read_text(encoding="utf-8"),
        "style": _read("page.css"),
        "script": _read("random.js") + _read("page.js"),
        # No script's text may end the element that it stands in.
        "page": json.dumps(_settings(model, words, names)).replace("<", r"\u003c"),
        "runtime": _packed((RUNTIME / "ort.wasm.bundle.min.mjs").read_bytes()),
        "wasm": _letters((RUNTIME / "ort-wasm-simd-threaded.wasm.gz").read_bytes()),
        "model": _packed(onnx),
    }
    content = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html")).encode()
    if len(content) > MOST_BYTES:
        raise WorkbenchError(
            "As one HTML file {model} would have {size:,.0f} MB, and such a file may have {most:,.0f}; take it as "
            "ONNX.",
            model=model.metadata.name,
            size=len(content) / 1e6,
            most=MOST_BYTES / 1e6,
        )
    return content


def _about(model: "Model") -> Text:
    metadata = model.metadata
    return Text(
        "{network} trained on {dataset}, {kimg:,.0f} kimg. The model is in this file: it draws offline, and sends "
        "nothing anywhere.",
        {
            "network": metadata.config.network,
            "dataset": dataset_name(metadata.config.dataset),
            "kimg": metadata.kimg,
        },
    )


def _settings(model: "Model", words: dict[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """What the page's script is told."""
    spec = model.metadata.spec
    return {
        "file": paths.file_name(model.metadata.name),
        "language": words["language"],
        "classes": model.classes,
        "latentDim": model.metadata.config.latent_dim,
        "size": spec.size,
        "channels": spec.channels,
        "directions": [[round(value, 6) for value in direction] for direction in model.directions.tolist()],
        "names": [names.get(f"sefa-{number}", "") for number in range(1, len(model.directions) + 1)],
        "words": {name: words[name] for name in OF_SCRIPT},
    }


def _read(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _packed(content: bytes) -> str:
    return _letters(gzip.compress(content, mtime=0))


def _letters(content: bytes) -> str:
    return base64.b64encode(content).decode()
