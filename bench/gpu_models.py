"""Colour models by a GPU, through the real trainer, as files to be shipped.

python -m bench.gpu_models train NAME PRESET --minutes 3 --data-dir DIR --out FOLDER [--set NAME=VALUE ...]
python -m bench.gpu_models score NAME --data-dir DIR --out FOLDER

`train` leaves NAME.safetensors, small enough to travel (MOST_BYTES), NAME.png, a picture that it drew, and NAME.json,
how it learned; the same as NAME-best where an earlier scoring of the run was better. `score` adds what `gan_core
evaluate` says of those very files, and may run while the next model is trained.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import gan_core
from bench import jpeg_cifar10
from gan_core import checkpoint, paths
from gan_core.metrics.scorecard import evaluate
from gan_core.presets import PRESETS
from gan_core.store.runs import default_store
from gan_core.store.tables import Run

MOST_BYTES = 14 * 2**20
PER_CLASS = 10
SAMPLES = 10_000
MOST_ROWS = 400


def trained(name: str, preset: str, minutes: float, data_dir: Path, out: Path, changes: dict[str, str]) -> Run:
    run = gan_core.train(preset, data_dir, dataset="cifar10", mirror=True, minutes=minutes, **changes)
    assert run.checkpoint_path is not None  # it was trained
    save_small(run.checkpoint_path, out / f"{name}{paths.MODEL_SUFFIX}", name)
    best = checkpoint.best_model(run.folder)
    if best and checkpoint.read_metadata(best).step < checkpoint.read_metadata(run.checkpoint_path).step:
        save_small(best, out / f"{name}-best{paths.MODEL_SUFFIX}", f"{name}-best")
    metrics = default_store().read_metrics(run.id)
    stride = max(1, len(metrics["step"]) // MOST_ROWS)
    scored = metrics["fid"] == metrics["fid"]  # NaN is not
    note(
        out / f"{name}.json",
        {
            "config": run.config.model_dump(mode="json"),
            "kimg": run.kimg,
            "seconds": run.seconds,
            "images_per_second": run.kimg * 1000 / run.seconds,
            "torch": torch.__version__,
            "scored": {key: metrics[key][scored].tolist() for key in ("kimg", "seconds", "fid", "accuracy")},
            "curves": {key: [float(f"{value:.4g}") for value in row[::stride]] for key, row in metrics.items()},
        },
    )
    return run


def save_small(source: Path, target: Path, name: str) -> None:
    """The model under another name, with as much of it, in as many digits, as may travel."""
    metadata = checkpoint.read_metadata(source)._replace(name=name)
    tensors = checkpoint.read_tensors(source)

    def halved(kept: dict[str, Tensor], but: str = "nothing") -> dict[str, Tensor]:
        large = (key for key, tensor in kept.items() if tensor.dtype == torch.float32 and tensor.dim() > 1)
        return kept | {key: kept[key].half() for key in large if not key.startswith(but)}

    drawing = {key: tensor for key, tensor in tensors.items() if key.startswith("ema")}
    for kept in (tensors, halved(tensors, but="ema"), halved(tensors), drawing, halved(drawing)):
        if sum(tensor.nbytes for tensor in kept.values()) <= MOST_BYTES:
            break
    checkpoint.write_tensors(target, kept, metadata.to_header())
    print(f"{target.name}: {target.stat().st_size:,} bytes, {len(kept)} of {len(tensors)} tensors", flush=True)
    model = gan_core.load(target)
    target.with_suffix(".png").write_bytes(model.sample(count=PER_CLASS, seed=1).png(zoom=2))


def score(name: str, data_dir: Path, out: Path) -> None:
    for file in sorted(out.glob(f"{name}*{paths.MODEL_SUFFIX}")):
        start = time.perf_counter()
        result = evaluate(file, samples=SAMPLES, data_dir=data_dir)
        found = {"scores": result.scores, "baseline": result.baseline, "confusion": result.confusion}
        note(out / f"{name}.json", {file.stem: found})
        rounded = {key: round(value, 4) for key, value in result.scores.items()}
        print(f"{file.stem}: {rounded}, {time.perf_counter() - start:.0f} s", flush=True)


def note(path: Path, found: dict[str, Any]) -> None:
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(before | found, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("train", "score"))
    options.add_argument("name", help="of the model")
    options.add_argument("preset", nargs="?", choices=PRESETS)
    options.add_argument("--minutes", type=float, default=3)
    options.add_argument("--data-dir", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter")
    options.add_argument("--tf32", action="store_true", help="let float32 products be rounded to TensorFloat-32")
    options.add_argument("--benchmark", action="store_true", help="let cuDNN try its algorithms")
    asked = options.parse_args(arguments)
    jpeg_cifar10.accept()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.what == "score":
        score(asked.name, asked.data_dir, asked.out)
        return
    torch.backends.cuda.matmul.allow_tf32 = asked.tf32
    torch.backends.cudnn.benchmark = asked.benchmark
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAN_WORKBENCH_CHECKPOINTS"] = folder
        changes = dict(change.split("=", 1) for change in asked.set)
        run = trained(asked.name, asked.preset, asked.minutes, asked.data_dir, asked.out, changes)
        print(f"{asked.name}: {run.kimg:,.0f} kimg, {run.kimg * 1000 / run.seconds:,.0f} images/s", flush=True)


if __name__ == "__main__":
    main()
