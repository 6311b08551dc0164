"""Evaluations in the store: asked once, claimed by one, cancelled, lost, answered."""

import numpy as np
import pytest

from gan_core.errors import WorkbenchError
from gan_core.metrics.result import Evaluation
from gan_core.store.evaluations import EvaluationStore, Terms, default_evaluations, result_of
from gan_core.store.queue import LOST_AFTER_SECONDS
from gan_core.store.tables import State
from gan_core.text import Text

TERMS = Terms("classifier", 1000, 0)


@pytest.fixture
def evaluations(store):
    return default_evaluations()


@pytest.fixture
def checkpoint(tmp_path):
    return write(tmp_path / "model-000000020.safetensors", b"weights")


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def a_result(**changes):
    pictures = {"best": np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)}
    values = {
        "protocol": {"model": "m", "step": 20, "kimg": 1.5, "dataset": "digits", "samples": 1000},
        "scores": {"fid": 12.5},
        "baseline": {"fid": 0.5},
        "class_names": ("0", "1"),
        "confusion": [[9, 1], [2, 8]],
        "pictures": pictures,
        "distances": [],
    }
    return Evaluation(**values | changes)


def finish(evaluations, row, result=None):
    row = evaluations.claim("me")
    evaluations.report(row.id, "me", result_json=(result or a_result()).to_json())
    evaluations.end(row.id, "me", State.FINISHED)
    return evaluations.get(row.id)


def test_what_was_asked_is_kept(evaluations, checkpoint, tmp_path):
    row = evaluations.get(evaluations.ask("run:one", checkpoint, TERMS, tmp_path).id)
    assert (row.model, row.state, row.progress, row.active) == ("run:one", State.QUEUED, 0, True)
    assert Terms(row.features, row.samples, row.seed) == TERMS
    assert row.data_dir == str(tmp_path.resolve())


def test_evaluations_are_claimed_in_order_and_each_by_one_owner(evaluations, checkpoint):
    asked = [evaluations.ask("run:one", checkpoint, TERMS._replace(seed=seed)).id for seed in range(3)]
    assert [row.id for row in evaluations.active()] == asked
    assert [evaluations.claim(owner).id for owner in ("me", "you", "me")] == asked
    assert evaluations.claim("you") is None
    assert sorted(evaluations.owners().values()) == ["me", "me", "you"]


def test_only_the_owner_reports_and_ends(evaluations, checkpoint):
    asked = evaluations.ask("run:one", checkpoint, TERMS)
    evaluations.claim("me")
    assert evaluations.report(asked.id, "you", progress=0.9) == "lost"
    assert not evaluations.end(asked.id, "you", State.FINISHED)
    assert evaluations.report(asked.id, "me", progress=0.5, message=Text("Drawing").to_json()) == ""
    row = evaluations.get(asked.id)
    assert (row.state, row.progress, row.status_text) == (State.RUNNING, 0.5, Text("Drawing"))


def test_the_checkpoint_is_kept_as_it_was_when_asked_for(evaluations, checkpoint):
    row = evaluations.ask("run:one", checkpoint, TERMS)
    checkpoint.unlink()
    assert row.checkpoint_path.read_bytes() == b"weights"


def test_a_checkpoint_that_is_gone_is_one_sentence(evaluations, tmp_path):
    with pytest.raises(WorkbenchError, match="choose the model again"):
        evaluations.ask("run:one", tmp_path / "gone.safetensors", TERMS)
    assert evaluations.active() == []


def test_the_same_question_is_asked_once_while_it_waits_and_when_it_is_answered(evaluations, checkpoint, tmp_path):
    first = evaluations.ask("run:one", checkpoint, TERMS)
    assert evaluations.ask("run:one", checkpoint, TERMS).id == first.id
    finish(evaluations, first)
    same_content = write(tmp_path / "elsewhere" / "model-000000040.safetensors", b"weights")
    assert evaluations.ask("run:one", same_content, TERMS).id == first.id
    assert evaluations.active() == []


def test_another_question_is_asked_anew(evaluations, checkpoint, tmp_path):
    first = finish(evaluations, evaluations.ask("run:one", checkpoint, TERMS))
    learned_on = write(tmp_path / "model-000000040.safetensors", b"other weights")
    others = [TERMS._replace(features="inception"), TERMS._replace(samples=5000), TERMS._replace(seed=1)]
    numbers = {first.id, evaluations.ask("run:one", learned_on, TERMS).id}
    numbers |= {evaluations.ask("run:one", checkpoint, terms).id for terms in others}
    assert len(numbers) == 5


@pytest.mark.parametrize("end", [State.FAILED, State.INTERRUPTED, State.STOPPED])
def test_a_question_without_an_answer_can_be_asked_again(evaluations, checkpoint, end):
    first = evaluations.ask("run:one", checkpoint, TERMS)
    evaluations.claim("me")
    evaluations.end(first.id, "me", end, Text("Alas"))
    again = evaluations.ask("run:one", checkpoint, TERMS)
    assert (again.id > first.id, again.state) == (True, State.QUEUED)
    assert evaluations.get(first.id) is None
    assert not first.folder.exists()


