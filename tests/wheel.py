"""The program as a wheel in an environment of its own, for tests."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from gan_core import paths

PARTS = ("app.py", "pages", "gan_core", ".streamlit", "checkpoints/pretrained", "deploy", "README.md", "LICENSE")
TOLD = ("pyproject.toml", "requirements.txt")
QUIET = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]


def build(folder: Path) -> Path:
    """The wheel, made in a copy: setuptools leaves a folder `build` behind, and would take files of an older one."""
    source = folder / "source"
    for part in (*PARTS, *TOLD):
        there = source / part
        there.parent.mkdir(parents=True, exist_ok=True)
        if (paths.PROJECT / part).is_dir():
            shutil.copytree(paths.PROJECT / part, there, ignore=shutil.ignore_patterns("secrets.toml", "*.env"))
        else:
            shutil.copy(paths.PROJECT / part, there)
    _pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """The folder of an environment's commands that has this wheel, and sees the packages that it needs in this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    commands = folder / ("Scripts" if sys.platform == "win32" else "bin")
    _pip("--python", str(commands / "python"), "install", str(wheel))
    wanted = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    (Path(wanted) / "others.pth").write_text(sysconfig.get_path("purelib"))
    return commands


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments, *QUIET], check=True)
