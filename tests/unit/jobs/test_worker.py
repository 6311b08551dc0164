"""Runs in processes of their own: order, stop, kill, resume, and what a run leaves behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
from PIL import Image

from gan_core import checkpoint
from gan_core.errors import StoreUnavailableError, WorkbenchError
from gan_core.jobs import app_worker, evaluate_job, job, sample_grids, train_job, worker
from gan_core.jobs.engines import ThisMachine
from gan_core.store.evaluations import Terms, default_evaluations, result_of
from gan_core.store.people import default_people
from gan_core.store.queue import LOST_AFTER_SECONDS
from gan_core.store.tables import State
from gan_core.text import Text
from tests.conftest import METRICS, small_config

PATIENCE_SECONDS = 60
EVALUATION_SECONDS = 300
TERMS = Terms(samples=200)
ENDLESS = {"kimg": 1e7}
NOT_HERE = {"distance", "gpu_memory", "fid", "accuracy"}
"""Metrics that a run on a CPU which is not scored does not have."""


def wait_for(condition, what, seconds=PATIENCE_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def train_here(store, **changes):
    run = store.create(small_config(**changes), "cgan", owner=job.new_owner())
    return train_job.train_run(store, run)


@pytest.fixture
def working(store):
    """A worker with one slot, looking in a thread as its own process would."""
    hands = worker.Worker(store, ThisMachine(1))
    ended = threading.Event()

    def supervise():
        while not ended.wait(0.1):
            hands.supervise()

    thread = threading.Thread(target=supervise)
    thread.start()
    yield hands
    ended.set()
    thread.join()
    end_all(hands)


def process_of(hands):
    return next(iter(hands.in_work.values())).process


def end_all(hands):
    for _, process, _ in hands.in_work.values():
        process.kill()
        process.wait()


def deaf_process():
    """One that hears nothing, as in the midst of a very long step."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def state_of(store, run):
    return store.get(run.id).state


def test_a_run_leaves_metrics_grids_and_a_checkpoint(store):
    run = train_here(store, kimg=3.2)
    assert (run.state, run.step, run.kimg, run.progress) == (State.FINISHED, 200, 3.2, 1)
    assert run.device.startswith("CPU")
    metrics = store.read_metrics(run.id)
    assert set(metrics) >= set(METRICS) - NOT_HERE
    assert all(np.isfinite(values).all() for name, values in metrics.items() if name not in NOT_HERE)
    assert ((metrics["real_accuracy"] >= 0) & (metrics["real_accuracy"] <= 1)).all()
    assert run.live_grid.exists()
    assert Image.open(run.live_grid).size == (280, 280)
    assert len(run.grid_steps) > 5
    assert checkpoint.read_metadata(run.checkpoint_path).step == 200


def test_never_more_than_200_grids_dense_early_and_sparser_later():
    due = [sample_grids.count_by(kimg) for kimg in (0.4, 0.5, 1, 10, 100, 1_000, 1e5, 1e7, 1e9)]
    assert due == sorted(due)
    assert due[:2] == [0, 1]
    assert due[-1] == sample_grids.MAX_GRIDS
    count_by = sample_grids.count_by
    assert count_by(2) - count_by(1) > count_by(1001) - count_by(1000)


def test_grids_are_kept_after_as_many_steps_as_asked(store):
    run = train_here(store, kimg=3.2, grid_every=50)
    assert run.grid_steps == [50, 100, 150, 200]


def test_queued_runs_are_trained_one_after_the_other(store, working):
    runs = [store.create(small_config(), "cgan") for _ in range(2)]
    wait_for(lambda: state_of(store, runs[1]) == State.FINISHED, "the second run")
    first, second = (store.get(run.id) for run in runs)
    assert first.state == State.FINISHED
    assert first.ended_at <= second.ended_at


def test_a_killed_training_process_makes_its_run_interrupted_and_resumable(store, working):
    run = store.create(small_config(**ENDLESS), "cgan")
    wait_for(lambda: store.get(run.id).step > 0, "the first steps")
    process = process_of(working)
    process.kill()
    wait_for(lambda: state_of(store, run) == State.INTERRUPTED, "interrupted")
    store.resume(run.id)
    wait_for(lambda: store.get(run.id).sessions == 2, "the resumed run")  # its step is the killed one's until then
    store.ask_to_stop(run.id)
    wait_for(lambda: state_of(store, run) == State.STOPPED, "stopped")
    assert store.get(run.id).checkpoint_path.exists()


