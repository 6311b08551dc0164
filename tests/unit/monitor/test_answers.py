"""What is said of an exercise's runs, by figures made by hand."""

import math

import pytest
from scipy import stats

from gan_core.monitor.answers import Side, answer, chance_of, judge, spread

BEFORE = Side((4.6, 4.7, 4.8), (0.5, 0.52, 0.54), (1000, 1010, 1020), 1000)


def test_a_difference_beyond_the_seeds_noise_is_better_or_worse_by_the_score_that_counts():
    after = Side((3.0, 3.1, 3.2), (0.3, 0.31, 0.32))
    assert (judge(BEFORE, after, "fid"), judge(after, BEFORE, "fid")) == ("better", "worse")
    assert (judge(BEFORE, after, "accuracy"), judge(after, BEFORE, "accuracy")) == ("worse", "better")


def test_a_difference_that_seeds_show_by_chance_is_none():
    assert judge(BEFORE, Side((4.0, 4.6, 5.4)), "fid") == "same"
    assert judge(BEFORE, BEFORE, "accuracy") == "same"


@pytest.mark.parametrize(
    ("was", "now"), [((1, 2, 4), (6, 9, 11)), ((1, 2, 4), (3, 4, 5)), ((9, 10, 11), (7.5, 8, 8.6))]
)
def test_the_rule_is_students_test_of_the_logarithms(was, now):
    probability = stats.ttest_ind([math.log(one) for one in was], [math.log(one) for one in now]).pvalue
    assert (judge(Side(was), Side(now), "fid") == "same") == (probability > 0.05)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 10, 37, 38])
def test_its_chances_are_students(degrees):
    for t in (0.0, 0.1, 1.0, 2.776, 12.0):
        assert chance_of(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), abs=1e-12)


def test_who_compares_many_settings_at_once_is_not_fooled_more_often():
    after = Side((3.9, 4.1, 4.4))
    probability = stats.ttest_ind(*([math.log(fid) for fid in side.fid] for side in (BEFORE, after))).pvalue
    assert 0.005 < probability < 0.05
    assert judge(BEFORE, after, "fid") == "better"
    assert judge(BEFORE, after, "fid", comparisons=10) == "same"


def test_a_collapse_in_some_of_the_seeds_is_seen_though_they_scatter_widely():
    assert judge(Side((0.45, 0.5, 0.55)), Side((5.0, 20.0, 60.0)), "fid") == "worse"
    assert judge(Side((1,) * 3, (0.98, 0.99, 0.99)), Side((1,) * 3, (0.1, 0.5, 0.9)), "accuracy") == "worse"


def test_perfect_and_hopeless_accuracies_can_be_compared():
    assert judge(Side((1,) * 3, (0.0, 0.001, 0.0)), Side((1,) * 3, (1.0, 0.999, 1.0)), "accuracy") == "better"


def test_of_a_single_run_nothing_is_said():
    assert judge(Side((4.7,)), Side((0.1,)), "fid") == "same"


def test_the_sentence_says_what_it_did_and_at_what_price():
    after = Side((3.0, 3.1, 3.2), (), (500, 505, 510), 2500)
    assert str(answer(BEFORE, after, "fid")) == (
        "The change helped: FID 4.7 to 3.1, at 0.5 times the speed and with 2.5 times the parameters."
    )
    assert str(answer(BEFORE, after._replace(parameters=None), "fid")).endswith("3.1, at 0.5 times the speed.")
    assert str(answer(BEFORE, after._replace(images_per_second=()), "fid")).endswith("with 2.5 times the parameters.")


def test_within_the_noise_it_says_both_figures_and_how_many_seeds():
    after = BEFORE._replace(accuracy=(0.5, 0.53, 0.54))
    assert str(answer(BEFORE, after, "accuracy")) == (
        "Within the noise of 3 seeds: class accuracy 52.0% and 52.3%, at about the same speed."
    )


def test_another_speed_is_said_only_of_runs_that_were_all_faster_and_by_a_tenth():
    for rates in ((900, 1015, 1100), (1030, 1040, 1050)):
        assert "about the same speed" in str(answer(BEFORE, BEFORE._replace(images_per_second=rates), "fid"))
    assert "1.5 times the speed" in str(answer(BEFORE, BEFORE._replace(images_per_second=(1500, 1510, 1600)), "fid"))


def test_of_settings_that_are_equally_fast_no_other_speed_is_said():
    slow = BEFORE._replace(images_per_second=(500, 510, 520))
    assert "at about the same speed" in str(answer(BEFORE, slow, "fid", same_speed=True))


def test_who_breaks_off_more_often_is_worse_whatever_the_others_score():
    after = Side((0.1,), failed=2)
    assert judge(BEFORE, after, "fid") == "worse"
    assert str(answer(BEFORE, after, "fid")).startswith("Runs that broke off: 0 before the change, 2 after it")
    assert "nothing can be compared" in str(answer(Side((), failed=3), Side((), failed=3), "fid"))


def test_the_spread_is_that_of_a_sample():
    assert spread((1.0, 2.0, 3.0)) == (2.0, 1.0) and spread((5.0,)) == (5.0, 0.0)
    with pytest.raises(ValueError, match="nothing"):
        spread(())
