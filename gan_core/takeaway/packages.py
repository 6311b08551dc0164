"""What taking a model away needs that few have. Knows nothing of torch."""

import importlib.util

from gan_core import paths
from gan_core.errors import WorkbenchError

PACKAGES = ("onnx", "onnxruntime", "onnxscript")


def can_export() -> bool:
    """Whether the packages for ONNX are installed."""
    return all(importlib.util.find_spec(package) for package in PACKAGES)


def refuse_without_packages() -> None:
    """Raises WorkbenchError unless they are."""
    if not can_export():
        raise WorkbenchError("ONNX is not installed here: pip install {packages}", packages=paths.optional("export"))
