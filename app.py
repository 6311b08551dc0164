"""The server: Streamlit over pages/front.py, and the few routes of our own."""

import sys
from pathlib import Path

import plotly
import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from gan_core.errors import WorkbenchError
from gan_core.jobs import threads
from pages.parts.class_start import begin_class
from pages.parts.generate.routes import drawing_routes
from pages.parts.guard import Guard, failed
from pages.parts.learn.routes import learn_routes
from pages.parts.live.class_routes import class_routes
from pages.parts.live.routes import routes
from pages.parts.messages import Messages
from pages.parts.operations.life import life
from pages.parts.operations.routes import Sessions, note_error, operations_routes
from pages.parts.rates import Rates
from pages.parts.report.routes import report_routes
from pages.parts.timers import Timers
from pages.parts.visitors import Visitors

threads.wait_briefly()  # for the helper processes too, which inherit the environment

# The charts load plotly.min.js from the installed plotly package: no content network, no copy of it in this project.
PLOTLY_FILES = Path(plotly.__file__).parent / "package_data"

# Behind a reverse proxy, what the addresses of all of Streamlit's routes begin with; ours must too. One Mount around
# ours would do it for the routes, but would also answer requests for Streamlit's page, with a 404.
base = (st.get_option("server.baseUrlPath") or "").strip("/")
prefix = f"/{base}" if base else ""

try:
    begin_class()
except WorkbenchError as error:
    sys.exit(str(error))

app = st.App(
    "pages/front.py",
    routes=[
        Mount(f"{prefix}/assets", StaticFiles(directory=PLOTLY_FILES)),
        *operations_routes(prefix),
        *class_routes(prefix),
        *learn_routes(prefix),
        *drawing_routes(prefix),
        *report_routes(prefix),
        *routes(prefix),
    ],
    middleware=[
        Middleware(Guard),
        Middleware(Visitors, path=prefix or "/"),
        Middleware(Rates, prefix=prefix),
        Middleware(Sessions),
        Middleware(Messages),
        Middleware(Timers),
    ],
    exception_handlers={Exception: failed},
    on_script_error=note_error,
    lifespan=life,
)
