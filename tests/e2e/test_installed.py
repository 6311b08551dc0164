"""The program as a wheel, in an environment that has nothing of this folder, started from another one."""

import os
import re
import subprocess
import zipfile
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import gan_core
from gan_core import paths
from tests import wheel
from tests.e2e.server import Server
from tests.e2e.steps import no_error_on, start_training


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    return wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def commands(built, tmp_path_factory) -> Path:
    return wheel.install(built, tmp_path_factory.mktemp("environment"))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """A folder to start from, of somebody whose home is empty."""
    for name in list(os.environ):
        if name.startswith("GAN_WORKBENCH_") or name == "PYTHONPATH":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


@pytest.fixture
def workbench(commands, elsewhere):
    """Runs `gan-workbench` with these words, and returns what it prints."""

    def run(*words):
        done = subprocess.run([commands / "gan-workbench", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_it_holds_all_files_that_it_needs_and_nothing_that_is_in_others_way(built):
    listed = subprocess.run(["git", "ls-files"], cwd=paths.PROJECT, capture_output=True, text=True, check=True)
    tracked = listed.stdout.splitlines()
    wanted = {name for name in tracked if name.startswith("gan_core/")}
    beside = re.compile(r"pages/|app\.py$|checkpoints/pretrained/|\.streamlit/config\.toml")
    wanted |= {f"gan_workbench/{name}" for name in tracked if beside.match(name)}
    with zipfile.ZipFile(built) as file:
        names = set(file.namelist())
    assert not wanted - names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"gan_core", "gan_workbench"}
    assert not any(name.endswith((".pyc", "secrets.toml")) for name in names)


def test_it_wants_the_packages_of_the_requirements_and_has_the_librarys_version(built):
    with zipfile.ZipFile(built) as file:
        name = next(name for name in file.namelist() if name.endswith("dist-info/METADATA"))
        told = Parser().parsestr(file.read(name).decode())
    lines = (paths.PROJECT / "requirements.txt").read_text().splitlines()
    wanted = {Requirement(line.partition("#")[0]).name for line in lines if line.partition("#")[0].strip()}
    given = [Requirement(line) for line in told.get_all("Requires-Dist")]
    assert {one.name for one in given if not one.marker} == wanted
    optional = {path.stem.removeprefix("requirements-") for path in (paths.PROJECT / "deploy").glob("requirements-*")}
    assert set(told.get_all("Provides-Extra")) == optional
    assert told["Version"] == gan_core.__version__


def test_the_road_from_another_folder(workbench, elsewhere, commands):
    small = ["--set", "network=mlp", "--set", "batch_size=16", "--set", "generator_layers=16"]
    trained = workbench("train", "--dataset", "digits", "--kimg", "0.064", *small).splitlines()[-1]
    assert Path(trained).is_relative_to(elsewhere.parent / "home" / "gan-workbench" / "checkpoints")
    assert "finished" in workbench("runs")
    workbench("sample", trained, "--per-class", "2", "--out", "own.npz")
    workbench("sample", "mnist-gan", "--per-class", "1", "--out", "shipped.png")
    assert np.load("own.npz")["images"].shape == (20, 28, 28, 1)
    assert "FID" in workbench("evaluate", trained, "--samples", "100")
    where = subprocess.run(
        [commands / "python", "-c", "import gan_core; print(gan_core.__file__)"], capture_output=True, text=True
    )
    assert Path(where.stdout.strip()).is_relative_to(commands.parent)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["own.npz", "shipped.png"]


@pytest.fixture
def server(commands, elsewhere):
    """`gan-workbench app`, from that folder."""
    server = Server(elsewhere)
    server.command, server.start_folder = [str(commands / "gan-workbench"), "app"], elsewhere
    server.start()
    yield server
    server.stop()


def test_the_app_starts_from_another_folder_and_trains(page):
    start_training(page)
    no_error_on(page)
