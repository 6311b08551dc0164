"""The command line as scripts use it: exit codes, the last line, one sentence for what a user can cause."""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gan_core import __main__, paths
from gan_core.__main__ import cli
from gan_core.config import RunConfig, make_config, settings
from gan_core.datasets.table import DATASETS
from gan_core.jobs import worker
from gan_core.presets import PRESETS

TINY = ["--set", "generator_layers=16", "--set", "discriminator_layers=16", "--set", "batch_size=16"]


TRAIN = ["train", "--preset", "cgan", "--kimg", "0.16", *TINY]


class Done(NamedTuple):
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def gan_core(*arguments, cwd=paths.PROJECT):
    """In this process: to import all that a command needs takes longer than the command."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patched,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
        signals_kept(),
    ):
        patched.chdir(cwd)
        patched.setattr("sys.argv", ["gan_core", *map(str, arguments)])
        code = __main__.main()
    return Done(code, said.getvalue(), complained.getvalue())


def program(*arguments):
    """As its user starts it, with nothing known of the store from before."""
    command = [sys.executable, "-m", "gan_core", *map(str, arguments)]
    return subprocess.run(command, cwd=paths.PROJECT, env=paths.child_environment(), capture_output=True, text=True)


@contextlib.contextmanager
def signals_kept():
    """Training in the foreground listens to them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def trained():
    done = gan_core(*TRAIN)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_as_a_program_of_its_own_it_trains_and_says_what_is_wrong():
    done = program(*TRAIN)
    assert (done.returncode, done.stderr, Path(done.stdout.splitlines()[-1]).suffix) == (0, "", ".safetensors")
    wrong = program("train", "--resume", "77")
    assert (wrong.returncode, wrong.stderr.count("\n"), wrong.stdout) == (1, 1, "")


def export(*arguments):
    return CliRunner().invoke(cli, ["export", *map(str, arguments)])


def test_a_run_and_a_model_are_taken_away_as_script_and_as_notebook(store, tmp_path):
    config = make_config(PRESETS["cgan"].config, seed=11)
    run = store.create(config, "cgan", None)
    for source, settings_in_it in ((run.id, "11"), (run.name, "11"), ("mnist-cdcgan", "")):
        for form, word in (("py", "SEED = "), ("ipynb", "seed=")):
            file = tmp_path / f"made.{form}"
            done = export(source, "--out", file)
            assert (done.exception, done.output) == (None, f"{file}\n")
            assert not settings_in_it or f"{word}{settings_in_it}" in file.read_text(encoding="utf-8")


def test_of_a_run_that_is_not_there_nothing_is_taken_away(tmp_path):
    assert "There is no run 77" in str(export("77", "--out", tmp_path / "made.py").exception)
    assert "made.txt: name a file" in str(export("77", "--out", tmp_path / "made.txt").exception)


def test_presets_are_listed():
    listed = gan_core("presets").stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(PRESETS)


def test_settings_are_listed_with_defaults_that_set_takes():
    hyperparameters = gan_core("settings").stdout.partition("Hosting")[0]
    lines = [line.split("  ") for line in hyperparameters.splitlines() if line.startswith("  ")]
    cells = [[cell.strip() for cell in line if cell] for line in lines]
    assert [name for name, *_rest in cells] == list(settings())
    assert make_config(**{name: default for name, default, *_rest in cells}) == RunConfig()
    assert all(title.startswith(settings()[name].title) for name, _default, title, _values in cells)
    said = {name: values for name, _default, _title, values in cells}
    assert said["dataset"] == " / ".join([*DATASETS, "folder:PATH"])
    assert (said["batch_size"], said["dropout"]) == ("from 2 to 4,096", "from 0 to below 1")
    assert said["kimg"] == "above 0 to 10,000,000 / none"


def test_the_readmes_table_of_settings_is_what_the_command_prints():
    readme = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- settings: python -m gan_core settings --markdown -->")[2]
    assert table.partition("<!-- end of settings -->")[0].strip() == gan_core("settings", "--markdown").stdout.strip()


def test_the_table_of_settings_for_hosts_is_what_the_command_prints():
    page = (paths.PROJECT / "docs" / "hosting.md").read_text(encoding="utf-8")
    table = page.partition("<!-- settings: python -m gan_core settings --hosting --markdown -->")[2]
    printed = gan_core("settings", "--hosting", "--markdown").stdout
    assert table.partition("<!-- end of settings -->")[0].strip() == printed.strip()


