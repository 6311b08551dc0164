"""The models that the Generate page offers: shipped, trained here, or uploaded; and links to them.

A model's key means the same on every machine that has it: `shipped:NAME`, `run:RUN_NAME` for a run's newest checkpoint
and `best:RUN_NAME` for its best, `upload:STEM`. The link carries it, and the step of a run's checkpoint, since a run
that learns on draws other pictures.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from gan_core import files, limits, log, paths
from gan_core.datasets.table import FOLDER
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.evaluations import default_evaluations
from gan_core.store.rights import not_yours
from gan_core.store.runs import RunStore, default_store
from gan_core.store.tables import Run
from gan_core.text import Text, shortened
from pages.parts.edge import plain, show_error
from pages.parts.garbage import set_aside
from pages.parts.language import _
from pages.parts.links import LONGEST_KEY, whole_number
from pages.parts.rates import count_request
from pages.parts.visitors import visitor

if TYPE_CHECKING:
    from gan_core.config import RunConfig
    from gan_core.datasets.loading import Dataset
    from gan_core.networks.layers import Discriminator
    from gan_core.sampling import Model

OWN_OFFERED = 100
FIRST = "shipped:mnist-cdcgan"
"""What a page without a link begins with, where it is there: it knows classes, and writes."""
OF_RUNS = ("run", "best")
"""What a key begins with that means a checkpoint of a run."""


class Choice(NamedTuple):
    """A model that can be chosen: its key, what the list calls it, and its file."""

    key: str
    label: str
    path: Path


def choose_model(store: RunStore) -> Choice:
    """The model that the user picks, uploads, or was linked to. Raises WorkbenchError if there is none to pick."""
    place_of_list = st.container()
    uploaded = _upload()
    linked = _newly_linked()
    offered = offered_models(store, {linked, st.session_state.get("model", "")}, _of_run)
    if not offered:
        raise WorkbenchError("There is no model to draw with yet; train one, or upload a checkpoint.")
    if linked:
        _forget_link()
        st.session_state["model-in-address"] = linked
        if linked in offered:
            st.session_state["model"] = linked
            st.session_state["linked-step"] = st.query_params.get("step", "")
        else:
            st.session_state["missing-model"] = linked
    if uploaded:
        _forget_link()
        st.session_state["model"] = _upload_key(uploaded)
    if st.session_state.get("model") not in offered:
        st.session_state["model"] = FIRST if FIRST in offered else next(iter(offered))
    chosen = place_of_list.selectbox(
        _("Model"), list(offered), format_func=lambda key: offered[key].label, key="model", persist_state="session",
        on_change=_forget_link, label_visibility="collapsed",
    )  # fmt: skip
    return offered[chosen]


def _newly_linked() -> str:
    """The model's key in the address, if it is new: the page was just opened by a link, or the browser went back."""
    linked = st.query_params.get("model", "")
    return linked if linked != st.session_state.get("model-in-address") else ""


def _forget_link() -> None:
    """Another model was chosen, so the sentence about the link's model is no longer shown."""
    for name in ("missing-model", "linked-step"):
        st.session_state.pop(name, None)


def address(choice: Choice, model: "Model") -> dict[str, str]:
    """A link's parameters of the model."""
    return {"model": choice.key} | ({"step": str(model.metadata.step)} if run_name(choice.key) else {})


def keep_address(choice: Choice, model: "Model") -> None:
    """Once the model is loaded, put it into the browser's address."""
    wanted = address(choice, model)
    st.session_state["model-in-address"] = choice.key
    if "step" not in wanted:
        st.query_params.pop("step", None)
    if any(st.query_params.get(name) != value for name, value in wanted.items()):
        st.query_params.update(wanted)


def show_link_notice(choice: Choice, model: "Model") -> None:
    """A sentence if the model that a link asked for is not here, or has learnt on since the link was made."""
    if missing := st.session_state.get("missing-model"):
        text = _(
            "The link asks for the model {missing}, which is not here; {model} is used instead.",
            missing=shortened(missing),
            model=model.metadata.name,
        )
        st.warning(plain(text), icon=":material/link_off:")
    then = whole_number(st.session_state.get("linked-step", ""))
    now = model.metadata.step
    if run_name(choice.key) and then not in (None, now):
        values = {"then": then, "now": now}
        newest = Text(
            "The link was made at step {then:,} of this run, whose newest checkpoint is of step {now:,}; "
            "these pictures differ from those.",
            values,
        )
        best = Text(
            "The link was made at step {then:,} of this run, whose best checkpoint is of step {now:,} now; "
            "these pictures differ from those.",
            values,
        )
        text = _(best if choice.key.startswith("best:") else newest)
        st.info(plain(text), icon=":material/history:")


