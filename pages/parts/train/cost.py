"""What a run will cost, shown before it begins."""

import math

import streamlit as st

from gan_core import limits
from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError
from gan_core.estimates.estimator import Answer, Estimate, default_estimator
from gan_core.presets import Outcome, expected
from gan_core.store.run_queue import Turn
from gan_core.store.runs import RunStore
from pages.parts.edge import plain
from pages.parts.language import _
from pages.parts.live.status import SOON_SECONDS, about, duration

ASK_SECONDS = 0.3
"""While an estimate is measured, which takes about a second."""


def show_estimate(store: RunStore, config: RunConfig) -> None:
    """Time or images for the budget, parameters, memory, place in the queue. Measured in the background meanwhile.

    Raises WorkbenchError for what a visitor may not train.
    """
    answered = ask(store, config) is not None
    st.fragment(_show, run_every=None if answered else ASK_SECONDS)(store, config, answered)


def ask(store: RunStore, config: RunConfig) -> Answer | None:
    """The estimate, as `Estimator.ask` gives it.

    Raises WorkbenchError for what a visitor may not train, before anybody looks into a folder that it names.
    """
    if not store.by.may_everything:
        limits.refuse_config(config)
    return default_estimator().ask(config)


def _show(store: RunStore, config: RunConfig, was_answered: bool) -> None:
    answer = default_estimator().ask(config)
    if answer is not None and not was_answered:
        st.rerun()
    kimg = answer.images(config) / 1000 if isinstance(answer, Estimate) else math.inf
    # Both keep their height (style.css): a list that is open further down would close if it moved.
    if expected(config, math.inf):
        with st.container(key="promise"):
            outcome = expected(config, kimg)
            st.caption(plain(_given(outcome)) if outcome else "&nbsp;")  # an empty container would not be there at all
    with st.container(key="estimate"):
        if answer is None:
            st.caption(_("Measuring how fast this would be …"))
        elif isinstance(answer, WorkbenchError):
            st.caption(plain(_(answer.text)))
        else:
            st.caption("  \n".join(plain(line) for line in _lines(answer, config)))
        if line := _turn(store.turn_of_new(seconds_of(answer, config))):
            st.caption(line)


def seconds_of(answer: Answer | None, config: RunConfig) -> float | None:
    """Of training; None while the speed is not known."""
    return answer.seconds(config) if isinstance(answer, Estimate) else None


def _turn(turn: Turn) -> str:
    """When it would begin if it were asked for now; nothing if that is at once."""
    if turn.seconds == math.inf:
        return _("It would wait: no machine is there to train it.")
    if turn.seconds is None:
        return _("The queue is paused; runs that come first: {count}", count=turn.place - 1)
    return _("Would begin in about {time}", time=about(turn.seconds)) if turn.seconds >= SOON_SECONDS else ""


def _given(outcome: Outcome) -> str:
    return _(
        "In an earlier trial on these digits, {accuracy:.1%} of the pictures showed the class that was asked for after "
        "{kimg:,.0f} kimg",
        kimg=outcome.kimg,
        accuracy=outcome.accuracy,
    )


def _lines(estimate: Estimate, config: RunConfig) -> list[str]:
    values = {
        "time": duration(estimate.seconds(config)),
        "kimg": estimate.images(config) / 1000,
        "rate": estimate.images_per_second,
    }
    return [
        _("About {kimg:,.3g} kimg in {time}, at {rate:,.0f} images/s", **values),
        _(
            "Parameters: generator {generator:,}, discriminator {discriminator:,}",
            generator=estimate.generator_parameters,
            discriminator=estimate.discriminator_parameters,
        ),
        _("Memory: about {memory:,.1f} GiB", memory=estimate.memory_bytes / 2**30),
        estimate.device,
    ]
