"""What every preset learns in the same time: `python -m bench.catalogue [--seconds 120] [--data-dir data] [NAME ...]`.

Trains each preset from scratch on MNIST as the app does, and writes docs/catalogue.md: parameters, images/s, FID by the
classifier's features beside that of real pictures, class accuracy where it is conditional, coverage of the ten classes,
and a picture of what it draws. What was measured before of presets that are not named stays in the table. With
`--dataset cifar10`, the same in colour.
"""

import argparse
import json
import os
import platform
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from gan_core import paths, pictures
from gan_core.config import ImageSpec
from gan_core.datasets.table import DATASETS, has_test_set
from gan_core.estimates.probe import count_parameters
from gan_core.presets import PRESETS

DOCUMENT = paths.PROJECT / "docs" / "catalogue.md"
GRIDS = paths.PROJECT / "docs" / "catalogue"
RESULTS = GRIDS / "results.json"
PER_CLASS = 1_000
SHOWN_PER_CLASS = 10
CHANGES: dict[str, dict[str, Any]] = {"cifar10": {"mirror": True}}
"""What a dataset asks of every preset: digits have no mirrored twins, animals and cars do."""


def measure(name: str, dataset: str, seconds: float, data_dir: Path, out: Path | None) -> dict[str, Any]:
    """Train a preset for so long, and what its pictures are worth."""
    import gan_core
    from gan_core.metrics.scorecard import evaluate

    run = gan_core.train(name, data_dir, dataset=dataset, minutes=seconds / 60, **CHANGES.get(dataset, {}))
    assert run.checkpoint_path is not None  # it was trained
    result = evaluate(run.checkpoint_path, samples=10 * PER_CLASS, data_dir=data_dir)
    model = gan_core.load(run.checkpoint_path)
    groups = 1 if run.config.conditional else 10  # a class's pictures are counted by class, or all together
    if out:
        (out / f"{dataset}-{name}.npz").write_bytes(model.sample(count=groups * PER_CLASS, seed=1).npz())
    drawn = model.sample(count=groups * SHOWN_PER_CLASS, seed=1)
    (GRIDS / f"{dataset}-{name}.webp").write_bytes(pictures.webp(pictures.grid(drawn.images, SHOWN_PER_CLASS)))
    return {
        "kimg": run.kimg,
        "images_per_second": run.kimg * 1000 / run.seconds,
        "fid": result.scores["fid"],
        "baseline": result.baseline["fid"],
        "accuracy": result.scores.get("accuracy"),
        "coverage": result.scores["class_coverage"],
        "seconds": seconds,
        "date": date.today().isoformat(),
    }


def parameters(name: str, dataset: str) -> tuple[int, int]:
    """Of the preset's generator and discriminator, for a named dataset."""
    from gan_core.networks.build import build_discriminator, build_generator

    config, spec = PRESETS[name].config, ImageSpec.named(dataset)
    return count_parameters(build_generator(config, spec)), count_parameters(build_discriminator(config, spec))


def table(dataset: str, results: dict[str, dict[str, Any]]) -> str:
    """Of MNIST every preset, of the others those that were measured."""
    lines = [
        "| preset | what it is | parameters: G, D | kimg | images/s | FID | class accuracy | classes drawn "
        "| pictures |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in PRESETS:
        if name in results or dataset == "mnist":
            generator, discriminator = parameters(name, dataset)
            rest = _measured(name, dataset, results[name]) if name in results else "not measured yet | | | | | |"
            lines.append(f"| `{name}` | {PRESETS[name].description} | {generator:,}, {discriminator:,} | {rest}")
    baselines = {found["baseline"] for found in results.values()}
    lines.append(f"| real test pictures | | | | | {min(baselines):.3f} | | | |")
    return "\n".join(lines)


def _measured(name: str, dataset: str, found: dict[str, Any]) -> str:
    accuracy = "" if found["accuracy"] is None else f"{found['accuracy']:.3f}"
    return (
        f"{found['kimg']:,.0f} | {found['images_per_second']:,.0f} | {found['fid']:.3f} | {accuracy} | "
        f"{found['coverage']:.0%} | ![drawn by {name}](catalogue/{dataset}-{name}.webp) |"
    )


def note(name: str, dataset: str, found: dict[str, Any]) -> None:
    """Keep what was measured, and put it into the document's table."""
    results = json.loads(RESULTS.read_text())  # by dataset and preset
    results.setdefault(dataset, {})[name] = found
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    begin, end = f"<!-- {dataset} -->", f"<!-- end of {dataset} -->"
    before, _begin, rest = DOCUMENT.read_text().partition(begin)
    _older, _end, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{begin}\n\n{table(dataset, results[dataset])}\n\n{end}{after}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PRESETS)}; all if none is given")
    options.add_argument("--seconds", type=float, default=120, help="of training, for each")
    options.add_argument("--dataset", choices=list(filter(has_test_set, DATASETS)), default="mnist")
    options.add_argument("--data-dir", type=Path, default=paths.data(), help="where it lies or is downloaded to")
    options.add_argument("--out", type=Path, help="a folder for 10,000 pictures of each preset, for another classifier")
    asked = options.parse_args()
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
    print(f"{platform.machine()}, {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = folder
        for name in asked.names or PRESETS:
            found = measure(name, asked.dataset, asked.seconds, asked.data_dir, asked.out)
            note(name, asked.dataset, found)
            print(name, json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
