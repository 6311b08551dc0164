"""What deploy/ has: checked by the programs it is for, and by what the two proxies let through."""

import contextlib
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from gan_core import hosting_settings, paths
from tests.proxies import DEPLOY, caddy, nginx, nginx_config, program

MB = 2**20  # as Streamlit counts
README = (paths.PROJECT / "README.md").read_text(encoding="utf-8")


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


# The files by themselves


def test_hadolint_finds_nothing_in_the_dockerfile():
    checked = run(program("hadolint"), DEPLOY / "Dockerfile")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_nginx_takes_its_file(tmp_path):
    checked = run(program("nginx"), "-e", "stderr", "-t", "-p", tmp_path, "-c", nginx_config(tmp_path, 8501, 8443))
    assert checked.returncode == 0, checked.stderr


def test_caddy_takes_its_file_and_finds_it_well_formatted(tmp_path):
    places = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    file = DEPLOY / "Caddyfile"
    checked = run(program("caddy"), "validate", "--adapter", "caddyfile", "--config", file, **places)
    assert checked.returncode == 0, checked.stderr
    formatted = run(program("caddy"), "fmt", file, **places)
    assert formatted.stdout == file.read_text()


def test_systemd_takes_the_unit_and_rates_its_exposure_3_at_most(tmp_path):
    unit = tmp_path / "gan-workbench.service"
    installed = "/opt/gan-workbench/.venv/bin/"
    text = (DEPLOY / unit.name).read_text()
    assert installed in text
    unit.write_text(text.replace(installed, f"{Path(sys.executable).parent}/"))
    verified = run(program("systemd-analyze"), "verify", "--man=no", unit)
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = run("systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", unit)
    assert rated.returncode == 0, rated.stdout[-200:]


def test_of_the_containers_only_the_proxy_is_open_and_the_app_may_write_only_its_volume():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    app = services["app"]
    assert app["read_only"] and app["cap_drop"] == ["ALL"] and app["volumes"] == ["data:/data"]
    assert (paths.PROJECT / "deploy" / app["build"]["context"]).resolve() == paths.PROJECT
    assert (paths.PROJECT / app["build"]["dockerfile"]).exists()


def test_a_space_finds_the_port_at_which_the_image_listens():
    front_matter = yaml.safe_load((DEPLOY / "huggingface.md").read_text().split("---")[1])
    exposed = re.search(r"^EXPOSE (\d+)$", (DEPLOY / "Dockerfile").read_text(), re.M)
    assert (front_matter["sdk"], front_matter["app_port"]) == ("docker", int(exposed[1]))


@pytest.mark.parametrize(
    "file", [*sorted(DEPLOY.iterdir()), paths.PROJECT / "docs" / "hosting.md"], ids=lambda file: file.name
)
def test_every_setting_that_is_named_exists(file):
    named = set(re.findall(r"GAN_WORKBENCH_[A-Z_]+[A-Z]\b", file.read_text(encoding="utf-8")))
    known = {variable for variable, *_rest in hosting_settings.table()}
    known |= set(re.findall("`(GAN_WORKBENCH_[A-Z]+)`", README))
    assert {name for name in named if not any(one.startswith(name) for one in known)} == set()


# What the proxies let through


