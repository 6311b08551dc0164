"""How a hyperparameter is declared, and what its declaration contains."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args, get_origin

from pydantic import Field
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Setting:
    """A hyperparameter, as it is declared.

    Args:
        default: its value if none is chosen.
        title, help: for people; translated.
        group: under which it stands in the form; translated.
        unit: of its numbers; translated. "" if they have none.
        step: by how much a form's plus and minus buttons change it.
        only_for: the choices under which it has an effect, as {field: value, or a tuple of values}.
        while_running: whether it may change while a run learns.
        free_when_resumed: whether a run may be resumed with another value of it and still be the same run.
        affects_speed: whether another value changes how fast a run is or how much memory it takes.
        part_of_preset: whether a preset with another value of it is no longer that preset.
        limits: its range, by pydantic's names: ge, gt, le, lt, max_length.
        kind: of its values other than None: bool, int, float, str or tuple.
        optional: whether None is a value too.
        choices: all its values, if they are a list.
    """

    default: Any
    title: str
    help: str
    group: str
    unit: str = ""
    step: float | None = None
    only_for: Mapping[str, Any] = field(default_factory=dict)
    while_running: bool = False
    free_when_resumed: bool = False
    affects_speed: bool = True
    part_of_preset: bool = True
    limits: Mapping[str, float] = field(default_factory=dict)
    kind: type = object
    optional: bool = False
    choices: tuple[Any, ...] = ()


def setting(
    default: Any,
    title: str,
    help: str,
    *,
    group: str,
    unit: str = "",
    step: float | None = None,
    only_for: Mapping[str, Any] | None = None,
    while_running: bool = False,
    free_when_resumed: bool = False,
    affects_speed: bool = True,
    part_of_preset: bool = True,
    **limits: Any,
) -> Any:
    """Declares a hyperparameter as a pydantic field, whose annotation gives its kind and choices: see `Setting`."""
    entry = Setting(
        default=default,
        title=title,
        help=help,
        group=group,
        unit=unit,
        step=step,
        only_for=only_for or {},
        while_running=while_running,
        free_when_resumed=free_when_resumed,
        affects_speed=affects_speed,
        part_of_preset=part_of_preset,
        limits=limits,
    )
    declared = Field(default, **limits)
    declared.metadata.append(entry)
    return declared


def declaration(declared: FieldInfo) -> Setting:
    """The declaration of a field that `setting` made."""
    entry = next(item for item in declared.metadata if isinstance(item, Setting))
    annotation = declared.annotation
    if get_origin(annotation) is tuple:
        return replace(entry, kind=tuple)
    choices = get_args(annotation)
    if get_origin(annotation) is Literal:
        return replace(entry, kind=type(choices[0]), choices=choices)
    kinds = [choice for choice in choices if choice is not type(None)] or [annotation]  # of X | None, or X
    return replace(entry, kind=kinds[0], optional=type(None) in choices)


def as_text(value: Any) -> str:
    """A setting's value as people type it, in a form or behind --set."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float) and float(f"{value:.15g}") == value:
        return f"{value:g}" if float(f"{value:g}") == value else f"{value:.15g}"
    return str(value)


def values_as_text(setting: Setting) -> str:
    """Which values a setting takes: `none / batch`, `from 0 to below 1`."""
    if setting.choices:
        return " / ".join(map(as_text, setting.choices))
    if setting.kind is bool:
        return "true / false"
    if setting.kind is tuple:
        return "whole numbers, with commas between"
    limits = {name: int(limit) if limit == int(limit) else limit for name, limit in setting.limits.items()}
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "to below"}
    range_ = " ".join(f"{word} {limits[name]:,}" for name, word in words.items() if name in limits)
    return range_ + (" / none" if setting.optional else "")
