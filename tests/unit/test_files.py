"""Files that several machines have in common: a machine is a folder of its own, the common place a real one."""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import traceback
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner

from gan_core import checkpoint, common_place, files, paths
from gan_core.__main__ import cli
from gan_core.errors import FilesUnavailableError, WorkbenchError
from gan_core.jobs import job, train_job, uploads
from gan_core.jobs.evaluate_job import evaluate_claimed
from gan_core.store import patience, recovery
from gan_core.store.evaluations import EvaluationStore, Terms, result_of
from gan_core.store.runs import default_store
from gan_core.store.tables import State
from tests import object_store
from tests.conftest import small_config

IN_S3 = pytest.mark.parametrize("common", ["s3"], indirect=True)
IN_A_FOLDER = pytest.mark.parametrize("common", ["file"], indirect=True)
RUN = "00007-gan-digits-0123456789abcdef"


@pytest.fixture(scope="session")
def s3():
    with object_store.object_store() as environment:
        object_store.make_bucket(environment)
        yield environment


@pytest.fixture
def at_once(monkeypatch):
    """Nobody waits: what lies there is looked at anew each time, and what failed is tried again at once."""
    monkeypatch.setattr(files, "FRESH_SECONDS", 0)
    monkeypatch.setattr(files, "AWAY_SECONDS", 0)
    monkeypatch.setattr(patience, "RETRY_SECONDS", 0.05)


@pytest.fixture(params=["s3", "file"])
def common(request, tmp_path, monkeypatch, at_once):
    """A common place that is empty, and a list of runs that all machines share."""
    if request.param == "s3":
        for name, value in request.getfixturevalue("s3").items():
            monkeypatch.setenv(name, value)
        address = f"s3://{object_store.BUCKET}/{uuid.uuid4().hex}/common"
    else:
        address = f"file://{tmp_path}/common"
    monkeypatch.setenv("GAN_WORKBENCH_FILES", address)
    monkeypatch.setenv("GAN_WORKBENCH_DATABASE", f"sqlite:///{tmp_path}/runs.db")
    return request.param


@pytest.fixture
def on(tmp_path, monkeypatch):
    """From here on, this is that machine."""

    def go(machine):
        monkeypatch.setenv("GAN_WORKBENCH_CHECKPOINTS", str(tmp_path / machine))
        return tmp_path / machine

    return go


def written(path: Path, content: bytes) -> Path:
    checkpoint.write_aside(path, content)
    return path


def lies_there() -> set[str]:
    """The names of all files in the common place, whole or not."""
    with common_place._asking() as (system, root):
        return {name.partition("/common/")[2] for name in system.find(root)}


def train(store, kimg=0.32, run=None, owner="", **changes):
    config = small_config(kimg=kimg, **changes)
    owner = owner or job.new_owner()
    run = store.resume(run.id, config, owner=owner) if run else store.create(config, "cgan", owner=owner)
    return train_job.train_run(store, run)


class Faulty:
    """A file system in which one call fails, after it has done half of its work.

    Args:
        wrong: which one, from 0 on.
        after: called after every call.
    """

    def __init__(self, system, root, wrong, after=lambda: None):
        self.system, self.root, self.wrong, self.after, self.calls = system, root, wrong, after, 0

    def names(self):
        """Of all files that lie there."""
        return {name.partition("/common/")[2] for name in self.system.find(self.root)}

    def __getattr__(self, name):
        method = getattr(self.system, name)
        if name not in ("put_file", "mv", "makedirs", "pipe_file", "rm_file", "rm", "get_file", "info", "ls", "find"):
            return method

        def call(*given, **named):
            self.calls += 1
            try:
                if self.calls - 1 != self.wrong:
                    return method(*given, **named)
                if name == "get_file" or (name == "put_file" and common_place._protocol() == "file"):
                    method(*given, **named)
                    half = Path(given[1].removeprefix("file://"))
                    half.write_bytes(half.read_bytes()[:5])
                raise OSError("the line was cut")
            finally:
                self.after()

        return call


