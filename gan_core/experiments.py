"""Experiments: a question that one run does not answer, such as whether more neurons help. Knows nothing of torch.

An experiment has the settings of a run, several values for some of them, and a number of seeds. Every combination of
the values is a variant. Each variant is trained from each seed, as an ordinary run.

Of a search (`trials`), a setting may have a range, and only some combinations are tried: the first are the settings as
they are, each further one follows from how those before it did (gan_core/jobs/search.py). Its variants are those that
have been tried so far.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from typing import Annotated, Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter, ValidationError

from gan_core.config import RunConfig, has_effect, make_config, settings, with_full_path
from gan_core.errors import WorkbenchError
from gan_core.ranges import Range
from gan_core.setting import Setting, as_text
from gan_core.text import Text, shortened
from gan_core.validation import LONGEST_TEXT

MOST_RUNS = 500
MOST_SEEDS = 20
USUAL_SEEDS = 3
"""The fewest whose spread says something."""
USUAL_TRIALS = 20
FIXED = ("seed", "grid_every", "score_every", "devices")
"""What cannot be varied: seeds have a place of their own, the others do not change what is learnt."""


class Trial(NamedTuple):
    """What a search has tried.

    Args:
        values: of the varied settings.
        behind_at: when its runs were stopped early, since their FIDs were behind others', in seconds since 1970.
    """

    values: dict[str, str]
    behind_at: float | None = None


class Experiment(NamedTuple):
    """What is asked.

    Args:
        preset: the named GAN that the settings come from.
        base: the settings that all runs share, and the first seed.
        vary: of each varied setting its values, as `make_config` reads them from text; of a search, some have a range.
        seeds: how many runs each variant has, from the base's seed on.
        trials: how many variants a search tries; 0 for all combinations.
        tried: by a search so far.
    """

    preset: str
    base: RunConfig
    vary: Mapping[str, tuple[str, ...]]
    seeds: int
    trials: int = 0
    tried: tuple[Trial, ...] = ()

    @property
    def variants(self) -> list[dict[str, str]]:
        """The combinations of the varied settings' values, the last setting's values changing fastest."""
        return [trial.values for trial in self.tried] if self.trials else self._combinations(self.vary)

    @property
    def most_runs(self) -> int:
        """How many it will have."""
        return self.seeds * (self.trials or len(self.variants))

    @property
    def own(self) -> dict[str, str]:
        """The values that the base has of the varied settings."""
        return {name: as_text(getattr(self.base, name)) for name in self.vary}

    @property
    def baseline(self) -> int:
        """The variant that others are compared with: the one with the base's own values, else the first."""
        return self.variants.index(self.own) if self.own in self.variants else 0

    @property
    def ranges(self) -> dict[str, Range]:
        """Of the settings that have one."""
        found = {name: range_of(name, values[0]) for name, values in self.vary.items() if len(values) == 1}
        return {name: one for name, one in found.items() if one}

    def extremes(self) -> list[RunConfig]:
        """A run for each combination of values and of ranges' ends: what holds for all of them holds for the others.

        Raises WorkbenchError if these values do not go together.
        """
        ends = {name: one.ends for name, one in self.ranges.items()}
        return [make_config(self.base, **variant) for variant in self._combinations({**self.vary, **ends})]

    def _combinations(self, vary: Mapping[str, tuple[str, ...]]) -> list[dict[str, str]]:
        return [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]

    def configs(self, variant: Mapping[str, str]) -> list[RunConfig]:
        """A variant's runs, one a seed. Raises WorkbenchError if these values do not go together."""
        first = self.base.seed
        return [make_config(self.base, **variant, seed=first + number) for number in range(self.seeds)]

    def all_configs(self) -> list[RunConfig]:
        """Of all runs: of each variant one after the other, a seed each. The order in which they are numbered."""
        return [config for variant in self.variants for config in self.configs(variant)]

    def vary_json(self) -> str:
        return json.dumps(self.vary)


SHORT_SECONDS = 20
TOO_SHORT = Text("Runs this short may end without a score. Choose a longer training, or a number for *Score every*.")


def may_lack_scores(config: RunConfig, seconds: float) -> bool:
    """Whether a run that trains for so long may be too short to score itself: that takes a twentieth of its time."""
    return config.score_every is None and seconds < SHORT_SECONDS


def make_experiment(
    preset: str, base: RunConfig, vary: Mapping[str, Iterable[str]], seeds: int = USUAL_SEEDS, trials: int = 0
) -> Experiment:
    """An experiment whose every run could be trained.

    Args:
        vary: as in `Experiment`; values that are the same, written otherwise, count once.

    Raises WorkbenchError for settings and values that are refused, for a setting that changes nothing, for a range
    without a number of trials, and for more than MOST_RUNS runs.
    """
    if not 1 <= seeds <= MOST_SEEDS:
        raise WorkbenchError("An experiment has 1 to {most} seeds, not {seeds}.", most=MOST_SEEDS, seeds=seeds)
    base = with_full_path(base)
    found = {name: tuple(dict.fromkeys(_canonical(name, value) for value in values)) for name, values in vary.items()}
    experiment = Experiment(preset, base, found, seeds, trials)
    _refuse_ranges(experiment)
    _refuse_size(experiment)
    configs = experiment.extremes() if trials else experiment.all_configs()
    for name in found:
        if not any(has_effect(name, config.model_dump()) for config in configs):
            raise _no_effect(name)
    return experiment


