"""Scores of a run while it learns: when they are taken, what they leave alone, and which checkpoint is kept as best."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import checkpoint
from gan_core.config import ImageSpec
from gan_core.datasets import loading
from gan_core.datasets.loading import load_dataset
from gan_core.errors import WorkbenchError
from gan_core.jobs import recorder, scoring, session, train_job
from gan_core.jobs.reporter import Reporter
from gan_core.jobs.scoring import OWN_SAMPLES, SAMPLES
from gan_core.metrics import classifier, reference, scorecard
from gan_core.metrics.features import classifier_of
from gan_core.monitor.charts import CHARTS
from gan_core.store.runs import State
from gan_core.training.gan import Gan
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=tuple("0123456789"))
QUICK_SCORES = scorecard.quick_scores
READ_PICTURE = loading.read_picture


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    monkeypatch.setattr(scoring, "SAMPLES", 100)
    monkeypatch.setattr(scoring, "OWN_SAMPLES", 100)


@pytest.fixture
def fids(monkeypatch):
    """A list of the FIDs that the next scorings find, in place of what they would."""
    found = []
    monkeypatch.setattr(scorecard, "quick_scores", lambda *arguments: {"fid": found.pop(0)})
    return found


def train(store, **changes):
    run = store.create(small_config(**changes), "cgan", owner="me")
    return train_job.train_run(store, run)


def go_on(store, run, kimg):
    longer = run.config.model_copy(update={"kimg": kimg})
    return train_job.train_run(store, store.resume(run.id, longer, owner="me"))


def scored(store, run, metric="fid"):
    """{step: value} of the rows that have one."""
    metrics = store.read_metrics(run.id)
    assert (np.diff(metrics["step"]) > 0).all()
    if metric not in metrics:
        return {}
    known = np.isfinite(metrics[metric])
    return dict(zip(metrics["step"][known].tolist(), metrics[metric][known].tolist(), strict=True))


def weights(run):
    path = run.checkpoint_path
    return checkpoint.read_tensors(path) | checkpoint.read_tensors(checkpoint.resume_path(path))


def same(a, b):
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


# When


def test_a_run_is_scored_at_every_multiple_and_at_its_end(store):
    """16 images a step: 208, 400 and 608 are the first beyond the multiples of 200."""
    run = train(store, kimg=0.64, score_every=0.2)
    assert list(scored(store, run)) == [13, 25, 38, 40]
    assert run.last["fid"] == pytest.approx(scored(store, run)[40])
    assert all(0 <= value <= 1 for value in scored(store, run, "accuracy").values())
    assert run.status_text is None


def test_an_end_that_is_a_multiple_is_scored_once(store):
    assert list(scored(store, train(store, kimg=0.4, score_every=0.2))) == [13, 25]


def test_a_resumed_run_is_scored_at_the_multiples_that_are_still_to_come(store, fids):
    fids += [5, 4, 3, 2, 1]
    run = go_on(store, train(store, kimg=0.32, score_every=0.2), kimg=0.64)
    assert list(scored(store, run)) == [13, 20, 25, 38, 40]


def test_an_unconditional_model_has_no_class_accuracy(store):
    run = train(store, conditional=False, score_every=1)
    assert list(scored(store, run)) == [20]
    assert scored(store, run, "accuracy") == {}


@pytest.mark.parametrize("score_every", [None, 0])
def test_a_run_of_a_second_does_not_score_itself(store, score_every):
    run = train(store, score_every=score_every)
    assert scored(store, run) == scored(store, run, "accuracy") == {}
    assert checkpoint.best_model(run.folder) is None


# When, if a run decides by itself


class Clock:
    """A run's session, without a run."""

    def __init__(self):
        self.trained = self.stood_still = 0.0

    def seconds(self):
        return self.trained

    seconds_of_session = seconds


@pytest.fixture
def moments(store, tmp_path):
    """When a run of so many seconds scores itself, if a scoring takes so long."""

    def when(seconds, cost):
        run = store.create(small_config(minutes=seconds / 60, kimg=None), "cgan", owner="me")
        gan, clock = Gan(run.config, SPEC, torch.device("cpu")), Clock()
        own = scoring.OwnScoring(
            Reporter(store, run), gan, load_dataset(run.config, tmp_path), lambda: False, print, clock
        )
        own.reference = "there"
        own._took.append(cost)
        found = []
        for quarter in range(4 * seconds + 1):
            gan.step, clock.trained = quarter, quarter / 4
            if own.due(clock.trained / seconds):
                found.append(clock.trained)
                own.scored_step, own._last_at = gan.step, clock.trained / seconds
                clock.stood_still += cost
        return found

    return when


def test_a_run_scores_itself_as_often_as_a_twentieth_of_its_time_allows_and_at_its_end(moments):
    """0.25 seconds are saved in 5."""
    assert moments(60, 0.25) == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]
    assert moments(58, 0.25) == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 58], "what the last one costs is kept for it"


