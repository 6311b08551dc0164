"""The browser that the tests drive: the system's Chromium or Chrome, else one that is installed here.

python tests/e2e/browser.py --install    find one, or install one; and axe-core, from npm
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

# Chromium looks for updates and accounts at each start; without a network those lookups fill the log and cost seconds.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """The browser's program, or None. GAN_WORKBENCH_BROWSER names one by hand."""
    candidates = [os.environ.get("GAN_WORKBENCH_BROWSER"), *map(shutil.which, NAMES), str(MAC)]
    return next((path for path in candidates if path and Path(path).exists()), None) or _playwrights()


def _playwrights() -> str | None:
    """The Chromium that Playwright has downloaded, if it has."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Debian's and Ubuntu's package where this user may install it, else Playwright's download."""
    _apt_install("chromium", "fonts-dejavu-core")
    if not find():
        libraries = ["--with-deps"] if _is_root() else []  # installing those would ask for a password
        subprocess.run([sys.executable, "-m", "playwright", "install", *libraries, "chromium"], check=False)


def install_axe() -> None:
    """What package-lock.json names, into node_modules beside it. Without npm, the tests that need it are skipped."""
    if not shutil.which("npm"):
        _apt_install("npm")
    if npm := shutil.which("npm"):
        subprocess.run([npm, "ci", "--silent", "--prefix", str(Path(__file__).parent)], check=False)
    else:
        print("No npm was found: tests of accessibility are skipped. It comes with Node.js.")


def _apt_install(*packages: str) -> None:
    """Where there is apt and this user may use it; nothing elsewhere."""
    if not shutil.which("apt-get") or not _is_root():
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    subprocess.run([*install, *packages], check=False, env=environment)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def main() -> int:
    if "--install" in sys.argv:
        install_axe()
        if not find():
            install()
    found = find()
    print(found or "No browser was found: install Chromium, or name one in GAN_WORKBENCH_BROWSER.")
    return 0 if found or "--install" not in sys.argv else 1


if __name__ == "__main__":
    sys.exit(main())
