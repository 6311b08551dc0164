"""What a minute gives: `python -m bench.minute [--dataset mnist] [--data-dir data] [--seconds 60] [--seeds 5]`.

Trains the preset `minute` as the app does, from several seeds, and prints for each how good 10,000 of its pictures are,
how long it took until 90, 95 and 98 % of them were what was asked for, and images/s; then median and worst. The clock
is on training alone: it stands still while pictures are scored.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

LEVELS = (0.90, 0.95, 0.98)
PER_CLASS = 1_000
SCORE_EVERY_KIMG = 2


class Outcome(NamedTuple):
    """One run: FID and class accuracy, seconds until each of LEVELS (inf if never), and images/s."""

    fid: float
    accuracy: float
    seconds_until: tuple[float, ...]
    images_per_second: float


def run(dataset: str, data_dir: Path, seconds: float, seed: int, out: Path | None) -> Outcome:
    import gan_core
    from gan_core.metrics.scorecard import evaluate
    from gan_core.store.runs import default_store

    trained = gan_core.train(
        "minute", data_dir, dataset=dataset, minutes=seconds / 60, seed=seed, score_every=SCORE_EVERY_KIMG
    )
    metrics = default_store().read_metrics(trained.id)
    assert trained.checkpoint_path is not None  # it was trained
    scores = evaluate(trained.checkpoint_path, samples=10 * PER_CLASS, data_dir=data_dir).scores
    if out:
        samples = gan_core.load(trained.checkpoint_path).sample(count=PER_CLASS, seed=1)
        (out / f"{dataset}-{seconds:g}s-seed{seed}.npz").write_bytes(samples.npz())
    return Outcome(
        scores["fid"], scores["accuracy"], seconds_until(metrics), trained.kimg * 1000 / max(trained.seconds, 1e-9)
    )


def seconds_until(metrics: dict[str, np.ndarray]) -> tuple[float, ...]:
    """Seconds of training at the first scoring that reached each of LEVELS."""
    reached = [metrics["seconds"][metrics["accuracy"] >= level] for level in LEVELS]
    return tuple(float(found[0]) if len(found) else float("inf") for found in reached)


def show(name: str, outcome: Outcome) -> None:
    until = " ".join(f"{seconds:7.1f}" for seconds in outcome.seconds_until)
    print(f"{name:8} {outcome.fid:8.3f} {outcome.accuracy:9.4f} {until} {outcome.images_per_second:9,.0f}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--dataset", default="mnist", help="mnist, or digits for the 5,000 that come with the program")
    options.add_argument("--data-dir", type=Path, default=Path("data"), help="where MNIST lies or is downloaded to")
    options.add_argument("--seconds", type=float, default=60, help="of training")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--out", type=Path, help="a folder for 10,000 pictures of each run, for another classifier")
    asked = options.parse_args()
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = folder
        print(f"{'seed':8} {'FID':>8} {'accuracy':>9} {'to .90':>7} {'to .95':>7} {'to .98':>7} {'images/s':>9}")
        outcomes = []
        for seed in range(asked.seeds):
            outcomes.append(run(asked.dataset, asked.data_dir, asked.seconds, seed, asked.out))
            show(str(seed), outcomes[-1])
    fids, accuracies, until, rates = zip(*outcomes, strict=True)
    columns = list(zip(*until, strict=True))
    show(
        "median",
        Outcome(
            statistics.median(fids),
            statistics.median(accuracies),
            tuple(map(statistics.median, columns)),
            statistics.median(rates),
        ),
    )
    show("worst", Outcome(max(fids), min(accuracies), tuple(map(max, columns)), min(rates)))


if __name__ == "__main__":
    main()
