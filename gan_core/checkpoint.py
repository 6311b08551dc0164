"""One safetensors file for each model, its config as metadata; a second file holds what resuming also needs.

A model file can be shared safely: it holds tensors and text, and reading it executes no code.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import safetensors
import safetensors.torch
import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from gan_core import files, paths
from gan_core.config import ImageSpec, RunConfig
from gan_core.disk import not_written
from gan_core.errors import WorkbenchError

Network = TypeVar("Network", bound=nn.Module)

FORMAT = "gan-workbench 1"
RESUME_SUFFIX = ".resume"

MOST_HEADER_BYTES = 1_000_000
"""Largest header of a file: names, shapes, and all metadata. Ours take 20,000, and 200,000 for a thousand classes."""
MOST_TENSORS = 5_000
"""The presets' largest model has 164; a state to resume from has about three times as many."""
LONGEST_CONFIG = 20_000
"""Characters; ours have 1,000, and a folder's path may add 6,000, as JSON writes it."""

Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Scores = Annotated[dict[str, Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]], Field(max_length=100)]
"""Largest number that the metadata may hold: larger than any run's, and short enough to be shown."""


class Metadata(NamedTuple):
    """A model file's metadata.

    Args:
        images: real ones that the discriminator has seen.
        scores: by the names of metrics.SCORES, if it was scored when it was written.
    """

    name: str
    config: RunConfig
    spec: ImageSpec
    step: int
    seconds: float
    images: int = 0
    scores: dict[str, float] = {}  # noqa: RUF012 (never changed)

    @property
    def kimg(self) -> float:
        return self.images / 1000

    def to_header(self) -> dict[str, str]:
        return {
            "format": FORMAT,
            "name": self.name,
            "config": self.config.model_dump_json(),
            "spec": self.spec.model_dump_json(),
            "step": str(self.step),
            "seconds": str(self.seconds),
            "images": str(self.images),
            "scores": json.dumps(self.scores),
        }


# Writing


def write_aside(path: Path, content: bytes) -> None:
    """Write to a temporary file beside it, then rename: a reader finds the old file or the new one, never half of one.

    Below paths.checkpoints() it goes into the common place too, if there is one.

    Raises WorkbenchError if the disk is full or not writable; the old file is then still there. And if the common place
    cannot be reached.
    """
    write_parts_aside(path, [content])


def write_parts_aside(path: Path, parts: Iterable[bytes]) -> None:
    """The same of a file that is made part by part. What making it raises leaves the old file there too."""
    aside = paths.partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        _replace(aside, path)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()
    files.put(path)


def _replace(aside: Path, path: Path) -> None:
    """Windows refuses to replace a file while another process reads it, as a page reads the live grid."""
    for _ in range(20):
        try:
            aside.replace(path)
            return
        except PermissionError:
            time.sleep(0.05)
    aside.replace(path)


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """A safetensors file, through `write_aside`."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_aside(path, safetensors.torch.save(on_cpu, metadata))


def with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(f"{prefix}."): t for n, t in tensors.items() if n.startswith(f"{prefix}.")}


# Reading


def read_metadata(path: Path) -> Metadata:
    """The file's metadata, without its weights.

    Raises WorkbenchError if it is missing, damaged, or not one of ours.
    """
    try:
        check_header(path)
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError as error:
        raise WorkbenchError("There is no checkpoint {file}; check its name.", file=path) from error
    except (OSError, safetensors.SafetensorError) as error:
        raise WorkbenchError(
            "{file} is not a whole safetensors file ({error}); take another checkpoint or copy it anew.",
            file=path.name,
            error=error,
        ) from error
    try:
        if metadata["format"] != FORMAT:
            raise ValueError(metadata["format"])
        if len(metadata["config"]) > LONGEST_CONFIG:
            raise ValueError(len(metadata["config"]))
        config = RunConfig.model_validate_json(metadata["config"])
        step = TypeAdapter(Count).validate_python(metadata["step"])
        return Metadata(
            name=metadata["name"][:200].strip() or path.stem,
            config=config,
            spec=ImageSpec.model_validate_json(metadata["spec"]),
            step=step,
            seconds=TypeAdapter(Amount).validate_python(metadata["seconds"]),
            # Older files, from when n_critic could not change during training, do not have it.
            images=TypeAdapter(Count).validate_python(
                metadata.get("images", step * config.n_critic * config.batch_size)
            ),
            scores=TypeAdapter(Scores).validate_json(metadata.get("scores", "{}")),
        )
    except (KeyError, ValueError, ValidationError) as error:
        raise WorkbenchError(
            "{file} is a safetensors file but not a checkpoint of this program; take one that it wrote.",
            file=path.name,
        ) from error


def check_header(path: Path) -> None:
    """Check a safetensors file's header (its length in 8 bytes, then JSON) before the library reads all of it.

    Raises WorkbenchError if it is larger than that of any file of ours, and OSError if it cannot be read. All other
    errors are left to the library, whose messages are better.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > MOST_HEADER_BYTES and length + 8 <= path.stat().st_size:
            raise WorkbenchError(
                "{file} has a header of {bytes:,} bytes, and a checkpoint of this program has at most {most:,}; use "
                "one that it wrote.",
                file=path.name,
                bytes=length,
                most=MOST_HEADER_BYTES,
            )
        header = file.read(min(length, MOST_HEADER_BYTES))
    try:
        tensors = len(json.loads(header))
    except (ValueError, TypeError, RecursionError):
        return
    if tensors > MOST_TENSORS:
        raise WorkbenchError(
            "{file} has {tensors:,} tensors, and a checkpoint of this program has at most {most:,}; use one that it "
            "wrote.",
            file=path.name,
            tensors=tensors,
            most=MOST_TENSORS,
        )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file. Raises WorkbenchError if it is missing or damaged."""
    try:
        check_header(path)
        return safetensors.torch.load_file(path)
    except FileNotFoundError as error:
        raise WorkbenchError("There is no {file}; put it back where it was.", file=path.name) from error
    except (OSError, safetensors.SafetensorError) as error:
        raise WorkbenchError(
            "{file} is not a whole safetensors file ({error}); copy it anew.", file=path.name, error=error
        ) from error


def check_shapes(module: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Raises WorkbenchError unless a module on torch's meta device can take the tensors, by name and shape, as its own.

    Nothing is copied.
    """
    try:
        module.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise WorkbenchError(
            "{file} holds weights whose shapes do not match its own config; it can't be used.", file=path.name
        ) from error
    for name, tensor in tensors.items():
        if tensor.is_complex():  # torch would take them, and leave half of each number out
            raise WorkbenchError(
                "{file}: the weights {name} are complex numbers; it can't be used.", file=path.name, name=name
            )


