"""The library's code as lessons show it."""

import inspect

import pytest

from gan_core.training import loop, losses
from pages.parts.learn.source import pieces, source_of


@pytest.mark.parametrize(
    ("place", "thing"),
    [
        ("training.loop:training_step", loop.training_step),
        ("training.losses:Minimax", losses.Minimax),
        ("training.losses:Minimax.discriminator", losses.Minimax.discriminator),
    ],
)
def test_what_is_shown_is_what_python_runs(place, thing):
    lines, first = inspect.getsourcelines(thing)
    shown = source_of(place)
    assert shown.line == first
    assert shown.text.splitlines() == inspect.cleandoc("\n" + "".join(lines)).splitlines()
    assert "".join(piece.text for piece in pieces(place)) == shown.text


def test_a_term_marks_its_text_and_nothing_else():
    place = "training.losses:Minimax.discriminator"
    found = pieces(place, (("real", "softplus(-real_logits).mean()"), ("fake", "softplus(fake_logits).mean()")))
    of_term = {term: "".join(piece.text for piece in found if piece.term == term) for term in ("real", "fake")}
    assert of_term == {"real": "softplus(-real_logits).mean()", "fake": "softplus(fake_logits).mean()"}


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("training.losses:Minimax.discriminator", "softplus(-real)"),  # renamed
        ("training.losses:Minimax.discriminator", "softplus"),  # twice
        ("training.losses:Minimax.critic", "softplus"),  # moved away
    ],
)
def test_a_text_that_is_not_there_once_is_an_error(place, text):
    with pytest.raises(LookupError):
        pieces(place, (("term", text),))