@pytest.fixture
def fail_at(monkeypatch):
    """Lets that call to the common place fail, and none with None."""
    opened = common_place._opened

    def begin(wrong, after=lambda: None):
        system, root = opened(paths.files_address(), os.getpid())
        faulty = Faulty(system, root, wrong, after)
        monkeypatch.setattr(common_place, "_opened", lambda address, process: (faulty, root))
        return faulty

    yield begin


# Writing and reading


def test_without_an_address_nothing_is_imported_and_nothing_done(tmp_path):
    program = "import sys; from pathlib import Path; from gan_core import files, paths\n"
    program += f"path = paths.run_folder({RUN!r}) / 'live.webp'\n"
    program += (
        "files.put(path); files.fetch(path); files.watch(path); files.remove([path]); files.delete(path.parent)\n"
    )
    program += "sys.exit('fsspec' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT).returncode == 0


@pytest.mark.parametrize("name", [f"{RUN}/live.webp", f"{RUN}/samples/000000010.webp", "uploads/3/12345678-mine.json"])
def test_what_one_machine_writes_another_reads(common, on, name):
    written(on("a") / name, b"one")
    here = on("b") / name
    files.fetch(here)
    assert here.read_bytes() == b"one"
    assert lies_there() == {name}


def test_what_changes_in_a_runs_folder_is_fetched_again_and_what_did_not_change_is_not(common, on, fail_at):
    written(on("a") / RUN / "live.webp", b"one")
    here = on("b") / RUN / "live.webp"
    files.fetch(here)
    written(on("a") / RUN / "live.webp", b"two")
    on("b")
    files.fetch(here)
    assert here.read_bytes() == b"two"
    asked = fail_at(None)
    files.fetch(here)
    assert asked.calls == 1  # what lies there


def test_what_belongs_to_a_machine_stays_there(common, on, tmp_path):
    for path in (on("a") / "class.json", tmp_path / "elsewhere" / "drawn.png", paths.PRETRAINED / "x.webp"):
        assert common_place.name_of(path) == ""


def test_a_file_that_is_nowhere_is_no_error(common, on):
    for name in ("live.webp", "samples/000000010.webp"):
        files.fetch(on("a") / RUN / name)
        assert not (on("a") / RUN / name).exists()


def test_what_was_written_a_moment_ago_is_found_though_somebody_has_just_looked(common, on, monkeypatch):
    monkeypatch.setattr(files, "FRESH_SECONDS", 60)
    model = written(on("a") / RUN / "live.webp", b"x").with_name("model-000000010.safetensors")
    for here in (on("b") / RUN, on("c") / RUN):
        files.fetch(here / "live.webp")
    written(on("a") / RUN / model.name, b"model")
    assert files.has(on("b") / RUN, "model-*")
    files.fetch(on("c") / RUN / model.name)
    assert (on("c") / RUN / model.name).read_bytes() == b"model"


def test_a_newer_checkpoint_takes_an_older_ones_place(common, on):
    for step in (10, 20):
        path = written(on("a") / RUN / f"model-{step:09d}.safetensors", b"x")
        here = on("b") / RUN / path.name
        files.fetch(here)
        assert [found.name for found in here.parent.glob("model-*")] == [path.name]


def test_a_file_that_is_too_large_is_not_fetched(common, on, monkeypatch):
    written(on("a") / RUN / "live.webp", b"12345")
    monkeypatch.setitem(files.MOST_BYTES, ".webp", 4)
    with pytest.raises(WorkbenchError, match=r"live\.webp has 5 bytes, and 4 at most"):
        files.fetch(on("b") / RUN / "live.webp")
    assert not (on("b") / RUN / "live.webp").exists()


def test_who_reads_never_sees_half_a_file_whatever_call_fails(common, on, fail_at):
    name = f"{RUN}/live.webp"
    contents = {b"the first content"}
    written(on("a") / name, *contents)
    files.fetch(on("b") / name)
    for wrong in itertools.count():
        faulty = fail_at(wrong)
        contents.add(new := b"content %d" % wrong * 9)
        for do in (lambda: written(on("a") / name, new), lambda: files.fetch(on("b") / name)):
            with contextlib.suppress(FilesUnavailableError):
                do()
            assert (on("b") / name).read_bytes() in contents
            assert faulty.system.cat_file(f"{faulty.root}/{name}") in contents
        if faulty.calls <= wrong:  # all went well
            break
    assert (on("b") / name).read_bytes() == new
    assert wrong >= 3
    assert not any(path.name.endswith(paths.PARTIAL_SUFFIX) for path in (on("b") / RUN).iterdir())


