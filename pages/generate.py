"""Draw pictures with a stored model. All that is chosen stands in the address: a link draws the same pictures."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from gan_core import paths
from pages.parts import models
from pages.parts.edge import file_or_reason, plain
from pages.parts.error_box import errors_in_words
from pages.parts.generate import many, one_picture, own, take_away, truncation, walk, wishes
from pages.parts.generate.picture_grid import picture_grid
from pages.parts.language import _
from pages.parts.progress import progress_bar
from pages.parts.rates import count_request
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    from gan_core.sampling import Model, Samples

PNG_ZOOM = 4


def main() -> None:
    with st.sidebar:
        choice = _group(_("Model"), models.choose_model, store_of_visitor())
        place_of_what = st.container()
        how = _group(_("How"), wishes.choose_how)
        with st.spinner(_("Loading the model")):
            model = models.load(choice.path, how.weights)
        with place_of_what:
            what = _group(_("What"), wishes.choose_what, model)
    models.keep_address(choice, model)
    _heading(model)
    models.show_link_notice(choice, model)
    what = what._replace(own=own.current(choice, model))
    if what.classes == []:
        st.info(_("Choose at least one class in the sidebar."), icon=":material/category:")
        return
    count_request()
    with progress_bar(_("Drawing the pictures")) as show:
        samples = wishes.draw(model, what, how, show)
    with st.sidebar:
        has_walk = _group(_("Walk"), walk.choose_whether)
        number = _group(_("One picture"), one_picture.choose_one, len(samples.images))
    address_of_grid = models.address(choice, model) | wishes.address(what, how)
    alt = _alt(model, samples, what)

    def address() -> dict[str, Any]:
        looked_at = walk.current().address() if has_walk else one_picture.address(model, number)
        return address_of_grid | looked_at

    _tools(choice, samples, address)
    own.offer(choice, model, len(samples.images) + (what.own is None), one_picture.pick, walk.begin)
    if has_walk:
        walk.show(model, samples, address_of_grid, alt)
    else:
        _show_pictures(choice, model, samples, number, alt)
    many.offer(address_of_grid, what, model)
    take_away.offer(models.address(choice, model), model)
    truncation.offer(choice, model, how.truncation)


def _show_pictures(choice: models.Choice, model: "Model", samples: "Samples", number: int | None, alt: str) -> None:
    """All of them, and beside them the one that is looked at, if any."""
    if number:
        one, place_of_grid = st.columns(2, gap="large")
        with one:
            one_picture.show_one(choice, model, samples, number)
    else:
        place_of_grid = st.container()
    with place_of_grid:
        picture_grid(samples, alt, number, one_picture.pick)
        if not number:
            st.caption(_("Click a picture to change it a little at a time, and to look inside the two networks."))


def _group(title: str, draw: Callable[..., Any], *arguments: Any) -> Any:
    """A part of the sidebar: its title and the widgets that `draw` makes; returns what that returns."""
    with st.container(gap="small"):
        st.subheader(title, anchor=False)
        return draw(*arguments)


def _heading(model: "Model") -> None:
    metadata = model.metadata
    st.title(_("Generate"), anchor=False)
    text = _(
        "{model}: {network} trained on {dataset}, {kimg:,.0f} kimg",
        model=metadata.name,
        network=metadata.config.network,
        dataset=metadata.config.dataset,
        kimg=metadata.kimg,
    )
    st.caption(plain(text))


def _tools(choice: models.Choice, samples: "Samples", address: Callable[[], dict[str, Any]]) -> None:
    """Other pictures, the same as files, and as a link."""
    model = paths.file_name(str(samples.recipe["model"]))
    name = f"{model}-seed-{samples.recipe['seed']}"
    with st.container(horizontal=True, key="generate-tools"):
        st.button(
            _("New pictures"), icon=":material/casino:", type="primary", on_click=wishes.new_seed, key="dice-large"
        )
        _download("PNG", lambda: samples.png(PNG_ZOOM), f"{name}.png", ":material/image:", _("All in one picture."))
        _download(
            "ZIP", samples.zip, f"{name}.zip", ":material/folder_zip:",
            _("Each picture as a PNG named by its class and number, and a JSON file that records how they were drawn."),
        )  # fmt: skip
        _download("NPZ", samples.npz, f"{name}.npz", ":material/data_array:", _("For NumPy: images and labels."))
        _download(
            _("Model"), choice.path.read_bytes, f"{model}{paths.MODEL_SUFFIX}", ":material/neurology:",
            _("The model in one file, to keep or to upload elsewhere."),
        )  # fmt: skip
        _link(address)


def _download(label: str, make: Callable[[], bytes], name: str, icon: str, help: str) -> None:
    # Without "ignore" a click would run the page again, and a second click meanwhile would request a file that is gone.
    st.download_button(label, file_or_reason(make), name, icon=icon, help=help, on_click="ignore")


def _link(address: Callable[[], dict[str, Any]]) -> None:
    # Opening it runs the page anew: the sliders of one picture run alone and would leave an older link here.
    with st.popover(_("Link"), icon=":material/link:", on_change="rerun", key="link") as popover:
        if not popover.open:
            return
        here = (st.context.url or "").rstrip("/").removesuffix("/generate")
        st.code(f"{here}/generate?{urlencode(address(), doseq=True, safe=':')}", language=None, wrap_lines=True)
        st.caption(
            _(
                "Opens this page with the same model and settings, and so the same pictures, in any browser. On "
                "another computer, it works for shipped models, and for others once they are there."
            )
        )


def _alt(model: "Model", samples: "Samples", what: wishes.What) -> str:
    if not what.text:
        name, count = model.metadata.name, len(samples.images)
        if count == 1:
            return _("One picture drawn by {model}", model=name)
        return _("{count:,} pictures drawn by {model}", count=count, model=name)
    return _(
        "“{text}” in the handwriting of {model}, lines: {lines:,}",
        text=what.text,
        model=model.metadata.name,
        lines=what.of_each,
    )


with errors_in_words():
    main()
