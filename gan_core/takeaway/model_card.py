"""A model as a folder for others, as the Hugging Face Hub has it: the model, pictures, and README.md, the model card.

The card's form: Mitchell et al. 2019, "Model Cards for Model Reporting", with the Hub's YAML at its beginning.
"""

import json
from pathlib import Path
from typing import Any

import gan_core
from gan_core import checkpoint
from gan_core.animation import animation
from gan_core.datasets.table import DATASETS, FOLDER, dataset_name
from gan_core.metrics.result import SCORES, Evaluation, notes
from gan_core.repeating import command, nearest_preset
from gan_core.sampling import load_model
from gan_core.text import in_markdown

MODEL, SAMPLES, LEARNING = "model.safetensors", "samples.png", "learning.webp"
TASK = "unconditional-image-generation"
"""The Hub's word for making pictures without a text; classes do not matter to it."""
UNKNOWN = "unknown"
ADDRESS = "hf://OWNER/NAME"
"""In place of an address that is not known yet."""


def write_folder(
    source: str | Path, folder: Path, evaluation: Evaluation, licence: str = "", address: str = ADDRESS
) -> None:
    """Write the model, its card and its pictures into a folder.

    Args:
        source: a checkpoint's path, or a shipped model's name. Pictures of how it learnt are those in its run's folder.
        licence: the Hub's word for the model's, such as "mit"; that of the pictures it follows from if none is given.
        address: where it will be found.

    Raises WorkbenchError if there is no such model, and as checkpoint.write_aside.
    """
    model, path = load_model(source), checkpoint.find(source)
    grids = sorted((path.parent / "samples").glob("*.webp"))
    checkpoint.write_tensors(folder / MODEL, checkpoint.read_tensors(path), _shared(model.metadata).to_header())
    checkpoint.write_aside(folder / SAMPLES, model.sample(count=10 if model.classes else 60, seed=1).png())
    if grids:
        checkpoint.write_aside(folder / LEARNING, animation(grids, "webp"))
    card = text(model.metadata, evaluation, licence, address, with_learning=bool(grids))
    checkpoint.write_aside(folder / "README.md", card.encode())


def _shared(metadata: checkpoint.Metadata) -> checkpoint.Metadata:
    """Of a folder of pictures its name alone: where it lies is nobody's business."""
    dataset = metadata.config.dataset
    if not dataset.startswith(FOLDER):
        return metadata
    return metadata._replace(config=metadata.config.model_copy(update={"dataset": FOLDER + dataset_name(dataset)}))


def text(
    metadata: checkpoint.Metadata,
    evaluation: Evaluation,
    licence: str = "",
    address: str = ADDRESS,
    with_learning: bool = False,
) -> str:
    """The model card."""
    parts = [
        f"# {in_markdown(metadata.name)}",
        f"![Pictures that it drew]({SAMPLES})",
        _what_it_is(metadata),
        "## Use",
        _use(metadata, address),
        "## Scores",
        _scores(evaluation),
        "## Data and licence",
        _data(metadata, licence),
        "## How it was made",
        _made(metadata),
    ]
    if with_learning:
        parts.append(f"![What it drew while it learnt]({LEARNING})")
    return _front_matter(metadata, evaluation, licence) + "\n\n".join(parts) + "\n"


def _front_matter(metadata: checkpoint.Metadata, evaluation: Evaluation, licence: str) -> str:
    """YAML, each value written as JSON, which YAML reads too."""
    config = metadata.config
    known = DATASETS.get(config.dataset)
    values = {
        "license": licence or (known.licence if known else UNKNOWN),
        "library_name": "gan-workbench",
        "pipeline_tag": TASK,
        "tags": ["gan", "image-generation", "pytorch", config.network],
        "datasets": [known.hub] if known and known.hub else [],
        "model-index": [{"name": metadata.name, "results": [_result(metadata, evaluation)]}],
    }
    return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items() if value) + "---\n\n"


def _result(metadata: checkpoint.Metadata, evaluation: Evaluation) -> dict[str, Any]:
    known = DATASETS.get(metadata.config.dataset)
    name = dataset_name(metadata.config.dataset)
    in_features = f"{evaluation.protocol['samples']} samples, {evaluation.protocol['features']} features"
    return {
        "task": {"type": TASK},
        "dataset": {"name": name, "type": (known.hub if known else "") or name},
        "metrics": [
            {"type": key, "name": f"{SCORES[key].title} ({in_features})", "value": value}
            for key, value in evaluation.scores.items()
            if key in SCORES
        ],
    }


def _what_it_is(metadata: checkpoint.Metadata) -> str:
    config, spec = metadata.config, metadata.spec
    kind = f"conditional, {len(spec.classes)} classes" if config.conditional else "unconditional"
    colours = "grey" if spec.channels == 1 else "colour"
    return (
        f"A generative adversarial network ({kind}; architecture `{config.network}`, loss `{config.loss}`) that draws "
        f"{colours} pictures of {spec.size} × {spec.size} pixels, as in {in_markdown(dataset_name(config.dataset))}."
    )


def _use(metadata: checkpoint.Metadata, address: str) -> str:
    classes = f"classes=[{metadata.spec.classes[0]!r}], " if metadata.config.conditional else ""
    return (
        "With GAN Workbench:\n\n```python\nimport gan_core\n\n"
        f'model = gan_core.load("{address}")  # or the path of model.safetensors\n'
        f"model.sample({classes}count=10, seed=1).picture()\n```\n\n"
        "It draws pictures like those it was trained on, and is meant for learning how GANs work. It knows nothing "
        "else, and repeats what is one-sided in them."
    )


def _scores(evaluation: Evaluation) -> str:
    lines = ["| score | this model | real pictures | better is |", "|---|---|---|---|"]
    for key, score in SCORES.items():
        if key in evaluation.scores:
            value, real = (score.format.format(of[key]) for of in (evaluation.scores, evaluation.baseline))
            lines.append(f"| {score.title} | {value} | {real} | {score.better} |")
    told = " ".join(str(note) for note in notes(evaluation.protocol))
    return "\n".join(lines) + f"\n\n{in_markdown(told)}"


def _data(metadata: checkpoint.Metadata, licence: str) -> str:
    dataset = metadata.config.dataset
    known = DATASETS.get(dataset)
    if not known:
        folder = in_markdown(dataset_name(dataset))
        return f"Trained on the pictures of a folder, {folder}. Licence: `{licence or UNKNOWN}`."
    told = f"Trained on {known.title}; licence of these pictures: `{known.licence}`."
    return f"{told} The model's: `{licence or known.licence}`."


def _made(metadata: checkpoint.Metadata) -> str:
    return (
        f"{metadata.kimg:,.0f} thousand images in {metadata.seconds / 60:,.1f} minutes of training, "
        f"{metadata.step:,} generator steps, by GAN Workbench {gan_core.__version__}. The same again:\n\n"
        f"```sh\n{command(nearest_preset(metadata.config), metadata.config)}\n```"
    )
