"""How good models are, in numbers and in pictures."""

import streamlit as st

from gan_core.jobs import app_worker
from gan_core.metrics.result import Evaluation, notes
from gan_core.store.evaluations import EvaluationStore, Terms, numbers_of, result_of
from gan_core.store.runs import RunStore
from gan_core.store.tables import EvaluationRow, State
from pages.parts.edge import plain, show_error
from pages.parts.error_box import errors_in_words
from pages.parts.evaluate.choice import Wish, choose
from pages.parts.evaluate.details import show_details
from pages.parts.evaluate.progress import show_progress
from pages.parts.evaluate.table import download_table, show_table
from pages.parts.example import EXAMPLE
from pages.parts.garbage import set_aside
from pages.parts.language import _
from pages.parts.links import give, one_of, take
from pages.parts.models import Choice, data_dir, run_name, shipped_model
from pages.parts.rates import count_request
from pages.parts.visitors import evaluations_of_visitor, store_of_visitor


def main() -> None:
    store, evaluations = store_of_visitor(), evaluations_of_visitor()
    evaluations.mark_interrupted()
    with st.sidebar:
        wish = choose(store, evaluations)
        if st.button(
            _("Evaluate"), type="primary", icon=":material/query_stats:", width="stretch", disabled=not wish.models
        ):
            _ask(store, evaluations, list(wish.models.values()), wish.terms)
    st.title(_("Evaluate"), anchor=False)
    labels = {key: choice.label for key, choice in wish.offered.items()}
    show_progress(store, evaluations, labels)
    ended = evaluations.newest(wish.models, wish.terms)
    _show_failures(evaluations, ended, labels)
    results = {key: result for key in wish.models if key in ended and (result := numbers_of(ended[key]))}
    if results:
        _show(store, evaluations, wish, ended, results)
    elif not evaluations.active():
        _show_nothing(store, evaluations, wish)


def _ask(store: RunStore, evaluations: EvaluationStore, choices: list[Choice], terms: Terms) -> None:
    """Queue the models that have not been evaluated yet. If one cannot be, the others still are."""
    for choice in choices:
        with errors_in_words():
            count_request()
            evaluations.ask(choice.key, choice.path, terms, data_dir(store, choice.key))
    with errors_in_words():
        if evaluations.waiting():
            app_worker.ensure_worker(store)


def _show_failures(evaluations: EvaluationStore, ended: dict[str, EvaluationRow], labels: dict[str, str]) -> None:
    waiting = {row.model for row in evaluations.active()}
    for key, row in ended.items():
        if row.state == State.FINISHED or key in waiting:
            continue
        if row.state == State.STOPPED:
            st.info(plain(_("{model}: cancelled.", model=labels[key])), icon=":material/cancel:")
        else:
            show_error(f"{labels[key]}: {_(row.status_text) if row.status_text else _('It ended without a result.')}")


def _show(
    store: RunStore,
    evaluations: EvaluationStore,
    wish: Wish,
    ended: dict[str, EvaluationRow],
    results: dict[str, Evaluation],
) -> None:
    named = {wish.models[key].label: result for key, result in results.items()}
    show_table(named)
    _show_protocol(list(results.values()))
    download_table(named)
    take("look", one_of(results))
    if st.session_state.get("look") not in results:
        st.session_state["look"] = next(iter(results))
    key = next(iter(results))
    if len(results) > 1:
        chosen = st.segmented_control(
            _("Show details of"), list(results), format_func=lambda key: plain(wish.models[key].label), key="look",
            required=True, persist_state="session",
        )  # fmt: skip
        key = chosen or key
    give("look", key, next(iter(results)))
    st.header(plain(wish.models[key].label), anchor=False)
    result = result_of(ended[key])
    assert result is not None  # its numbers are there
    show_details(store, result, run_name(key))
    may_forget = evaluations.by.may_change(ended[key])
    if may_forget and st.button(_("Forget this result"), icon=":material/delete:", key="forget"):
        evaluations.delete(ended[key].id)
        st.rerun()


def _show_protocol(results: list[Evaluation]) -> None:
    """What was compared, and whether papers do it so; sentences that hold for several models are shown once."""
    # The first sentences of all, then the second ones, then the third.
    kinds = zip(*(notes(result.protocol) for result in results), strict=True)
    sentences = dict.fromkeys(_(note) for kind in kinds for note in kind)
    st.caption("  \n".join(plain(sentence) for sentence in sentences))


def _show_nothing(store: RunStore, evaluations: EvaluationStore, wish: Wish) -> None:
    st.markdown(
        _(
            "How close are generated pictures to real ones, and how diverse are they? Choose models on the left and "
            "press **Evaluate**. The models draw thousands of pictures, which are compared with the training pictures."
        )
    )
    if wish.models:
        st.info(_("These models have not been evaluated like this yet."), icon=":material/query_stats:")
        return
    if shipped_model(EXAMPLE).path.exists():
        st.button(
            _("Evaluate the shipped model {model}", model=EXAMPLE), type="primary", icon=":material/rocket_launch:",
            on_click=_evaluate_example, args=(store, evaluations, wish.terms), key="evaluate-now",
        )  # fmt: skip


def _evaluate_example(store: RunStore, evaluations: EvaluationStore, terms: Terms) -> None:
    example = shipped_model(EXAMPLE)
    st.session_state["evaluated"] = [example.key]
    _ask(store, evaluations, [example], terms)


with errors_in_words():
    main()
set_aside("plotly")
