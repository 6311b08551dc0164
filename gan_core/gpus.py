"""How many GPUs a run could use together, for a page that cannot wait for torch to say so. Knows nothing of torch."""

import os
from pathlib import Path


def count() -> int:
    """NVIDIA GPUs that this process may use, by the files of Linux's driver; several work together on Linux alone."""
    there = len(list(Path("/dev").glob("nvidia[0-9]*")))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if visible is None else min(there, len(list(filter(None, visible.split(",")))))
