"""What the lessons promise: their links into the code, their presets, their questions, their figures."""

import ast
import importlib
import inspect
import math
import pkgutil
import re
import sys

import pytest
from starlette.applications import Starlette

from gan_core.config import ImageSpec
from gan_core.limits import refuse_config
from gan_core.metrics.result import SCORES
from gan_core.monitor.charts import CHARTED, CHARTS
from gan_core.monitor.diagnosis import Kind
from gan_core.presets import PRESETS
from pages.parts.learn import lessons
from pages.parts.learn.lessons import LESSONS, how_good_it_is, what_a_gan_is, what_goes_wrong
from pages.parts.learn.lessons.glossary import TERMS
from pages.parts.learn.linked_code import COLOURS, Formula
from pages.parts.learn.routes import learn_routes
from pages.parts.learn.source import pieces
from pages.parts.learn.training import lesson_config
from tests import asgi

NAMES = [found.name for found in pkgutil.iter_modules(lessons.__path__)]
MODULES = [importlib.import_module(f"{lessons.__name__}.{name}") for name in NAMES]
FORMULAS = [value for module in MODULES for value in vars(module).values() if isinstance(value, Formula)]
QUESTIONS = [question for lesson in LESSONS.values() for question in lesson.questions]


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_each_term_of_a_formula_stands_in_it_and_where_it_says_in_the_code(formula):
    assert len(formula.terms) <= len(COLOURS)
    for name, term in formula.terms.items():
        assert f"<{name}>" in formula.latex
        assert set(term.code) <= set(formula.shown) and term.code
        assert set(term.metrics) <= set(CHARTED)
        for place, text in term.code.items():
            assert "".join(piece.text for piece in pieces(place, ((name, text),)) if piece.term == name) == text
    for place in formula.shown:  # none within another
        pieces(place, tuple((name, term.code[place]) for name, term in formula.terms.items() if place in term.code))
    assert "<" not in formula.coloured.replace(r"\leftarrow", "")


def test_formulas_have_names_of_their_own():
    assert len({formula.name for formula in FORMULAS}) == len(FORMULAS)


def test_there_are_eight_lessons_with_questions():
    assert sum(bool(lesson.questions) for lesson in LESSONS.values()) == 8


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_has_one_right_answer(question):
    assert [answer.is_right for answer in question.answers].count(True) == 1
    assert len({answer.text.template for answer in question.answers}) == len(question.answers) >= 3


def test_a_lessons_questions_have_names_of_their_own():
    for lesson in LESSONS.values():
        assert len({question.name for question in lesson.questions}) == len(lesson.questions)


def test_every_paper_of_the_timeline_is_a_preset_in_the_order_of_the_years():
    years = [year for year, _preset, _words in what_a_gan_is.TIMELINE]
    assert years == sorted(years)
    assert {preset for _year, preset, _words in what_a_gan_is.TIMELINE} <= set(PRESETS)


@pytest.mark.parametrize("failure", what_goes_wrong.FAILURES.values(), ids=what_goes_wrong.FAILURES.keys())
def test_a_failure_and_its_cure_may_be_trained_in_a_class(failure, hosted):
    hosted("class")
    refuse_config(lesson_config(failure.preset, **failure.changes))
    refuse_config(lesson_config(failure.preset, **failure.changes | failure.cure))
    assert failure.kind in ("", *Kind.__args__)
    assert set(failure.charts) <= set(CHARTS)


def test_the_figures_of_how_good_it_is_are_all_there_and_their_pictures_too():
    measured = how_good_it_is.measured()
    assert set(measured) == set(how_good_it_is.CONDITIONS)
    for name, scores in measured.items():
        assert set(scores) == set(how_good_it_is.SHOWN_SCORES) <= set(SCORES)
        assert all(map(math.isfinite, scores.values()))
        assert (how_good_it_is.SPOILED / f"{name}.webp").exists()


def test_few_digits_are_two_of_each():
    from gan_core import paths
    from gan_core.datasets.loading import load_dataset

    config = lesson_config("gan-pytorch", dataset="few-digits", batch_size=20)
    few = load_dataset(config, paths.data())
    assert few.labels.bincount().tolist() == [2] * 10
    assert few.spec == ImageSpec.named("few-digits")


def test_what_lessons_show_is_answered_under_a_prefix_too():
    app = Starlette(routes=learn_routes("/gan/tool"))
    assert asgi.ask(app, "/gan/tool/live/progress.js").status == 200
    assert asgi.ask(app, "/gan/tool/live/spoiled/few-digits.webp").status == 200
    assert asgi.ask(app, "/gan/tool/live/spoiled/../glossary.py").status == 404


def texts_of(module) -> str:
    """All that a lesson says, as its author wrote it."""
    calls = (node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call))
    said = (call.args[0] for call in calls if getattr(call.func, "id", "") in ("Text", "_") and call.args)
    return "\n".join(str(text.value) for text in said if isinstance(text, ast.Constant))


def test_every_word_of_the_glossary_is_explained_in_the_lesson_where_it_first_appears():
    said = {
        name: texts_of(sys.modules[lesson.show.__module__]) for name, lesson in LESSONS.items() if name != "glossary"
    }
    for term in TERMS:
        word = term.word.template
        pattern = rf"\b{re.escape(re.split(', | and ', word)[0])}s?\b"
        found = [name for name, text in said.items() if re.search(pattern, text, 0 if word[0].isupper() else re.I)]
        assert (found[0] if found else "") == term.lesson, word


def test_a_lesson_begins_with_its_new_words(open_page):
    app = open_page("learn.py", lesson="stability")
    assert app.expander[0].label.startswith("New words here: gradient penalty, R1, R2")
    assert "bounds the critic's slope" in app.expander[0].markdown[0].value
