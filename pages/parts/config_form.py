"""The hyperparameters' form. Widgets, ranges and help derive from RunConfig; nothing is declared here."""

from itertools import groupby
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from gan_core.config import (
    DEFAULT_PRESET,
    FOLDER,
    NAMED_DATASETS,
    PRESETS,
    RunConfig,
    has_effect,
    is_list,
    problems,
    settings,
)

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
    values = {name: st.session_state.get(_key(name)) for name in settings()}
    config, refused = _check(_entered(values))
    for group, members in groupby(settings().items(), key=lambda item: item[1].json_schema_extra["group"]):
        with st.expander(group, expanded=group in OPEN_GROUPS or any(name in refused for name, _ in members)):
            for name, field in settings().items():
                if field.json_schema_extra["group"] == group and has_effect(name, _entered(values)):
                    _widget(name, field)
                    if name in refused:
                        st.error(f"{field.title}: {refused[name]}", icon=":material/error:")
    return preset, config


def _key(name: str) -> str:
    return f"config.{name}"


def _take_preset() -> None:
    """Every widget's value from the preset. Also what a new session begins with."""
    preset = PRESETS[st.session_state.get("preset", DEFAULT_PRESET)].config
    for name, value in preset:
        st.session_state[_key(name)] = ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _entered(values: dict[str, Any]) -> dict[str, Any]:
    """The values as RunConfig takes them: a folder's path stands in a widget of its own."""
    if values["dataset"] == FOLDER:
        return values | {"dataset": FOLDER + st.session_state.get("config.folder", "")}
    return values


def _check(values: dict[str, Any]) -> tuple[RunConfig | None, dict[str, str]]:
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
