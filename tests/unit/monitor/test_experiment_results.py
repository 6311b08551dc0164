"""What is said of an experiment's runs, by figures made by hand."""

import json

import numpy as np
import pytest

from gan_core.experiments import Trial, make_experiment
from gan_core.monitor.experiment_results import POINTS, band, results_of
from gan_core.store.runs import State
from tests.conftest import small_config


@pytest.fixture
def ended(store):
    def make(fid=None, accuracy=0.5, state=State.FINISHED):
        run = store.create(small_config(), "cgan", owner="me")
        if fid is not None:
            store.report(run.id, "me", last_json=json.dumps({"fid": fid, "accuracy": accuracy}))
        store.end(run.id, "me", state)
        return store.get(run.id)

    return make


@pytest.fixture
def asked():
    return make_experiment("cgan", small_config(), {"batch_size": ["8", "16", "32", "64"]}, 2)


def test_the_best_comes_first_and_is_judged_against_the_baseline(asked, ended):
    runs = [ended(9.0), ended(9.1), ended(3.0), ended(3.1), ended(1.0), ended(1.1), ended(3.0, 0.1), ended(3.2, 0.9)]
    found = results_of(asked, runs, "fid")
    assert [result.variant["batch_size"] for result in found] == ["32", "16", "64", "8"]
    assert [result.verdict for result in found] == ["better", None, "same", "worse"]
    assert found[0].side.fid == (1.0, 1.1)


def test_by_accuracy_more_is_better(asked, ended):
    runs = [ended(1.0, accuracy) for accuracy in (0.1, 0.11, 0.5, 0.51, 0.9, 0.91, 0.3, 0.31)]
    found = results_of(asked, runs, "accuracy")
    assert [result.variant["batch_size"] for result in found] == ["32", "16", "64", "8"]


def test_before_all_seeds_have_ended_nothing_is_judged(asked, ended):
    runs = [ended(9.0), ended(9.1), ended(3.0), None, ended(1.0), ended(1.1), None, None]
    found = results_of(asked, runs, "fid")
    assert [result.verdict for result in found] == [None] * 4
    assert found[-1].variant == {"batch_size": "64"}
    assert not found[-1].is_complete


def test_a_variant_that_breaks_off_more_often_is_worse(asked, ended):
    failed = [ended(state=State.FAILED) for _ in range(2)]
    found = results_of(asked, [*failed, ended(3.0), ended(3.1), None, None, None, None], "fid")
    assert {result.variant["batch_size"]: result.verdict for result in found}["8"] == "worse"


def test_of_a_search_what_it_has_tried_is_judged_and_what_was_behind_is_not(ended):
    vary = {"batch_size": ["8..64"]}
    tried = [
        Trial({"batch_size": size}, behind) for size, behind in (("16", None), ("9", None), ("50", 1.0), ("20", 1.0))
    ]
    search = make_experiment("cgan", small_config(), vary, 2, 10)._replace(tried=tuple(tried))
    stopped = [ended(state=State.STOPPED) for _ in range(2)]
    resumed = [ended(2.0), ended(2.1)]
    found = results_of(search, [ended(9.0), ended(9.1), ended(3.0), ended(3.1), *stopped, *resumed], "fid")
    assert [result.variant["batch_size"] for result in found] == ["20", "9", "16", "50"]
    assert [result.verdict for result in found] == ["better", "better", None, None]
    assert [result.is_behind for result in found] == [False, False, False, True], "one came to its end nonetheless"
    assert results_of(search._replace(tried=()), [], "fid") == []


def test_the_more_is_compared_the_more_must_lie_between(ended):
    few = make_experiment("cgan", small_config(), {"batch_size": ["16", "32"]}, 3)
    many = make_experiment("cgan", small_config(), {"batch_size": ["16", "32", *map(str, range(40, 50))]}, 3)
    six = [ended(fid) for fid in (4.6, 4.7, 4.8, 3.9, 4.1, 4.4)]
    verdicts = [results_of(one, six + [None] * (3 * len(one.variants) - 6), "fid")[0].verdict for one in (few, many)]
    assert verdicts == ["better", "same"]


def test_a_band_is_the_seeds_mean_and_deviation_as_far_as_all_have_come(store, ended):
    runs = [ended(), ended()]
    for run, slope, rows in zip(runs, (1.0, 3.0), (5, 9), strict=True):
        x = np.arange(1.0, rows + 1)
        fid = np.where(x % 2 == 0, np.nan, slope * x)  # not in every row
        store.write_metrics(run.id, 0, ["kimg", "fid"], np.column_stack([x, fid]))
    found = band(store, [*runs, None], "fid", "kimg")
    np.testing.assert_allclose(found.x, np.linspace(1, 5, POINTS))
    np.testing.assert_allclose(found.mean, 2 * found.x)
    np.testing.assert_allclose(found.deviation, np.sqrt(2) * found.x)
    assert band(store, runs, "accuracy", "kimg") is None
    assert band(store, runs[:1], "fid", "kimg").deviation.tolist() == [0.0] * POINTS