def offered_models(store: RunStore, also: set[str], of_run: Callable[[Run], list[Choice]]) -> dict[str, Choice]:
    """Every model by its key. The keys stay while a run in training writes one file after the other.

    Args:
        also: keys of runs that are offered even if they are not among the newest.
        of_run: what is offered of a run that has a checkpoint.
    """
    found = [shipped_model(path.stem) for path in paths.shipped_models()]
    runs = store.all_runs(OWN_OFFERED)
    names = {run.name for run in runs}
    for key in also:
        if (name := run_name(key)) and name not in names:
            names.add(name)
            with contextlib.suppress(WorkbenchError):
                runs.append(store.find(name))
    for run in runs:
        found += of_run(run) if run.checkpoint_path else []
    for path in _uploads(store.by.person):
        label = _("{model} · uploaded", model=path.stem.partition("-")[2])
        found.append(Choice(_upload_key(path), label, path))
    return {choice.key: choice for choice in found}


def shipped_model(name: str) -> Choice:
    path = paths.PRETRAINED / f"{name}{paths.MODEL_SUFFIX}"
    return Choice(f"shipped:{name}", _("{model} · shipped", model=name), path)


def path_of(key: str, store: RunStore) -> Path:
    """For a route: the file of the model with that key. Raises WorkbenchError if this visitor may draw with none."""
    if run_name(key):
        found = _path_of_run(key, store)
    else:
        own = {_upload_key(path): path for path in _uploads(store.by.person)}
        found = (own | {f"shipped:{path.stem}": path for path in paths.shipped_models()}).get(key)
    if found is None:
        raise WorkbenchError("This model is not here, or no longer; choose another one.")
    return found


def _path_of_run(key: str, store: RunStore) -> Path | None:
    run = store.watched(run_name(key)[:LONGEST_KEY])
    if run is None:
        return None
    return run.best_path if key.startswith("best:") else run.checkpoint_path


def run_name(key: str) -> str:
    """The name of the run whose checkpoint the key means, or ""."""
    kind, _colon, name = key.partition(":")
    return name if kind in OF_RUNS else ""


def data_dir(store: RunStore, key: str) -> Path | None:
    """Where the model's training pictures lie, if a run knows."""
    return Path(store.find(run_name(key)).data_dir) if run_name(key) else None


def refuse_change(key: str, store: RunStore) -> None:
    """Raises WorkbenchError unless this visitor may change what belongs to the model with that key."""
    if run_name(key):
        store.by.refuse_change(store.find(run_name(key)))
    elif key.startswith("upload:"):
        path_of(key, store)  # only their own are found
    elif not store.by.may_everything:
        raise not_yours()


def may_change(key: str, store: RunStore) -> bool:
    try:
        refuse_change(key, store)
    except WorkbenchError:
        return False
    return True


def first_of(run: Run) -> str:
    """The key of the model that is offered first of a run that has a checkpoint. Reads no file: a click waits."""
    return f"best:{run.name}" if run.best_path else f"run:{run.name}"


def _of_run(run: Run) -> list[Choice]:
    """Its best checkpoint, if it was scored while it learned, and its newest."""
    label = _(
        "run {run} · {preset} · {dataset} · {kimg:,.0f} kimg",
        run=run.id,
        preset=run.preset,
        dataset=run.dataset_name,
        kimg=run.kimg,
    )
    assert run.checkpoint_path is not None  # only a run that has one is offered
    return [*_best_of(run), Choice(f"run:{run.name}", label, run.checkpoint_path)]


def _best_of(run: Run) -> list[Choice]:
    best = run.best_path
    fid = run.last.get("best_fid") or _fid_of(best)
    if best is None or fid is None:
        return []
    label = _("run {run} · best, FID {fid:.2f}", run=run.label, fid=fid)
    return [Choice(f"best:{run.name}", label, best)]


def _fid_of(best: Path | None) -> float | None:
    """Of an older run, whose row does not say it; None too if the file has just been replaced, or is damaged."""
    from gan_core import checkpoint

    try:
        return checkpoint.read_metadata(best).scores.get("fid") if best else None
    except WorkbenchError:
        return None


def _upload_key(path: Path) -> str:
    return f"upload:{path.relative_to(paths.uploads()).as_posix().removesuffix(paths.MODEL_SUFFIX)}"


