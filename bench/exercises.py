"""What comes of each exercise: `python -m bench.exercises [--data-dir data] [NAME ...]`.

Trains its baseline and its suggested variant from all seeds, as the app does, and prints the answer in Markdown: table
and sentence, as the teacher's guide has them (docs/teaching.md).
"""

import argparse
import os
import tempfile
from pathlib import Path

from gan_core.estimates.estimator import question_of
from gan_core.exercises import EXERCISES, SEEDS, Exercise
from gan_core.monitor.answers import Side, answer, side_of, spread


def measured(exercise: Exercise, data_dir: Path) -> tuple[Side, Side]:
    """The figures of the baseline and of the suggested variant, trained in turn."""
    import gan_core
    from gan_core.config import ImageSpec
    from gan_core.errors import WorkbenchError
    from gan_core.estimates.memory import parameters
    from gan_core.store.runs import default_store

    for seed in SEEDS:
        for config in (exercise.baseline(seed), exercise.variant(exercise.suggestion, seed)):
            try:
                gan_core.train(exercise.preset, data_dir, **config.model_dump())
            except WorkbenchError as error:  # such as NaN: the run has failed, and counts as such
                print(error)
    runs = default_store().all_runs(2 * len(SEEDS))[::-1]
    both = exercise.baseline(), exercise.variant(exercise.suggestion)
    sizes = [parameters(config, ImageSpec.named(config.dataset)) for config in both]
    return side_of(runs[::2], sizes[0]), side_of(runs[1::2], sizes[1])


def row(name: str, side: Side) -> str:
    fid, accuracy = (spread(values) if values else None for values in (side.fid, side.accuracy))
    cells = (
        name,
        f"{fid.mean:.3g} ± {fid.deviation:.2g}" if fid else "",
        f"{accuracy.mean:.3f} ± {accuracy.deviation:.3f}" if accuracy else "",
        f"{spread(side.images_per_second).mean:,.0f}" if side.images_per_second else "",
        f"{side.parameters:,}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", default=list(EXERCISES), help="all, if none is given")
    options.add_argument("--data-dir", type=Path, default=Path("data"), help="where other datasets lie")
    options.add_argument("--jpeg", action="store_true", help="CIFAR-10 is a copy made by bench.jpeg_cifar10")
    asked = options.parse_args()
    if asked.jpeg:
        from bench.jpeg_cifar10 import accept

        accept()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = folder
        print("| | FID | class accuracy | images/s | parameters |\n|---|---|---|---|---|", flush=True)
        for name in asked.names:
            exercise = EXERCISES[name]
            before, after = measured(exercise, asked.data_dir)
            same_speed = question_of(exercise.baseline()) == question_of(exercise.variant(exercise.suggestion))
            changes = ", ".join(f"`{setting}` {value}" for setting, value in exercise.suggestion.items())
            print(row(f"`{name}`: baseline", before), row(changes, after), sep="\n")
            print(f"| *{answer(before, after, exercise.judged_by, same_speed)}* | | | | |", flush=True)


if __name__ == "__main__":
    main()