def _no_effect(name: str) -> WorkbenchError:
    other, wanted = next(iter(settings()[name].only_for.items()))
    return WorkbenchError(
        "{title} has no effect with these settings: it needs {other} to be {wanted}.",
        title=_title(name),
        other=_title(other),
        wanted=", ".join(map(as_text, wanted if isinstance(wanted, tuple) else (wanted,))),
    )


def _refuse_ranges(experiment: Experiment) -> None:
    for name, values in experiment.vary.items():
        ranges = [one for value in values if (one := range_of(name, value))]
        if ranges and len(values) > 1:
            raise WorkbenchError("{title}: give one range, or values, not both.", title=_title(name))
        if ranges and ranges[0].low == ranges[0].high:
            raise WorkbenchError("{title}: a range needs two numbers that differ.", title=_title(name))
        if ranges and ranges[0].low > ranges[0].high:
            raise WorkbenchError(
                "{title}: a range begins with its smaller number, as in {example}.",
                title=_title(name),
                example=Range(min(ranges[0][:2]), max(ranges[0][:2]), ranges[0].is_whole),
            )
        if ranges and not experiment.trials:
            raise WorkbenchError("{title}: a range needs a number of trials.", title=_title(name))
        if ranges and name == "batch_size" and experiment.base.devices > 1:  # most within it would not split
            raise WorkbenchError("{title}: for several devices, give values, not a range.", title=_title(name))


def _refuse_size(experiment: Experiment) -> None:
    combinations = 1
    for name, values in experiment.vary.items():
        if not values:
            raise WorkbenchError("{title}: give at least one value.", title=_title(name))
        combinations *= 2 if name in experiment.ranges else len(values)
    if not 0 <= experiment.trials <= MOST_RUNS:
        raise WorkbenchError("A search has 1 to {most} trials, not {trials}.", most=MOST_RUNS, trials=experiment.trials)
    runs = experiment.seeds * (experiment.trials or combinations)
    if max(runs, combinations) > MOST_RUNS:
        raise WorkbenchError(
            "That would be {runs:,} runs; an experiment has {most} at most. Vary less, or take fewer seeds.",
            runs=max(runs, combinations),
            most=MOST_RUNS,
        )


def range_of(name: str, value: str) -> Range | None:
    """The range that a setting's value is; None if it is none, or the setting no number."""
    setting = settings()[name]
    return Range.from_text(value, setting.kind is int) if setting.kind in (int, float) and not setting.choices else None


def has_range(name: str, values: Iterable[str]) -> bool:
    return any(range_of(name, value) for value in values)


def _canonical(name: str, value: str) -> str:
    """The value as a config has it, so that 0.10 and 0.1 are one. Raises WorkbenchError if it cannot be read.

    Whether it goes together with the other settings is asked of every variant.
    """
    _setting(name)
    if len(value) > LONGEST_TEXT:
        return value  # which the config will refuse in words, as all else
    if found := range_of(name, value):
        return str(found)
    try:
        return as_text(_reader(name).validate_python(value.strip()))
    except ValidationError:
        return value.strip()


@cache
def _reader(name: str) -> TypeAdapter[Any]:
    field = RunConfig.model_fields[name]
    declared: Any = Annotated[(field.annotation, *field.metadata)]
    return TypeAdapter(declared, config=ConfigDict(allow_inf_nan=False))


def read_values(name: str, text: str) -> list[str]:
    """The values of one setting, with commas between, or a range: `1e-4..1e-3`. Where one value is several numbers,
    these have a - between: `64, 128, 64-128`.

    Raises WorkbenchError if there is no such setting.
    """
    if text.strip() in _setting(name).choices:  # one may have commas itself
        return [text.strip()]
    values = [value.strip() for value in text.split(",")]
    if _setting(name).kind is tuple:
        values = [value.replace("-", ", ") for value in values]
    return [value for value in values if value]


def values_in_a_line(name: str, values: Iterable[str]) -> str:
    """What `read_values` reads."""
    if _setting(name).kind is tuple:
        values = [value.replace(", ", "-") for value in values]
    return ", ".join(values)


def offered(base: RunConfig) -> dict[str, Setting]:
    """The settings that may be varied, and have an effect in this config."""
    values: dict[str, Any] = base.model_dump()
    return {name: found for name, found in settings().items() if name not in FIXED and has_effect(name, values)}


def _setting(name: str) -> Setting:
    if name not in settings():
        make_config(**{name: ""})  # says which there are
    if name in FIXED:
        raise WorkbenchError("{title} cannot be varied in an experiment.", title=_title(name))
    return settings()[name]


def _title(name: str) -> Text:
    return Text(settings()[name].title) if name in settings() else Text("{name}", {"name": shortened(name)})