def _upload() -> Path | None:
    """The file just uploaded, checked and stored; None if there is none or it was refused, which is then shown."""
    with st.expander(_("Upload a checkpoint"), icon=":material/upload_file:"):
        given = st.file_uploader(
            _("A model file (.safetensors) that this program wrote"), type=paths.MODEL_SUFFIX, key="upload",
            help=_("It is checked before it is used, and nothing in it is executed."),
        )  # fmt: skip
        if given is None or st.session_state.get("uploaded") == given.file_id:
            return None
        st.session_state["uploaded"] = given.file_id
        try:
            stored = _store_upload(given.name, given.getvalue())
            log.done(visitor().short_name, f"upload {stored.name}")
            return stored
        except WorkbenchError as error:
            log.refused(visitor().short_name, "upload", error)
            st.session_state.pop("uploaded")
            show_error(_(error.text))
            return None


def _store_upload(name: str, content: bytes) -> Path:
    """Keep an upload if it is a model of ours; the oldest are deleted, so that visitors cannot fill the disk.

    Raises WorkbenchError if it is not.
    """
    from gan_core import beside, checkpoint, sampling

    count_request()
    _refuse_upload(len(content))
    stem = paths.file_name(Path(name).stem)  # a name may be anything, .. too
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trial = Path(folder) / f"{stem}{paths.MODEL_SUFFIX}"
        trial.write_bytes(content)
        sampling.load_model(trial)
    path = paths.uploads(visitor().person) / f"{hashlib.sha256(content).hexdigest()[:8]}-{stem}{paths.MODEL_SUFFIX}"
    checkpoint.write_aside(path, content)
    kept = hosting().most_uploads_of_one
    given_up = [path for number, path in enumerate(_uploads(visitor().person)) if number >= kept]
    files.remove([*given_up, *(file for path in given_up for file in beside.all_of(path))])
    # An evaluation that waits keeps a copy of its model, and so the room on the disk.
    default_evaluations().forget(map(_upload_key, given_up))
    return path


def _refuse_upload(size: int) -> None:
    """Raises WorkbenchError if a visitor may not store as much."""
    who = visitor()
    if who.may_everything:
        return
    if not who.person:
        raise WorkbenchError("This page knows visitors again by a cookie, and your browser has sent none.")
    limits.refuse_full_disk(default_store().folders_of(who.person), [paths.checkpoints()], more=size)


def _uploads(person: int) -> list[Path]:
    """A person's, the newest first."""
    found = files.listed(paths.uploads(person))
    models = [path for path in found if path.suffix == paths.MODEL_SUFFIX]
    return sorted(models, key=lambda path: (found[path], path), reverse=True)


def load(path: Path, weights: str = "ema") -> "Model":
    """The model in that file, with the weights of that kind. Raises WorkbenchError if it is gone or cannot be used."""
    return _load_cached(str(path), weights, _changed(path))


def load_discriminator(path: Path) -> "Discriminator":
    """The same of its discriminator. Raises WorkbenchError too if the file holds none."""
    return _load_discriminator_cached(str(path), _changed(path))


def real_pictures(store: RunStore, key: str, model: "Model") -> "Dataset":
    """The model's training pictures that are on this machine.

    Raises WorkbenchError if there are none, and for a folder of a server that keeps its folders closed.
    """
    config = model.metadata.config
    if config.dataset.startswith(FOLDER) and not hosting().folders:
        raise WorkbenchError("Folders of this server are closed, and so are the pictures that it was trained on.")
    place = data_dir(store, key) or paths.data()
    return _read_cached(str(place), (config.dataset, config.image_size, config.channels), config)


def _changed(path: Path) -> int:
    """When the file was written last; it is fetched first if it lies elsewhere. Raises WorkbenchError if it is gone."""
    files.fetch(path)
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise WorkbenchError(
            "The file of this model has just been replaced or deleted; choose the model again."
        ) from error


@st.cache_resource(max_entries=6, show_spinner=False)
def _load_cached(path: str, weights: str, changed: int) -> "Model":
    """The model in that file, ready to draw; loaded once for all viewers until the file changes."""
    from gan_core.sampling import load_model

    model = load_model(path, weights)
    set_aside("torch")
    return model


@st.cache_resource(max_entries=3, show_spinner=False)
def _load_discriminator_cached(path: str, changed: int) -> "Discriminator":
    from gan_core.inside import load_discriminator

    return load_discriminator(Path(path))


@st.cache_resource(max_entries=2, show_spinner=False, ttl=3600)
def _read_cached(place: str, pictures: tuple[str, int, int], _config: "RunConfig") -> "Dataset":
    """For all viewers. Of the config only `pictures` counts."""
    from gan_core.datasets.loading import pictures_here

    return pictures_here(_config, Path(place))