def test_in_a_class_a_killed_run_goes_on_by_itself_from_its_checkpoint(store, hosted):
    hosted("class", class_code="code", slots=1, most_kimg=ENDLESS["kimg"])
    student = store.acting_for(default_people().enter_class("key", "code", "Ana"))
    run = student.create(small_config(**ENDLESS), "cgan")
    hands = worker.Worker(store, ThisMachine(1))

    def reached(condition):
        hands.supervise()
        return condition(store.get(run.id))

    wait_for(lambda: reached(lambda now: now.step > 0), "the first steps")
    process_of(hands).kill()
    wait_for(lambda: reached(lambda now: now.restarts == 1 and now.sessions == 2), "another session")
    student.ask_to_stop(run.id)
    wait_for(lambda: reached(lambda now: now.state == State.STOPPED), "stopped")
    assert store.get(run.id).restarts == 0, "it has saved itself"


def test_a_run_whose_worker_was_killed_too_is_found_out_by_whoever_looks(store):
    run = store.create(small_config(**ENDLESS), "cgan")
    hands = worker.Worker(store, ThisMachine(1))
    hands.supervise()
    wait_for(lambda: store.get(run.id).step > 0, "the first steps")
    process = process_of(hands)
    process.kill()
    process.wait()

    def found_out():
        store.mark_interrupted()
        return state_of(store, run) == State.INTERRUPTED

    wait_for(found_out, "interrupted")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_a_polite_end_saves_the_run(store, working):
    run = store.create(small_config(**ENDLESS), "cgan")
    wait_for(lambda: store.get(run.id).step > 0, "the first steps")
    os.kill(process_of(working).pid, signal.SIGTERM)
    wait_for(lambda: state_of(store, run) == State.STOPPED, "stopped")
    assert checkpoint.read_metadata(store.get(run.id).checkpoint_path).step == store.get(run.id).step


def test_stopped_and_resumed_has_bit_for_bit_the_weights_of_a_run_that_was_not(store):
    """Through the whole road: store, process's end, checkpoint files, resume."""
    whole = train_here(store, kimg=0.64)
    parts = train_here(store, kimg=0.32)
    longer = store.resume(parts.id, small_config(kimg=0.64), owner=job.new_owner())
    parts = train_job.train_run(store, longer)
    assert parts.step == whole.step == 40
    for path_of in (lambda run: run.checkpoint_path, lambda run: checkpoint.resume_path(run.checkpoint_path)):
        a, b = (checkpoint.read_tensors(path_of(run)) for run in (whole, parts))
        assert a.keys() == b.keys()
        assert all(a[name].equal(b[name]) for name in a)


def test_a_resumed_run_measures_nothing_twice(store):
    run = train_here(store, kimg=0.32)
    store.write_metrics(run.id, 0, list(METRICS), np.full((3, len(METRICS)), 1.0) * [[10], [20], [30]])
    resumed = train_job.train_run(store, store.resume(run.id, small_config(kimg=0.64), owner="me"))
    metrics = store.read_metrics(resumed.id)
    assert (np.diff(metrics["step"]) > 0).all()
    # The forgotten row is known by its kimg: on a slow machine the clock may have measured another one at step 30.
    assert 30 not in metrics["kimg"]


def test_who_lost_a_run_leaves_the_new_owners_files_alone(store):
    """A computer slept; meanwhile someone resumed its run elsewhere."""
    run = train_here(store, kimg=0.32)
    sleeper = store.resume(run.id, small_config(kimg=1e6), owner="sleeper")

    def overtaken(progress):
        if "step" in progress:
            store.end(run.id, "sleeper", State.INTERRUPTED)
            store.resume(run.id, owner="other")

    ended = train_job.train_run(store, sleeper, overtaken)
    assert (ended.state, ended.owner) == (State.RUNNING, "other")
    assert [path.name for path in checkpoint.run_models(run.folder)] == ["model-000000020.safetensors"]


