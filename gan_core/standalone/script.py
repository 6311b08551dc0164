"""A config as a script that stands alone: the library's lines that it uses, with torch and torchvision only."""

import ast
import copy
from collections.abc import Iterator
from string import Template
from types import SimpleNamespace
from typing import Any

from gan_core import paths
from gan_core.config import ImageSpec, RunConfig, settings
from gan_core.datasets.table import DATASETS, FOLDER
from gan_core.errors import WorkbenchError
from gan_core.setting import as_text
from gan_core.standalone.layout import text_of
from gan_core.standalone.library import Import, Library, library
from gan_core.standalone.specialise import SOMETHING, Facts, Specialiser, leave_out_unused

MAIN = paths.PROJECT / "gan_core" / "standalone" / "main.py.txt"
ROOTS = ("Gan", "Dataset", "train", "training_step")
LAYER_HELPERS = frozenset(
    ("activation", "normalisation", "batch_norm", "build_generator", "build_discriminator", "autocast")
)
"""Functions that choose layers: a script has the chosen ones."""
ALWAYS = {"__init__", "forward"}
"""Methods that are called by none of the library's lines."""


def script(config: RunConfig, name: str) -> str:
    """The script's text.

    Args:
        name: of the run or preset, for the first line.

    Raises WorkbenchError for a config that is too much for one short script.
    """
    _refuse(config)
    spec = ImageSpec.named(config.dataset)
    facts = _facts(config, spec)
    program = Specialiser(library(), facts)
    frame = Template(MAIN.read_text(encoding="utf-8")).substitute(_main_parts(config))
    head, _, main = frame.partition("# %%\n")
    parts = _needed(program, ast.parse(main))
    used = _loads(ast.Module([*parts.values(), *ast.parse(main).body], []))
    sections = [
        head.strip().replace("NAME", name),
        "\n".join(_imports(library(), used)),
        "\n".join(_constants(facts, used)),
        *("\n".join(_definition(library(), name, part)) for name, part in parts.items()),
        main.strip(),
    ]
    return "\n".join(_apart(sections)) + "\n"


def _refuse(config: RunConfig) -> None:
    if config.network == "progressive":
        raise WorkbenchError(
            "A script of a GAN that grows would be too long to read; take the notebook, which uses the library."
        )
    if config.dataset.startswith(FOLDER):
        raise WorkbenchError(
            "The script reads only datasets that have a name, not a folder of pictures; take the notebook, which uses "
            "the library."
        )


def _facts(config: RunConfig, spec: ImageSpec) -> Facts:
    """What is known of a config beyond what the source shows."""
    precision = "bfloat16" if config.precision == "bfloat16" else "float32"
    by_batch = config.discriminator_normalisation == "batch" and config.network not in ("r3gan", "progressive")
    known_of_gan = SimpleNamespace(
        config=config,
        spec=spec,
        precision=precision,
        scalars_on_device=None,
        discriminator=SimpleNamespace(uses_batch_statistics=by_batch),
    )
    output = SimpleNamespace(class_logits=SOMETHING if config.classifies else None)
    of_batch = SimpleNamespace() if config.classifies else output
    constants = {"SIZE": spec.size, "CHANNELS": spec.channels, "CLASSES": len(spec.classes)}
    constants |= {name.upper(): value for name, value in config if name != "channels"}
    texts: dict[str, Any] = {
        "isinstance(network, Growing)": False,
        "isinstance(self.generator, Growing)": False,
        "isinstance(weight, Tensor)": False,
        "device.type == 'meta'": False,
        "weight.is_meta": False,
        "not session.asked_to_stop()": True,
        "choose_precision(config.precision, device, count)": precision,
        "session.changes(gan).items()": (),
    }
    if config.penalty_every == 1:
        texts["gan.batches % config.penalty_every == 0"] = True
    instead = {
        "len(spec.classes)": "CLASSES",
        "Activation": "str",
        "'Discriminator'": "nn.Module",
        "spec: ImageSpec": "",
        "take_step(gan, batches)": "training_step(gan, batches)",
        "gan.config.budget_spent(session.seconds(), gan.kimg)": _progress(config),
    }
    if not config.classifies:
        instead |= {
            "class_logits: Tensor | None = None": "",
            "DiscriminatorOutput(logits.float(), class_logits)": "DiscriminatorOutput(logits.float())",
        }
    if not config.learning_rate_decay and not config.instance_noise:
        instead["gan.set_progress(progress)"] = ""
    if not config.conditional_batch_norm:
        instead["ConditionalSequential"] = "nn.Sequential"
    return Facts(
        names={
            "config": config, "spec": spec, "gan": known_of_gan, "Gan": known_of_gan,
            "Dataset": SimpleNamespace(spec=spec), "of_real": output, "of_fake": output, "DiscriminatorOutput": of_batch,
        },
        texts=texts,
        instead=instead,
        parameters={
            "stream": {"rank": "0"},
            "train": {"session": "None", "take_step": "None"},
            "Dataset.batches": {
                "batch_size": "BATCH_SIZE", "seed": "SEED", "first": "0", "mirror": repr(config.mirror),
            },
        },
        constants=constants,
        inlined=LAYER_HELPERS,
        left_out=frozenset(("load_state_dict",)),
        without_labels=frozenset(() if config.conditional_batch_norm else ("layers", "before", "second")),
    )  # fmt: skip


def _progress(config: RunConfig) -> str:
    """The share of the budget that is spent, as the script computes it."""
    by_time = "(time.monotonic() - BEGAN) / 60 / MINUTES"
    by_images = "gan.kimg / KIMG"
    if config.minutes and config.kimg:
        return f"max({by_time}, {by_images})"
    return by_images if config.kimg else by_time


