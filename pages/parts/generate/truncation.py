"""What truncation costs in diversity: a small curve, measured once and kept beside the model."""

from typing import TYPE_CHECKING

import streamlit as st

from gan_core import log
from gan_core.hosting import hosting
from pages.parts.error_box import errors_in_words
from pages.parts.garbage import set_aside
from pages.parts.generate.wishes import TRUNCATION_OFF
from pages.parts.language import _
from pages.parts.models import Choice, real_pictures
from pages.parts.progress import progress_bar
from pages.parts.rates import count_request
from pages.parts.style import of_theme
from pages.parts.visitors import store_of_visitor, visitor

ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}

if TYPE_CHECKING:
    from gan_core.beside import TruncationCost
    from gan_core.sampling import Model


def offer(choice: Choice, model: "Model", chosen: float | None) -> None:
    """A box that measures the curve, or shows it.

    Args:
        chosen: the truncation of the pictures on the page.
    """
    box = st.expander(
        _("What truncation costs in diversity"), icon=":material/balance:", on_change="rerun", key="truncation-cost"
    )
    if not box.open:
        return
    with box:
        _show(choice, model, chosen)


@st.fragment
def _show(choice: Choice, model: "Model", chosen: float | None) -> None:
    from gan_core import beside, truncation

    pictures = int(min(truncation.PICTURES, hosting().most_pictures))
    cost = beside.truncation_cost(choice.path, model.weights)
    if cost is not None and len(cost.precision) == len(truncation.THRESHOLDS) and cost.pictures >= pictures:
        _chart(cost, chosen)
        return
    st.caption(
        _(
            "At each of {truncations} truncations, {pictures:,} pictures are drawn and compared with as many real "
            "ones. It is done once; the result is kept beside the model.",
            truncations=len(truncation.THRESHOLDS),
            pictures=pictures,
        )
    )
    if st.button(_("Measure"), icon=":material/query_stats:", key="measure-truncation"):
        with errors_in_words():
            _measure(choice, model, pictures)
            st.rerun()


def _measure(choice: Choice, model: "Model", pictures: int) -> None:
    from gan_core import beside, truncation

    for _threshold in truncation.THRESHOLDS:  # each draws as many as a request may
        count_request()
    real = real_pictures(store_of_visitor(), choice.key, model)
    with progress_bar(_("Drawing and comparing pictures")) as show:
        cost = truncation.measure(model, real.images, pictures, show)
    beside.keep_truncation_cost(choice.path, cost)
    log.done(visitor().short_name, f"measured truncation of {choice.key}")


def _chart(cost: "TruncationCost", chosen: float | None) -> None:
    import plotly.graph_objects as go

    from gan_core.truncation import THRESHOLDS
    from pages.parts.plot import show_chart

    discriminator, generator = of_theme("chartCategoricalColors")[:2]
    x = [TRUNCATION_OFF if threshold is None else threshold for threshold in THRESHOLDS]
    chart = go.Figure()
    for name, shares, colour in (
        (_("Precision: looks real"), cost.precision, generator),
        (_("Recall: real ones it can draw"), cost.recall, discriminator),
    ):
        chart.add_scatter(x=x, y=shares, name=name, mode="lines+markers", line_color=colour)
    chart.add_vline(TRUNCATION_OFF if chosen is None else chosen, line_dash="dot", line_color=of_theme("textColor"))
    chart.update_xaxes(title=_("Truncation (3 is off)"), range=[0, TRUNCATION_OFF * 1.03])
    chart.update_yaxes(range=[0, 1.05], tickformat=".0%")
    alt = _("Precision and recall over truncation")
    show_chart(chart, "truncation-curve", alt, height=300, legend=ABOVE, dragmode=False)
    st.caption(
        _(
            "Precision is the share of generated pictures among the real ones; recall the share of real ones among the "
            "generated (Kynkäänniemi 2019), of {pictures:,} each. The dotted line is the truncation that is chosen.",
            pictures=cost.pictures,
        )
    )
    set_aside("plotly")
