"""Inside the two networks: the generator's feature maps for one picture, and what the discriminator looks at."""

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.text import Text
from pages.parts.error_box import errors_in_words
from pages.parts.language import _
from pages.parts.models import Choice, load_discriminator, real_pictures
from pages.parts.progress import progress_bar
from pages.parts.rates import count_request
from pages.parts.sharp_pictures import figure, show_pixels
from pages.parts.visitors import store_of_visitor

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from gan_core.inside import Layer
    from gan_core.networks.layers import Discriminator
    from gan_core.sampling import Model, Samples

MOST_MAPS = 64
MAPS_IN_ROW = 16
FRAME = 70
"""The grey of the lines between feature maps."""
OTHERS = 4
"""Pictures of each kind beside the one."""
BRIGHTEST = 0.995
"""The quantile of the absolute values that has the full colour."""
CARD = f"max(4.5rem, (100% - {OTHERS} * 0.6rem) / {OTHERS + 1})"
MEANINGS = {
    "minimax": Text("D(x) is the probability, in the discriminator's eyes, that a picture is real."),
    "least-squares": Text("Trained to be 1 for real pictures and 0 for generated ones."),
    "hinge": Text("Trained to be above 1 for real pictures and below −1 for generated ones; it is no probability."),
    "wasserstein": Text("Only differences between pictures mean something: the higher, the more real."),
    "relativistic": Text("Only differences between pictures mean something: the higher, the more real."),
}
"""What a logit says, by loss; minimax stands for all whose D(x) is a probability."""


class One(NamedTuple):
    """The picture that is looked at.

    Args:
        number: in the grid of samples, from 1.
        latent: what it is drawn from, [latent_dim].
        wanted: the picture of one's own for which it was found, [1, C, S, S]; None if there is none.
    """

    samples: "Samples"
    number: int
    latent: "Tensor"
    wanted: "Tensor | None" = None

    @property
    def label(self) -> int:
        return 0 if self.samples.labels is None else int(self.samples.labels[self.number - 1])


def show_generator(model: "Model", one: One) -> None:
    """Its feature maps, layer by layer."""
    import torch

    from gan_core import inside, sampling

    layers = inside.feature_maps(model.generator, one.latent[None], torch.tensor([one.label]))
    st.caption(
        _(
            "From the random numbers at the top to the picture at the bottom: what each layer puts out. Orange is "
            "above 0, blue below, black is 0."
        )
    )
    _show_vector(one.latent, _("Latent: {count:,} random numbers", count=len(one.latent)))
    for number, layer in enumerate(layers[:-1], 1):
        _show_layer(number, layer)
    picture = sampling.to_pixels(model.generator(one.latent[None], torch.tensor([one.label])))
    caption = _("Layer {number}: {kind}, the picture", number=len(layers), kind="tanh")
    show_pixels(_png(picture), alt=caption, width="10rem", caption=caption)


def _show_layer(number: int, layer: "Layer") -> None:
    import numpy as np

    features = layer.features[0]
    values = {"number": number, "kind": layer.kind, "count": len(features)}
    if features.dim() == 1:
        _show_vector(features, _("Layer {number}: {kind}, {count:,} numbers", **values))
        return
    values |= {"height": features.shape[1], "width": features.shape[2]}
    caption = _("Layer {number}: {kind}, {count:,} maps of {height} × {width}", **values)
    if len(features) > MOST_MAPS:
        strongest = features.abs().mean(dim=(1, 2)).topk(MOST_MAPS).indices.sort().values
        features = features[strongest]
        caption += _("; the {most} strongest are shown", most=MOST_MAPS)
    framed = np.pad(_coloured(features.numpy()), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=FRAME)
    show_pixels(_png(framed, min(MAPS_IN_ROW, len(framed))), alt=caption, caption=caption)