def test_a_run_that_can_pay_for_one_score_takes_it_at_its_end_and_a_shorter_one_takes_none(moments):
    assert moments(60, 2) == [60]
    assert moments(39, 2) == []


def test_however_cheap_scores_are_a_run_takes_two_hundred_at_most(moments):
    assert 190 <= len(moments(1000, 1e-6)) <= scoring.MOST_OWN


def test_the_first_scoring_is_expected_to_take_a_third_of_learning_from_as_many_pictures(store, tmp_path):
    run = store.create(small_config(minutes=10, kimg=None), "cgan", owner="me")
    gan, clock = Gan(run.config, SPEC, torch.device("cpu")), Clock()
    own = scoring.OwnScoring(Reporter(store, run), gan, load_dataset(run.config, tmp_path), lambda: False, print, clock)
    own.reference = "there"
    gan.step = gan.batches = 100
    # A hundred pictures are scored, so a second is expected once they take three seconds to learn from; 20 save it.
    gan.config = gan.config.model_copy(update={"batch_size": 16})
    clock.trained = 0.03 * 1600
    assert own.due(clock.trained / 600)
    clock.stood_still = 0.05 * clock.trained - 0.99
    assert not own.due(clock.trained / 600)


@pytest.fixture
def lavish(monkeypatch):
    """Runs that score themselves as if they had all the time in the world."""
    monkeypatch.setattr(scoring, "SHARE", 1e9)
    monkeypatch.setattr(recorder, "ROW_SECONDS", 0)


def test_a_run_that_scores_itself_is_ready_after_its_first_step_and_goes_on_when_it_is_resumed(store, lavish):
    run = train(store)
    steps = list(scored(store, run))
    assert (steps[0], steps[-1]) == (2, 20)
    assert checkpoint.best_model(run.folder)
    assert list(scored(store, go_on(store, run, kimg=0.64)))[-1] == 40


def test_a_run_of_other_pictures_than_the_shipped_ones_computes_their_features_in_pieces(
    store, lavish, monkeypatch, tmp_path
):
    monkeypatch.setattr(reference, "SHIPPED", tmp_path)
    monkeypatch.setattr(reference, "FEW", 2 * reference.PIECE)
    assert next(iter(scored(store, train(store)))) == 5, "after the looking up and two pieces, one a step"
    assert next(iter(scored(store, train(store)))) == 2, "they were kept"


@pytest.mark.parametrize("dataset", ["digits", f"folder:{__file__}"])
def test_a_run_scores_itself_only_if_its_dataset_has_a_classifier(dataset):
    assert small_config(dataset=dataset).scores_itself == (dataset == "digits")
    assert small_config(dataset=dataset, score_every=1).is_scored
    assert not small_config(dataset=dataset, score_every=0).is_scored


def test_the_chart_says_how_many_pictures_are_scored():
    for count in (1_000, 2_000):
        assert f"{count:,}" in CHARTS["scores"].note
    assert (OWN_SAMPLES, SAMPLES) == (1_000, 2_000)


# What it leaves alone


@pytest.mark.parametrize("network", ["mlp", "compact"])
def test_a_run_that_scores_itself_learns_the_same_bit_by_bit(store, network, monkeypatch):
    plain = train(store, network=network, score_every=0)
    classifier.load_classifier.cache_clear()  # loading it draws random numbers
    monkeypatch.setattr(scoring, "SHARE", 1e9)
    monkeypatch.setattr(recorder, "ROW_SECONDS", 0)
    run = train(store, network=network)
    assert scored(store, run)
    assert same(weights(run), weights(plain))


@pytest.mark.parametrize("network", ["mlp", "compact"])
def test_scoring_changes_no_bit_of_what_a_run_learns_nor_of_its_random_states(store, network):
    plain = train(store, network=network)
    assert same(weights(train(store, network=network, score_every=0.1)), weights(plain))


def test_the_clock_stands_still_while_a_run_is_scored(store, monkeypatch):
    now = itertools.count()
    late = SimpleNamespace(by=0.0)
    monkeypatch.setattr(session, "time", SimpleNamespace(perf_counter=lambda: late.by + next(now) / 1000))

    def slow_scores(*arguments):
        late.by += 1000
        return {"fid": 1.0}

    monkeypatch.setattr(scorecard, "quick_scores", slow_scores)
    run = train(store, kimg=0.64, score_every=0.2)
    metrics = store.read_metrics(run.id)
    assert late.by == 4000
    assert run.seconds < 1000
    assert (np.diff(metrics["seconds"]) > 0).all()
    assert metrics["images_per_second"].min() > 640 / 1000


# The same number everywhere


def test_evaluate_finds_the_fid_that_the_run_was_scored_with(store):
    run = train(store, kimg=1.6, score_every=100)
    best = checkpoint.best_model(run.folder)
    found = scorecard.evaluate(best, samples=100, seed=scoring.SEED, device=torch.device("cpu")).scores
    assert (
        checkpoint.read_metadata(best).scores["fid"] == scored(store, run)[100] == pytest.approx(found["fid"], rel=1e-6)
    )
    assert scored(store, run, "accuracy")[100] == found["accuracy"]


