"""nginx and Caddy in front of a server on this machine, by the very files in deploy/ with other ports in them."""

import contextlib
import datetime
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gan_core import paths
from tests.e2e.server import free_port

DEPLOY = paths.PROJECT / "deploy"
PATIENCE_SECONDS = 30
PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"])

AROUND_THE_SITE = """
user {user};
pid {folder}/nginx.pid;
error_log stderr;
daemon off;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def program(name: str) -> str:
    """Where it is. A test that needs one that is not there is skipped, but fails in CI."""
    found = shutil.which(name, path=PLACES)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"no {name}")
    assert found, f"no {name}: in CI that is a failure, or these tests would never run"
    return found


@contextlib.contextmanager
def nginx(folder: Path, upstream: int, changes: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yields the address of what is served: https, under /gan. `changes` are made in deploy/nginx.conf."""
    port = free_port()
    config = nginx_config(folder, upstream, port, changes)
    with _running([program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(config)], folder, port):
        yield f"https://localhost:{port}/gan"


def nginx_config(folder: Path, upstream: int, port: int, more_changes: Mapping[str, str] | None = None) -> Path:
    certificate, key = _certificate(folder)
    site = (DEPLOY / "nginx.conf").read_text()
    changes = {
        "server 127.0.0.1:8501": f"server 127.0.0.1:{upstream}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen [::]:443": f"listen [::1]:{port}",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
        "    listen [::]:80;\n": "",
        "server_name gan.example.com": "server_name localhost",
        "/etc/letsencrypt/live/gan.example.com/fullchain.pem": str(certificate),
        "/etc/letsencrypt/live/gan.example.com/privkey.pem": str(key),
    }
    for before, after in (changes | dict(more_changes or {})).items():
        assert before in site, before
        site = site.replace(before, after)
    (folder / "site.conf").write_text(site)
    config = folder / "nginx.conf"
    config.write_text(AROUND_THE_SITE.format(user=getpass.getuser(), folder=folder))
    return config


@contextlib.contextmanager
def caddy(folder: Path, upstream: int) -> Iterator[str]:
    """Yields the address of what is served: http, since Caddy's certificates need its name in the internet."""
    port = free_port()
    names = {"SITE": f"http://localhost:{port}", "UPSTREAM": f"127.0.0.1:{upstream}"}
    places = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    config = folder / "Caddyfile"
    config.write_text("{\n\tadmin off\n}\n" + (DEPLOY / "Caddyfile").read_text())
    command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(config)]
    with _running(command, folder, port, **names, **places):
        yield f"http://localhost:{port}"


@contextlib.contextmanager
def _running(command: list[str], folder: Path, port: int, **environment: str) -> Iterator[None]:
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
        return True
    return False


def _certificate(folder: Path) -> tuple[Path, Path]:
    """One for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return files
