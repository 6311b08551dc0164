"""The models that the Generate page offers: shipped, trained here, or uploaded."""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.runs import RunStore

if TYPE_CHECKING:
    from gan_core.sampling import Model

UPLOADS_KEPT = 20
OWN_OFFERED = 100


def choose_model(store: RunStore) -> Path:
    """The file of the model that the user picks or uploads."""
    from gan_core import checkpoint

    uploaded = _upload()
    offered = {str(path): f"{path.stem} · shipped" for path in checkpoint.shipped()}
    for run in store.all_runs()[:OWN_OFFERED]:
        if run.checkpoint_path and run.checkpoint_path.exists():
            offered[str(run.checkpoint_path)] = f"run {run.id} · {run.preset} · {run.dataset} · {run.kimg:,.0f} kimg"
    for path in _uploads():
        offered[str(path)] = f"{path.stem.partition('-')[2]} · uploaded"
    if uploaded:
        st.session_state["model"] = str(uploaded)
    if not offered:
        raise WorkbenchError("There is no model to draw with yet; train one, or upload a checkpoint.")
    if st.session_state.get("model") not in offered:
        st.session_state.pop("model", None)
    chosen = st.selectbox("Model", list(offered), format_func=offered.get, key="model", persist_state="session")
    return Path(chosen)


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
            st.error(str(error), icon=":material/error:")
            return None


def _store_upload(name: str, content: bytes) -> Path:
    """Keep an upload if it is a model of ours; the oldest give way, so that strangers cannot fill the disk.

    Raises WorkbenchError if it is not.
    """
    from gan_core import checkpoint, sampling

    with tempfile.TemporaryDirectory() as folder:
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
    return sorted(_uploads_folder().glob("*.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True)


@st.cache_resource(max_entries=4, show_spinner=False)
def load_cached(path: str, changed: int) -> "Model":
    """The model in that file, ready to draw; loaded once for all viewers until the file changes."""
    import gc

    from gan_core.sampling import load_model

    model = load_model(path)
    # Streamlit collects garbage after every run of a page: 120 ms once torch's objects are among what it looks at.
    gc.freeze()
    return model
