"""Which models are evaluated, and on which terms. All of it stands in the address."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from gan_core.hosting import hosting
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run
from gan_core.text import Text
from pages.parts.inputs import LARGEST_SEED, number_input
from pages.parts.language import _
from pages.parts.links import give, given, one_of, some_of, take
from pages.parts.models import Choice, offered_models

MOST_MODELS = 8
SAMPLES = (1_000, 5_000, 10_000, 50_000)
USUAL = Terms()
FEATURE_NAMES = {
    "": Text("Automatic"),
    "classifier": Text("The dataset's classifier"),
    "inception": Text("Inception, as papers do"),
}


class Wish(NamedTuple):
    """The models to evaluate and all that there are, by their keys, and the terms."""

    models: dict[str, Choice]
    offered: dict[str, Choice]
    terms: Terms


def choose(store: RunStore, evaluations: EvaluationStore) -> Wish:
    """The widgets of the sidebar."""
    linked = {*given("evaluated").split(",")[:MOST_MODELS], *st.session_state.get("evaluated", [])}
    offered = offered_models(store, linked, _of_run)
    samples = _allowed_samples(store)
    _begin_with_last(evaluations, offered, samples)
    take("evaluated", some_of(offered, MOST_MODELS))
    # A run may have been deleted since it was chosen.
    st.session_state["evaluated"] = [key for key in st.session_state.get("evaluated", []) if key in offered]
    chosen = st.multiselect(
        _("Models"), list(offered), format_func=lambda key: offered[key].label, key="evaluated",
        persist_state="session", max_selections=MOST_MODELS, placeholder=_("Choose one or more"),
    )  # fmt: skip
    give("evaluated", ",".join(chosen))
    return Wish({key: offered[key] for key in chosen}, offered, _choose_terms(samples))


def _allowed_samples(store: RunStore) -> list[int]:
    """The numbers of pictures that this visitor may have drawn; the limit itself if it is below all others."""
    if store.by.may_everything:
        return list(SAMPLES)
    most = hosting().most_samples
    return [number for number in SAMPLES if number <= most] or [int(most)]


def _choose_terms(numbers: Sequence[int]) -> Terms:
    usual = min(USUAL.samples, numbers[-1])
    take("features", one_of(FEATURE_NAMES))
    features = st.selectbox(
        _("Features"), list(FEATURE_NAMES), format_func=lambda name: _(FEATURE_NAMES[name]), key="features",
        persist_state="session",
        help=_(
            "The network whose features are compared. The dataset's classifier is small and fast, and works better "
            "for digits and clothes. Papers use Inception, which is downloaded once (91 MiB) and is many times slower "
            "without a GPU. Automatic takes the classifier if there is one."
        ),
    )  # fmt: skip
    give("features", features)
    take("samples", lambda text: next((number for number in numbers if str(number) == text), None))
    samples = st.selectbox(
        _("Pictures to draw"), numbers, index=numbers.index(usual), key="samples", persist_state="session",
        format_func=lambda number: _("{number:,}", number=number),
        help=_(
            "With few pictures, FID is too high. Papers use 50,000. Compare only scores that were calculated in the "
            "same way."
        ),
    )  # fmt: skip
    give("samples", str(samples), str(usual))
    seed = number_input(
        _("Seed"), "evaluation_seed", 0, LARGEST_SEED, USUAL.seed,
        help=_("The same model, features, number and seed give the same scores."),
    )  # fmt: skip
    return Terms(features, samples, seed)


def _begin_with_last(evaluations: EvaluationStore, offered: dict[str, Choice], samples: Sequence[int]) -> None:
    """A visitor without a link sees what was evaluated last."""
    if "evaluated" in st.session_state or "evaluated" in st.query_params:
        return
    last = evaluations.last()
    if last is None or last.model not in offered:
        return
    terms = Terms(last.features, last.samples, last.seed)
    if terms.samples not in samples or terms.features not in FEATURE_NAMES:
        return
    alike = dict.fromkeys([last.model, *evaluations.newest(offered, terms)])
    st.session_state["evaluated"] = list(alike)[:MOST_MODELS]
    st.session_state["features"], st.session_state["samples"] = terms.features, terms.samples
    st.session_state["evaluation_seed"] = float(terms.seed)


def _of_run(run: Run) -> list[Choice]:
    """Its newest checkpoint, and the one that scored best while it learned, if it kept one."""
    assert run.checkpoint_path is not None  # only a run that has one is offered
    newest = Choice(f"run:{run.name}", _("run {run}", run=run.title), run.checkpoint_path)
    if run.best_path is None:
        return [newest]
    return [newest, Choice(f"best:{run.name}", _("run {run} · best", run=run.title), run.best_path)]
