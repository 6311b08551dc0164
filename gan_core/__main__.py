"""The command line: python -m gan_core presets | settings | train | experiment | ...; installed, gan-workbench too.

What a command needs is imported in it: SQLAlchemy takes a quarter of a second, torch two.
"""

import contextlib
import runpy
import sys
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gan_core import paths
from gan_core.config import make_config, settings, with_full_path
from gan_core.datasets.table import DATASETS, FOLDER
from gan_core.errors import FilesUnavailableError, WorkbenchError
from gan_core.experiment_command import experiment, experiments
from gan_core.export_command import export
from gan_core.hub_command import card, push
from gan_core.jobs import threads
from gan_core.presets import DEFAULT_PRESET, PRESETS, preset_config
from gan_core.setting import Setting, as_text, values_as_text
from gan_core.text import Text, shortened

if TYPE_CHECKING:
    from gan_core.jobs.cluster import Cluster
    from gan_core.metrics.result import Evaluation
    from gan_core.sampling import Model, Order
    from gan_core.store.runs import RunStore
    from gan_core.store.tables import Run

PATH = click.Path(path_type=Path)
NAMES_OF_DATASETS = [*DATASETS, f"{FOLDER}PATH"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Train GANs and draw with them."""


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[STREAMLIT'S OPTIONS]")
def app(options: tuple[str, ...]) -> None:
    """Start the app: --server.port 8502, and other options of `streamlit run`."""
    sys.argv = ["streamlit", "run", str(paths.APP / "app.py"), *options]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


@cli.command()
def presets() -> None:
    """List the presets."""
    widest = max(map(len, PRESETS))
    for name, preset in PRESETS.items():
        click.echo(f"{name:{widest}} {preset.description}")


@cli.command(name="settings")
@click.option("--markdown", is_flag=True, help="As the table in README.md, or in docs/hosting.md.")
@click.option("--hosting", "of_hosting", is_flag=True, help="Only how the app is hosted, and what visitors may take.")
def list_settings(markdown: bool, of_hosting: bool) -> None:
    """List the hyperparameters that --set takes, and the environment variables of who may do how much."""
    if not of_hosting:
        _list_hyperparameters(markdown)
    if of_hosting or not markdown:
        _list_hosting(markdown)


def _list_hosting(markdown: bool) -> None:
    """Of each variable its defaults in the three modes, and its value where it is another. Secrets are not printed."""
    from gan_core.hosting import hosting
    from gan_core.hosting_settings import MODES, differing, table

    heading = ("variable", *MODES, "what it is")
    if markdown:
        click.echo(f"| {' | '.join(heading)} |\n|{'---|' * len(heading)}")
        for variable, *rest in table():
            click.echo(f"| `{variable}` | {' | '.join(rest)} |")
        return
    rows = [heading, *table()]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    click.echo(f"\nHosting, as environment variables; the mode now: {hosting().mode}")
    now = differing(hosting())
    for row in rows:
        start = "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=False))
        click.echo(f"  {start}  {row[-1]}" + (f" (now: {now[row[0]]})" if row[0] in now else ""))


def _list_hyperparameters(markdown: bool) -> None:
    groups = groupby(settings().items(), key=lambda item: item[1].group)
    tables = {group: [_setting_row(name, setting) for name, setting in members] for group, members in groups}
    if markdown:
        click.echo("| setting | default | what it is | values |\n|---|---|---|---|")
    widths = [max(len(row[column]) for rows in tables.values() for row in rows) for column in range(3)]
    for group, rows in tables.items():
        click.echo(f"| **{group}** | | | |" if markdown else f"\n{group}")
        for name, default, title, values in rows:
            if markdown:
                click.echo(f"| `{name}` | {default} | {title} | {values} |")
            else:
                click.echo(f"  {name:{widths[0]}}  {default:{widths[1]}}  {title:{widths[2]}}  {values}")


def _setting_row(name: str, setting: Setting) -> tuple[str, str, str, str]:
    values = " / ".join(NAMES_OF_DATASETS) if name == "dataset" else values_as_text(setting)
    title = f"{setting.title} ({setting.unit})" if setting.unit else setting.title
    return name, as_text(setting.default), title, values


@cli.command()
@click.option("--preset", default=None, help=f"One of the presets; {DEFAULT_PRESET} if none is given.")
@click.option("--data-dir", type=PATH, help="Where datasets lie or are downloaded to.")
@click.option("--dataset", help=" / ".join(NAMES_OF_DATASETS))
@click.option("--minutes", type=float, help="End after this training time, counted from the run's beginning.")
@click.option("--kimg", type=float, help="End after this many thousand images, counted from the run's beginning.")
@click.option("--devices", type=int, help="How many GPUs train together, or cores of a processor.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Any hyperparameter; may be repeated.")
@click.option("--resume", metavar="RUN", help="Go on with this run, by number or name.")
@click.option("--anew", is_flag=True, help="With --resume: forget what the run has learnt, and begin it again.")
def train(
    preset: str | None,
    data_dir: Path | None,
    dataset: str | None,
    minutes: float | None,
    kimg: float | None,
    devices: int | None,
    changes: tuple[str, ...],
    resume: str | None,
    anew: bool,
) -> None:
    """Train in the foreground; the last line printed is the checkpoint's path."""
    from gan_core.jobs.job import new_owner
    from gan_core.store.runs import default_store

    asked = asked_changes(dataset, minutes, kimg, changes) | ({} if devices is None else {"devices": devices})
    store = default_store()
    if anew and resume is None:
        raise WorkbenchError("--anew starts a run again: name it with --resume RUN.")
    if resume is not None:
        run = _resume(store, resume, preset, asked, data_dir, anew)
    else:
        name = preset or DEFAULT_PRESET
        config = make_config(preset_config(name), **asked)
        run = store.create(config, name, data_dir, owner=new_owner())
    run = _train_with_bar(store, run)
    click.echo(run.checkpoint_path)


def asked_changes(
    dataset: str | None, minutes: float | None, kimg: float | None, changes: tuple[str, ...]
) -> dict[str, Any]:
    """The hyperparameters that the options of `train` name. Raises WorkbenchError if they cannot be understood."""
    if minutes is not None and kimg is not None:
        raise WorkbenchError("Give --minutes or --kimg, not both.")
    named = {"dataset": dataset, "minutes": minutes, "kimg": kimg}
    asked: dict[str, Any] = dict(_key_and_value(change) for change in changes)
    return asked | {name: value for name, value in named.items() if value is not None}


def _key_and_value(change: str) -> tuple[str, str]:
    key, equals, value = change.partition("=")
    if not equals:
        raise WorkbenchError(
            "--set {change}: write it as key=value, for example --set batch_size=128.", change=shortened(change)
        )
    return key.strip(), value


def _resume(
    store: "RunStore", text: str, preset: str | None, asked: dict[str, Any], data_dir: Path | None, anew: bool
) -> "Run":
    """Take over an ended run; most settings may not change, since it would be another run."""
    from gan_core.jobs.job import new_owner

    store.watch_for_signs()
    run = store.find(text)
    current = run.config if anew else store.current_config(run)
    config = make_config(current, **asked)
    if with_full_path(config).dataset == with_full_path(current).dataset:
        config = config.model_copy(update={"dataset": current.dataset})  # the same folder, perhaps written otherwise
    changed = [
        f"{name} ({before} -> {getattr(config, name)})"
        for name, before in current
        if getattr(config, name) != before and not settings()[name].free_when_resumed
    ]
    if preset not in (None, run.preset):
        changed.append(f"preset ({run.preset} -> {preset})")
    if changed:
        raise WorkbenchError(
            "A resumed run keeps its hyperparameters, but {changed}; start a new run.", changed=", ".join(changed)
        )
    if not anew and (spent := config.budget_spent(run.seconds, run.kimg)) >= 1:
        raise WorkbenchError(
            "{run} has already used up its budget ({spent:.0%}); give it a larger one with --minutes or --kimg.",
            run=run.name,
            spent=spent,
        )
    if anew:
        store.forget_training(run.id)
    # Changes made during training are not part of the config that the run began with.
    free = [name for name, setting in settings().items() if setting.free_when_resumed]
    began = run.config.model_copy(update={name: getattr(config, name) for name in free})
    return store.resume(run.id, began, owner=new_owner(), data_dir=data_dir)


def _train_with_bar(store: "RunStore", run: "Run") -> "Run":
    from gan_core.jobs.train_job import train_run

    click.echo(f"Run {run.id} in {run.folder}")
    hidden = not sys.stderr.isatty()  # stderr that goes to a file holds errors alone
    with click.progressbar(
        length=1000, file=sys.stderr, show_eta=False, item_show_func=_bar_text, hidden=hidden
    ) as bar:

        def show_progress(progress: dict[str, Any]) -> None:
            if progress.get("left_out") and not hidden:
                click.echo(err=True)  # below the bar
            for left_out in progress.get("left_out", ()):
                click.echo(Text.from_json(left_out))
            bar.label = progress.get("device", bar.label)
            bar.update(max(0, int(progress.get("progress", 0) * 1000) - bar.pos), progress)
            bar.current_item = progress
            bar.render_progress()  # update alone shows nothing before the first step of a thousand

        return train_run(store, run, show_progress)


def _bar_text(progress: dict[str, Any] | None) -> str:
    if not progress or "device" in progress or "left_out" in progress:
        return ""
    if "message" in progress:
        return str(Text.from_json(progress["message"]))
    left = f", {progress['seconds_left']:.0f} s left" if progress["seconds_left"] is not None else ""
    return f"{progress['kimg']:.1f} kimg, {progress['images_per_second']:.0f} images/s{left}"


@contextlib.contextmanager
def _bar_of_shares() -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, for whoever reports the share done, in 0..1."""
    with click.progressbar(length=1000, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda share: bar.update(max(0, int(share * 1000) - bar.pos))


def _line_text(line: Text | None) -> str:
    return str(line or "")


cli.add_command(experiment)
cli.add_command(experiments)


@cli.command()
@click.argument("checkpoint")
@click.option("--per-class", type=click.IntRange(1, 100_000), default=10, help="Pictures of each class.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="The same seed draws the same pictures.")
@click.option(
    "--out", type=PATH, required=True, help="FILE.npz (images, labels), FILE.zip (PNGs) or FILE.png (all in one)."
)
def sample(checkpoint: str, per_class: int, seed: int, out: Path) -> None:
    """Draw pictures with a CHECKPOINT: a file, a shipped model's name, or hf://OWNER/NAME.

    An unconditional model draws as many in all, and its FILE.npz holds no labels.
    """
    out = paths.expand(out)
    if out.suffix not in (".npz", ".zip", ".png"):
        raise WorkbenchError("--out {file}: name a file that ends in .npz, .zip or .png.", file=out)
    from gan_core.checkpoint import write_aside, write_parts_aside
    from gan_core.sampling import load_model
    from gan_core.takeaway.hub import local

    model = load_model(local(checkpoint))
    count = per_class if model.classes else per_class * len(model.metadata.spec.classes)
    with _bar_of_shares() as show:
        if out.suffix == ".png":
            write_aside(out, model.sample(count=count, seed=seed, on_share=show).png())
        else:
            write_parts_aside(out, _drawn(model, model.order(None, count, seed), out.suffix[1:], show))
    click.echo(out)


def _drawn(model: "Model", order: "Order", form: str, show: Callable[[float], None]) -> Iterator[bytes]:
    """The file's parts, each drawn when it is written: no more than a batch of pictures is held."""
    for piece in model.file(order, form):
        show(piece.drawn / len(order.labels))
        yield piece.content


cli.add_command(export)
cli.add_command(card)
cli.add_command(push)


@cli.command()
@click.argument("run")
@click.argument("folder", type=PATH)
def tensorboard(run: str, folder: Path) -> None:
    """Write a RUN, by number or name, as TensorBoard's event files into a FOLDER.

    If it is still in training, that goes on until it ends. GAN_WORKBENCH_TENSORBOARD=FOLDER does it for all runs.
    """
    from gan_core.store.runs import default_store
    from gan_core.takeaway.event_files import LOOK_SECONDS, EventFiles

    store = default_store()
    written = EventFiles(store, store.find(run), folder)
    try:
        while written.bring():
            time.sleep(LOOK_SECONDS)
            store.watch_for_signs()
    finally:
        written.close()
    click.echo(written.folder)


@cli.command()
@click.argument("checkpoint")
@click.option("--samples", type=int, default=10_000, help="How many pictures to draw and score, 100 to 100,000.")
@click.option("--features", help="classifier or inception; the dataset's classifier if none is given and it has one.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="The same seed gives the same numbers.")
@click.option("--data-dir", type=PATH, help="Where datasets lie or are downloaded to.")
@click.option("--inception-weights", type=PATH, help="torch-fidelity's file of weights; else it is downloaded once.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def evaluate(
    checkpoint: str,
    samples: int,
    features: str | None,
    seed: int,
    data_dir: Path | None,
    inception_weights: Path | None,
    as_json: bool,
) -> None:
    """Score a CHECKPOINT: a file, a shipped model's name, or hf://OWNER/NAME.

    Beside each score stands the real-data baseline: what real pictures score.
    """
    from gan_core.metrics.scorecard import evaluate
    from gan_core.takeaway.hub import local

    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=1000, file=sys.stderr, show_eta=False, item_show_func=_line_text, hidden=hidden
    ) as bar:
        found = evaluate(
            local(checkpoint),
            samples,
            features,
            seed,
            data_dir,
            weights_path=inception_weights,
            on_progress=lambda share, line: bar.update(max(0, int(share * 1000) - bar.pos), line),
        )
    click.echo(found.to_json() if as_json else _table(found))


def _table(found: "Evaluation") -> str:
    """A line a score: its title, value and baseline; then what was compared."""
    from gan_core.metrics.result import SCORES, notes

    lines = [f"{'score':30} {'value':>10} {'baseline':>10}"]
    for name, score in SCORES.items():
        if name in found.scores:
            value, baseline = (score.format.format(values[name]) for values in (found.scores, found.baseline))
            lines.append(f"{score.title:30} {value:>10} {baseline:>10}")
    return "\n".join(lines + [str(note) for note in notes(found.protocol)])


@cli.command()
@click.option(
    "--recover", "recovering", is_flag=True, help="First make a lost or damaged list again, from the folders."
)
def runs(recovering: bool) -> None:
    """List all runs, the newest first."""
    from gan_core.store import recovery
    from gan_core.store.runs import default_store

    if recovering:
        with _bar_of_shares() as show:
            recovered = recovery.recover(show)
        click.echo(str(recovered.summary()))
    store = default_store()
    store.watch_for_signs()
    lost: list[Path] = []
    try:
        lost = recovery.folders_without_run(store)
    except FilesUnavailableError as error:  # the list itself is elsewhere
        click.echo(str(error), err=True)
    if lost:
        click.echo(
            f"Folders in {lost[0].parent} of runs that are not in the list: {len(lost)}; runs --recover adds them",
            err=True,
        )
    for run in store.all_runs():
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at))
        click.echo(f"{run.id:5} {run.state:11} {run.progress:4.0%} {run.kimg:9.1f} kimg  {when}  {run.name}")