# The best checkpoint


def test_the_checkpoint_with_the_lowest_fid_is_kept_as_the_best(store, fids):
    fids += [3, 1, 2, 1]
    run = train(store, kimg=0.64, score_every=0.2)
    best = checkpoint.best_model(run.folder)
    metadata = checkpoint.read_metadata(best)
    assert (metadata.step, metadata.images, metadata.scores, metadata.name) == (25, 400, {"fid": 1}, run.name)
    assert [path.name for path in run.folder.glob("best-*")] == ["best-000000025.safetensors"]
    assert run.checkpoint_path.name == "model-000000040.safetensors"


def test_the_best_checkpoint_holds_the_weights_that_were_scored(store, fids):
    fids += [3, 2]
    run = train(store, kimg=0.4, score_every=0.2)
    assert same(*(checkpoint.read_tensors(path) for path in (checkpoint.best_model(run.folder), run.checkpoint_path)))


def test_an_fid_that_is_no_number_is_never_the_best(store, fids):
    fids += [math.nan]
    run = train(store, score_every=1)
    assert checkpoint.best_model(run.folder) is None
    assert scored(store, run) == {}


@pytest.mark.parametrize(("later", "step"), [(2.0, 20), (0.5, 40)])
def test_a_resumed_run_knows_the_best_fid_so_far(store, fids, later, step):
    fids += [1.0, later]
    run = go_on(store, train(store, kimg=0.32, score_every=10), kimg=0.64)
    assert checkpoint.read_metadata(checkpoint.best_model(run.folder)).step == step


def test_a_run_resumed_from_an_earlier_step_forgets_a_best_of_a_later_one(store, fids):
    fids += [1.0, 2.0]
    run = train(store, kimg=0.32, score_every=10)
    checkpoint.best_model(run.folder).rename(run.folder / "best-000000099.safetensors")
    run = go_on(store, run, kimg=0.64)
    assert [path.name for path in run.folder.glob("best-*")] == ["best-000000040.safetensors"]


def test_a_damaged_best_checkpoint_is_no_rival(store, fids):
    fids += [1.0, 2.0]
    run = train(store, kimg=0.32, score_every=10)
    checkpoint.best_model(run.folder).write_bytes(b"")
    run = go_on(store, run, kimg=0.64)
    assert checkpoint.read_metadata(checkpoint.best_model(run.folder)).step == 40


# What can come between


def test_a_run_asked_to_stop_while_it_is_scored_stops_without_scores_and_goes_on_later(store, monkeypatch):
    def asked_meanwhile(*what):
        store.ask_to_stop(1)
        return QUICK_SCORES(*what)

    with monkeypatch.context() as patch:
        patch.setattr(scorecard, "quick_scores", asked_meanwhile)
        run = train(store, kimg=0.64, score_every=0.2)
    assert (run.state, run.step, run.status_text) == (State.STOPPED, 13, None)
    assert scored(store, run) == {}
    run = go_on(store, run, kimg=0.64)
    assert (run.state, list(scored(store, run))) == (State.FINISHED, [25, 38, 40])


def test_a_scoring_ends_at_the_next_look_once_it_is_to_stop(store, tmp_path):
    run = store.create(small_config(score_every=1), "cgan", owner="me")
    gan = Gan(run.config, SPEC, torch.device("cpu"))
    dataset = load_dataset(run.config, tmp_path)
    real = scoring.real_pictures(run.config, tmp_path, dataset, gan.device, lambda line: None)
    stop = iter([False, True])
    with pytest.raises(scoring.Interrupted):
        scoring.Scoring(Reporter(store, run), gan, real, lambda: next(stop)).score()


def test_the_pictures_of_a_scored_run_are_read_once(store, tmp_path, monkeypatch):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(40):
        noise = np.random.default_rng(number).integers(0, 255, (28, 28), dtype=np.uint8)
        Image.fromarray(noise).save(pictures / f"{number}.png")
    opened = []
    monkeypatch.setattr(loading, "read_picture", lambda path, *rest: opened.append(path) or READ_PICTURE(path, *rest))
    monkeypatch.setattr("gan_core.metrics.reference.choose_extractor", lambda *wanted: classifier_of("mnist"))
    train(store, dataset=f"folder:{pictures}", image_size=28, channels=1, score_every=1)
    assert len(opened) == 40


def test_real_pictures_that_cannot_be_had_fail_the_run_with_their_sentence(store, monkeypatch):
    def nothing(*arguments, **options):
        raise WorkbenchError("There is no internet; {place} is empty.", place="here")

    monkeypatch.setattr("gan_core.metrics.reference.make_reference", nothing)
    with pytest.raises(WorkbenchError):
        train(store, score_every=1)
    run = store.get(1)
    assert (run.state, str(run.status_text)) == (State.FAILED, "There is no internet; here is empty.")
