"""The server: Streamlit over pages/front.py, and the few routes of our own."""

from pathlib import Path

import plotly
import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from pages.parts.live import routes

# The charts load plotly.min.js from the installed plotly package: no content network, no copy of it in this project.
PLOTLY_FILES = Path(plotly.__file__).parent / "package_data"

app = st.App("pages/front.py", routes=[Mount("/assets", StaticFiles(directory=PLOTLY_FILES)), *routes()])
