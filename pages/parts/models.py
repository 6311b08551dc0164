"""The models that the Generate page offers: shipped, trained here, or uploaded."""

import contextlib
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.runs import RunStore
from pages.parts.edge import show_error
from pages.parts.garbage import set_aside
from pages.parts.language import _

if TYPE_CHECKING:
    from gan_core.sampling import Model

UPLOADS_KEPT = 20
OWN_OFFERED = 100


def choose_model(store: RunStore) -> Path:
    """The file of the model that the user picks or uploads. Raises WorkbenchError if there is none to pick."""
    uploaded = _upload()
    offered = _offered(store)
    if not offered:
        raise WorkbenchError("There is no model to draw with yet; train one, or upload a checkpoint.")
    if uploaded:
        st.session_state["model"] = _upload_key(uploaded)
    if st.session_state.get("model") not in offered:
        st.session_state.pop("model", None)
    chosen = st.selectbox(
        "Model", list(offered), format_func=lambda key: offered[key][0], key="model", persist_state="session"
    )
    return offered[chosen][1]


def _offered(store: RunStore) -> dict[str, tuple[str, Path]]:
    """Label and file of every model. The keys stay while a run in training writes one file after the other."""
    from gan_core import checkpoint

    offered = {f"shipped:{path.stem}": (f"{path.stem} · shipped", path) for path in checkpoint.shipped()}
    for run in store.all_runs(OWN_OFFERED):
        if run.checkpoint_path:
            label = f"run {run.id} · {run.preset} · {run.dataset_name} · {run.kimg:,.0f} kimg"
            offered[f"run:{run.id}"] = (label, run.checkpoint_path)
    for path in _uploads():
        offered[_upload_key(path)] = (f"{path.stem.partition('-')[2]} · uploaded", path)
    return offered


def _upload_key(path: Path) -> str:
    return f"upload:{path.stem}"


def _upload() -> Path | None:
    """The file just uploaded, checked and stored; None if there is none or it was refused, which is then said."""
    with st.expander("Upload a checkpoint"):
        given = st.file_uploader(
            "A model file (.safetensors) that this program wrote", type="safetensors", key="upload",
            help="It is checked before it is used, and nothing in it is executed.",
        )  # fmt: skip
        if given is None or st.session_state.get("uploaded") == given.file_id:
            return None
        st.session_state["uploaded"] = given.file_id
        try:
            return _store_upload(given.name, given.getvalue())
        except WorkbenchError as error:
            st.session_state.pop("uploaded")
            show_error(_(error.text))
            return None


def _store_upload(name: str, content: bytes) -> Path:
    """Keep an upload if it is a model of ours; the oldest give way, so that strangers cannot fill the disk.

    Raises WorkbenchError if it is not.
    """
    from gan_core import checkpoint, sampling

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trial = Path(folder) / Path(name).name
        trial.write_bytes(content)
        sampling.load_model(trial)
    stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in Path(name).stem)[:60]
    path = _uploads_folder() / f"{hashlib.sha256(content).hexdigest()[:8]}-{stem}{checkpoint.SUFFIX}"
    checkpoint.write_aside(path, content)
    for old in _uploads()[UPLOADS_KEPT:]:
        old.unlink(missing_ok=True)
    return path


def _uploads_folder() -> Path:
    return paths.checkpoints() / "uploads"


def _uploads() -> list[Path]:
    """The newest first."""
    found = []
    for path in _uploads_folder().glob("*.safetensors"):
        with contextlib.suppress(FileNotFoundError):  # it has just given way to a newer one
            found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


def load(path: Path) -> "Model":
    """The model in that file. Raises WorkbenchError if it is gone or cannot be used."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise WorkbenchError("That model's file has just been replaced or is gone; choose it once more.") from error
    return _load_cached(str(path), changed)


@st.cache_resource(max_entries=4, show_spinner=False)
def _load_cached(path: str, changed: int) -> "Model":
    """The model in that file, ready to draw; loaded once for all viewers until the file changes."""
    from gan_core.sampling import load_model

    model = load_model(path)
    set_aside("torch")
    return model
