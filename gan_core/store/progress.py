"""What people of a class have answered in the lessons, so that it follows them to another computer.

A browser keeps it too (pages/parts/learn/progress.js); what it brings is added to what is here. Knows nothing of torch.
"""

import json
import re

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.rights import Visitor
from gan_core.store.runs import RunStore
from gan_core.store.tables import Progress

MOST_BYTES = 8_000
"""Of a person's answers as JSON: some 150 of them."""
RIGHT = "right"
_NAME = re.compile(r"[a-z0-9/-]{1,80}")
_ANSWER = re.compile(r"[a-z-]{1,20}")

Answers = dict[str, str]
"""By question: {"the-loss/balance": "right", "exercise/more-neurons/found": "better"}."""


def keeps_progress(visitor: Visitor) -> bool:
    """Whether it is somebody with a name, in a class. Elsewhere only the browser keeps it."""
    return hosting().mode == "class" and bool(visitor.person and visitor.name)


def read_answers(content: bytes) -> Answers:
    """What a browser sends. Raises WorkbenchError for anything else."""
    try:
        if len(content) > MOST_BYTES:
            raise ValueError
        answers = json.loads(content)
        if not isinstance(answers, dict) or not all(_is_answer(*item) for item in answers.items()):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise WorkbenchError("These are no answers of lessons.") from error
    return answers


def _is_answer(name: object, answer: object) -> bool:
    texts = isinstance(name, str) and isinstance(answer, str)
    return texts and bool(_NAME.fullmatch(str(name)) and _ANSWER.fullmatch(str(answer)))


def progress_of(store: RunStore) -> Answers:
    """Of whoever asks."""
    with store.session() as session:
        kept = session.get(Progress, store.by.person)
        return json.loads(kept.answers_json) if kept else {}


def add_progress(store: RunStore, answers: Answers) -> Answers:
    """Adds what another browser of the person has, and returns all. What was right once stays so.

    Raises WorkbenchError if it would be more than MOST_BYTES, and for somebody without a name.
    """
    _refuse_nameless(store)
    with store.session() as session:
        store.hold(session, store.by.person)
        kept = session.get(Progress, store.by.person)
        before: Answers = json.loads(kept.answers_json) if kept else {}
        merged = before | {name: answer for name, answer in answers.items() if before.get(name) != RIGHT}
        text = json.dumps(merged)
        if len(text) > MOST_BYTES:
            raise WorkbenchError("These are no answers of lessons.")
        session.merge(Progress(person_id=store.by.person, answers_json=text))
    return merged


def forget_progress(store: RunStore) -> None:
    """Of whoever asks."""
    _refuse_nameless(store)
    with store.session() as session:
        if kept := session.get(Progress, store.by.person):
            session.delete(kept)


def _refuse_nameless(store: RunStore) -> None:
    if not keeps_progress(store.by):
        raise WorkbenchError("Only the progress of people with a name is kept here.")
