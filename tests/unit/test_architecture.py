"""What docs/architecture.md promises of imports, asked of a fresh Python."""

import subprocess
import sys

import pytest

from gan_core import paths

EVERYTHING = sorted(
    ".".join(path.relative_to(paths.PROJECT).with_suffix("").parts).removesuffix(".__init__")
    for path in (paths.PROJECT / "gan_core").rglob("*.py")
    if path.stem != "__main__"
)
LIGHT = (
    *("animation", "charts", "estimates", "evaluations", "metrics", "ownership", "pictures", "presets", "reading"),
    *("runs", "watching", "worker"),
)
WITHOUT_TORCH = ["gan_core", *(f"gan_core.{name}" for name in LIGHT), "pages.parts.live"]


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [(EVERYTHING, "streamlit"), (EVERYTHING, "plotly"), (WITHOUT_TORCH, "torch")],
    ids=["the library knows no pages", "nor how they draw charts", "what pages need at every tick loads no torch"],
)
def test_imports_point_one_way(modules, unwanted):
    program = f"import sys, {', '.join(modules)}; sys.exit({unwanted!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT).returncode == 0