def test_the_list_for_hosts_says_what_is_in_force_where_it_is_no_default(monkeypatch):
    monkeypatch.setenv("GAN_WORKBENCH_SLOTS", "5")
    printed = gan_core("settings", "--hosting").stdout
    assert "(now: 5)" in printed and printed.count("(now: ") == 1


def test_train_prints_the_checkpoint_last_and_sample_draws_from_it(trained, tmp_path):
    out = tmp_path / "drawn.npz"
    assert gan_core("sample", trained, "--per-class", 3, "--seed", 5, "--out", out).returncode == 0
    with np.load(out) as drawn:
        assert (drawn["images"].dtype, drawn["images"].shape) == (np.uint8, (30, 28, 28, 1))
        assert (drawn["labels"].dtype, drawn["labels"].tolist()) == (np.int64, sorted(list(range(10)) * 3))
    again = tmp_path / "again.npz"
    gan_core("sample", trained, "--per-class", 3, "--seed", 5, "--out", again)
    assert again.read_bytes() == out.read_bytes()


def test_sample_writes_a_zip_of_every_picture(trained, tmp_path):
    out = tmp_path / "drawn.zip"
    assert gan_core("sample", trained, "--per-class", 2, "--out", out).returncode == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2 * 10 + 1
    assert list(tmp_path.glob("*drawn*")) == [out]


def test_sample_draws_one_picture_of_all(trained, tmp_path):
    out = tmp_path / "drawn.png"
    assert gan_core("sample", trained, "--per-class", 2, "--seed", 1, "--out", out).returncode == 0
    assert Image.open(out).width == 2 * 28 * 3


def test_evaluate_prints_a_table_or_json_with_the_same_numbers(trained):
    asked = ["evaluate", trained, "--samples", 100, "--seed", 3]
    printed, as_json = gan_core(*asked), gan_core(*asked, "--json")
    assert (printed.returncode, as_json.returncode) == (0, 0), printed.stderr + as_json.stderr
    found = json.loads(as_json.stdout)
    assert (found["protocol"]["samples"], found["protocol"]["seed"], found["protocol"]["features"]) == (
        100,
        3,
        "classifier",
    )
    fid = next(line.split() for line in printed.stdout.splitlines() if line.startswith("FID"))
    assert fid[1:] == [f"{found[part]['fid']:.4f}" for part in ("scores", "baseline")]
    assert "100 pictures drawn by" in printed.stdout
    assert printed.stderr == ""


def test_runs_are_listed_and_resumed_with_a_larger_budget_only(trained):
    assert "finished" in gan_core("runs").stdout
    refused = gan_core("train", "--resume", "1")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "larger" in refused.stderr
    refused = gan_core("train", "--resume", "1", "--kimg", "0.32", "--set", "batch_size=32")
    assert "batch_size (16 -> 32)" in refused.stderr
    assert "\n" not in refused.stderr.strip()
    resumed = gan_core("train", "--resume", "1", "--kimg", "0.32")
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.splitlines()[-1].endswith("model-000000020.safetensors")


def test_a_resumed_run_keeps_what_was_changed_while_it_learnt(trained, store):
    longer = store.extend(1, kimg=0.32)
    store.ask_to_change(longer.id, n_critic=2)  # it is taken up with the first step
    store.ask_to_stop(longer.id)
    refused = gan_core("train", "--resume", "1", "--kimg", "0.32", "--set", "n_critic=1")
    assert "n_critic (2 -> 1)" in refused.stderr
    resumed = gan_core("train", "--resume", "1", "--kimg", "0.32", "--set", "n_critic=2")
    assert resumed.returncode == 0, resumed.stderr
    run = store.get(1)
    assert (run.config.n_critic, store.current_config(run).n_critic) == (1, 2)
    assert run.step == 10 + 10 / 2


