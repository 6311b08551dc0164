"""The hyperparameters' form. Widgets, ranges and help derive from RunConfig; nothing is declared here."""

from itertools import groupby
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from gan_core.config import FOLDER, NAMED_DATASETS, RunConfig, has_effect, is_list, problems, settings
from gan_core.presets import DEFAULT_PRESET, PRESETS
from gan_core.text import Text
from pages.parts.edge import show_error
from pages.parts.language import _

OPEN_GROUPS = ("Data", "Budget")


def config_form() -> tuple[str, RunConfig | None]:
    """Preset and hyperparameters, as widgets where it is called; the config is None while a value is refused."""
    preset = st.selectbox(
        "Preset",
        list(PRESETS),
        index=list(PRESETS).index(DEFAULT_PRESET),
        key="preset",
        persist_state="session",
        on_change=_take_preset,
        help="A named GAN: a choice for every setting below. Change what you like afterwards.",
    )
    st.caption(PRESETS[preset].about)
    if _key("dataset") not in st.session_state:
        _take_preset()
    values = _entered(PRESETS[preset].config)
    config, refused = _check(values)
    for group, members in groupby(settings().items(), key=lambda item: item[1].json_schema_extra["group"]):
        shown = {name: field for name, field in members if has_effect(name, values)}
        with st.expander(group, expanded=group in OPEN_GROUPS or not shown.keys().isdisjoint(refused)):
            for name, field in shown.items():
                _widget(name, field)
                if name in refused:
                    show_error(f"{_(field.title)}: {_(refused[name])}")
    return preset, config


def _key(name: str) -> str:
    return f"config.{name}"


def _take_preset() -> None:
    """Every widget's value from the preset. Also what a new session begins with."""
    preset = PRESETS[st.session_state.get("preset", DEFAULT_PRESET)].config
    for name, value in preset:
        st.session_state[_key(name)] = ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _entered(preset: RunConfig) -> dict[str, Any]:
    """The values as RunConfig takes them. One without a widget is the preset's: nobody could mend it."""
    values = {name: st.session_state.get(_key(name)) for name in settings()}
    if values["dataset"] == FOLDER:  # the path stands in a widget of its own
        values["dataset"] += st.session_state.get("config.folder", "")
    return {name: value if has_effect(name, values) else getattr(preset, name) for name, value in values.items()}


def _check(values: dict[str, Any]) -> tuple[RunConfig | None, dict[str, Text]]:
    try:
        return RunConfig(**values), {}
    except ValidationError as error:
        return None, problems(error)


def _widget(name: str, field: FieldInfo) -> None:
    common = {"key": _key(name), "persist_state": "session", "help": field.description}
    unit = field.json_schema_extra["unit"]
    label = f"{field.title} ({unit})" if unit else field.title
    kind = _plain_type(field)
    if name == "dataset":
        _dataset_widgets(label, common)
    elif get_origin(kind) is Literal:
        st.selectbox(label, get_args(kind), **common)
    elif kind is bool:
        st.toggle(label, **common)
    elif kind in (int, float):
        # No limits: a widget with limits silently takes back what is outside, where RunConfig says what is wrong.
        step = kind(field.json_schema_extra["step"] or 1)
        st.number_input(label, value=None, step=step, format="%d" if kind is int else "%g", **common)
    else:
        st.text_input(label, **common)


def _plain_type(field: FieldInfo) -> Any:
    """The type behind `X | None`; text for lists."""
    if is_list(field):
        return str
    choices = [choice for choice in get_args(field.annotation) if choice is not type(None)]
    is_optional = get_origin(field.annotation) is not Literal and len(choices) == 1
    return choices[0] if is_optional else field.annotation


def _dataset_widgets(label: str, common: dict[str, Any]) -> None:
    names = NAMED_DATASETS | {FOLDER: "A folder of pictures of your own"}
    st.selectbox(label, list(names), format_func=lambda name: names[name], **common)
    if st.session_state[_key("dataset")] == FOLDER:
        st.text_input(
            "Folder",
            key="config.folder",
            persist_state="session",
            placeholder="the folder's path on the computer that trains",
            help="A sub-folder for each class, or all pictures in one place.",
        )
