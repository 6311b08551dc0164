"""The browser that the tests drive: the system's Chromium or Chrome, else one that is installed here.

python tests/e2e/browser.py --install    find one, or install one
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
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if shutil.which("apt-get") and is_root:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        wanted = ["chromium", "fonts-dejavu-core"]
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted], check=False, env=environment
        )
    if not find():
        libraries = ["--with-deps"] if is_root else []  # installing those would ask for a password
        subprocess.run([sys.executable, "-m", "playwright", "install", *libraries, "chromium"], check=False)


def main() -> int:
    if not find() and "--install" in sys.argv:
        install()
    found = find()
    print(found or "No browser was found: install Chromium, or name one in GAN_WORKBENCH_BROWSER.")
    return 0 if found or "--install" not in sys.argv else 1


if __name__ == "__main__":
    sys.exit(main())