class Echo(BaseHTTPRequestHandler):
    """Answers with what has arrived: the path, the headers, and how many bytes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        received = len(self.rfile.read(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = json.dumps({"path": self.path, "headers": headers, "bytes": received}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_PUT = do_POST = do_GET  # noqa: N815 (the library's names)

    def log_message(self, *_arguments):
        """Nothing: the tests look at the answers."""


@pytest.fixture
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(params=[nginx, caddy])
def proxy(request, echo, tmp_path):
    with request.param(tmp_path, echo) as address:
        yield address


def ask(address: str, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Status and body of the answer."""
    split = urlsplit(address)
    if split.scheme == "https":
        connection = http.client.HTTPSConnection(split.netloc, timeout=30, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(split.netloc, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.suppress(OSError):  # where it was refused before all was sent, the answer is there
        connection.request(method, split.path + path, body=body or None, headers=named)
    with connection.getresponse() as answer:
        said = answer.status, answer.read()
    connection.close()
    return said


def received(address: str, path: str, **headers: str) -> dict[str, str]:
    """The headers with which a request arrives behind the proxy."""
    status, body = ask(address, path, **headers)
    assert status == 200
    return json.loads(body)["headers"]


def test_no_client_names_itself_or_says_where_it_comes_from(proxy):
    claims = {"X_Forwarded_User": "teacher@school.example", "X_Forwarded_For": "203.0.113.9"}
    arrived = received(proxy, "/train", X_Forwarded_Proto="gopher", Authorization="Basic dGVhY2hlcjp4", **claims)
    assert "x-forwarded-user" not in arrived
    assert arrived["x-forwarded-for"] in ("127.0.0.1", "::1")
    assert arrived["x-forwarded-proto"] == urlsplit(proxy).scheme
    assert arrived["host"] == urlsplit(proxy).netloc


def test_a_websocket_and_the_whole_path_are_handed_on(proxy):
    arrived = received(proxy, "/_stcore/stream", Connection="Upgrade", Upgrade="websocket")
    assert (arrived["upgrade"], arrived["connection"].lower()) == ("websocket", "upgrade")
    path = json.loads(ask(proxy, "/live/1?after=5&name=a%2Fb")[1])["path"]
    assert path == f"{urlsplit(proxy).path}/live/1?after=5&name=a%2Fb"


SPELLINGS = (
    "/metrics", "/metrics/", "/metrics?a=b", "/_stcore/metrics", "/%6detrics", "//metrics", "/x/../metrics",
    "/_stcore%2fmetrics", "/./metrics", "/metrics%0a", "/metrics%2f",
)  # fmt: skip


def test_the_servers_figures_are_closed_in_every_spelling(proxy):
    assert {path: ask(proxy, path)[0] for path in SPELLINGS} == dict.fromkeys(SPELLINGS, 404)


def test_a_file_may_be_as_large_as_streamlit_takes_and_nothing_else_a_megabyte(proxy):
    megabytes = re.search(r"maxUploadSize = (\d+)", (paths.PROJECT / ".streamlit" / "config.toml").read_text())
    largest = b"0" * int(megabytes[1]) * MB
    status, body = ask(proxy, "/_stcore/upload_file/session/file", "PUT", largest)
    assert (status, json.loads(body)["bytes"]) == (200, len(largest))
    assert ask(proxy, "/_stcore/upload_file/session/file", "PUT", largest + b"0" * 6 * MB)[0] == 413
    assert ask(proxy, "/train", "POST", b"0" * 2 * MB)[0] == 413


def test_nginx_refuses_a_flood_of_uploads_and_answers_other_requests(echo, tmp_path):
    with nginx(tmp_path, echo) as address:
        answers = [ask(address, "/_stcore/upload_file/session/file", "PUT", b"0")[0] for _ in range(60)]
        assert answers[:20] == [200] * 20 and 429 in answers
        assert ask(address, "/live/1")[0] == 200


# Docker's question


def test_the_health_check_asks_under_the_servers_path(echo):
    settings = {"STREAMLIT_SERVER_PORT": str(echo), "STREAMLIT_SERVER_BASE_URL_PATH": "/gan/"}
    assert run(sys.executable, DEPLOY / "healthcheck.py", **settings).returncode == 0


def test_the_health_check_fails_in_one_sentence_where_nobody_answers(tmp_path):
    checked = run(sys.executable, DEPLOY / "healthcheck.py", STREAMLIT_SERVER_PORT="1")
    assert checked.returncode == 1 and len(checked.stderr.splitlines()) == 1
