"""Finds every text that a reader can see, and brings the catalogues up to date: make texts

Texts stand in the source as the first argument of `_`, `Text` and `WorkbenchError`, or are declared once as data
(hyperparameters, presets, charts, scores). New ones come into the catalogue without a translation; a test names them.
"""

from collections.abc import Iterator

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from gan_core import config, paths, validation
from gan_core.datasets.table import DATASETS
from gan_core.metrics.result import SCORES
from gan_core.monitor.charts import CHARTS, X_AXES
from gan_core.presets import PRESETS
from pages.parts.language import CATALOGUES, LANGUAGES
from pages.parts.live_chart import DASHES, X_SHORT

KEYWORDS = {"_": None, "Text": None, "WorkbenchError": None, "FilesUnavailableError": None}
ENGLISH = next(iter(LANGUAGES))


def collect() -> Catalog:
    """All texts, in English, each with the file that it stands in."""
    catalogue = Catalog(project="GAN Workbench")
    for folder in ("gan_core", "pages"):
        for path in sorted((paths.PROJECT / folder).rglob("*.py")):
            for _line, text, _comments, _context in extract_from_file("python", path, keywords=KEYWORDS):
                if isinstance(text, str) and any(letter.isalpha() for letter in text):
                    catalogue.add(text, locations=_place(path.relative_to(paths.PROJECT).as_posix()))
    for text in _declared():
        if text:
            catalogue.add(text, locations=_place("declared"))
    return catalogue


def _place(name: str) -> list[tuple[str, int]]:
    return [(name, None)]  # type: ignore[list-item]  # Babel writes no line's number then


def _declared() -> Iterator[str]:
    for setting in config.settings().values():
        yield from (setting.title, setting.help, setting.group, setting.unit)
    for chart in CHARTS.values():
        yield from (chart.title, chart.note, *(trace.label for trace in chart.traces))
    for score in SCORES.values():
        yield from (score.title, score.meaning)
    yield from (named.title for named in DATASETS.values())
    yield from validation.IN_WORDS.values()
    yield from (preset.description for preset in PRESETS.values())
    yield from X_AXES.values()
    yield from X_SHORT.values()
    yield from DASHES.values()


def translated(language: str) -> Catalog:
    """The language's catalogue; an empty one if there is none yet."""
    path = CATALOGUES / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def main() -> None:
    for language in LANGUAGES:
        if language != ENGLISH:
            catalogue = translated(language)
            catalogue.update(collect(), no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            with (CATALOGUES / f"{language}.po").open("wb") as file:
                write_po(file, catalogue, width=120, sort_output=True, omit_header=False)
            missing = sum(not message.string for message in catalogue if message.id)
            print(f"{language}: {len(catalogue)} texts, {missing} without a translation")


if __name__ == "__main__":
    main()
