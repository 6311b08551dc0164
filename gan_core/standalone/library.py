"""The library's own source as it stands in its files: what each module defines and imports. Nothing is imported."""

import ast
from functools import cache
from typing import NamedTuple

from gan_core import paths
from gan_core.standalone.layout import note_comments

MODULES = (
    "seeds",
    "devices",
    "networks/layers",
    "networks/mlp",
    "networks/dcgan",
    "networks/compact",
    "networks/resnet",
    "networks/r3gan",
    "networks/build",
    "training/losses",
    "training/regularizers",
    "training/augmentation",
    "training/gan",
    "training/loop",
    "datasets/loading",
)
"""In an order in which each needs only those before it."""


class Import(NamedTuple):
    """What a name is imported from: `from module import name`, or `import name` where there is no module."""

    module: str
    name: str


class Library(NamedTuple):
    """Classes, functions, constants and aliases by their names, in the order of their files, and what they import."""

    definitions: dict[str, ast.stmt]
    imports: dict[str, Import]
    texts: dict[str, str]
    """What stands below a constant about it."""

    def bases(self, name: str) -> list[str]:
        """A class and those of the library that it is derived from, the nearest first."""
        node = self.definitions[name]
        assert isinstance(node, ast.ClassDef)
        inherited = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in self.definitions]
        return [name, *(self.bases(inherited[0]) if inherited else [])]

    def class_of(self, name: str) -> ast.ClassDef:
        node = self.definitions[name]
        assert isinstance(node, ast.ClassDef)
        return node

    def constructor(self, name: str) -> ast.FunctionDef:
        """A function, or the `__init__` of a class."""
        node = self.definitions[name]
        if isinstance(node, ast.ClassDef):
            node = next(part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__")
        assert isinstance(node, ast.FunctionDef)
        return node


@cache
def library() -> Library:
    """All of MODULES. Names mean the same in all of them."""
    found = Library({}, {}, {})
    for module in MODULES:
        text = (paths.PROJECT / "gan_core" / f"{module}.py").read_text(encoding="utf-8")
        tree = ast.parse(text)
        note_comments(tree, text)
        last = ""
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                found.imports.update(_imported(statement))
            elif name := _name(statement):
                found.definitions[name] = statement
                last = name
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and last:
                found.texts[last] = str(statement.value.value)
    return found


def _imported(statement: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    module = statement.module or "" if isinstance(statement, ast.ImportFrom) else ""
    if module.startswith("gan_core"):
        return {}
    written = {name.asname or name.name: name for name in statement.names}
    return {
        local: Import(module, f"{name.name} as {name.asname}" if name.asname else name.name)
        for local, name in written.items()
    }


def _name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return target.id if isinstance(target, ast.Name) else ""