def test_what_of_a_folder_is_left_out_is_printed_and_the_folder_may_be_named_anew(tmp_path):
    (tmp_path / "pics" / "cats").mkdir(parents=True)
    for number in range(16):
        Image.new("L", (8, 8)).save(tmp_path / "pics" / "cats" / f"{number}.png")
    (tmp_path / "pics" / "cats" / "licence.pdf").touch()
    folder = ["train", "--preset", "cgan", "--dataset", "folder:pics", *TINY]
    done = gan_core(*folder, "--kimg", "0.032", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1:-1] == ["Files left out because their format is not read: 1 (.pdf)."]
    assert lines[-1].endswith(".safetensors")
    resumed = gan_core(
        "train", "--resume", "1", "--kimg", "0.064", "--dataset", "folder:../pics/", cwd=tmp_path / "pics"
    )
    assert resumed.returncode == 0, resumed.stderr
    other = gan_core("train", "--resume", "1", "--kimg", "0.096", "--dataset", "folder:pics", cwd=tmp_path / "pics")
    assert "dataset (" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--preset", "stylegan9"], "cdcgan"),
        (["train", "--set", "batch_size"], "key=value"),
        (["train", "--set", "no_such=1"], "no_such"),
        (["train", "--minutes", "abc"], "--minutes"),
        (["train", "--minutes", "1", "--kimg", "1"], "not both"),
        (["train", "--minutes", "-1"], "minutes"),
        (["train", "--dataset", "folder:/nowhere"], "nowhere"),
        (["train", "--resume", "77"], "no run 77"),
        (["train", "--set", "base=5"], "base"),
        (["train", "--set", "device=cuda"], "cuda"),
        (["sample", "nothing.safetensors", "--out", "x.npz"], "nothing.safetensors"),
        (["sample", "requirements.txt", "--out", "x.npz"], "not a whole safetensors file"),
        (["sample", "x", "--out", "x.gif"], ".png"),
        (["sample", "x"], "--out"),
        (["evaluate", "nothing.safetensors"], "nothing.safetensors"),
        (["evaluate", "mnist-gan", "--samples", "5"], "from 100 to 100,000"),
        (["evaluate", "mnist-gan", "--features", "pixels"], "classifier, inception"),
        (["evaluate", "mnist-gan", "--features", "inception", "--inception-weights", "nowhere.pth"], "nowhere.pth"),
        (["worker", "--slots", "0"], "slots"),
        (["no-such-command"], "no-such-command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_a_user_can_cause_is_one_sentence_on_stderr(arguments, words):
    done = gan_core(*arguments)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert words in done.stderr


def test_a_worker_has_the_slots_that_it_is_given_or_the_hosts_and_its_runs_know_of_them(monkeypatch, hosted):
    hosted("class", slots=3)
    known = []
    slots_of_runs = "GAN_WORKBENCH_SLOTS"
    monkeypatch.setattr(worker, "work", lambda store, engine: known.append((engine.slots, os.environ[slots_of_runs])))
    for arguments in (["worker"], ["worker", "--slots", "2"]):
        CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert known == [(3, "3"), (2, "2")]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process on Windows")
def test_ctrl_c_stops_and_saves():
    command = [sys.executable, "-m", "gan_core", "train", "--preset", "cgan", "--kimg", "1e6", *TINY]
    process = subprocess.Popen(command, cwd=paths.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 60
    while not list(paths.checkpoints().glob("*/live.webp")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)[0]
    assert printed.strip().endswith(".safetensors")
    assert "stopped" in gan_core("runs").stdout


def test_a_run_whose_checkpoint_is_gone_begins_anew_only_when_asked_to(trained):
    folder = Path(trained).parent
    for path in folder.glob("model-*"):
        path.unlink()
    left = sorted(path.name for path in folder.rglob("*"))
    refused = gan_core("train", "--resume", "1", "--kimg", "0.32")
    assert (refused.returncode, refused.stderr.count("\n"), refused.stdout) == (1, 1, "")
    assert f"its checkpoint {Path(trained).name} is gone" in refused.stderr
    assert sorted(path.name for path in folder.rglob("*")) == left
    assert "finished" in gan_core("runs").stdout, "as it was"
    anew = gan_core("train", "--resume", "1", "--anew")
    assert (anew.returncode, anew.stdout.splitlines()[-1]) == (0, trained)


def test_the_list_is_copied_lost_and_made_again(tmp_path):
    trained = program(*TRAIN).stdout.splitlines()[-1]
    listed = program("runs").stdout
    assert program("backup", tmp_path / "copy.db").returncode == 0
    database = Path(trained).parent.parent / "runs.db"
    database.write_bytes(b"no database" * 1000)
    damaged = program("runs")
    assert (damaged.returncode, damaged.stderr.count("\n")) == (1, 1)
    assert "runs --recover" in damaged.stderr
    database.unlink()
    assert "not in the list: 1;" in program("runs").stderr
    database.write_bytes(b"no database" * 1000)
    recovered = program("runs", "--recover")
    assert (recovered.returncode, recovered.stderr) == (0, "")
    assert Path(trained).parent.name in recovered.stdout
    shutil.copy(tmp_path / "copy.db", database)
    assert program("runs").stdout == listed
