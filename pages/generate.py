"""Draw pictures with a stored model."""

from typing import TYPE_CHECKING

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.runs import default_store
from pages.parts.edge import errors_in_words, plain
from pages.parts.models import choose_model, load
from pages.parts.pictures import show_pixels

if TYPE_CHECKING:
    from gan_core.sampling import Model

MOST_PICTURES = 500
CLASSES_AT_FIRST = 10
WIDEST_COLUMN_REM = 5


def main() -> None:
    with st.sidebar:
        path = choose_model(default_store())
        with st.spinner("Loading the model"):
            model = load(path)
        classes = _choose_classes(model)
        count = _choose_count(model)
        seed = st.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 1,
            key="seed",
            persist_state="session",
            help="The same model, wishes and seed draw the same pictures.",
        )
    if classes == []:
        st.info("Choose at least one class in the sidebar.")
        return
    if count * len(classes or [1]) > MOST_PICTURES * 4:
        raise WorkbenchError(f"That is more than {MOST_PICTURES * 4:,} pictures; ask for fewer of each class.")
    _show(model, classes, count, seed)


def _choose_classes(model: "Model") -> list[str] | None:
    """Names of classes; None if the model knows none."""
    if not model.classes:
        st.caption("This model is unconditional: it draws whatever it likes.")
        return None
    # A model of other classes is another widget, or its choice would hold names that this one does not know.
    key = f"classes-{'-'.join(model.classes)[:80]}"
    first = model.classes[:CLASSES_AT_FIRST]
    return st.multiselect("Classes", model.classes, default=first, key=key, persist_state="session")


def _choose_count(model: "Model") -> int:
    """How many pictures, of each class if the model knows classes."""
    label, usual = ("Pictures of each class", 10) if model.classes else ("Pictures", 100)
    return st.number_input(
        label, min_value=1, max_value=MOST_PICTURES, value=usual, key=f"count-{usual}", persist_state="session"
    )


def _show(model: "Model", classes: list[str] | None, count: int, seed: int) -> None:
    samples = model.sample(classes=classes, count=count, seed=seed)
    about = model.about
    heading, downloads = st.columns([3, 2], vertical_alignment="bottom")
    heading.title("Generate")
    heading.caption(
        plain(
            f"{about.name}: {about.config.network} trained on {about.config.dataset}, {about.kimg:,.0f} thousand images"
        )
    )
    with downloads, st.container(horizontal=True, horizontal_alignment="right"):
        name = f"{about.name}-seed-{seed}"
        st.download_button("PNG", lambda: samples.png(zoom=4), f"{name}.png", "image/png", icon=":material/image:")
        st.download_button("NPZ", samples.npz, f"{name}.npz", icon=":material/data_array:")
    show_pixels(
        samples.png(zoom=1),
        alt=f"{len(samples.images)} pictures drawn by {about.name}",
        width=f"{WIDEST_COLUMN_REM * samples.columns}rem",
    )


with errors_in_words():
    main()
