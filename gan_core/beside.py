"""What is kept beside a model file in small JSON files: its directions' names, and what truncation costs."""

import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from gan_core import files, paths
from gan_core.checkpoint import write_aside
from gan_core.errors import WorkbenchError

MOST_BYTES = 100_000  # more than MOST_NAMES of LONGEST_NAME take in JSON
LONGEST_NAME = 40
MOST_NAMES = 100
Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Shares = Annotated[list[Share], Field(max_length=100)]
Names = TypeAdapter(Annotated[dict[Name, Name], Field(max_length=MOST_NAMES)])


class TruncationCost(NamedTuple):
    """Quality and diversity at each of `truncation.THRESHOLDS`.

    Args:
        pictures: generated at each, and so many real ones at most.
        weights: which of the model's, see `sampling.WEIGHTS`.
        precision, recall: shares in 0..1, see `formulas.precision_recall`.
    """

    pictures: Annotated[int, Field(ge=1, le=1_000_000)]
    weights: Name
    precision: Shares
    recall: Shares


Costs = TypeAdapter(Annotated[list[TruncationCost], Field(max_length=10)])


def names_of(model: Path) -> dict[str, str]:
    """The names that were given to the model's directions, by "sefa-1" and the like."""
    return _read(model, "directions", Names) or {}


def give_names(model: Path, names: dict[str, str]) -> None:
    """Keep these, and those that were given to other directions; an empty one is taken away.

    Raises WorkbenchError for one that is too long, and as `write_aside`.
    """
    if any(len(name) > LONGEST_NAME for name in names.values()):
        raise WorkbenchError("A direction's name may have {most} characters; choose a shorter one.", most=LONGEST_NAME)
    kept = {direction: name for direction, name in (names_of(model) | names).items() if name}
    _write(model, "directions", dict(list(kept.items())[-MOST_NAMES:]))


def truncation_cost(model: Path, weights: str) -> TruncationCost | None:
    """What was measured of the model with these weights; None if nothing was."""
    costs: list[TruncationCost] = _read(model, "truncation", Costs) or []
    return next((cost for cost in costs if cost.weights == weights), None)


def keep_truncation_cost(model: Path, cost: TruncationCost) -> None:
    """Raises WorkbenchError as `write_aside`."""
    costs: list[TruncationCost] = _read(model, "truncation", Costs) or []
    others = [other for other in costs if other.weights != cost.weights]
    _write(model, "truncation", [other._asdict() for other in (*others, cost)])


def all_of(model: Path) -> list[Path]:
    """Every file that may be kept beside the model."""
    return [_place(model, kind) for kind in ("directions", "truncation")]


def _place(model: Path, kind: str) -> Path:
    """A shipped model's is among the runs, since the program's own folder may be read-only."""
    folder = paths.checkpoints() / "shipped" if model.parent == paths.PRETRAINED else model.parent
    return folder / f"{model.stem}.{kind}.json"


def _read(model: Path, kind: str, expected: TypeAdapter[Any]) -> Any:
    """What is kept; None if nothing is, or nonsense: somebody may have edited it."""
    path = _place(model, kind)
    files.fetch(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        return expected.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(model: Path, kind: str, content: Any) -> None:
    write_aside(_place(model, kind), json.dumps(content).encode())
