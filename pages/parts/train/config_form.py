"""The hyperparameters' form. Widgets, ranges and help derive from RunConfig; nothing is declared here."""

from collections.abc import Container
from contextlib import nullcontext
from itertools import groupby
from typing import Any

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from gan_core import gpus, limits
from gan_core.config import RunConfig, has_effect, settings
from gan_core.datasets.table import DATASETS, FOLDER
from gan_core.hosting import hosting
from gan_core.presets import DEFAULT_PRESET, PRESETS
from gan_core.setting import Setting
from gan_core.text import Text
from gan_core.validation import LONGEST_TEXT, problems
from pages.parts.edge import plain, show_error
from pages.parts.language import _
from pages.parts.links import give, one_of, take

BASIC_GROUPS = ("Data", "Budget")
LIT = "lit fields"
"""The session's key for the names of settings that are to be seen at once, since the reader is asked to change them."""


def choose_preset(is_fixed: bool = False) -> str:
    """The named GAN to begin with; it fills the form."""
    take("preset", one_of(PRESETS))
    preset = st.selectbox(
        _("Preset"),
        list(PRESETS),
        index=list(PRESETS).index(DEFAULT_PRESET),
        key="preset",
        persist_state="session",
        on_change=_take_preset,
        disabled=is_fixed,
        help=_("A named GAN, with a value for every setting below. You can change them afterwards."),
    )
    if preset not in PRESETS:  # not in the list: a browser may send anything
        preset = DEFAULT_PRESET
    give("preset", preset, DEFAULT_PRESET)
    st.caption(plain(_(PRESETS[preset].description)))
    return preset


def config_form(preset: str, free: Container[str] | None = None) -> RunConfig | None:
    """Every hyperparameter, as widgets where it is called; None while a value is refused.

    Args:
        free: the settings that may be changed, whose groups stand open; None for all.
    """
    if _key("dataset") not in st.session_state:
        _take_preset()
    values = _entered(PRESETS[preset].config)
    config, refused = _check(values)
    lit = st.session_state.get(LIT, ())
    for group, members in groupby(settings().items(), key=lambda item: item[1].group):
        shown = {name: setting for name, setting in members if _has_widget(name, values)}
        is_free = {name: free is None or name in free for name in shown}
        is_open = not shown.keys().isdisjoint({*refused, *lit}) or (free is not None and any(is_free.values()))
        with _group(group, is_open):
            for name, setting in shown.items():
                with st.container(key=f"lit-{name}") if name in lit else nullcontext():
                    _widget(name, setting, is_free[name])
                if name in refused:
                    show_error(f"{_(setting.title)}: {_(refused[name])}")
    return config


def _group(name: str, is_open: bool) -> DeltaGenerator:
    """Where a group's widgets go: the basic ones stand open, the others fold."""
    if name in BASIC_GROUPS:
        st.subheader(_(name), anchor=False)
        return st.container()
    return st.expander(_(name), expanded=is_open)


def _key(name: str) -> str:
    return f"config.{name}"


def _take_preset() -> None:
    """Every widget's value from the preset. Also what a new session begins with."""
    chosen = st.session_state.get("preset")  # by the browser, which may send anything
    _fill(PRESETS[chosen if chosen in PRESETS else DEFAULT_PRESET].config)


def take_run(preset: str, config: RunConfig, lit: tuple[str, ...] = ()) -> None:
    """Every widget's value from a run, to begin another like it.

    Args:
        lit: settings to be changed next, which stand out until the form is filled anew.
    """
    st.session_state["preset"] = preset if preset in PRESETS else DEFAULT_PRESET
    _fill(config)
    st.session_state[LIT] = lit


def _fill(config: RunConfig) -> None:
    st.session_state.pop(LIT, None)
    for name, value in limits.within_budget(config):
        st.session_state[_key(name)] = as_entered(value)
    if config.dataset.startswith(FOLDER):
        st.session_state[_key("dataset")] = FOLDER
        st.session_state["config.folder"] = config.dataset.removeprefix(FOLDER)


def as_entered(value: Any) -> Any:
    """A setting's value as its widget holds it."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _entered(preset: RunConfig) -> dict[str, Any]:
    """The values as RunConfig takes them. One without a widget is the preset's: the user could not correct it."""
    values = {name: st.session_state.get(_key(name)) for name in settings()}
    if values["dataset"] == FOLDER:  # the path stands in a widget of its own
        values["dataset"] += st.session_state.get("config.folder", "")
    return {name: value if _has_widget(name, values) else getattr(preset, name) for name, value in values.items()}


def _has_widget(name: str, values: dict[str, Any]) -> bool:
    return has_effect(name, values) and (name != "devices" or gpus.count() > 1)


def _check(values: dict[str, Any]) -> tuple[RunConfig | None, dict[str, Text]]:
    try:
        return RunConfig(**values), {}
    except ValidationError as error:
        return None, problems(error)


def _widget(name: str, setting: Setting, is_free: bool) -> None:
    if name == "dataset":
        _dataset_widgets(_label(setting), _common(setting, _key(name), not is_free))
    else:
        setting_widget(setting, _key(name), not is_free)


def _label(setting: Setting) -> str:
    return f"{_(setting.title)} ({_(setting.unit)})" if setting.unit else _(setting.title)


def _common(setting: Setting, key: str, disabled: bool) -> dict[str, Any]:
    return {"key": key, "persist_state": "session", "help": _(setting.help), "disabled": disabled}


def setting_widget(setting: Setting, key: str, disabled: bool = False) -> None:
    """A widget for a setting, the dataset apart; the session has its value by that key."""
    label, common, kind = _label(setting), _common(setting, key, disabled), setting.kind
    if setting.choices:
        st.selectbox(label, setting.choices, **common)
    elif kind is bool:
        st.toggle(label, **common)
    elif kind in (int, float):
        # No limits: a widget with limits silently resets a value outside, where RunConfig reports what is wrong.
        step = kind(setting.step or 1)
        st.number_input(label, value=None, step=step, format="%d" if kind is int else "%g", **common)
    else:
        st.text_input(label, max_chars=LONGEST_TEXT, **common)


def _dataset_widgets(label: str, common: dict[str, Any]) -> None:
    titles = {name: _(named.title) for name, named in DATASETS.items()}
    if hosting().folders:
        titles[FOLDER] = _("A folder of pictures of your own")
    st.selectbox(label, list(titles), format_func=lambda name: titles.get(name, ""), **common)
    if st.session_state[_key("dataset")] == FOLDER:
        st.text_input(
            _("Folder"),
            key="config.folder",
            max_chars=LONGEST_TEXT - len(FOLDER),
            persist_state="session",
            placeholder=_("the folder's path on the computer that trains"),
            help=_("A sub-folder for each class, or all pictures in one place. Transparent parts become white."),
        )
