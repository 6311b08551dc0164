"""Questions that answer back at once, in the browser; what was answered is kept there (progress.js)."""

from pathlib import Path
from typing import NamedTuple

from gan_core.text import Text
from pages.parts.component import ELEMENTS, component
from pages.parts.language import _

_component = component(Path(__file__).parent, '<div class="questions"></div>', ELEMENTS)


class Answer(NamedTuple):
    """One answer of several, and what is said to whoever gives it."""

    text: Text
    reply: Text
    is_right: bool = False


class Question(NamedTuple):
    """A question with one right answer.

    Args:
        name: by which it is known in a reader's progress; letters, digits and hyphens.
    """

    name: str
    text: Text
    answers: tuple[Answer, ...]


def show_questions(lesson: str, questions: tuple[Question, ...]) -> None:
    """The questions of the lesson of that name."""
    _component(
        data={
            "questions": [
                {
                    "name": f"{lesson}/{question.name}",
                    "text": _(question.text),
                    "answers": [
                        {"text": _(answer.text), "reply": _(answer.reply), "right": answer.is_right}
                        for answer in question.answers
                    ],
                }
                for question in questions
            ],
            "words": {"right": _("Right."), "wrong": _("Not quite.")},
        },
        key=f"questions-{lesson}",
        height="content",
    )
