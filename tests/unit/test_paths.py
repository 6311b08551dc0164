"""A path means what the person meant who wrote it, wherever one is taken."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gan_core
from gan_core import checkpoint, paths, sampling
from gan_core.config import make_config, with_full_path
from gan_core.datasets.loading import load_dataset
from gan_core.errors import WorkbenchError
from gan_core.metrics.features import inception
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.runs import RunStore, default_store
from tests.conftest import small_config
from tests.unit.datasets.test_folders import plain, put

NOBODY = "~no-such-user-here"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder of the test's own, which ~ stands for."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))  # Windows
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "home"
    assert not (tmp_path / "~").exists(), "a folder of that name was made"


def test_the_environment_may_speak_of_home(home, monkeypatch):
    monkeypatch.setenv("GAN_WORKBENCH_CHECKPOINTS", "~/runs")
    monkeypatch.setenv("GAN_WORKBENCH_DATA", "~/data")
    assert (paths.checkpoints(), paths.data()) == (home / "runs", home / "data")
    default_store()
    assert (home / "runs" / "runs.db").exists()
    monkeypatch.setenv("GAN_WORKBENCH_DATABASE", "sqlite:///~/elsewhere.db")
    default_store()
    assert (home / "elsewhere.db").exists()


def test_the_data_folder_may_be_named_from_home(home, store):
    run = store.create(small_config(), "cgan", Path("~/data"), owner="me")
    assert store.get(run.id).data_dir == str(home / "data")
    store.end(run.id, "me", "stopped")
    assert store.resume(run.id, data_dir=Path("~/moved")).data_dir == str(home / "moved")
    trained = gan_core.train("cgan", "~/data", **small_config().model_dump(exclude={"minutes"}))
    assert trained.data_dir == str(home / "data")
    assert gan_core.load(f"~/../checkpoints/{trained.name}/{trained.checkpoint}").sample(count=1).images.shape


def test_a_model_is_loaded_from_home(home):
    there = home / "model.safetensors"
    there.write_bytes(checkpoint.find("mnist-gan").read_bytes())
    assert sampling.load_model("~/model.safetensors").metadata.config.dataset == "mnist"


def test_evaluations_know_home(home, store):
    asked = EvaluationStore(store.engine).ask("m", checkpoint.find("mnist-gan"), Terms(), Path("~/data"))
    assert asked.data_dir == str(home / "data")
    with pytest.raises(WorkbenchError, match=str(home / "weights.pth")):
        inception(Path("~/weights.pth"))


def test_a_folder_of_pictures_is_found_from_home(home):
    put(home / "pictures")
    for number in range(2):
        plain("L", number).save(home / "pictures" / f"{number}.png")
    assert len(load_dataset(make_config(dataset="folder:~/pictures", batch_size=2), Path("data")).images) == 2


def test_the_command_line_writes_into_home(home):
    done = subprocess.run(
        [sys.executable, "-m", "gan_core", "sample", "mnist-gan", "--per-class", "1", "--out", "~/drawn.png"],
        env=paths.child_environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(home / "drawn.png"), done.stderr
    assert (home / "drawn.png").exists()


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.create(small_config(), "cgan", Path(f"{NOBODY}/data")),
        lambda store: store.create(small_config(dataset=f"folder:{NOBODY}/pictures"), "cgan"),
        lambda store: gan_core.load(f"{NOBODY}/model.safetensors"),
        lambda store: load_dataset(small_config(dataset="mnist"), Path(f"{NOBODY}/data")),
        lambda store: inception(Path(f"{NOBODY}/weights.pth")),
    ],
)
def test_the_home_of_nobody_is_one_sentence(store, use):
    with pytest.raises(WorkbenchError, match=f"{NOBODY}.* belongs to no user of this computer"):
        use(store)
    assert store.all_runs() == []


@pytest.mark.parametrize("name", ["GAN_WORKBENCH_CHECKPOINTS", "GAN_WORKBENCH_DATA"])
def test_the_home_of_nobody_in_the_environment_is_one_sentence(name):
    done = subprocess.run(
        [sys.executable, "-m", "gan_core", "train", "--kimg", "1"],
        env=paths.child_environment() | {name: f"{NOBODY}/x"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert NOBODY in done.stderr


def test_a_relative_folder_of_pictures_is_the_same_one_from_everywhere(tmp_path, store, monkeypatch):
    put(tmp_path / "mine" / "pics")
    monkeypatch.chdir(tmp_path / "mine")
    run = store.create(small_config(dataset="folder:pics"), "cgan")
    assert (run.dataset, run.config.dataset) == (f"folder:{tmp_path / 'mine' / 'pics'}",) * 2
    assert run.dataset_name == "pics"
    monkeypatch.chdir(tmp_path / "mine" / "pics")
    assert store.create(small_config(dataset="folder:."), "cgan").dataset == run.dataset
    assert store.create(small_config(dataset="folder: ../pics/"), "cgan").dataset == run.dataset


def test_a_link_to_a_folder_keeps_the_name_that_people_know_it_by(tmp_path):
    put(tmp_path / "2026-11-27-final")
    (tmp_path / "cats").symlink_to(tmp_path / "2026-11-27-final")
    config = with_full_path(small_config(dataset=f"folder:{tmp_path / 'cats'}"))
    assert config.dataset == f"folder:{tmp_path / 'cats'}"


def test_a_path_that_becomes_too_long_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkbenchError, match="dataset: it should have at most 1000 characters"):
        with_full_path(small_config(dataset="folder:" + "x/" * 480))


def test_both_budgets_stay_when_a_path_becomes_full():
    config = with_full_path(small_config(dataset="folder:pics", minutes=3, kimg=4))
    assert (config.minutes, config.kimg) == (3, 4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["what? really", "100%41 done", "a#b&c=d", "with space", "colon:at@", "ünï"])
def test_the_database_lies_in_the_folder_that_was_asked_for(tmp_path, monkeypatch, name):
    monkeypatch.setenv("GAN_WORKBENCH_CHECKPOINTS", str(tmp_path / name))
    run = default_store().create(small_config(), "cgan")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "runs.db").exists()
    assert RunStore(paths.database_url()).get(run.id).name == run.name


def test_finding_places_loads_no_database():
    code = "import sys, gan_core.paths as p; p.checkpoints(); assert 'sqlalchemy' not in sys.modules"
    root = {"PYTHONPATH": str(paths.PROJECT)}
    stub = "import types, sys; m = types.ModuleType('gan_core'); m.__path__ = ['gan_core']; sys.modules['gan_core'] = m"
    done = subprocess.run(
        [sys.executable, "-c", f"{stub}; {code}"], cwd=paths.PROJECT, env=os.environ | root, capture_output=True
    )
    assert done.returncode == 0, done.stderr


def test_two_threads_write_the_same_file_aside_in_places_of_their_own(tmp_path):
    with ThreadPoolExecutor(1) as another:
        theirs = another.submit(paths.partial, tmp_path / "names.json").result()
    assert theirs != paths.partial(tmp_path / "names.json")


def test_only_what_dead_processes_of_this_machine_left_half_written_goes(tmp_path):
    mine = paths.partial(tmp_path / "live.webp")
    dead = mine.with_name(f"live.webp.{paths.machine()}-99999999.partial")
    older, theirs = (tmp_path / f"live.webp.{name}.partial" for name in ("99999999", "another-machine-99999999"))
    for options, left in (
        ({}, {mine, theirs}),
        ({"of_the_living": True}, {theirs}),
        ({"of_the_living": True, "of_all_machines": True}, set()),
    ):
        for path in (mine, dead, older, theirs):
            path.touch()
        paths.remove_partials(tmp_path, **options)
        assert set(tmp_path.iterdir()) == left


def test_a_process_of_ours_learns_no_secret_of_the_servers_and_where_the_database_is(monkeypatch):
    secret = ("GAN_WORKBENCH_SECRET", "GAN_WORKBENCH_CLASS_CODE", "GAN_WORKBENCH_TEACHER_PASSWORD")
    secret += ("gan_workbench_metrics_token", "STREAMLIT_SERVER_COOKIE_SECRET", "STREAMLIT_AUTH_CLIENT_SECRET")
    needed = ("GAN_WORKBENCH_DATABASE", "GAN_WORKBENCH_MODE", "GAN_WORKBENCH_MOST_MINUTES", "STREAMLIT_SERVER_PORT")
    for name in (*secret, *needed):
        monkeypatch.setenv(name, "1")
    given = paths.child_environment()
    assert not set(secret) & set(given)
    assert set(needed) <= set(given)
