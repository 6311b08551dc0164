"""How a stopped run goes on exactly as if it had never stopped.

A checkpoint holds the weights, the average, both optimizers' state, the states of all random generators, and how many
images were shown. From that number follow the next batch (`Dataset.batches(first=...)`) and how far a growing GAN has
grown. Changes that were made while the run learned are made again, at the same steps. What was measured and drawn after
the checkpoint is forgotten: it will be measured and drawn again.
"""

from gan_core import checkpoint, files, paths
from gan_core.errors import WorkbenchError
from gan_core.jobs.reporter import Reporter
from gan_core.jobs.sample_grids import grids_of, thinned
from gan_core.store.runs import lost_checkpoint
from gan_core.store.tables import Run, RunChange
from gan_core.training.gan import Gan


def resume(gan: Gan, reporter: Reporter) -> float:
    """Bring a fresh GAN, and what its run left behind, to the run's last good checkpoint, or to its beginning.

    Returns the run's seconds of training so far. Raises WorkbenchError as `restore` does.
    """
    seconds = restore(gan, reporter.run, reporter.changes())
    forget_after(gan.step, reporter)
    return seconds


def restore(gan: Gan, run: Run, changes: list[RunChange]) -> float:
    """Bring a fresh GAN to the run's last good checkpoint, with what was changed until then.

    Returns its seconds of training, 0 if there is none. Raises WorkbenchError if none of its checkpoints can be read,
    if it had one that is gone, or if the dataset is no longer the same.
    """
    seconds = _read_checkpoint(gan, run)
    for change in changes:
        if change.step is not None and change.step <= gan.step:
            gan.change(change.name, change.value)
    return seconds


def _read_checkpoint(gan: Gan, run: Run) -> float:
    if run.has_lost_its_checkpoint:
        raise lost_checkpoint(run)
    reason = None
    for path in checkpoint.run_models(run.folder):
        try:
            metadata = checkpoint.read_metadata(path)
            model = checkpoint.read_tensors(path)
            state = checkpoint.read_tensors(checkpoint.resume_path(path))
        except WorkbenchError as error:
            reason = error
            continue
        if metadata.spec != gan.spec:
            raise WorkbenchError(
                "{dataset} has other classes or another picture size than when the run began; start a new run.",
                dataset=run.dataset,
            )
        try:
            gan.restore(model, state, metadata.step, metadata.images // metadata.config.batch_size)
        except (KeyError, ValueError, RuntimeError) as error:
            reason = WorkbenchError(
                "{file} and the state beside it do not fit it ({error}).", file=path.name, error=type(error).__name__
            )
            continue
        return metadata.seconds
    if reason:
        raise WorkbenchError("The run cannot be resumed: {reason}", reason=reason.text)
    return 0.0


def forget_after(step: int, reporter: Reporter) -> None:
    """Forget the rows, grids and best checkpoint of the time after this step, and files half written."""
    run = reporter.run
    paths.remove_partials(run.folder, of_the_living=True, of_all_machines=True)
    checkpoint.cut_best(run.folder, after_step=step)
    # The folder lists all grids; the row of an older run only has a selection.
    files.remove(path for path in grids_of(run) if int(path.stem) > step)
    steps = sorted({int(path.stem) for path in grids_of(run)})
    reporter.begin(step, thinned(run, steps, run.config.grid_every, step))
