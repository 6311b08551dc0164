"""The exercises: whether everybody can train them."""

import pytest

from gan_core import limits
from gan_core.config import settings
from gan_core.errors import WorkbenchError
from gan_core.estimates import memory
from gan_core.exercises import EXERCISES, SEEDS
from gan_core.presets import PRESETS
from pages.parts.learn.lessons import LESSONS

names = pytest.mark.parametrize("name", EXERCISES)


@names
@pytest.mark.parametrize("mode", ["class", "public"])
def test_baseline_and_suggestion_fit_what_a_visitor_may_train(name, mode, hosted):
    hosted(mode)
    exercise = EXERCISES[name]
    for config in (exercise.baseline(), exercise.variant(exercise.suggestion)):
        limits.refuse_config(config)
        memory.refuse_beyond_limits(config)
        assert config == limits.within_budget(config)


@names
def test_a_suggestion_changes_what_the_reader_may_change_and_has_an_effect(name):
    exercise = EXERCISES[name]
    baseline, variant = exercise.baseline(), exercise.variant(exercise.suggestion)
    changed = {one for one in settings() if getattr(baseline, one) != getattr(variant, one)}
    assert changed and changed == set(exercise.suggestion) <= set(exercise.free)
    assert all(variant.uses(one) for one in changed) and not changed & exercise.fixed.keys() - set(exercise.free)


@names
def test_every_run_is_scored_once_at_its_end(name):
    configs = [EXERCISES[name].baseline(seed) for seed in SEEDS]
    assert {(config.minutes, config.kimg, config.score_every) for config in configs} == {
        (None, EXERCISES[name].kimg, EXERCISES[name].kimg)
    }
    assert [config.seed for config in configs] == list(SEEDS)


@names
def test_only_what_is_the_readers_to_change_is_changed(name):
    exercise = EXERCISES[name]
    assert exercise.variant({"seed": 7, "kimg": 1e6}, seed=1) == exercise.baseline(seed=1)
    with pytest.raises(WorkbenchError):
        exercise.variant({exercise.free[0]: "nonsense"})


@names
def test_a_run_from_the_form_has_exactly_the_variants_settings(name):
    """The form takes the preset's value of whatever has no effect."""
    exercise = EXERCISES[name]
    preset = PRESETS[exercise.preset].config
    for config in (exercise.baseline(), exercise.variant(exercise.suggestion)):
        idle = {one: getattr(preset, one) for one in settings() if not config.uses(one)}
        assert config == config.model_copy(update=idle)


def test_one_that_is_judged_by_class_accuracy_draws_classes():
    for exercise in EXERCISES.values():
        assert exercise.judged_by == "fid" or exercise.baseline().conditional


def test_every_lesson_ends_with_one_exercise():
    of_lessons = [exercise.lesson for exercise in EXERCISES.values() if exercise.lesson]
    assert len(of_lessons) == len(set(of_lessons)) == 8
    assert {name for name, lesson in LESSONS.items() if lesson.questions} <= set(of_lessons)