# A run


def weights(run):
    files.fetch(run.checkpoint_path)
    files.fetch(checkpoint.resume_path(run.checkpoint_path))
    return checkpoint.read_tensors(run.checkpoint_path) | checkpoint.read_tensors(
        checkpoint.resume_path(run.checkpoint_path)
    )


@IN_S3
def test_a_run_that_has_ended_lies_there_whole(common, on, store):
    on("a")
    run = train(store, grid_every=10)
    names = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    there = {name.partition("/")[2] for name in lies_there()}
    assert {name for name in names if not name.startswith("ended-")} == {
        n for n in there if not n.startswith("session-")
    }
    assert {"live.webp", "samples/000000020.webp", run.checkpoint} <= there
    on("b")
    assert not run.has_lost_its_checkpoint
    assert weights(run)


@IN_S3
def test_a_run_that_goes_on_on_another_machine_is_bit_for_bit_the_same(common, on, store):
    on("c")
    whole = train(store, kimg=0.64, grid_every=10)
    expected = weights(whole)
    on("a")
    parts = train(store, grid_every=10)
    on("b")
    parts = train(store, kimg=0.64, run=parts, grid_every=10)
    found = weights(parts)
    assert found.keys() == expected.keys()
    assert all(found[name].equal(expected[name]) for name in found)
    assert parts.grid_steps == whole.grid_steps == [10, 20, 30, 40]
    for step in parts.grid_steps:
        files.fetch(parts.grid_path(step))
        assert parts.grid_path(step).read_bytes() == (on("c") / whole.name / f"samples/{step:09d}.webp").read_bytes()
        on("b")
    on("a")  # whose files are old by now
    assert checkpoint.run_models(parts.folder)[0].name != parts.checkpoint
    weights(parts)
    assert checkpoint.run_models(parts.folder) == [parts.checkpoint_path]


def test_there_is_always_a_checkpoint_to_go_on_from_whatever_call_fails(common, on, fail_at):
    """Three checkpoints, each in place of the one before. A call fails, and is tried again."""
    seen = set()

    def is_sound():
        there = {name.rpartition("/")[2] for name in faulty.names()}
        models = {name for name in there if name.endswith(".safetensors")}
        assert all(name.replace(".safetensors", ".resume") in there for name in models)
        assert models or not seen
        seen.update(models)

    for wrong in itertools.count(step=3):
        faulty = fail_at(wrong, is_sound)
        folder = on(f"machine{wrong}") / RUN
        seen.clear()
        with uploads.in_background(None, print):
            for step in (10, 20, 30):
                names = [f"model-{step:09d}.resume", f"model-{step:09d}.safetensors"]
                for name in names:
                    written(folder / name, b"content")
                files.remove(old for old in folder.glob("model-*") if old.name not in names)
        assert {name.rpartition("/")[2] for name in faulty.names()} == set(names)
        faulty.system.rm(f"{faulty.root}/{RUN}", recursive=True)
        if faulty.calls <= wrong:
            break


@IN_A_FOLDER
def test_what_a_session_left_here_alone_is_gone_on_with_here(common, on, store, monkeypatch):
    """It was killed before it had brought its last checkpoint there."""
    on("a")
    run = train(store)
    with monkeypatch.context() as cut:
        cut.setattr(common_place, "put", lambda path: None)
        run = train(store, kimg=0.48, run=run)
    assert f"{run.name}/{run.checkpoint}" not in lies_there()
    with uploads.in_background(store.resume(run.id, small_config(kimg=0.64), owner="me"), print):
        assert checkpoint.run_models(run.folder) == [run.checkpoint_path]
    assert {f"{run.name}/{run.checkpoint}"} == {name for name in lies_there() if name.endswith(".safetensors")}