def _main_parts(config: RunConfig) -> dict[str, str]:
    named = DATASETS[config.dataset]
    few = "" if named.torchvision else f"    first = [(labels == label).nonzero().flatten()[:{named.images // len(named.classes)}] for label in range(CLASSES)]\n    images, labels = images[torch.cat(first)], labels[torch.cat(first)]\n"
    return {
        "began": "BEGAN = time.monotonic()\n\n\n" if config.minutes else "",
        "kind": named.torchvision or "MNIST",
        "few": few,
        "shape": "unsqueeze(1)" if named.channels == 1 else "permute(0, 3, 1, 2)",
    }


# What is needed


def _needed(program: Specialiser, main: ast.Module) -> dict[str, ast.stmt]:
    """What main needs of the library, in the library's order, without methods and values that nothing reads."""
    known = program.library.definitions
    names, found = set(ROOTS), {}
    while True:
        whole = {name: program.definition(name) for name in known if name in names}
        attributes = {n.attr for n in ast.walk(main) if isinstance(n, ast.Attribute)}
        found = _shaken(whole, attributes)
        more = {name for part in found.values() for name in _loads(part)} & known.keys()
        if more <= names:
            return {name: found[name] for name in known if name in more | set(ROOTS)}
        names |= more


def _shaken(whole: dict[str, ast.stmt], attributes: set[str]) -> dict[str, ast.stmt]:
    """Without methods that nothing calls."""
    while True:
        found = {name: _with_methods(part, attributes) for name, part in whole.items()}
        read = attributes | {
            n.attr
            for part in found.values()
            for n in ast.walk(part)
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)
        }
        if read == attributes:
            return found
        attributes = read


def _with_methods(part: ast.stmt, attributes: set[str]) -> ast.stmt:
    if not isinstance(part, ast.ClassDef):
        return part
    body = [copy.deepcopy(member) for member in part.body if _is_read(member, attributes | ALWAYS)]
    for method in body:
        if isinstance(method, ast.FunctionDef):
            method.body = [statement for statement in method.body if not _sets_unread(statement, attributes)]
            leave_out_unused(method)
    node = ast.ClassDef(part.name, part.bases, part.keywords, body, part.decorator_list)
    node.type_params = []
    for name in ("above", "behind", "is_apart"):
        setattr(node, name, getattr(part, name))
    return node


def _sets_unread(statement: ast.stmt, attributes: set[str]) -> bool:
    """Whether it gives `self` what nothing reads."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and target.attr not in attributes


def _is_read(member: ast.stmt, names: set[str]) -> bool:
    if isinstance(member, ast.FunctionDef):
        return member.name in names
    target = member.targets[0] if isinstance(member, ast.Assign) else getattr(member, "target", None)
    is_field = isinstance(member, ast.AnnAssign) and member.value is None
    return is_field or not isinstance(target, ast.Name) or target.id in names


def _loads(part: ast.AST) -> set[str]:
    """Names that stand for something outside."""
    own: set[str] = set()
    found = {n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if isinstance(part, ast.FunctionDef):
        own = {n.arg for n in ast.walk(part) if isinstance(n, ast.arg)}
        own |= {n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        return found - own
    inner = [child for child in ast.iter_child_nodes(part)]
    if isinstance(part, ast.ClassDef | ast.Module):
        return set().union(*map(_loads, inner)) if inner else set()
    return found


def _imports(known: Library, used: set[str]) -> Iterator[str]:
    wanted = {known.imports[name] for name in used & known.imports.keys()}
    if "time" in used:
        wanted.add(Import("", "time"))
    if "datasets" in used:
        wanted.add(Import("torchvision", "datasets"))
    if "save_image" in used:
        wanted.add(Import("torchvision.utils", "save_image"))
    groups: dict[bool, list[str]] = {False: [], True: []}
    modules: dict[str, list[str]] = {}
    for found in wanted:
        modules.setdefault(found.module or found.name, []).append("" if not found.module else found.name)
    import sys
    lines = {False: ([], []), True: ([], [])}
    for module, names in sorted(modules.items()):
        third = module.partition(".")[0].split(" as ")[0] not in sys.stdlib_module_names
        if "" in names:
            lines[third][0].append(f"import {module}")
        if [name for name in names if name]:
            lines[third][1].append(f"from {module} import {', '.join(sorted((n for n in names if n), key=lambda n: (not n.isupper(), not n[0].isupper(), n)))}")
    for third in (False, True):
        yield from lines[third][0]
        yield from lines[third][1]
        if not third:
            yield ""


def _constants(facts: Facts, used: set[str]) -> Iterator[str]:
    declared = settings()
    for name, value in facts.constants.items():
        if name in used:
            setting = declared.get(name.lower())
            title = {"SIZE": "Width and height of a picture (pixels)", "CHANNELS": "1: grey, 3: red, green, blue", "CLASSES": "Classes of the dataset"}.get(name) or (f"{setting.title} ({setting.unit})" if setting.unit else setting.title)
            yield f"{name} = {_literal(value)}  # {title}"


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _definition(known: Library, name: str, part: ast.stmt) -> list[str]:
    lines = text_of([part])
    if name in known.texts:
        lines += [f'"""{line}' if number == 0 else line for number, line in enumerate(f'{known.texts[name]}"""'.splitlines())]
    return lines


def _apart(sections: list[str]) -> Iterator[str]:
    """Two empty lines around what is a class or a function."""
    before = ""
    for section in sections:
        is_block = any(text.lstrip("@").startswith(("def ", "class ", "torch.no_grad")) for text in (section, before))
        if before:
            yield "\n" if is_block else ""
        yield section
        before = section
