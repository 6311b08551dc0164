"""A config as a script that stands alone: the library's lines that it uses, with torch and torchvision only."""

import ast
import re
import sys
from collections.abc import Iterator
from string import Template

from gan_core import paths
from gan_core.config import ImageSpec, RunConfig, settings
from gan_core.datasets.table import DATASETS, FOLDER
from gan_core.errors import WorkbenchError
from gan_core.standalone.facts import Facts, facts_of
from gan_core.standalone.layout import text_of
from gan_core.standalone.library import Import, Library, library
from gan_core.standalone.needed import loads, needed
from gan_core.standalone.specialise import Specialiser
from gan_core.text import Text

SPEC = {
    "SIZE": "Width and height of a picture (pixels)",
    "CHANNELS": "Colour channels: 1 is grey",
    "CLASSES": "Classes of the pictures",
}
"""What is known of a dataset."""
OF_MAIN = {
    "time": Import("", "time"),
    "datasets": Import("torchvision", "datasets"),
    "save_image": Import("torchvision.utils", "save_image"),
}
FIRST_OF_CLASS = """\
    first = torch.cat([(labels == label).nonzero().flatten()[:$count] for label in range(CLASSES)])
    images, labels = images[first], labels[first]
"""
MAIN = paths.PROJECT / "gan_core" / "standalone" / "main.py.txt"


def script(config: RunConfig, name: str) -> str:
    """The script's text.

    Args:
        name: of the run or preset, for the first line.

    Raises WorkbenchError for a config that is too much for one short script.
    """
    if reason := refusal(config):
        raise WorkbenchError(reason.template, **reason.values)
    spec = ImageSpec.named(config.dataset)
    facts = facts_of(config, spec)
    program = Specialiser(library(), facts)
    frame = Template(MAIN.read_text(encoding="utf-8")).substitute(_main_parts(config))
    head, _, main = frame.partition("# %%\n")
    parts = needed(program, ast.parse(main))
    used = loads(ast.Module([*parts.values(), *ast.parse(main).body], []))
    sections = [
        head.strip().replace("NAME", paths.file_name(name)),
        "\n".join(_imports(library(), used)),
        "\n".join(_constants(facts, used)),
        *("\n".join(_definition(library(), name, part)) for name, part in parts.items()),
        main.strip(),
    ]
    return "\n".join(_apart(sections)) + "\n"


def refusal(config: RunConfig) -> Text | None:
    """Why there is no script of a config, if there is none."""
    if config.network == "progressive":
        return Text(
            "A script of a GAN that grows would be too long to read; take the notebook, which uses the library."
        )
    if config.dataset.startswith(FOLDER):
        return Text(
            "The script reads only datasets that have a name, not a folder of pictures; take the notebook, which uses "
            "the library."
        )
    if (images := DATASETS[config.dataset].images) < config.batch_size:
        return Text(
            "A batch of {batch} does not fit into {images} pictures.", {"batch": config.batch_size, "images": images}
        )
    return None


def _main_parts(config: RunConfig) -> dict[str, str]:
    """What the script's last part has for this config."""
    named = DATASETS[config.dataset]
    # The digits that are part of the program are the first of each class of MNIST (gan_core/data/digits.md).
    first = Template(FIRST_OF_CLASS).substitute(count=named.images // len(named.classes))
    return {
        "kind": named.torchvision or "MNIST",
        "first": "" if named.torchvision else first,
        "precision": "bfloat16" if config.precision == "bfloat16" else "float32",
        "generator": "gan.averaged_generator()" if config.ema_decay else "gan.generator.eval()",
        "shape": "unsqueeze(1)" if named.channels == 1 else "permute(0, 3, 1, 2).contiguous()",
    }


def _imports(known: Library, used: set[str]) -> Iterator[str]:
    """The lines that import what is used: first Python's own modules, whole modules before parts of some."""
    wanted = {name: found for name, found in (known.imports | OF_MAIN).items() if name in used}
    names: dict[str, list[str]] = {}
    for found in wanted.values():
        names.setdefault(found.module, []).append(found.name)
    whole = [f"import {name}" for name in sorted(names.pop("", []))]
    parts = [f"from {module} import {', '.join(sorted(names[module], key=_as_sorted))}" for module in sorted(names)]
    own = [line for line in whole + parts if re.split(r"[ .]", line)[1] in sys.stdlib_module_names]
    yield from own
    yield ""
    yield from (line for line in whole + parts if line not in own)


def _as_sorted(name: str) -> tuple[bool, str]:
    """Classes come before functions."""
    return name[0].islower(), name


def _constants(facts: Facts, used: set[str]) -> Iterator[str]:
    """The settings that are used, with what they are."""
    for name, value in facts.constants.items():
        if name in used:
            setting = settings().get(name.lower())
            unit = f" ({setting.unit})" if setting and setting.unit else ""
            about = SPEC.get(name) or (f"{setting.title}{unit}" if setting else "")
            written = f'"{value}"' if isinstance(value, str) else repr(value)
            yield f"{name} = {written}  # {about}"


def _definition(known: Library, name: str, part: ast.stmt) -> list[str]:
    about = known.texts.get(name, "")
    is_for_the_library = "gan_core" in about  # how to add to it
    return text_of([part]) + (f'"""{about}"""'.splitlines() if about and not is_for_the_library else [])


def _apart(sections: list[str]) -> Iterator[str]:
    """Two empty lines around what is a class or a function."""
    before = ""
    for section in sections:
        is_block = any(text.lstrip("@").startswith(("def ", "class ", "torch.no_grad")) for text in (section, before))
        if before:
            yield "\n" if is_block else ""
        yield section
        before = section