def test_a_run_that_was_deleted_while_its_computer_slept_ends_quietly(store):
    run = store.create(small_config(**ENDLESS), "cgan", owner="sleeper")

    def deleted(progress):
        if "step" in progress:
            store.end(run.id, "sleeper", State.INTERRUPTED)
            store.delete(run.id)

    assert train_job.train_run(store, run, deleted).name == run.name
    assert store.get(run.id) is None


def test_each_session_of_a_run_is_counted_so_that_viewers_read_anew(store):
    run = train_here(store)
    assert run.sessions == 1
    resumed = store.resume(run.id, small_config(kimg=0.64), owner="me")
    assert train_job.train_run(store, resumed).sessions == 2


def test_a_run_stops_while_its_dataset_is_still_read(store, tmp_path):
    (tmp_path / "pictures").mkdir()
    for number in range(20):
        Image.new("RGB", (8, 8)).save(tmp_path / "pictures" / f"{number}.png")
    run = store.create(small_config(dataset=f"folder:{tmp_path / 'pictures'}"), "cgan", owner="me")
    store.ask_to_stop(run.id)
    ended = train_job.train_run(store, run)
    assert (ended.state, ended.step) == (State.STOPPED, 0)


def test_a_run_keeps_what_its_folder_of_pictures_holds_besides(store, tmp_path):
    pictures = tmp_path / "pictures"
    (pictures / "cats").mkdir(parents=True)
    for number in range(16):
        Image.new("L", (8, 8)).save(pictures / "cats" / f"{number}.png")
    Image.new("L", (8, 8)).save(pictures / "beside.png")
    (pictures / "licence.pdf").touch()
    run, status_text = store.create(small_config(dataset=f"folder:{pictures}"), "cgan", owner="me"), []
    ended = train_job.train_run(store, run, status_text.append)
    sentences = [
        "Pictures left out because they lie beside the sub-folders, which are the classes: 1.",
        "Files left out because their format is not read: 1 (.pdf).",
    ]
    assert (ended.state, [str(text) for text in ended.left_out]) == (State.FINISHED, sentences)
    assert [Text.from_json(text) for progress in status_text for text in progress.get("left_out", ())] == ended.left_out


def test_what_is_left_out_is_known_even_where_too_few_pictures_are_left(store, tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "photo.cr2").touch()
    run = store.create(small_config(dataset=f"folder:{tmp_path / 'cats'}"), "cgan", owner="me")
    with pytest.raises(WorkbenchError, match="no pictures"):
        train_job.train_run(store, run)
    assert [str(text) for text in store.get(run.id).left_out] == [
        "Files left out because their format is not read: 1 (.cr2)."
    ]


def test_a_run_left_by_a_killed_worker_still_takes_its_slot(store):
    orphan = store.create(small_config(), "cgan", owner="app/killed-with-its-worker")
    waiting = store.create(small_config(**ENDLESS), "cgan")
    successor = worker.Worker(store, ThisMachine(1), name="app")
    assert successor.supervise(), "a run that waits is work: an idle worker would go home"
    assert state_of(store, waiting) == State.QUEUED
    store.end(orphan.id, orphan.owner, State.FINISHED)
    successor.supervise()
    assert state_of(store, waiting) == State.RUNNING
    end_all(successor)


@pytest.mark.parametrize("by", ["its own worker", "its worker's successor"])
def test_a_run_that_does_not_hear_the_request_to_stop_is_ended_and_keeps_its_checkpoint(store, by):
    trained = train_here(store)
    owner = "app/in-a-very-long-step"
    run = store.resume(trained.id, small_config(**ENDLESS), owner=owner)
    hands = worker.Worker(store, ThisMachine(1), name="app")
    deaf = deaf_process()
    if by == "its own worker":
        hands.in_work[owner] = worker.InWork(run, deaf, time.monotonic())
    store.ask_to_stop(run.id)
    hands.supervise()
    assert state_of(store, run) == State.RUNNING, "asked politely first"
    hands.patience_seconds = 0
    waiting = store.create(small_config(), "cgan")
    wait_for(lambda: not (hands.supervise() and store.get(run.id).active), "its end")
    ended = store.get(run.id)
    assert (ended.state, ended.checkpoint) == (State.STOPPED, trained.checkpoint)
    assert "did not stop by itself" in str(ended.status_text)
    assert not store.heartbeat(run.id, owner), "its process, should it live on, writes nothing any more"
    assert (deaf.poll() is not None) == (by == "its own worker")
    wait_for(lambda: hands.supervise() and store.get(waiting.id).state != State.QUEUED, "the slot to be free")
    deaf.kill()
    deaf.wait()
    end_all(hands)


