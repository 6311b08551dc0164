"""The commands `card` and `push`: a model for others, with what is to be said of it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gan_core import paths

if TYPE_CHECKING:
    from gan_core.metrics.result import Evaluation

PATH = click.Path(path_type=Path)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What both take."""
    for option in (
        click.option("--samples", type=int, default=10_000, help="How many pictures to draw and score."),
        click.option("--data-dir", type=PATH, help="Where datasets lie or are downloaded to."),
        click.option(
            "--licence", default="", help="Of the model, as the Hub writes it: mit. The data's if none is given."
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("model")
@click.argument("folder", type=PATH)
@_options
def card(model: str, folder: Path, samples: int, data_dir: Path | None, licence: str) -> None:
    """Write a MODEL with its model card and pictures into a FOLDER, as the Hugging Face Hub has them.

    It is scored for that. MODEL is a file, or a shipped model's name.
    """
    from gan_core.takeaway.model_card import write_folder

    write_folder(model, paths.expand(folder), _evaluated(model, samples, data_dir), licence)
    click.echo(folder)


@click.command()
@click.argument("model")
@click.argument("address", metavar="hf://OWNER/NAME")
@click.option("--private", is_flag=True, help="Only for its owner, if it is not there yet.")
@_options
def push(model: str, address: str, private: bool, **scored: Any) -> None:
    """Bring a MODEL with its model card and pictures to the Hugging Face Hub, after `hf auth login`.

    It is scored for that. MODEL is a file, or a shipped model's name.
    """
    import gan_core

    click.echo(gan_core.push(model, address, private=private, **scored))


def _evaluated(model: str, samples: int, data_dir: Path | None) -> "Evaluation":
    from gan_core.metrics.scorecard import evaluate

    return evaluate(model, samples, data_dir=data_dir)
