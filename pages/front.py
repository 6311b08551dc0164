"""What every page has: title, icon, language, navigation."""

from contextlib import suppress

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from pages.parts.class_notice import class_notice
from pages.parts.entrance import came_in
from pages.parts.error_box import errors_in_words
from pages.parts.garbage import set_aside
from pages.parts.language import _, choose_language
from pages.parts.links import note_page
from pages.parts.operations.away import prepare_for_absence
from pages.parts.style import show_style
from pages.parts.visitors import store_of_visitor, visitor

# The address of a file in static/: Streamlit's own copy of a picture is missing while the script starts again.
st.set_page_config(page_title="GAN Workbench", page_icon="/app/static/icon.png", layout="wide")
show_style()

choose_language()
prepare_for_absence()
pages = [
    st.Page("home.py", title=_("Home"), icon=":material/home:", default=True),
    st.Page("learn.py", title=_("Learn"), icon=":material/menu_book:"),
    st.Page("train.py", title=_("Train"), icon=":material/model_training:"),
    st.Page("runs.py", title=_("Runs"), icon=":material/stacked_line_chart:"),
    st.Page("experiments.py", title=_("Experiments"), icon=":material/science:"),
    st.Page("generate.py", title=_("Generate"), icon=":material/draw:"),
    st.Page("evaluate.py", title=_("Evaluate"), icon=":material/query_stats:"),
]
in_class = hosting().mode == "class"
if in_class:
    pages.append(st.Page("wall.py", title=_("Class"), icon=":material/groups:"))
    with suppress(WorkbenchError):  # said below
        if visitor().may_everything:
            pages.append(st.Page("teach.py", title=_("Teach"), icon=":material/school:"))
page = st.navigation(pages, position="top")
may_be_shown = False
with errors_in_words():
    may_be_shown = came_in()
if may_be_shown:
    note_page(page.url_path)
    if in_class:
        with errors_in_words():
            class_notice(store_of_visitor())
    page.run()

set_aside("pages")
