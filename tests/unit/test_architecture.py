"""What docs/architecture.md promises of imports, asked of a fresh Python."""

import os
import subprocess
import sys

import pytest

from gan_core import paths

LIBRARY = sorted(
    ".".join(path.relative_to(paths.PROJECT).with_suffix("").parts).removesuffix(".__init__")
    for path in (paths.PROJECT / "gan_core").rglob("*.py")
    if path.stem not in ("__main__", "env")  # Alembic runs the latter
)
WITHOUT_TORCH = [
    *(
        "animation",
        "archives",
        "config",
        "disk",
        "errors",
        "films",
        "gpus",
        "growth",
        "notebook",
        "own_picture",
        "paths",
        "pictures",
        "presets",
        "seeds",
        "setting",
        "text",
    ),
    *("validation", "datasets", "datasets.downloads", "datasets.folders", "datasets.table"),
    *("store", "monitor", "estimates", "estimates.estimator", "jobs.worker", "jobs.job", "jobs.reporter"),
    *("metrics", "metrics.result", "networks", "training"),
]
"""Modules, and rooms with all that is in them where nothing in the room has torch."""


def modules_of(names: list[str]) -> list[str]:
    wanted = [f"gan_core.{name}" for name in names]
    rooms = tuple(f"gan_core.{room}." for room in ("store", "monitor"))
    return [module for module in LIBRARY if module in wanted or module.startswith(rooms)]


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        (LIBRARY, "streamlit"),
        (LIBRARY, "plotly"),
        ([*modules_of(WITHOUT_TORCH), "pages.parts.live.routes", "pages.parts.generate.routes"], "torch"),
        (["gan_core"], "pydantic"),
    ],
    ids=[
        "the library knows no pages",
        "nor how they draw charts",
        "what pages need at every tick loads no torch",
        "the package itself loads nothing",
    ],
)
def test_imports_point_one_way(modules, unwanted):
    program = f"import sys, {', '.join(modules)}; sys.exit({unwanted!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT).returncode == 0


@pytest.mark.parametrize("command", ["--help", "presets", "settings", "runs"])
def test_a_command_that_only_tells_loads_nothing_that_counts(command, tmp_path):
    program = f"import sys, atexit; atexit.register(lambda: print(*sys.modules)); sys.argv[1:] = [{command!r}]; "
    program += "from gan_core.__main__ import main; sys.exit(main())"
    environment = os.environ | {"GAN_WORKBENCH_CHECKPOINTS": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=paths.PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert not {"torch", "pandas", "numpy", "PIL"} & set(told.stdout.splitlines()[-1].split())


def test_digits_are_trained_without_torchvision():
    program = "import sys, gan_core.jobs.recorder, gan_core.training.captured, gan_core.estimates.probe; "
    program += "sys.exit(any(name in sys.modules for name in ('torchvision', 'scipy', 'pandas', 'torch._dynamo')))"
    assert subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT).returncode == 0


def test_importing_the_library_changes_no_environment_variable():
    # What torch, torchvision and Ray set is theirs.
    program = (
        f"import os, ray.job_submission, torch, torchvision; before = dict(os.environ); import {', '.join(LIBRARY)}; "
    )
    program += "assert os.environ == before"
    assert subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT).returncode == 0


def test_rooms_hold_nothing_in_their_entrance():
    entrances = [path for path in (paths.PROJECT / "gan_core").rglob("*/__init__.py") if path.stat().st_size]
    assert entrances == []
