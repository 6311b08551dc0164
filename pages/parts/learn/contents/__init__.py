"""The lessons as a list with what the reader has done of each."""

from pathlib import Path

from gan_core.store.progress import keeps_progress
from gan_core.store.rights import Visitor
from pages.parts.component import ELEMENTS, component
from pages.parts.language import _
from pages.parts.learn import exercises
from pages.parts.learn.lessons.lesson import Lesson

_component = component(Path(__file__).parent, '<nav class="contents"></nav>', ELEMENTS)


def contents(lessons: dict[str, Lesson], shown: str, reader: Visitor) -> str | None:
    """The name of the lesson that was just chosen, or None.

    Args:
        reader: of a class, whose progress the store keeps too.
    """
    chosen = _component(
        data={
            "lessons": [
                {
                    "name": name,
                    "title": f"{number} · {_(lesson.title)}" if lesson.questions else _(lesson.title),
                    "questions": [f"{name}/{question.name}" for question in lesson.questions],
                    "exercises": exercises.progress_keys(name),
                }
                for number, (name, lesson) in enumerate(lessons.items(), start=1)
            ],
            "shown": shown,
            "person": reader.person if keeps_progress(reader) else 0,
            "words": {
                "lessons": _("Lessons"),
                "done": _("all done"),
                "some": _("{right} of {all} done"),
                "reset": _("Forget my answers"),
                "sure": _("Forget them all?"),
                "export": _("Download my answers"),
            },
        },
        key="contents",
        height="content",
        on_open_change=lambda: None,
    )
    return chosen.open if chosen.open in lessons else None
