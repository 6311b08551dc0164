"""Where things lie on disk. Places that are written to have a default and an environment variable."""

import contextlib
import os
import platform
import re
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gan_core.errors import WorkbenchError

if TYPE_CHECKING:
    from sqlalchemy import URL

PROJECT = Path(__file__).resolve().parent.parent
"""The folder that holds gan_core: the source tree, or site-packages."""
PACKAGE_DATA = PROJECT / "gan_core" / "data"
"""The files that are part of the library: the digits, and the classifiers' weights."""
IS_INSTALLED = not (PROJECT / "app.py").exists()
APP = PROJECT / "gan_workbench" if IS_INSTALLED else PROJECT
"""The folder that holds app.py, pages/ and what is shipped with them; in a wheel it lies beside gan_core."""
PRETRAINED = APP / "checkpoints" / "pretrained"
MODEL_SUFFIX = ".safetensors"
PARTIAL_SUFFIX = ".partial"
RUN_FOLDER = re.compile(r"(\d{5,17})-(.+)-[0-9a-f]{4,16}")
"""How RunStore.create names a run's folder: its number, its preset and dataset, and a random end."""


def expand(path: Path | str) -> Path:
    """The path as a person wrote it, with the home folder that a ~ at its beginning stands for.

    Raises WorkbenchError for the ~ of an unknown user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise WorkbenchError(
            "The home folder in {path} belongs to no user of this computer; write the path in full.", path=path
        ) from error


def home() -> Path:
    """What holds all that is written unless the environment says otherwise.

    The source tree; of an installed program a folder in the user's home, the same wherever it was started.
    """
    return expand("~/gan-workbench") if IS_INSTALLED else PROJECT


def optional(name: str) -> str:
    """What follows `pip install` to get the packages that few users need: deploy/requirements-NAME.txt."""
    return f'"gan-workbench[{name}]"' if IS_INSTALLED else f"-r deploy/requirements-{name}.txt"


def checkpoints() -> Path:
    """The folder that holds a folder for every run (GAN_WORKBENCH_CHECKPOINTS)."""
    given = os.environ.get("GAN_WORKBENCH_CHECKPOINTS")
    return expand(given) if given else home() / "checkpoints"


def files_address() -> str:
    """Where files lie that all machines have in common, as fsspec writes it; "" for nowhere (GAN_WORKBENCH_FILES).

    It may hold a key, so it is neither shown nor logged.
    """
    return os.environ.get("GAN_WORKBENCH_FILES", "").strip()


def data() -> Path:
    """The folder that downloaded datasets go to (GAN_WORKBENCH_DATA)."""
    given = os.environ.get("GAN_WORKBENCH_DATA")
    return expand(given) if given else home() / "data"


def database_url() -> "URL | str":
    """The run store's address, any SQLAlchemy URL (GAN_WORKBENCH_DATABASE)."""
    from sqlalchemy import URL

    given = os.environ.get("GAN_WORKBENCH_DATABASE")
    if given is None or not given.strip():
        # Not from a string: a folder's name may have a ? or a % in it.
        return URL.create("sqlite", database=str(checkpoints() / "runs.db"))
    return expand_url(given)


def expand_url(given: str) -> str:
    """A database's address, in which a ~ before a file's path stands for the home folder, as in `expand`."""
    scheme, file_follows, file = given.partition(":///")
    return f"{scheme}:///{expand(file)}" if file_follows and file.startswith("~") else given


def run_folder(run_id: str) -> Path:
    """Where a run keeps its checkpoints and sample grids."""
    return checkpoints() / run_id


def is_run(folder: Path) -> bool:
    """Whether a folder is where a run keeps its files, by its place and name."""
    return folder.parent == checkpoints() and RUN_FOLDER.fullmatch(folder.name) is not None


def uploads(person: int = 0) -> Path:
    """Where a person's uploaded models are kept; without a number, those of nobody in particular."""
    return checkpoints() / "uploads" / (str(person) if person else "")


def file_name(text: str) -> str:
    """A name or class, perhaps from a file of unknown origin, as a part of a file's name on any system."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text).strip(".")[:60] or "unnamed"


def shipped_models() -> list[Path]:
    """The models that are part of this program, by name."""
    return sorted(PRETRAINED.glob(f"*{MODEL_SUFFIX}"))


def best_checkpoints(folder: Path) -> list[Path]:
    """A run's checkpoints that were kept for their score, best-STEP.safetensors, the latest last."""
    return sorted(folder.glob(f"best-*{MODEL_SUFFIX}"))


def best_checkpoint(folder: Path, step: int) -> Path:
    """Where the checkpoint of that step is kept for its score."""
    return folder / f"best-{step:09d}{MODEL_SUFFIX}"


def references() -> Path:
    """Where the features of real pictures are kept, by which models are scored."""
    return checkpoints() / "reference"


@cache
def machine() -> str:
    """This machine's name as a part of a file's name, without dots."""
    return file_name(platform.node()).replace(".", "-")


def worker_log() -> Path:
    """Where this machine's worker, and the process that waits for a run, write what goes wrong."""
    return checkpoints() / f"worker-{machine()}.log"


def partial(path: Path) -> Path:
    """Where this thread writes a file, to rename it to `path` once it is whole. A folder may be several machines'."""
    return path.with_name(f"{path.name}.{threading.get_native_id()}.{machine()}-{os.getpid()}{PARTIAL_SUFFIX}")


def remove_partials(folder: Path, of_the_living: bool = False, of_all_machines: bool = False) -> None:
    """Delete files that killed processes left half written in a folder, or in one inside it.

    Args:
        of_the_living: also those of running processes; only if the caller alone writes there.
        of_all_machines: also those of other machines, whose processes cannot be seen from here.
    """
    import psutil

    for path in folder.rglob(f"*{PARTIAL_SUFFIX}"):
        place, _, process = path.name.removesuffix(PARTIAL_SUFFIX).rpartition(".")[2].rpartition("-")
        elsewhere = place not in ("", machine())  # earlier versions named no machine
        lives = process.isdecimal() and psutil.pid_exists(int(process))
        if (of_all_machines or not elsewhere) and (of_the_living or not lives):
            with contextlib.suppress(OSError):
                path.unlink()


def child_environment() -> dict[str, str]:
    """For a Python process of our own: this one's environment without the server's secrets, with the project on its
    import path.

    It imports `gan_core` without being installed and without a change of working directory, by which relative paths in
    the environment would lead elsewhere. The addresses of database and files, and the keys to them, are no
    secrets to it: it writes there.
    """
    from gan_core.hosting_settings import secret_variables

    secrets = secret_variables()
    kept = {name: value for name, value in os.environ.items() if not _is_secret(name.upper(), secrets)}
    return kept | {"PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])}


def _is_secret(variable: str, ours: frozenset[str]) -> bool:
    """Streamlit's options have theirs in the environment too: what signs its cookies, and a login's."""
    return variable in ours or (variable.startswith("STREAMLIT_") and "SECRET" in variable)