def test_a_run_whose_folder_cannot_be_made_fails_and_the_next_one_is_trained(store, working):
    broken, sound = (store.create(small_config(), "cgan") for _ in range(2))
    broken.folder.write_text("in the way")
    wait_for(lambda: state_of(store, sound) == State.FINISHED, "the next run")
    failed = store.get(broken.id)
    assert failed.state == State.FAILED
    assert "could not be written" in str(failed.status_text)


def test_a_run_that_fails_says_why_even_if_its_store_is_away(store):
    def away(state, message):
        raise StoreUnavailableError("locked")

    with pytest.raises(WorkbenchError, match="no room"), job.failure_noted(away):
        raise WorkbenchError("There is no room.")


def test_what_a_killed_process_was_writing_is_taken_away(store, working):
    run = store.create(small_config(**ENDLESS), "cgan")
    wait_for(lambda: store.get(run.id).step > 0, "the first steps")
    process = process_of(working)
    for name in (f"live.webp.{process.pid}.partial", f"samples/000000001.webp.{process.pid}.partial"):
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_bytes(b"half")
    process.kill()
    wait_for(lambda: state_of(store, run) == State.INTERRUPTED, "interrupted")
    assert list(run.folder.rglob("*.partial")) == []


def test_a_run_goes_on_where_a_process_died_writing(store):
    run = train_here(store)
    (run.folder / "live.webp.1.partial").write_bytes(b"half")
    run = train_job.train_run(store, store.resume(run.id, small_config(kimg=0.64), owner="me"))
    assert (run.state, list(run.folder.rglob("*.partial"))) == (State.FINISHED, [])


def test_a_run_whose_checkpoint_is_gone_never_begins_anew_in_silence(store):
    run = train_here(store)
    rows, grids = len(store.read_metrics(run.id)["step"]), run.grid_steps
    taken_over = store.resume(run.id, small_config(kimg=0.64), owner="me")
    for path in run.folder.glob("model-*"):
        path.unlink()
    with pytest.raises(WorkbenchError, match="Put it back"):
        train_job.train_run(store, taken_over)
    after = store.get(run.id)
    assert after.state == State.FAILED
    assert (len(store.read_metrics(run.id)["step"]), after.grid_steps) == (rows, grids)
    assert all(after.grid_path(step).exists() for step in grids)
    store.forget_training(run.id)
    anew = train_job.train_run(store, store.resume(run.id, owner="me"))
    assert (anew.state, anew.step) == (State.FINISHED, 40)


def test_grids_that_are_asked_for_too_often_are_thinned_evenly(store, monkeypatch):
    monkeypatch.setattr(sample_grids, "MAX_GRIDS", 5)
    run = train_here(store, kimg=3.2, grid_every=10)
    assert run.grid_steps == [40, 80, 120, 160, 200]
    assert sorted(int(path.stem) for path in run.grid_folder.iterdir()) == run.grid_steps
    longer = store.resume(run.id, small_config(kimg=3.84, grid_every=10), owner="me")
    assert train_job.train_run(store, longer).grid_steps == [80, 160, 240]


def test_a_run_from_before_with_too_many_grids_keeps_some_evenly_when_it_goes_on(store, monkeypatch):
    monkeypatch.setattr(sample_grids, "MAX_GRIDS", 4)
    monkeypatch.setattr("gan_core.store.tables.MAX_GRIDS", 4)
    run = train_here(store, kimg=3.2, grid_every=50)
    for step in range(10, 201, 10):
        (run.grid_folder / f"{step:09d}.webp").touch()
    with store.session() as session:
        before = session.get(type(run), run.id)
        before.grid_steps_json, before.config_json = "", small_config(kimg=3.84, grid_every=10).model_dump_json()
    run = train_job.train_run(store, store.resume(run.id, owner="me"))
    assert run.grid_steps == [80, 160, 240]
    assert sorted(int(path.stem) for path in run.grid_folder.iterdir()) == run.grid_steps


