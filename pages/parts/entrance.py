"""How visitors come in, where they are told apart, and how they leave."""

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.names import LONGEST_NAME
from gan_core.store.people import default_people
from gan_core.store.rights import Visitor
from pages.parts.coming_in import coming_in
from pages.parts.edge import plain
from pages.parts.language import _
from pages.parts.visitors import browser_key, visitor

LONGEST_SECRET = 200
WHY = "why"
"""In an address: why its page was begun anew. Set by our own scripts, and only chooses a sentence."""


def came_in() -> bool:
    """Whether this page may be shown. If not, it has shown how to come in."""
    if not hosting().is_shared:
        return True
    key = browser_key()
    if not key:
        st.warning(_("This page knows you again by a cookie. Allow cookies for it, and load it anew."))
        return False
    if hosting().login != "none":
        return _has_logged_in(key)
    if hosting().mode == "public":
        default_people().stranger(key)
        return True
    who = default_people().visitor(key)
    if who is None or not who.watches_all:
        _enter_class()
        return False
    if st.query_params.pop(WHY, "") == "other":
        st.toast(_("In another tab of this browser {name} has come in. All its tabs are theirs.", name=plain(who.name)))
    st.session_state["was"] = who
    _name_tag(who)
    return True


def _enter_class() -> None:
    """A form for students, and another one for the teacher."""
    entry = None
    _column, middle, _column = st.columns([1, 2, 1])
    with middle:
        st.title(_("Welcome to the class"), anchor=False)
        _say_why()
        answer = st.container()
        take_code = st.query_params.get("code", "")[:LONGEST_SECRET]
        with st.form("student", border=False):
            name = st.text_input(_("Your name"), max_chars=LONGEST_NAME, autocomplete="nickname")
            code = st.text_input(_("Code of the class"), take_code, max_chars=LONGEST_SECRET, autocomplete="off")
            if st.form_submit_button(_("Come in"), type="primary", width="stretch"):
                entry = {"name": name, "secret": code, "as_teacher": False}
        with st.expander(_("I am the teacher")), st.form("teacher", border=False):
            name = st.text_input(_("Your name"), max_chars=LONGEST_NAME, key="teacher-name")
            password = st.text_input(_("The teacher's password"), type="password", max_chars=LONGEST_SECRET)
            if st.form_submit_button(_("Come in as the teacher"), width="stretch"):
                entry = {"name": name, "secret": password, "as_teacher": True}
    attempt = st.session_state["attempt"] = st.session_state.get("attempt", 0) + bool(entry)
    with answer:
        coming_in(entry, attempt)


def _say_why() -> None:
    """Why the page of somebody who was in the class is that of nobody; until it is loaded anew."""
    was = st.session_state.pop("was", None)
    if was:
        st.session_state[WHY] = "unknown" if default_people().is_there(was.person) else "ended"
    elif st.query_params.pop(WHY, "") == "gone":
        st.session_state[WHY] = "gone"
    match st.session_state.get(WHY):
        case "ended":
            st.info(_("The class has ended: its runs and its students' names were deleted."))
        case "unknown":
            st.info(
                _(
                    "You are no longer known here: you have left in another tab of this browser, or your name was "
                    "given back and entered in another browser."
                )
            )
        case "gone":
            st.info(_("You are no longer known here: the class has ended, or this browser has lost its cookie."))


def _has_logged_in(key: str) -> bool:
    """By Streamlit's login, or by the name that a reverse proxy gives.

    A session begins with the browser's newest login. From then on the browser is bound to that person, for our own
    routes too, until somebody leaves, or another one logs in, in any of its tabs: those opened before are nobody's.
    """
    people, subject = default_people(), _subject()
    if st.session_state.get("subject") != subject:
        if subject and people.is_anothers(key, subject):
            # Who was here before may have kept the key: this one is to get another, with the page.
            people.leave(key)
            coming_in(None, begin_anew=True)
            return False
        who = people.log_in(key, subject, str(st.user.get("name") or "")) if subject else people.leave(key)
        st.session_state["subject"], st.session_state["person"] = subject, who.person
        st.rerun()  # what stands above the page depends on who it is
    if not subject:
        _ask_to_log_in()
        return False
    who = people.visitor(key) or Visitor()
    if who.person != st.session_state["person"]:
        st.warning(_("In another tab of this browser somebody has left or come in. Load this page anew."))
        return False
    _name_tag(who)
    return True


def _subject() -> str:
    """By what a person is always the same: an e-mail address, if the provider says that it is theirs, or else the
    provider's own name for them.

    A provider that says nothing of `email_verified` may let people enter any address.
    https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
    """
    address = str(st.user.get("email") or "")
    if hosting().login == "proxy":
        return address
    if not st.user.get("is_logged_in"):
        return ""
    is_verified = str(st.user.get("email_verified")).lower() == "true"  # some providers write it as text
    own = st.user.get("sub")
    return address if address and is_verified else f"{st.user.get('iss')} {own}" if own else ""


def _ask_to_log_in() -> None:
    if hosting().login == "proxy":
        st.error(_("The server in front of this page should say who you are, and does not; see docs/hosting.md."))
        return
    _column, middle, _column = st.columns([1, 2, 1])
    with middle:
        st.title(_("Welcome"), anchor=False)
        _say_why()
        st.button(_("Log in"), type="primary", icon=":material/login:", on_click=st.login, width="stretch")


def _name_tag(who: Visitor) -> None:
    """Who is here, in the page's header, and the way out."""
    with st.popover(
        plain(who.name), icon=":material/school:" if who.may_everything else ":material/person:", key="who"
    ):
        st.caption(_("You are the teacher.") if who.may_everything else _("Your runs and pictures have this name."))
        if subject := st.session_state.get("subject"):
            st.text(_("Logged in as {subject}", subject=subject))  # to be copied into GAN_WORKBENCH_TEACHERS
        if hosting().login == "proxy":  # which would say at once again who is here
            return
        asks_first = hosting().login == "none" and not who.may_everything
        leave = None if asks_first else _leave
        if st.button(_("Leave"), icon=":material/logout:", on_click=leave, width="stretch", key="leave") and asks_first:
            st.write(
                _(
                    "The name {name} and its runs stay. Neither you nor anybody else can come in by that name again, "
                    "unless the teacher gives it back.",
                    name=plain(who.name),
                )
            )
            st.button(_("Leave for good"), type="primary", on_click=_leave, width="stretch", key="leave-for-good")
            st.button(_("Stay"), width="stretch")


def _leave() -> None:
    default_people().leave(browser_key())
    st.session_state.pop("was", None)
    if hosting().login == "oidc":
        st.logout()


def current_teacher() -> Visitor:
    """Whoever looks at the page, if they may do everything. Raises WorkbenchError if not."""
    who = visitor()
    if not who.may_everything:
        raise WorkbenchError("This page is the teacher's.")
    return who