@cli.command()
@click.argument("file", type=PATH)
def backup(file: Path) -> None:
    """Copy the list of runs and their curves into FILE, while they may be in use."""
    from gan_core.store import recovery
    from gan_core.store.runs import default_store

    recovery.back_up(default_store(), file)
    click.echo(file)


@cli.command(name="move-store")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def move_store(source: str, target: str) -> None:
    """Copy the list of runs and their curves from one database to another, which is empty.

    FROM and TO are SQLAlchemy URLs, as in GAN_WORKBENCH_DATABASE: sqlite:///checkpoints/runs.db. End the app first.
    """
    from gan_core.store import moving

    with _bar_of_shares() as show:
        runs = moving.move_store(paths.expand_url(source), paths.expand_url(target), show)
    click.echo(f"Runs that are in the new list: {runs}. It is used once GAN_WORKBENCH_DATABASE has its address.")


@cli.command(name="worker")
@click.option(
    "--slots", type=click.IntRange(1, 10_000), help="Runs trained at the same time; GAN_WORKBENCH_SLOTS else."
)
@click.option("--ray", metavar="ADDRESS", help="Have the Ray cluster train whose dashboard is there: http://HOST:8265.")
@click.option("--cpus", type=click.FloatRange(0.1, 1024), default=1, help="With --ray: cores of a run.")
@click.option("--gpus", type=click.FloatRange(0, 64), help="With --ray: GPUs of a run; 0.5 if two share one.")
@click.option("--of-app", is_flag=True, hidden=True)
def work(slots: int | None, ray: str | None, cpus: float, gpus: float | None, of_app: bool) -> None:
    """Train queued runs, each in a process of its own, until ended.

    After Ctrl-C, what is in training goes on by itself. A polite end (SIGTERM) saves it, and it goes on with the next
    worker. On a Ray cluster it goes on all the time, and the next worker finds it.
    """
    from gan_core.jobs import app_worker, worker
    from gan_core.store.runs import default_store

    if gpus is not None and not ray:
        raise WorkbenchError("--gpus is for a cluster; give its address with --ray.")
    if ray:
        cluster = _cluster(ray, slots, cpus, gpus)
        place = cluster.name.partition("@")[2]
        click.echo(f"Trains the queue's runs on the cluster {place}, which has room for {cluster.slots}.")
        worker.work(default_store(), cluster, cluster.name)
    elif of_app:
        engine = worker.this_machine(slots)
        worker.work(default_store(), engine, app_worker.app_worker_name(), idle_seconds=worker.IDLE_SECONDS)
    else:
        worker.work(default_store(), worker.this_machine(slots))


def _cluster(address: str, slots: int | None, cpus: float, gpus: float | None) -> "Cluster":
    from gan_core.store.database import sqlite_file

    if sqlite_file(paths.database_url()):
        raise WorkbenchError(
            "The machines of a cluster share the list of runs: give GAN_WORKBENCH_DATABASE the address of a Postgres "
            "database, here and where ray start is called."
        )
    try:
        from gan_core.jobs.cluster import Cluster
    except ImportError as error:
        raise WorkbenchError(
            "Ray is not installed here: pip install {packages}", packages=paths.optional("ray")
        ) from error
    return Cluster(address, slots, cpus, gpus)


def main() -> int:
    """Exit code 0, or not 0 with one sentence on stderr."""
    threads.wait_briefly()
    try:
        cli(standalone_mode=False)
    except (WorkbenchError, click.ClickException) as error:
        text = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo(" ".join(text.split()), err=True)
        return getattr(error, "exit_code", 1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Ended.", err=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
