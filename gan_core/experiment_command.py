"""The command `experiment`: a question that many runs answer, asked and shown on the command line."""

import time
from typing import TYPE_CHECKING

import click

from gan_core.config import RunConfig, make_config
from gan_core.errors import WorkbenchError
from gan_core.experiments import (
    MOST_RUNS,
    MOST_SEEDS,
    TOO_SHORT,
    USUAL_SEEDS,
    USUAL_TRIALS,
    Experiment,
    has_range,
    make_experiment,
    may_lack_scores,
    read_values,
    values_in_a_line,
)
from gan_core.presets import DEFAULT_PRESET, preset_config
from gan_core.text import shortened

if TYPE_CHECKING:
    from gan_core.monitor.answers import Side
    from gan_core.store.experiments import Experiments
    from gan_core.store.tables import ExperimentRow

ASK_SECONDS = 0.2


@click.command()
@click.option("--preset", default=DEFAULT_PRESET, help=f"One of the presets; {DEFAULT_PRESET} if none is given.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="A hyperparameter of all runs.")
@click.option(
    "--vary", multiple=True, required=True, metavar="KEY=VALUE,...", help="Its values, or LOW..HIGH. May be repeated."
)
@click.option("--seeds", type=click.IntRange(1, MOST_SEEDS), default=USUAL_SEEDS, help="Runs of each combination.")
@click.option(
    "--trials",
    type=click.IntRange(1, MOST_RUNS),
    help=f"Search: try so many combinations, each chosen by how those before it did. With a range, {USUAL_TRIALS}.",
)
@click.option("--yes", is_flag=True, help="Do not ask before runs are put into the queue.")
@click.option("--stop", is_flag=True, help="Stop its runs.")
@click.option("--resume", is_flag=True, help="Go on with those that were stopped or interrupted.")
def experiment(
    preset: str,
    changes: tuple[str, ...],
    vary: tuple[str, ...],
    seeds: int,
    trials: int | None,
    yes: bool,
    stop: bool,
    resume: bool,
) -> None:
    """Train every combination of values, from several seeds, and compare them. Or search for a good one.

    The runs wait in the queue, where the app or `worker` takes them. The same command again adds only what is missing,
    and prints what has come out so far. Layers are written with a - between: --vary generator_layers=64,128,64-128.

    A range, --vary generator_learning_rate=1e-4..1e-2, makes it a search: the first trial has the settings as they are,
    each further one follows from the FIDs so far, and what is behind is stopped early. The app or `worker` goes on with
    it. With more --trials the same search goes on.
    """
    from gan_core.store.experiments import Experiments
    from gan_core.store.runs import default_store

    if stop and resume:
        raise WorkbenchError("Give --stop or --resume, not both.")
    base = make_config(preset_config(preset), **dict(_pair("--set", change) for change in changes))
    values = _values(vary)
    if trials is None:
        trials = USUAL_TRIALS if any(has_range(name, texts) for name, texts in values.items()) else 0
    asked = make_experiment(preset, base, values, seeds, trials)
    experiments = Experiments(default_store())
    row = experiments.made(asked) if stop or resume else experiments.make(asked)
    if row is None:
        raise WorkbenchError("There is no such experiment yet; the same command without --stop and --resume makes it.")
    variants = _count(max(row.trials, trials), "trial") if trials else _count(len(asked.variants), "variant")
    click.echo(f"Experiment {row.id}: {variants}, {_count(seeds, 'seed')} each")
    if stop:
        experiments.stop(row)
    elif resume:
        experiments.resume(row)
    elif trials:
        _search(experiments, row, asked, yes)
    else:
        _train_all(experiments, row, yes)
    _print_results(experiments, experiments.find(row.name))


@click.command()
def experiments() -> None:
    """List all experiments, the newest first."""
    from gan_core.store.experiments import Experiments
    from gan_core.store.runs import default_store

    asked = Experiments(default_store())
    for row in asked.all():
        runs = asked.runs(row)
        ended = sum(run is not None and not run.active for run in runs)
        varied = "  ".join(f"{name}={values_in_a_line(name, values)}" for name, values in row.experiment.vary.items())
        click.echo(f"{row.id:5} {ended:4} of {_count(row.experiment.most_runs, 'run')} ended  {row.preset}  {varied}")


def _values(vary: tuple[str, ...]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for text in vary:
        name, value = _pair("--vary", text)
        values.setdefault(name, []).extend(read_values(name, value))
    return values


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WorkbenchError("{option} {text}: write it as key=value.", option=option, text=shortened(text))
    return name.strip(), value


def _train_all(experiments: "Experiments", row: "ExperimentRow", yes: bool) -> None:
    configs, runs = row.experiment.all_configs(), experiments.runs(row)
    missing = [configs[place] for place in experiments.missing(row, runs)]
    if not missing:
        return
    seconds = {config: _seconds_of(config) for config in missing}
    known = [found for found in seconds.values() if found is not None]
    about = _about(sum(known)) if len(known) == len(missing) else ""
    _warn_of_no_scores(seconds)
    if not (yes or click.confirm(f"{_count(len(missing), 'run')}{about}. Put them into the queue?", err=True)):
        if len(missing) == len(configs):  # nothing of it is there
            experiments.delete(row)
        raise click.Abort
    made = experiments.train_missing(row, seconds.get)
    click.echo(f"Runs put into the queue: {made}. The app trains them, or `python -m gan_core worker`.")


def _search(experiments: "Experiments", row: "ExperimentRow", asked: Experiment, yes: bool) -> None:
    missing, further = len(experiments.missing(row, experiments.runs(row))), max(0, asked.trials - len(row.tried))
    runs = further * asked.seeds + missing + len(experiments.never_made(row))
    goes_on = row.is_open and row.trials >= asked.trials and not missing
    if goes_on or not runs:
        return
    seconds = {config: _seconds_of(config) for config in asked.extremes()}
    known = [found for found in seconds.values() if found is not None]
    about = f"{_about(runs * max(known))} at most" if len(known) == len(seconds) else ""
    _warn_of_no_scores(seconds)
    if not (yes or click.confirm(f"{_count(further, 'trial')}, {_count(runs, 'run')}{about}. Begin?", err=True)):
        if not (row.tried or row.is_open):
            experiments.delete(row)
        raise click.Abort
    experiments.train_missing(row, seconds.get, asked.trials)
    click.echo("The search has begun. The app goes on with it, or `python -m gan_core worker`.")


def _warn_of_no_scores(seconds: dict[RunConfig, float | None]) -> None:
    if any(found is not None and may_lack_scores(config, found) for config, found in seconds.items()):
        click.echo(str(TOO_SHORT), err=True)


def _count(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _about(seconds: float) -> str:
    return f", about {_duration(seconds)} of training"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _seconds_of(config: RunConfig) -> float | None:
    """Measured once for all runs that differ in their seed alone."""
    from gan_core.estimates.estimator import Estimate, default_estimator

    while (answer := default_estimator().ask(config)) is None:
        time.sleep(ASK_SECONDS)
    return answer.seconds(config) if isinstance(answer, Estimate) else None


def _print_results(experiments: "Experiments", row: "ExperimentRow") -> None:
    from gan_core.monitor.answers import VERDICTS
    from gan_core.monitor.experiment_results import results_of

    asked, runs = row.experiment, experiments.runs(row)
    results = results_of(asked, runs, "fid")
    lines = [(*asked.vary, "FID", "accuracy", "runs", "against the baseline")]
    for result in results:
        ended = "stopped early" if result.is_behind else f"{len(result.side.fid)} of {asked.seeds}"
        verdict = str(VERDICTS[result.verdict]) if result.verdict else ""
        verdict = "baseline" if result.number == asked.baseline else verdict
        lines.append((*result.variant.values(), *_figures(result.side), ended, verdict))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(f"{text:{width}}" for text, width in zip(line, widths, strict=True)).rstrip())


def _figures(side: "Side") -> tuple[str, str]:
    return _with_spread(side.fid, ".3g", ".2g"), _with_spread(side.accuracy, ".1%", ".1%")


def _with_spread(values: tuple[float, ...], of_mean: str, of_deviation: str) -> str:
    from gan_core.monitor.answers import spread

    if not values:
        return "-"
    mean, deviation = spread(values)
    return f"{mean:{of_mean}} ± {deviation:{of_deviation}}" if len(values) > 1 else f"{mean:{of_mean}}"
