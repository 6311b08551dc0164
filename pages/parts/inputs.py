"""Widgets whose key is their name in the address."""

from typing import Any

import streamlit as st

LARGEST_SEED = 2**31 - 1
IN_ADDRESS: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


def number_input(
    label: str, key: str, least: int, most: int, usual: int, in_address: bool = True, **options: Any
) -> int:
    """A number input for whole numbers, bound to the address unless told otherwise.

    It is one for floats, shown without decimals: Streamlit's own for integers raises OverflowError when the address
    says inf. What lies outside the limits becomes the usual number.
    """
    bound = IN_ADDRESS if in_address else {}
    value = st.number_input(
        label, float(least), float(most), float(usual), 1.0, format="%.0f", key=key, **bound, **options
    )
    return round(value)
