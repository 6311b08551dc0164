"""What the server starts for each ONNX file: python -m gan_core.jobs.export_job MODEL WEIGHTS BITS OUT

A process of its own: PyTorch's exporter keeps Python busy for seconds, so that nobody would be answered, and some
hundred megabytes for good. One at a time, so the others' memory is not needed twice.
"""

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from gan_core import paths, priority
from gan_core.errors import WorkbenchError
from gan_core.jobs.processes import die_with_parent
from gan_core.takeaway.packages import refuse_without_packages
from gan_core.text import Text

MOST_WAITING = 8
"""Files that are made or waited for at a time: each keeps a thread of the server."""
MOST_KEPT = 2
"""Files kept in memory: a class asks for the same model's at the same time."""
MOST_SECONDS = 600
_kept: dict[tuple[Path, int, str, int], bytes] = {}
"""By model, the time when its file was written, weights and bits."""
_turn = threading.Lock()
_places = threading.BoundedSemaphore(MOST_WAITING)


def exported(model: Path, weights: str, bits: int) -> bytes:
    """The ONNX file of a model file, see `takeaway.onnx_file.export`; waits until it is made. Loads no torch here.

    Args:
        weights: one of sampling.WEIGHTS.
        bits: one of onnx_file.BITS.

    Raises WorkbenchError as that does, and if too many wait, or it could not be made.
    """
    refuse_without_packages()
    wanted = (model, model.stat().st_mtime_ns if model.exists() else 0, weights, bits)
    if wanted in _kept:  # a class asks for the same one: nobody waits for what is there
        return _kept[wanted]
    if not _places.acquire(blocking=False):
        raise WorkbenchError("Many models are being made into files right now; try again in a minute.")
    try:
        with _turn:
            if wanted not in _kept:
                _keep(wanted, _made(model, weights, bits))
            return _kept[wanted]
    finally:
        _places.release()


def _keep(wanted: tuple[Path, int, str, int], content: bytes) -> None:
    """In place of the oldest. By its turn alone."""
    global _kept
    _kept = dict([*_kept.items(), (wanted, content)][-MOST_KEPT:])  # anew: others read it meanwhile


def _made(model: Path, weights: str, bits: int) -> bytes:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        out = Path(folder) / "model.onnx"
        command = [sys.executable, "-m", "gan_core.jobs.export_job", str(model), weights, str(bits), str(out)]
        try:
            done = subprocess.run(
                command,
                env=paths.child_environment(),
                stdout=subprocess.PIPE,
                encoding="utf-8",
                timeout=MOST_SECONDS,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows
            )
        except subprocess.TimeoutExpired as error:
            raise _not_made() from error
        if done.returncode == 0:
            return out.read_bytes()
    if not done.stdout:
        raise _not_made()
    text = Text.from_json(done.stdout.splitlines()[-1])
    raise WorkbenchError(text.template, **text.values)


def _not_made() -> WorkbenchError:
    return WorkbenchError("This model's file could not be made: it takes too much memory or time here.")


def main() -> int:
    """Exit code 0, or not 0 with what a user can mend on stdout, as Text.to_json writes it."""
    model, weights, bits, out = sys.argv[1:]
    die_with_parent()
    priority.come_after_the_server()
    from gan_core.sampling import load_model
    from gan_core.takeaway import onnx_file

    try:
        content = onnx_file.export(load_model(model, weights), int(bits))
    except WorkbenchError as error:
        print(error.text.to_json())
        return 1
    Path(out).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
