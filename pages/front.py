"""What every page has: title, icon, navigation."""

import streamlit as st

from pages.parts.garbage import set_aside

st.set_page_config(page_title="GAN Workbench", page_icon=":material/blur_on:", layout="wide")

st.navigation(
    [
        st.Page("train.py", title="Train", icon=":material/model_training:", default=True),
        st.Page("generate.py", title="Generate", icon=":material/draw:"),
    ],
    position="top",
).run()

set_aside("pages")