def test_who_has_lost_a_run_brings_nothing_more_there(common, on, store):
    """A machine slept, or could not reach the store; meanwhile another has gone on with its run."""
    on("a")
    run = train(store)
    sleeper = store.resume(run.id, small_config(kimg=0.64), owner="sleeper")
    with uploads.in_background(sleeper, print):
        store.end(run.id, "sleeper", State.INTERRUPTED)
        on("b")
        with uploads.in_background(store.resume(run.id, owner="another"), print):
            written(paths.run_folder(run.name) / "live.webp", b"another's")
        on("a")
        written(paths.run_folder(run.name) / "live.webp", b"sleeper's")
    on("c")
    files.fetch(run.live_grid)
    assert run.live_grid.read_bytes() == b"another's"


@IN_A_FOLDER
def test_a_run_begun_anew_learns_nothing_from_what_it_had_forgotten(common, on, store):
    on("a")
    run = train(store)
    on("b")
    store.forget_training(run.id)
    assert lies_there() == set()
    on("a")
    again = train(store, run=run)
    assert (again.step, again.sessions) == (20, 2)
    assert len(store.read_metrics(run.id)["step"]) > 0


def test_a_deleted_run_is_gone_there_too(common, on, store):
    on("a")
    run, other = train(store), train(store)
    on("b")
    store.delete(run.id)
    assert {name.partition("/")[0] for name in lies_there()} == {other.name}


@IN_S3
def test_a_lost_list_is_made_again_from_what_lies_there(common, on, store, tmp_path):
    on("a")
    run = train(store, grid_every=10)
    (tmp_path / "runs.db").unlink()
    on("b")
    assert recovery.recover().runs == 1
    found = default_store().get(run.id)
    assert (found.name, found.step, found.grid_steps) == (run.name, 20, [10, 20])
    assert weights(found)


@IN_A_FOLDER
def test_an_evaluation_is_asked_for_on_one_machine_and_done_on_another(common, on, store):
    on("a")
    evaluations = EvaluationStore(store.engine)
    asked = evaluations.ask("m", train(store).checkpoint_path, Terms(samples=100))
    on("b")
    evaluate_claimed(evaluations, evaluations.claim("me"))
    on("a")
    row = evaluations.get(asked.id)
    assert row.state == State.FINISHED, row.message
    assert result_of(row).pictures.keys() >= {"generated", "nearest"}
    assert any(name.startswith("reference/") for name in lies_there())
    evaluations.delete(row.id)
    assert not any(name.startswith("evaluations/") for name in lies_there())


# What is kept here


def test_what_was_fetched_is_deleted_once_nobody_asks_for_it(common, on):
    name = f"{RUN}/samples/000000010.webp"
    written(on("a") / name, b"one")
    here = on("b") / name
    files.fetch(here)
    asked_at = (here.parent / files.FETCHED).stat().st_mtime
    files.forget_unused(asked_at - 1)
    assert here.exists()
    files.forget_unused(asked_at + 1)
    assert not here.exists()
    files.fetch(here)
    assert here.exists()


@IN_A_FOLDER
def test_what_was_trained_here_is_deleted_only_once_it_lies_there(common, on, store):
    on("a")
    run = train(store)
    mark = next(run.folder.glob("ended-*"))
    still_written = run.folder.with_name(RUN)
    shutil.copytree(run.folder, still_written)
    (still_written / mark.name).rename(still_written / "session-1")
    files.forget_unused(mark.stat().st_mtime + 1)
    assert (run.folder.exists(), still_written.exists()) == (False, True)
    assert weights(run)


def test_uploads_are_listed_wherever_they_were_made(common, on):
    mine = written(paths.uploads(3) / "a.safetensors", b"a") if on("a") else None
    theirs = on("b") and written(paths.uploads(3) / "b.safetensors", b"b")
    assert {path.name for path in files.listed(paths.uploads(3))} == {mine.name, theirs.name}
    files.remove([paths.uploads(3) / "a.safetensors"])
    assert {path.name for path in files.listed(paths.uploads(3))} == {"b.safetensors"}


# When it cannot be reached


