"""The command `export`: a model, or how a run is made again, as a file for elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_core import paths
from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError

if TYPE_CHECKING:
    from gan_core.store.tables import Run

FORMS = (".onnx", ".html", ".pt", ".py", ".ipynb")


@click.command()
@click.argument("model")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="FILE.onnx; FILE.html, a page that draws, offline; FILE.pt, its weights; FILE.py, a script; FILE.ipynb, a "
    "notebook.",
)
@click.option("--raw", is_flag=True, help="The weights after the last step, not their running average (EMA).")
@click.option(
    "--bits",
    type=click.Choice(["32", "16", "8"]),
    help="Of a weight in FILE.onnx: 16 halve the file, 8 quarter it. FILE.html takes 16, or 8 if it is large.",
)
def export(model: str, out: Path, raw: bool, bits: str | None) -> None:
    """Take a MODEL away: a file, a shipped model's name, or a run by number or name.

    For programs without PyTorch, FILE.onnx takes latents, classes (as weights) and truncation, and gives images.
    FILE.html draws in any browser. FILE.pt is the generator's state_dict, for torch.load and the networks in FILE.py.

    How it was made: FILE.py trains such a model with torch and torchvision alone, FILE.ipynb with this library.
    """
    out = paths.expand(out)
    if out.suffix not in FORMS:
        raise WorkbenchError("--out {file}: name a file that ends in .onnx, .html, .pt, .py or .ipynb.", file=out)
    from gan_core.checkpoint import write_aside

    write_aside(
        out, _code(model, out.suffix) if out.suffix in (".py", ".ipynb") else _model(model, out.suffix, raw, bits)
    )
    click.echo(out)


def _model(source: str, form: str, raw: bool, bits: str | None) -> bytes:
    from gan_core import beside
    from gan_core.checkpoint import find
    from gan_core.sampling import load_model

    run = _run(source)
    if run and not run.checkpoint_path:
        raise WorkbenchError("Run {run} has no checkpoint yet.", run=source)
    path = find(run.checkpoint_path or "" if run else source)
    model = load_model(path, "generator" if raw else "ema")
    if form == ".pt":
        return model.state_dict_file()
    from gan_core.takeaway import html_file, onnx_file

    if form == ".html":
        onnx = onnx_file.export(model, html_file.bits_for(model))
        return html_file.page(model, onnx, names=beside.names_of(path))
    return onnx_file.export(model, int(bits or 32))


def _code(source: str, form: str) -> bytes:
    from gan_core.standalone.script import script
    from gan_core.takeaway.notebook import notebook

    name, preset, config = _origin(source)
    return script(config, name).encode() if form == ".py" else notebook(name, preset, config)


def _origin(source: str) -> tuple[str, str, RunConfig]:
    """Name, preset and settings of a run or of a model's file. Raises WorkbenchError if there is neither."""
    from gan_core.checkpoint import find, read_metadata
    from gan_core.repeating import nearest_preset

    if run := _run(source):
        return run.name, run.preset, run.config
    metadata = read_metadata(find(source))
    return metadata.name, nearest_preset(metadata.config), metadata.config


def _run(source: str) -> "Run | None":
    """The run of that number or name. Raises WorkbenchError for a number that is no run's."""
    from gan_core.store.runs import default_store

    try:
        return default_store().find(source)
    except WorkbenchError:
        if source.isdecimal():
            raise
        return None
