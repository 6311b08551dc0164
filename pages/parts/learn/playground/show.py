"""The playground as a part of a page."""

from pathlib import Path
from typing import Any

from gan_core.text import Text
from pages.parts.component import component
from pages.parts.language import _, language
from pages.parts.learn.playground.routes import address, scripts
from pages.parts.learn.playground.settings import CURVED, GROUPS, KNOBS, SITUATIONS, Knob, Value

_component = component(Path(__file__).parent, '<div class="playground"></div>')


def playground(settings: dict[str, Value] | None = None, situation: str = "", key: str = "playground") -> None:
    """The playground, over the whole width.

    Args:
        settings: what differs from the usual at first, by the names in KNOBS.
        situation: one of SITUATIONS to begin with.
        key: of the component. What the reader sets is kept in the address's fragment under this name; of several
            playgrounds on a page, that of the one that was changed last.
    """
    _component(
        data={
            "address": address(),
            "scripts": list(scripts()),
            "key": key,
            "first": settings or {},
            "situation": situation,
            "language": language(),
            "groups": {name: _(title) for name, title in GROUPS.items()},
            "knobs": {name: _knob(knob) for name, knob in KNOBS.items()},
            "situations": {
                name: {"title": _(one.title), "text": _(one.text), "settings": one.settings}
                for name, one in SITUATIONS.items()
            },
            "curved": CURVED,
            "words": _words(),
        },
        key=key,
        height="content",
    )


def _knob(knob: Knob) -> dict[str, Any]:
    return {
        "title": _(knob.title),
        "group": knob.group,
        "options": [
            {"value": value, "label": _(label)} if isinstance(label, Text) else {"value": value, "symbol": label}
            for value, label in knob.options.items()
        ],
        "usual": knob.usual,
        "restarts": knob.restarts,
    }


def _words() -> dict[str, Any]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "step": _("One step"),
        "reset": _("Start again"),
        "learns": _("Learns"),
        "both": _("both"),
        "discriminator": _("only the discriminator"),
        "generator": _("only the generator"),
        "speed": _("Speed"),
        "slow": _("slow motion"),
        "calm": _("20 steps a second"),
        "full": _("as fast as it goes"),
        "shows": _("Show"),
        "field": _("D's field"),
        "arrows": _("Arrows"),
        "grid": _("Grid of latents"),
        "two": _("Side by side"),
        "settings of": _("Settings of {side}"),
        "time": _("Time"),
        "now": _("now"),
        "pytorch": _("The same in PyTorch"),
        "pytorch note": _("These lines of gan_core, the library behind this app, do what is set here."),
        "notebook": _("Download a notebook that does it"),
        "losses": _("Losses"),
        "gradient": _("|∇G|"),
        "modes": _("Modes covered"),
        "clear": _("Clear the drawing"),
        "draw": _("Draw points with the pointer, or with the arrow keys and Enter."),
        "curved": _("The usual settings do not learn this shape."),
        "learnable": _("Take settings that do"),
        "real": _("Real points"),
        "fake": _("Generated points"),
        "latents": _("Latents z"),
        "G": _("Generator G"),
        "D": _("Discriminator D"),
        "at": _("Step {step}"),
        "head start": _("The discriminator learns alone: {count} steps left."),
        "outputs": _("D says {real} of real points and {fake} of generated ones."),
        "critic": _("Of a critic only differences count: the line is half way between real and generated points."),
        "lengths": _("Losses: D {discriminator}, G {generator}. The gradient of G has length {gradient}."),
        "covers": _("The points cover {covered} of {modes} modes."),
        "diverged": _("It diverged: the losses are no numbers any more. Start again with lower learning rates."),
        "picture": _("Points in the plane, real and generated, and how real each place looks to D."),
        "chart": _("{title}: from {first} to {last}, between {low} and {high}."),
        "D draws": _("Latents become generated points, and as many real points are drawn."),
        "D judges": _("The discriminator judges both: {real} for real points, {fake} for generated ones."),
        "D learns": _("Its weights follow its gradient: real points shall look more real, generated ones less."),
        "G judged": _("Now the generator. The discriminator judges its points, and stays as it is."),
        "G pulled": _("Its slope at each point says where it would look more real: the arrows."),
        "G learns": _("The generator's weights follow that gradient, and its points move."),
        "failed": _("The playground could not start in this browser: {error}"),
    }