@pytest.fixture
def cut_off(on, monkeypatch, at_once):
    """A common place that is not there; until the returned function opens it."""
    monkeypatch.setenv("GAN_WORKBENCH_FILES", f"s3://{object_store.BUCKET}/{uuid.uuid4().hex}/common")
    opened = common_place._opened
    on("a")

    def cannot(address, process):
        raise ConnectionError(f"no way to {address} with {os.environ.get('AWS_SECRET_ACCESS_KEY')}")

    monkeypatch.setattr(common_place, "_opened", cannot)
    return lambda: monkeypatch.setattr(common_place, "_opened", opened)


def test_a_run_goes_on_says_so_and_brings_its_files_once_it_can(cut_off, s3, store, monkeypatch):
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    said = []
    report = train_job.Reporter.report

    def note(reporter, **values):
        if values.get("message"):
            said.append(values["message"])
            cut_off()
        report(reporter, **values)

    monkeypatch.setattr(train_job.Reporter, "report", note)
    run = train(store, kimg=1.6)
    assert uploads.AWAY.to_json() in said
    assert (run.state, run.message) == (State.FINISHED, "")
    assert f"{run.name}/{run.checkpoint}" in lies_there()


def test_a_run_whose_files_cannot_be_brought_there_for_long_fails_and_goes_on_here(cut_off, s3, store, monkeypatch):
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(patience, "GIVE_UP_SECONDS", 0)
    with pytest.raises(FilesUnavailableError):
        train(store)
    run = store.get(1)
    assert (run.state, run.status_text.values) == (State.FAILED, {"kind": "ConnectionError"})
    cut_off()
    monkeypatch.setattr(patience, "GIVE_UP_SECONDS", 300)
    again = train(store, kimg=0.64, run=run)
    assert (again.state, again.step) == (State.FINISHED, 40)


@IN_A_FOLDER
def test_a_run_whose_files_cannot_be_deleted_stays(common, on, store, monkeypatch, fail_at):
    on("a")
    run = train(store)
    fail_at(0)
    with pytest.raises(FilesUnavailableError):
        store.delete(run.id)
    assert store.get(run.id).checkpoint_path.exists()
    fail_at(None)
    store.delete(run.id)
    assert (store.get(run.id), lies_there()) == (None, set())


def test_what_is_here_can_be_read_meanwhile_and_nothing_is_thought_lost(cut_off, store, monkeypatch):
    monkeypatch.delenv("GAN_WORKBENCH_FILES")
    run = train(store)
    monkeypatch.setenv("GAN_WORKBENCH_FILES", "s3://gans/x")
    files.fetch(run.checkpoint_path)
    run.checkpoint_path.unlink()
    assert not run.has_lost_its_checkpoint
    with pytest.raises(FilesUnavailableError):
        files.fetch(run.checkpoint_path)


def test_runs_are_listed_meanwhile(cut_off, store):
    name = store.create(small_config(), "cgan").name
    shown = CliRunner().invoke(cli, ["runs"])
    assert (shown.exit_code, name in shown.stdout) == (0, True), shown.stderr
    assert "could not be used" in shown.stderr


def test_nobody_is_shown_an_address_or_a_key(cut_off, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret-of-a-key")
    monkeypatch.setenv("GAN_WORKBENCH_FILES", "ftp://me:the-password@example.org/gans")
    try:
        files.fetch(paths.run_folder(RUN) / "live.webp")
    except FilesUnavailableError as error:
        shown = "".join(traceback.format_exception(error))
        assert "(ConnectionError)" in str(error)
        assert not any(secret in shown for secret in ("the-secret-of-a-key", "the-password", "example.org"))
    else:
        pytest.fail("it was reached")


def test_an_address_whose_package_is_missing_is_one_sentence(on, monkeypatch, at_once):
    on("a")
    monkeypatch.setenv("GAN_WORKBENCH_FILES", "s3://gans/without-a-package")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(WorkbenchError, match=r"pip install -r deploy/requirements-files\.txt"):
        files.fetch(paths.run_folder(RUN) / "live.webp")


def test_a_process_of_ours_may_come_in_too(monkeypatch):
    needed = {"GAN_WORKBENCH_FILES": "s3://gans", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": "http://here"}
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    assert needed.items() <= paths.child_environment().items()
