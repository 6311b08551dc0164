"""Which runs have these settings: of an exercise nothing else is stored. Knows nothing of torch."""

from collections.abc import Sequence

from sqlalchemy import select

from gan_core.config import RunConfig
from gan_core.exercises import Exercise
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, RunChange, State

NEWEST = 50
"""Runs among which a reader's own variant of an exercise is looked for."""


def runs_with(
    store: RunStore, configs: Sequence[RunConfig], of_all: bool = False, resumable: bool = False
) -> list[Run | None]:
    """For each config the run that has exactly its settings: a scored one, else one that waits or trains, else one that
    has failed; None if there is none. Runs that were stopped, or changed while they learned, do not count.

    Args:
        of_all: whether the runs of others count that this visitor may list, as for what a class shares.
        resumable: whether a run that was stopped or interrupted counts, if there is no other.
    """
    wanted = {config.model_dump_json(): number for number, config in enumerate(configs)}
    mine = Run.person_id == store.by.person
    listed = store.by.listed(Run) | mine if of_all else mine
    changed = select(RunChange.run_id)
    with_settings = select(Run).where(listed, Run.config_json.in_(wanted), Run.id.not_in(changed)).order_by(Run.id)
    found: list[Run | None] = [None] * len(configs)
    with store.session() as session:
        for run in session.scalars(with_settings):
            number = wanted[run.config_json]
            if _worth(run, resumable) and _worth(run, resumable) >= _worth(found[number], resumable):
                found[number] = run
    return found


def newest_variant(store: RunStore, exercise: Exercise) -> RunConfig | None:
    """The settings of this visitor's newest run that differs from the exercise's baseline in what is the reader's to
    change, and in nothing else; None if none of the newest does.
    """
    mine = select(Run).where(Run.person_id == store.by.person, Run.preset == exercise.preset)
    newest = mine.order_by(Run.id.desc()).limit(NEWEST)
    with store.session() as session:
        configs = [run.config for run in session.scalars(newest)]
    for config in configs:
        values = {name: getattr(config, name) for name in exercise.free}
        baseline = exercise.baseline(config.seed)
        if config != baseline and config == baseline.model_copy(update=values):
            return config
    return None


def missing(configs: Sequence[RunConfig], runs: Sequence[Run | None]) -> list[RunConfig]:
    """The configs that have no run yet."""
    return [config for config, run in zip(configs, runs, strict=True) if run is None]


def has_score(run: Run) -> bool:
    """Whether it has come to its end and was scored there."""
    return run.state == State.FINISHED and "fid" in run.last


def _worth(run: Run | None, resumable: bool) -> int:
    if run is None:
        return 0
    if has_score(run):
        return 4
    worth = {State.QUEUED: 3, State.RUNNING: 3, State.FAILED: 2, State.STOPPED: 1, State.INTERRUPTED: 1}
    found = worth.get(State(run.state), 0)
    return found if found > 1 or resumable else 0
