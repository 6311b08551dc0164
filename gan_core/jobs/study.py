"""Which settings a search tries next, and what is behind: by Optuna, from what was tried so far.

The study is made anew each time, from the run store's rows. Optuna keeps nothing: a storage of its own (RDBStorage)
would be a second truth, which no transaction keeps equal to the first. It would not know that a run was deleted or
resumed, moving the store would leave it behind, and two workers could each ask it for the last trial. Knows nothing of
torch.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from gan_core.config import settings
from gan_core.errors import WorkbenchError
from gan_core.experiments import Experiment
from gan_core.ranges import Range

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

STEPS = 10
"""Parts of a budget at whose ends trials are compared."""
FIRST_STEP = 3
"""Before that, FIDs say little about the end."""
FIRST_TRIALS = 5
"""Which have come to their end before anything is stopped early."""
TRIES = 10
"""To find settings that have not been tried: then those that have been tried are taken again, which costs nothing."""


class Outcome(NamedTuple):
    """How a trial does.

    Args:
        values: of its settings, as text.
        state: "scored" with a score at its end, "going on", "behind" if it was stopped early for that, "broke off" if
            training diverged, and "stopped" if somebody stopped it or its runs are gone, which says nothing of it.
        fid: at its end, the mean over its seeds; None if it has none.
        curve: FIDs by the number of the step, 1 for the first of STEPS parts of the budget.
    """

    values: Mapping[str, str]
    state: Literal["scored", "going on", "behind", "broke off", "stopped"]
    fid: float | None
    curve: Mapping[int, float]


def suggest(experiment: Experiment, outcomes: Sequence[Outcome]) -> dict[str, str]:
    """The settings to try next: at first the form's own, then by TPE (Bergstra et al. 2011), which takes what is still
    going on for mediocre, so that several trials at once differ. The same for the same outcomes.
    """
    if not outcomes and _is_possible(experiment, experiment.own):
        return experiment.own
    from optuna.samplers import TPESampler

    sampler = TPESampler(seed=(1000 * experiment.base.seed + len(outcomes)) % 2**32)  # as large as NumPy's may be
    study = _study(experiment, outcomes)
    study.sampler = sampler
    tried = [outcome.values for outcome in outcomes]
    found: dict[str, str] = {}
    for _ in range(TRIES):
        params = study.ask(_distributions(experiment)).params
        found = {name: _text(experiment.ranges.get(name), params[name]) for name in experiment.vary}
        if found not in tried:
            break
    return found


def is_behind(experiment: Experiment, outcomes: Sequence[Outcome], number: int) -> bool:
    """Whether the trial's lowest FID so far is above the median of others' at that step (Golovin et al. 2017)."""
    if outcomes[number].state != "going on" or not outcomes[number].curve:
        return False
    from optuna.pruners import MedianPruner

    study = _study(experiment, outcomes)
    pruner = MedianPruner(n_startup_trials=FIRST_TRIALS, n_warmup_steps=FIRST_STEP)
    return bool(pruner.prune(study, study.trials[number]))


def _is_possible(experiment: Experiment, values: dict[str, str]) -> bool:
    try:
        experiment.configs(values)
    except WorkbenchError:
        return False
    return True


def _study(experiment: Experiment, outcomes: Sequence[Outcome]) -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize")
    study.add_trials([_trial(experiment, outcome) for outcome in outcomes])
    return study


def _trial(experiment: Experiment, outcome: Outcome) -> "FrozenTrial":
    """The form's own settings may lie outside of the ranges: then the sampler does not learn from them."""
    from optuna.trial import TrialState, create_trial

    states = {
        "scored": TrialState.COMPLETE,
        "going on": TrialState.RUNNING,
        "behind": TrialState.PRUNED,
        "broke off": TrialState.PRUNED,  # without a score it is the worst of all
        "stopped": TrialState.FAIL,
    }
    params = {name: _value(name, experiment.ranges.get(name), text) for name, text in outcome.values.items()}
    distributions = _distributions(experiment)
    is_inside = all(
        params[name] in one if (one := experiment.ranges.get(name)) else params[name] in experiment.vary[name]
        for name in params
    )
    return create_trial(
        state=states[outcome.state],
        value=outcome.fid if outcome.state == "scored" else None,
        params=params if is_inside else {},
        distributions=distributions if is_inside else {},
        intermediate_values={} if outcome.state == "broke off" else dict(outcome.curve),
    )


def _distributions(experiment: Experiment) -> "dict[str, BaseDistribution]":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for name, values in experiment.vary.items():
        if one := experiment.ranges.get(name):
            low, high = one.low, one.high
            found[name] = (
                IntDistribution(int(low), int(high), log=one.is_log)
                if one.is_whole
                else FloatDistribution(low, high, log=one.is_log)
            )
        else:
            found[name] = CategoricalDistribution(values)
    return found


def _value(name: str, one: Range | None, text: str) -> float | str:
    if one is None or text == "none":  # as a setting may be that has a range
        return text
    return settings()[name].kind(text)


def _text(one: Range | None, value: float | str) -> str:
    return one.rounded(float(value)) if one else str(value)