def test_a_worker_outlives_a_store_that_is_away_for_a_while(store, monkeypatch):
    answers = iter([StoreUnavailableError("locked"), StoreUnavailableError("locked"), None])

    def away(self):
        answer = next(answers, None)
        if answer:
            raise answer
        return False

    monkeypatch.setattr(worker.Worker, "supervise", away)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.01)
    worker.work(store, ThisMachine(1), name="app", idle_seconds=0.1)
    assert next(answers, "all were asked for") == "all were asked for"


def test_checkpoint_files_that_do_not_belong_together_are_one_sentence(store):
    run = train_here(store)
    other = train_here(store, optimizer="sgd", network="dcgan")
    other.checkpoint_path.replace(run.checkpoint_path)
    resumed = store.resume(run.id, small_config(kimg=0.64), owner="me")
    with pytest.raises(WorkbenchError, match="do not fit"):
        train_job.train_run(store, resumed)


def test_nan_stops_the_run_with_step_and_last_good_checkpoint(store):
    good = train_here(store, kimg=0.32, optimizer="sgd", loss="least-squares", generator_learning_rate=1e-3)
    broken = good.config.model_copy(update={"kimg": 10.0, "discriminator_learning_rate": 1e4})
    run = store.resume(good.id, broken, owner=job.new_owner())
    with pytest.raises(WorkbenchError, match=r"By step \d+ .* last good checkpoint is model-000000020\.safetensors"):
        train_job.train_run(store, run)
    failed = store.get(run.id)
    assert failed.state == State.FAILED
    assert "no longer numbers" in failed.message
    assert checkpoint.read_metadata(failed.checkpoint_path).step == 20


def test_nan_before_the_first_checkpoint_says_so(store):
    with pytest.raises(WorkbenchError, match="no checkpoint yet"):
        train_here(store, optimizer="sgd", loss="least-squares", discriminator_learning_rate=1e4, kimg=10)


def test_a_failed_run_says_why(store, working):
    run = store.create(small_config(dataset="folder:/nowhere/at/all"), "cgan")
    wait_for(lambda: state_of(store, run) == State.FAILED, "failed")
    assert "no folder" in store.get(run.id).message


def test_a_dataset_that_changed_is_not_resumed(store):
    run = train_here(store)
    other = run.config.model_copy(update={"dataset": "folder:somewhere", "kimg": 5.0})
    metadata = checkpoint.read_metadata(run.checkpoint_path)
    model = checkpoint.read_tensors(run.checkpoint_path)
    changed = metadata._replace(spec=metadata.spec.model_copy(update={"classes": ("cats", "dogs")}))
    checkpoint.write_tensors(run.checkpoint_path, model, changed.to_header())
    run = store.resume(run.id, other.model_copy(update={"dataset": "digits"}), owner="me")
    with pytest.raises(WorkbenchError, match="other classes"):
        train_job.train_run(store, run)


def test_the_apps_worker_lives_once_and_outlives_whoever_started_it(store, monkeypatch):
    app_worker.ensure_worker(store)
    wait_for(lambda: store.worker_lives(app_worker.app_worker_name()), "the worker")
    app_worker.ensure_worker(store)
    worker.work(store, ThisMachine(1), name=app_worker.app_worker_name())  # the name is taken: returns at once
    alive = [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE]
    mine = [p for p in alive if "--of-app" in p.cmdline()]
    assert len(mine) == 1
    if os.name != "nt":
        assert os.getsid(mine[0].pid) != os.getsid(0), "Ctrl-C in the server's terminal must not reach it"
    run = store.create(small_config(), "cgan")
    wait_for(lambda: state_of(store, run) == State.FINISHED, "its run")
    mine[0].kill()
    mine[0].wait()


def test_an_idle_worker_goes_home(store):
    worker.work(store, ThisMachine(1), name="idle", idle_seconds=0)
    assert not store.worker_lives("idle")


# Evaluations


@pytest.fixture
def evaluations(store):
    return default_evaluations()