def test_a_queued_one_is_cancelled_at_once_and_one_in_work_is_asked(evaluations, checkpoint):
    running = evaluations.ask("run:one", checkpoint, TERMS)
    evaluations.claim("me")
    queued = evaluations.ask("run:two", checkpoint, TERMS)
    for row in (running, queued):
        evaluations.cancel(row.id)
    assert evaluations.get(queued.id).state == State.STOPPED
    assert not queued.checkpoint_path.exists()
    assert evaluations.get(running.id).state == State.RUNNING
    assert evaluations.report(running.id, "me", progress=0.5) == "cancel"


def test_an_ended_one_cannot_be_cancelled(evaluations, checkpoint):
    row = finish(evaluations, evaluations.ask("run:one", checkpoint, TERMS))
    evaluations.cancel(row.id)
    assert evaluations.get(row.id).state == State.FINISHED


def test_one_whose_owner_is_silent_is_interrupted_and_says_what_to_do(evaluations, checkpoint, pass_time):
    silent = evaluations.ask("run:one", checkpoint, TERMS)
    alive = evaluations.ask("run:two", checkpoint, TERMS)
    for owner in ("silent", "alive"):
        evaluations.claim(owner)
    evaluations.mark_interrupted()
    pass_time(LOST_AFTER_SECONDS + 1)
    evaluations.heartbeat(alive.id, "alive")
    evaluations.mark_interrupted()
    found = evaluations.get(silent.id)
    assert (found.state, evaluations.get(alive.id).state) == (State.INTERRUPTED, State.RUNNING)
    assert "Evaluate the model again" in str(found.status_text)
    assert evaluations.heartbeat(silent.id, "silent"), "its computer had only slept"
    assert evaluations.get(silent.id).state == State.RUNNING


def test_the_newest_answer_of_each_model_is_found_by_its_terms(evaluations, checkpoint, tmp_path):
    finish(evaluations, evaluations.ask("run:one", checkpoint, TERMS))
    finish(evaluations, evaluations.ask("run:one", checkpoint, TERMS._replace(samples=5000)))
    learned_on = write(tmp_path / "model-000000040.safetensors", b"other weights")
    newest = finish(evaluations, evaluations.ask("run:one", learned_on, TERMS))
    other = finish(evaluations, evaluations.ask("shipped:two", checkpoint, TERMS))
    evaluations.ask("run:one", write(tmp_path / "third.safetensors", b"third"), TERMS)
    found = evaluations.newest(["run:one", "shipped:two", "run:none"], TERMS)
    assert {model: row.id for model, row in found.items()} == {"run:one": newest.id, "shipped:two": other.id}


def test_a_result_comes_back_with_its_pictures(evaluations, checkpoint):
    result = a_result()
    row = finish(evaluations, evaluations.ask("run:one", checkpoint, TERMS), result)
    assert result_of(row) == result._replace(pictures={})
    np.savez(row.pictures_path, **result.pictures)
    found = result_of(row)
    assert found._replace(pictures={}) == result._replace(pictures={})
    assert np.array_equal(found.pictures["best"], result.pictures["best"])


def test_one_without_a_result_has_none(evaluations, checkpoint):
    assert result_of(evaluations.ask("run:one", checkpoint, TERMS)) is None


def test_a_deleted_evaluation_leaves_nothing_and_an_active_one_stays(evaluations, checkpoint):
    row = evaluations.ask("run:one", checkpoint, TERMS)
    with pytest.raises(WorkbenchError, match="cancel it first"):
        evaluations.delete(row.id)
    finish(evaluations, row)
    evaluations.delete(row.id)
    evaluations.delete(row.id)  # someone else was faster: no error
    assert (evaluations.get(row.id), row.folder.exists()) == (None, False)
    assert evaluations.ask("run:one", checkpoint, TERMS).id > row.id


def test_a_forgotten_models_evaluations_leave_nothing_and_one_in_work_ends(evaluations, checkpoint):
    done = finish(evaluations, evaluations.ask("run:one", checkpoint, TERMS))
    working = evaluations.ask("best:one", checkpoint, TERMS)
    evaluations.claim("me")
    waiting = evaluations.ask("run:one", checkpoint, Terms(seed=7))
    other = evaluations.ask("run:two", checkpoint, TERMS)
    evaluations.forget(["run:one", "best:one"])
    for row in (done, waiting):
        assert (evaluations.get(row.id), row.folder.exists()) == (None, False)
    assert evaluations.get(working.id).request == "cancel"
    assert evaluations.get(other.id).state == State.QUEUED


def test_the_last_one_asked_for_is_found(evaluations, checkpoint):
    assert evaluations.last() is None
    evaluations.ask("run:one", checkpoint, TERMS)
    row = evaluations.ask("run:two", checkpoint, TERMS)
    assert evaluations.last().id == row.id


def test_evaluations_live_in_the_runs_database(store):
    assert EvaluationStore(store.engine).active() == []
