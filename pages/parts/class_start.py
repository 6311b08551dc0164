"""What the server says in its terminal as a class begins: the address, the code, the teacher's password."""

import io
import json
import os
import secrets
import socket
import sys
from pathlib import Path

import segno
import streamlit as st

from gan_core import paths
from gan_core.disk import link_unless_there, not_written
from gan_core.hosting import PREFIX, hosting

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another when it is read from a wall."""
CODE_LETTERS = 6
PASSWORD_LETTERS = 12


def begin_class() -> None:
    """In the mode `class`, make the code and the password that are not given, and print how to come in.

    They are kept beside the runs, so that they stay the same when the server starts again.

    Raises WorkbenchError if they cannot be kept.
    """
    if hosting().mode != "class" or hosting().login != "none":
        return
    kept = _kept()
    for name in ("class_code", "teacher_password"):
        os.environ[PREFIX + name.upper()] = getattr(hosting(), name).get_secret_value() or kept[name]
    hosting.cache_clear()
    # A terminal of another encoding shows the QR code as question marks, and all else.
    encoding = sys.stdout.encoding or "utf-8"
    print(_welcome(address()).encode(encoding, "replace").decode(encoding), flush=True)


def address() -> str:
    """Where students find this server. In the local network by its number, unless `browser.serverAddress` is set."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    named = st.get_option("browser.serverAddress")
    host = named if named != "localhost" else _own_address()
    return f"http://{host}:{st.get_option('server.port')}{base and '/'}{base}"


def qr_code(text: str) -> segno.QRCode:
    return segno.make(text, error="m", micro=False)


def _kept() -> dict[str, str]:
    file = paths.checkpoints() / "class.json"
    try:
        try:
            if file.exists():
                return _read(file)
        except (ValueError, KeyError, TypeError):  # damaged: made anew
            file.unlink(missing_ok=True)
        made = {"class_code": _random(CODE_LETTERS), "teacher_password": _random(PASSWORD_LETTERS)}
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = paths.partial(file)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
            new.write(json.dumps(made))
        link_unless_there(aside, file)
        return _read(file)
    except OSError as error:
        raise not_written(file, error) from error


def _read(file: Path) -> dict[str, str]:
    kept = json.loads(file.read_text())
    return {name: str(kept[name]) for name in ("class_code", "teacher_password")}


def _random(letters: int) -> str:
    return "".join(secrets.choice(LETTERS) for _each in range(letters))


def _own_address() -> str:
    """This computer's number in its network. Nothing is sent: only the way there is looked up."""
    if st.get_option("server.address") in ("localhost", "127.0.0.1"):
        return "localhost"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))  # an address that RFC 5737 keeps free
        except OSError:
            return "localhost"
        return str(way.getsockname()[0])


def _welcome(url: str) -> str:
    known, drawn = hosting(), io.StringIO()
    qr_code(url).terminal(drawn, compact=True)
    lines = [
        f"Students open   {url}",
        f"and enter       {known.class_code.get_secret_value()}",
        f"The teacher enters the password {known.teacher_password.get_secret_value()}",
    ]
    if "localhost" in url:
        lines.append("Only this computer reaches it: start with --server.address 0.0.0.0 for your network.")
    return f"\n{drawn.getvalue()}\n" + "".join(f"  {line}\n" for line in lines)