def _show_vector(numbers: "Tensor", caption: str) -> None:
    """A row of pixels for up to 64 numbers, several rows for more."""
    import numpy as np

    columns = min(64, len(numbers))
    padded = np.zeros(-(-len(numbers) // columns) * columns, dtype=np.float32)
    padded[: len(numbers)] = numbers.numpy()
    coloured = _coloured(padded.reshape(-1, columns))
    show_pixels(_png(coloured[None]), alt=caption, caption=caption)


def show_discriminator(choice: Choice, model: "Model", one: One) -> None:
    """The logit and the smoothed gradient of the picture, of others that the model draws, and of real ones."""
    import torch

    discriminator = load_discriminator(choice.path)
    count_request()
    st.caption(
        _(
            "Below each picture: where a change of it would change the discriminator's mind. Orange: brighter here "
            "looks more real; blue: darker does (the logit's gradient, averaged over noisy copies: SmoothGrad, Smilkov "
            "2017; each in its own scale). The number is the logit."
        )
        + " "
        + _(MEANINGS.get(model.metadata.config.loss, MEANINGS["minimax"]))
    )
    if discriminator.uses_batch_statistics:
        st.caption(_("This discriminator compares pictures of a batch: those of a row are shown to it together."))
    with errors_in_words():
        if one.wanted is not None:
            _show_row(model, discriminator, _("Your picture"), Row(one.wanted, torch.tensor([one.label])))
        _show_row(model, discriminator, _("The picture, and others that the model draws"), _generated(model, one))
        _show_row(model, discriminator, _("Real pictures"), _real(choice, model, one.label))


class Row(NamedTuple):
    """Images float32 [N, C, H, W] in [-1, 1], and their labels int64 [N]."""

    images: "Tensor"
    labels: "Tensor"


def _generated(model: "Model", one: One) -> Row:
    """The picture, and others of its class."""
    import torch

    from gan_core.sampling import from_pixels

    labels = one.samples.labels
    alike = [
        place for place in range(len(one.samples.images))
        if place != one.number - 1 and (labels is None or labels[place] == one.label)
    ][:OTHERS]  # fmt: skip
    others = from_pixels(one.samples.images[alike])
    label = torch.full((1 + len(alike),), one.label)
    return Row(torch.cat([model.generator(one.latent[None], label[:1]), others]), label)


def _real(choice: Choice, model: "Model", label: int) -> Row:
    """The first training pictures, of that class if the model knows classes."""
    from gan_core.datasets.loading import normalise

    dataset = real_pictures(store_of_visitor(), choice.key, model)
    if dataset.spec != model.metadata.spec:
        raise WorkbenchError("The training pictures that are here have another size, or other classes, than the model.")
    of_class = dataset.labels == label if model.classes else dataset.labels >= 0
    chosen = of_class.nonzero().flatten()[: OTHERS + 1]
    return Row(normalise(dataset.images[chosen]), dataset.labels[chosen])


def _show_row(model: "Model", discriminator: "Discriminator", title: str, row: Row) -> None:
    from gan_core import inside, sampling

    with progress_bar(title) as show:
        logits = inside.logits_of(discriminator, row.images, row.labels)
        gradients = inside.saliency(discriminator, row.images, row.labels, on_share=show)
    st.subheader(title, anchor=False)
    outputs = inside.output_of(model.metadata.config.loss, logits)
    pictures, cards = sampling.to_pixels(row.images), []
    for number, logit in enumerate(logits.tolist()):
        score = _("{logit:.2f}", logit=logit)
        if outputs is not None and model.metadata.config.loss != "least-squares":
            score = _("{logit:.2f} · D(x)\u00a0=\u00a0{output:.2f}", logit=logit, output=outputs[number].item())
        looks_at = _coloured(gradients[number].sum(dim=0).numpy())
        alt = _("{title}: number {number}, logit {score}", title=title, number=number + 1, score=score)
        cards.append(figure(_over(pictures[number], looks_at), alt, CARD, score))
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.6rem">{"".join(cards)}</div>')


def _over(picture: "np.ndarray", looks_at: "np.ndarray") -> bytes:
    """The picture [H, W, C] above its map [H, W, 3]."""
    import numpy as np

    coloured = np.broadcast_to(picture, looks_at.shape)
    return _png(np.concatenate([coloured, looks_at])[None])


def _coloured(values: "np.ndarray") -> "np.ndarray":
    """Numbers of any shape, all in one scale, as colours uint8 [..., 3]."""
    import numpy as np

    from gan_core.pictures import signed

    return signed(values, float(np.quantile(np.abs(np.nan_to_num(values)), BRIGHTEST)))


def _png(images: "np.ndarray", columns: int = 1) -> bytes:
    """Pictures [N, H, W, C] as one."""
    from gan_core import pictures

    return pictures.png(pictures.grid(images, columns))
