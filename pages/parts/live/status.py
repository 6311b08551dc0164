"""How a run stands, in words."""

import math
from typing import Any, Literal

from gan_core.growth import growth, resolution
from gan_core.monitor.diagnosis import Diagnosis
from gan_core.monitor.feed import Scores
from gan_core.store.run_queue import Turn
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from gan_core.text import Text
from pages.parts.language import translate

SOON_SECONDS = 3
"""What begins so soon begins at once, as far as anybody can tell."""
KIMG = Text("Thousands of training images shown to the discriminator.")
FID = Text("How different generated pictures are from real ones. Lower is better; 0 means no difference.")
"""For whoever meets these two for the first time in a table or a line."""
COLOURS: dict[State, Literal["gray", "blue", "orange", "green", "red"]] = {
    State.QUEUED: "gray",
    State.RUNNING: "blue",
    State.STOPPED: "orange",
    State.FINISHED: "green",
    State.FAILED: "red",
    State.INTERRUPTED: "orange",
}
STATES = {
    State.QUEUED: Text("queued"),
    State.RUNNING: Text("running"),
    State.STOPPED: Text("stopped"),
    State.FINISHED: Text("finished"),
    State.FAILED: Text("failed"),
    State.INTERRUPTED: Text("interrupted"),
}


def status(store: RunStore, run: Run, diagnosis: Diagnosis | None, scores: Scores, language: str) -> dict[str, Any]:
    """All that the status line shows, in that language."""

    def worded(text: str | Text, **values: Any) -> str:
        return translate(language, text, **values)

    where = where_it_stands(store, run)
    return {
        "state": run.state,
        "badge": worded(Text("stopping") if run.request else STATES[State(run.state)]),
        "colour": COLOURS[State(run.state)],
        "where": worded(where) if isinstance(where, Text) else where,
        "progress": min(1.0, run.progress) if run.state == State.RUNNING or run.progress else None,
        "scores": " · ".join(worded(part) for part in _scores(scores)),
        "numbers": " · ".join(worded(part) for part in _numbers(run)),
        "message": worded(run.status_text) if run.status_text else "",
        "left_out": "\n".join(map(worded, run.left_out)),
        "diagnosis": {"kind": diagnosis.kind, "sentence": worded(diagnosis.sentence), "rule": worded(diagnosis.rule)}
        if diagnosis
        else None,
    }


def where_it_stands(store: RunStore, run: Run) -> Text | str:
    """Its place in the queue, or what it computes on."""
    if run.state == State.QUEUED and (turn := store.turn(run)):
        return _in_the_queue(turn)
    if run.state == State.RUNNING and not run.step:
        return Text("getting ready")
    return run.device


def _in_the_queue(turn: Turn) -> Text:
    if turn.seconds == math.inf:
        return Text("number {place} in the queue; no machine is there to train it", {"place": turn.place})
    if turn.seconds is None:
        return Text("number {place} in the queue, which is paused", {"place": turn.place})
    if turn.seconds < SOON_SECONDS:
        return Text("number {place} in the queue", {"place": turn.place})
    return Text(
        "number {place} in the queue, begins in about {time}", {"place": turn.place, "time": about(turn.seconds)}
    )


SCORES = {
    "fid": (
        Text("FID {newest:.3g}, best {best:.3g}"),
        Text("FID {newest:.3g} (best so far)"),
        Text("FID {newest:.3g}"),
    ),
    "accuracy": (
        Text("class accuracy {newest:.1%}, best {best:.1%}"),
        Text("class accuracy {newest:.1%} (best so far)"),
        Text("class accuracy {newest:.1%}"),
    ),
}
"""Words for a score that was better before, for one that was not, and for the only one."""


def _scores(scores: Scores) -> list[Text]:
    parts = []
    for name, (better_before, best_now, alone) in SCORES.items():
        if score := scores.get(name):
            words = alone if score.times == 1 else best_now if score.newest == score.best else better_before
            parts.append(Text(words.template, score._asdict()))
    return parts


def _numbers(run: Run) -> list[Text]:
    parts = [
        Text("{progress:.0%}", {"progress": run.progress}),
        Text("{kimg:,.1f} kimg", {"kimg": run.kimg}),
        Text("{duration} trained", {"duration": duration(run.seconds)}),
    ]
    if run.config.network == "progressive":
        drawn = resolution(growth(run.config, run.kimg))
        values = {"pixels": drawn.pixels, "blend": drawn.blend}
        blended = Text("{pixels} × {pixels} pixels, {blend:.0%} blended in", values)
        parts.append(blended if drawn.blend < 1 else Text("{pixels} × {pixels} pixels", values))
    if run.state == State.RUNNING and run.seconds_left is not None:
        parts += [
            Text("{rate:,.0f} images/s", {"rate": run.images_per_second or 0.0}),
            Text("{duration} left", {"duration": duration(run.seconds_left)}),
        ]
    return parts


def about(seconds: float) -> str:
    """A duration that is not known exactly, rounded to 5 s, half a minute or a minute."""
    rounded_to = next(step for step, below in ((5, 120), (30, 1200), (60, math.inf)) if seconds < below)
    return duration(max(rounded_to, rounded_to * round(seconds / rounded_to)))


def duration(seconds: float) -> str:
    """Hours, minutes and seconds as people write them everywhere: `1 h 05 min`, `3 min 20 s`, `2 min`, `42 s`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes:02} min"
    if minutes and whole % 60 == 0:
        return f"{minutes} min"
    return f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"
