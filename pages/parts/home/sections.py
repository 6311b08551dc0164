"""What only the first page shows: the two networks as a drawing, the latest runs, the shipped models."""

from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from gan_core import paths
from gan_core.pictures import grid, png
from gan_core.store.rights import link_key
from gan_core.store.runs import RunStore
from gan_core.store.tables import Run, State
from pages.parts.edge import plain
from pages.parts.example import EXAMPLE
from pages.parts.language import _
from pages.parts.live.status import COLOURS, STATES
from pages.parts.sharp_pictures import figure, show_pixels

REAL_DIGITS = paths.PACKAGE_DATA / "digits.npz"
SHOWN = 4
"""Rows and columns of the small pictures in the drawing."""
SIZE = 28
SHOWN_WIDTH = "84px"


def how_it_learns() -> None:
    """Noise -> generator -> generated pictures; they and real ones -> discriminator -> output -> back to both."""
    boxes = [
        _box(_("Random numbers"), _("the latent z"), kind="noise"),
        _arrow(),
        _box(_("Generator"), _("turns them into a picture"), kind="generator"),
        _arrow(),
        _box(
            _("Generated or real?"),
            _("half of a batch is generated, half is real"),
            kind="pictures",
            inside="".join(
                figure(picture, caption, SHOWN_WIDTH, caption)
                for picture, caption in ((_generated(), _("generated")), (_real(), _("real")))
            ),
        ),
        _arrow(),
        _box(_("Discriminator"), _("rates how real each one looks"), kind="discriminator"),
        _arrow(),
        _box(_("Output"), _("0 generated … 1 real"), kind="output"),
    ]
    learns = _(
        "The discriminator learns to tell them apart. The generator learns to make pictures that pass for real. Step "
        "by step, each makes the other better."
    )
    st.html(f'<div class="how"><div class="how-flow">{"".join(boxes)}</div><p>↺ {escape(learns)}</p></div>')


def _box(title: str, note: str, kind: str, inside: str = "") -> str:
    return f'<div class="how-box {kind}"><b>{escape(title)}</b>{inside}<span>{escape(note)}</span></div>'


def _arrow() -> str:
    return '<div class="how-arrow" aria-hidden="true">→</div>'


@st.cache_data(show_spinner=False)
def _real() -> bytes:
    with np.load(REAL_DIGITS, allow_pickle=False) as digits:
        images = digits["images"][np.random.default_rng(0).permutation(len(digits["images"]))[: SHOWN * SHOWN]]
    return png(grid(images.reshape(-1, SIZE, SIZE, 1), SHOWN))


@st.cache_data(show_spinner=False)
def _generated() -> bytes:
    """The shipped models' grids are a class a row: a diagonal cut shows different digits."""
    with Image.open(paths.PRETRAINED / f"{EXAMPLE}.png") as sheet:
        zoom = sheet.height // (10 * SIZE)
        small = sheet.resize((sheet.width // zoom, sheet.height // zoom), Image.Resampling.NEAREST)
        return png(small.crop((0, 3 * SIZE, SHOWN * SIZE, (3 + SHOWN) * SIZE)))


def recent_runs(store: RunStore, runs: list[Run]) -> None:
    """A card for each run: its newest picture, its state, and a link."""
    for column, run in zip(st.columns(max(4, len(runs))), runs, strict=False):
        with column, st.container(border=True, key=f"card-{run.id}"):
            if address := _newest_picture(store, run):
                show_pixels(address, alt=_("What run {run} draws", run=run.id))
            state = State(run.state)
            st.badge(_(STATES[state]), color=COLOURS[state])
            st.page_link("train.py", label=plain(run.title), query_params={"run": link_key(run)})


def _newest_picture(store: RunStore, run: Run) -> str | None:
    """The address of what the run drew last; None while it has drawn nothing."""
    if version := run.picture_version:
        return f"live/{link_key(run)}/newest?v={version}"
    steps = store.find(run.name).grid_steps  # not yet here, or of an older run, which kept it under another name
    return f"live/{link_key(run)}/grid/{steps[-1]}?v={run.sessions}" if steps else None


def shipped_models() -> None:
    """A card each, with the way to draw with it."""
    found = sorted(paths.PRETRAINED.glob("*.png"))
    for column, picture in zip(st.columns(max(4, len(found))), found, strict=False):
        with column, st.container(border=True, key=f"card-{picture.stem}"):
            show_pixels(picture.read_bytes(), alt=_("Pictures that {model} draws", model=picture.stem))
            st.page_link(
                "generate.py", label=plain(picture.stem), icon=":material/draw:",
                query_params={"model": f"shipped:{picture.stem}"},
            )  # fmt: skip