@pytest.fixture
def evaluator(evaluations):
    """One slot; whoever uses it calls look."""
    hands = worker.Evaluator(evaluations, ThisMachine(1))
    yield hands
    end_all(hands)


def ask(evaluations, path, **terms):
    return evaluations.ask("run:one", path, TERMS._replace(**terms))


def not_a_model(folder):
    path = folder / "broken.safetensors"
    path.write_bytes(b"no tensors")
    return path


def ended(hands, row):
    hands.supervise()
    return not hands.store.get(row.id).active


def test_an_evaluation_is_made_by_a_process_of_its_own(store, evaluations, evaluator):
    run = train_here(store, conditional=True)
    asked = ask(evaluations, run.checkpoint_path)
    wait_for(lambda: ended(evaluator, asked), "the evaluation", EVALUATION_SECONDS)
    row = evaluations.get(asked.id)
    assert (row.state, row.status_text) == (State.FINISHED, None)
    result = result_of(row)
    assert result.protocol["samples"] == 200
    assert np.array(result.confusion).sum() == 200
    assert result.scores["fid"] > result.baseline["fid"], "it has learned next to nothing"
    assert len(result.pictures["generated"]) == len(result.distances) > 0
    assert not row.checkpoint_path.exists(), "the copy is needed no more"


def test_a_killed_evaluation_is_interrupted_and_asked_for_again(store, evaluations, evaluator):
    run = train_here(store)
    asked = ask(evaluations, run.checkpoint_path)
    evaluator.supervise()
    process_of(evaluator).kill()
    wait_for(lambda: ended(evaluator, asked), "interrupted")
    row = evaluations.get(asked.id)
    assert row.state == State.INTERRUPTED
    assert "Evaluate the model again" in str(row.status_text)
    assert ask(evaluations, run.checkpoint_path).state == State.QUEUED


def test_a_cancelled_evaluation_ends_without_a_result(store, evaluations, tmp_path):
    asked = ask(evaluations, train_here(store).checkpoint_path)
    row = evaluations.claim("me")
    evaluations.cancel(row.id)
    evaluate_job.evaluate_claimed(evaluations, row)
    row = evaluations.get(asked.id)
    assert (row.state, row.result_json, row.checkpoint_path.exists()) == (State.STOPPED, "", False)


def test_a_cancelled_evaluation_that_does_not_notice_is_ended(evaluations, evaluator, tmp_path):
    row = ask(evaluations, not_a_model(tmp_path))
    deaf = deaf_process()
    evaluations.claim("deaf")
    evaluator.in_work["deaf"] = worker.InWork(row, deaf, time.monotonic())
    evaluations.cancel(row.id)
    wait_for(lambda: ended(evaluator, row), "its end")
    assert evaluations.get(row.id).state == State.STOPPED
    assert deaf.poll() is not None
    assert not row.checkpoint_path.exists()


def test_a_process_that_takes_long_to_start_is_not_given_up_for_lost(evaluations, evaluator, tmp_path, pass_time):
    ask(evaluations, not_a_model(tmp_path))
    row = evaluations.claim("slow")
    evaluator.in_work["slow"] = worker.InWork(row, deaf_process(), time.monotonic())
    evaluator.supervise()
    pass_time(LOST_AFTER_SECONDS + 1)
    evaluator.supervise()
    assert evaluations.get(row.id).state == State.RUNNING


def test_an_evaluation_that_fails_says_why(evaluations, tmp_path):
    ask(evaluations, not_a_model(tmp_path))
    row = evaluations.claim("me")
    with pytest.raises(WorkbenchError, match="not a whole safetensors file"):
        evaluate_job.evaluate_claimed(evaluations, row)
    row = evaluations.get(row.id)
    assert (row.state, row.checkpoint_path.exists()) == (State.FAILED, False)
    assert "not a whole safetensors file" in str(row.status_text)


def test_an_evaluation_does_not_wait_behind_a_training(store, evaluations, tmp_path):
    store.create(small_config(), "cgan", owner="app/takes-the-only-slot")
    row = ask(evaluations, not_a_model(tmp_path))
    worker.work(store, ThisMachine(1), name="app", idle_seconds=1)
    assert evaluations.get(row.id).state == State.FAILED, "it was in work, and found the file useless"
