"""A run's report: one page of HTML, for a link or to keep as a file. What is in it holds without the app."""

import base64
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from gan_core import files, repeating
from gan_core.config import settings
from gan_core.errors import WorkbenchError
from gan_core.metrics.result import SCORES, Evaluation, notes
from gan_core.monitor.diagnosis import Diagnosis
from gan_core.monitor.feed import News, news
from gan_core.presets import PRESETS
from gan_core.setting import Setting, as_text
from gan_core.store.evaluations import default_evaluations, numbers_of
from gan_core.store.rights import OWNER
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from gan_core.text import Text
from pages.parts.language import translate
from pages.parts.live.status import STATES, duration
from pages.parts.models import OF_RUNS
from pages.parts.report.curves import curves, library

HERE = Path(__file__).parent
MOST_PICTURES = 8
MOST_EVALUATIONS = 3
Worded = Callable[..., str]
"""`translate` for one language."""


def report(store: RunStore, run: Run, language: str, library_at: str = "", download: str = "") -> str:
    """The page.

    Args:
        library_at: the address of Plotly's script; without one the script itself is within, and the page needs nothing.
        download: the address of the same report as a file, if there is one.
    """

    def _(text: str | Text, **values: Any) -> str:
        return translate(language, text, **values)

    seen = news(store, run)
    charts = curves(seen.rows, language)
    preset = repeating.preset_of(run.preset)
    return _template().render(
        language=language,
        title=_("Run {run}: {preset} on {dataset}", run=run.id, preset=run.preset, dataset=run.dataset_name),
        style=Markup((HERE / "report.css").read_text(encoding="utf-8")),
        plotly=library(library_at) if charts else "",
        facts=_facts(run, _),
        message=_(run.status_text) if run.status_text else "",
        diagnosis=_diagnosis(seen.diagnosis, _),
        about=_(PRESETS[preset].description),
        pictures=_pictures(run, seen.grids, _),
        changed=_changed(run, _),
        steered=_steered(store, run, _),
        all_settings=[_row(name, setting, run, _) for name, setting in settings().items()],
        scores=_scores(seen, _),
        evaluations=_evaluations(run, _),
        charts=charts,
        command=repeating.command(run.preset, run.config),
        python=repeating.python(run.preset, run.config),
        download=download,
        words=_words(preset, _),
    )


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(HERE)
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True).get_template("report.html")


def _words(preset: str, _: Worded) -> dict[str, str]:
    return {
        "pictures": _("Pictures"),
        "settings": _("What differs from the preset {preset}", preset=preset),
        "setting": _("Setting"),
        "preset": _("Preset"),
        "here": _("This run"),
        "as_preset": _("Nothing: this run has the preset's settings."),
        "steered": _("Changed while it learned:"),
        "all_settings": _("All settings"),
        "scores": _("Scores"),
        "while_it_learned": _("While it learned"),
        "newest": _("Newest"),
        "best": _("Best"),
        "evaluated": _("Evaluated"),
        "model": _("Model"),
        "baseline": _("Real-data baseline"),
        "curves": _("Curves"),
        "repeat": _("How to repeat it"),
        "or_python": _("Or in Python:"),
        "exactly": _(repeating.HOW_EXACTLY),
        "download": _("Download this page"),
    }


def _facts(run: Run, _: Worded) -> list[str]:
    day = time.strftime("%Y-%m-%d", time.gmtime(run.created_at))
    numbers = _("{kimg:,.1f} kimg", kimg=run.kimg), _("{duration} trained", duration=duration(run.seconds))
    return [day, _(STATES[State(run.state)]), *numbers, *([run.device] if run.device else [])]


def _diagnosis(found: Diagnosis | None, _: Worded) -> dict[str, str] | None:
    return {"kind": found.kind, "sentence": _(found.sentence)} if found else None


def _pictures(run: Run, grids: list[tuple[int, float]], _: Worded) -> list[dict[str, str]]:
    """The first, the last, and some at even distances between them, as far as they are still there."""
    last = len(grids) - 1
    chosen = sorted({round(last * number / (MOST_PICTURES - 1)) for number in range(MOST_PICTURES)}) if grids else []
    pictures = []
    for step, kimg in (grids[place] for place in chosen):
        path = run.grid_path(step)
        try:
            files.fetch(path)
            content = base64.b64encode(path.read_bytes()).decode()
        except (OSError, WorkbenchError):
            continue
        caption = _("after {kimg:,.1f} kimg", kimg=kimg)
        alt = _("Pictures that run {run} draws after {kimg:,.1f} kimg", run=run.id, kimg=kimg)
        pictures.append({"source": f"data:image/{path.suffix[1:]};base64,{content}", "caption": caption, "alt": alt})
    return pictures


def _changed(run: Run, _: Worded) -> list[dict[str, str]]:
    usual = PRESETS[repeating.preset_of(run.preset)].config
    names = repeating.changed_settings(run.preset, run.config)
    return [_row(name, settings()[name], run, _) | {"usual": as_text(getattr(usual, name))} for name in names]


def _row(name: str, setting: Setting, run: Run, _: Worded) -> dict[str, str]:
    value = run.dataset_name if name == "dataset" else as_text(getattr(run.config, name))
    title = _(setting.title) + (f" ({_(setting.unit)})" if setting.unit else "")
    return {"title": title, "value": value}


def _steered(store: RunStore, run: Run, _: Worded) -> list[str]:
    return [
        _(
            "after {kimg:,.1f} kimg: {title} {before} → {value}",
            kimg=change.kimg,
            title=Text(settings()[change.name].title),
            before=as_text(change.before),
            value=as_text(change.value),
        )
        for change in store.changes(run.id)
        if change.kimg is not None and change.name in settings()
    ]


def _scores(seen: News, _: Worded) -> list[dict[str, str]]:
    return [
        {"title": _(SCORES[name].title)}
        | {which: _written(name, getattr(score, which), _) for which in ("newest", "best")}
        for name, score in seen.scores.items()
    ]


def _written(name: str, value: float | None, _: Worded) -> str:
    return "–" if value is None else _(SCORES[name].format.replace("{:", "{value:"), value=value)


def _evaluations(run: Run, _: Worded) -> list[dict[str, Any]]:
    rows = default_evaluations().acting_for(OWNER).finished(f"{kind}:{run.name}" for kind in OF_RUNS)
    results = [result for row in rows if (result := numbers_of(row))]
    return [_evaluation(result, _) for result in results[:MOST_EVALUATIONS]]


def _evaluation(result: Evaluation, _: Worded) -> dict[str, Any]:
    known: Mapping[str, float] = result.baseline
    scores = [
        {
            "title": _(SCORES[name].title),
            "meaning": _(SCORES[name].meaning),
            "value": _written(name, value, _),
            "baseline": _written(name, known.get(name), _),
        }
        for name, value in result.scores.items()
        if name in SCORES
    ]
    return {"scores": scores, "notes": [_(note) for note in notes(result.protocol)]}