def restored(
    build: Callable[[RunConfig, ImageSpec], Network],
    metadata: Metadata,
    weights: dict[str, Tensor],
    path: Path,
) -> Network:
    """The network that `build` makes by the file's config, with its weights: on the CPU, in eval mode.

    Raises WorkbenchError if the weights are none of such a network.
    """
    # First on the meta device: a file whose config needs far more weights than it holds must cost no memory.
    with torch.device("meta"):
        check_shapes(build(metadata.config, metadata.spec), weights, path)
    network = build(metadata.config, metadata.spec)
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


def find(source: str | Path) -> Path:
    """The file of that path, or the shipped model of that name. Raises WorkbenchError for the ~ of an unknown user."""
    shipped = paths.PRETRAINED / f"{source}{paths.MODEL_SUFFIX}"
    with contextlib.suppress(OSError):  # a name that is too long for any file
        if shipped.exists():
            return shipped
    return paths.expand(source)


# A run's own checkpoints: model-STEP.safetensors, model-STEP.resume beside it, and best-STEP.safetensors if scored


def model_path(folder: Path, step: int) -> Path:
    return folder / f"model-{step:09d}{paths.MODEL_SUFFIX}"


def resume_path(model: Path) -> Path:
    return model.with_suffix(RESUME_SUFFIX)


def run_models(folder: Path) -> list[Path]:
    """A run's model files, the newest first."""
    return sorted(folder.glob(f"model-*{paths.MODEL_SUFFIX}"), reverse=True)


def save_run(folder: Path, metadata: Metadata, model: dict[str, Tensor], resume: dict[str, Tensor]) -> Path:
    """Write a checkpoint of a run, then delete the earlier ones. Raises WorkbenchError as `write_aside`.

    The model comes last: where there is one, there is the state to resume it from.
    """
    path = model_path(folder, metadata.step)
    resume_file = resume_path(path)
    if path.exists() and resume_file.exists():
        return path  # nothing has been learnt since
    write_tensors(resume_file, resume, {})
    try:
        write_tensors(path, model, metadata.to_header())
    except WorkbenchError:
        files.remove([resume_file])  # makes room on a full disk
        raise
    files.remove(old for old in folder.glob("model-*") if old not in (path, resume_file))
    return path


def best_model(folder: Path) -> Path | None:
    """The checkpoint of a run that scored best while it learned; None if there is none."""
    return next(reversed(paths.best_checkpoints(folder)), None)


def save_best(folder: Path, metadata: Metadata, model: dict[str, Tensor]) -> Path:
    """Write a run's best checkpoint, then delete the earlier one. Raises WorkbenchError as `write_aside`."""
    path = paths.best_checkpoint(folder, metadata.step)
    write_tensors(path, model, metadata.to_header())
    files.remove(old for old in paths.best_checkpoints(folder) if old != path)
    return path


def cut_best(folder: Path, after_step: int) -> None:
    """Delete best checkpoints of later steps, which a resumed run has not reached yet."""
    files.remove(path for path in paths.best_checkpoints(folder) if path.stem > f"best-{after_step:09d}")
